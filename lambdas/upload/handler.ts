/** The Uppy Companion S3 protocol, and pulls from addresses. The server makes the video, chooses the key, and checks every later call by them. */
import { json, required } from '../../lib/contract/env.ts';
import { serve } from '../shared/http.ts';
import { readVideo } from '../shared/videos.ts';
import type { Viewer } from '../shared/viewer.ts';
import { checkMayUpload, ownUpload, uploadGone, videoOfKey } from './access.ts';
import { beginForm, beginMultipart } from './begin.ts';
import { abort, complete, type MultipartVideo } from './finish.ts';
import { pullRules } from '../../lib/contract/pull.ts';
import { uploadLimits } from '../../lib/contract/upload.ts';
import { beginPull } from '../pull/begin.ts';
import { forgetRecent, recentVideo } from './recent.ts';
import { bucket, listParts, signPart } from './source.ts';
import { storageOf } from './storage.ts';

const limits = json('UPLOAD_LIMITS', uploadLimits);
const rules = json('PULL_RULES', pullRules);

interface Call {
  readonly viewer: Viewer;
  readonly params: { readonly uploadId: string };
  readonly query: { readonly key: string };
}

/** The caller's own upload, finished or not. */
async function own({ viewer, params, query }: Call, read: typeof readVideo = readVideo): Promise<MultipartVideo> {
  const video = ownUpload(await read(videoOfKey(query.key)), viewer, params.uploadId, Date.now() / 1000);
  checkMayUpload(viewer);
  return video;
}

/** The caller's own upload, while parts can still be added. */
async function open(call: Call, read?: typeof readVideo): Promise<MultipartVideo> {
  const video = await own(call, read);
  if (video.status !== 'uploading') throw uploadGone();
  return video;
}

/** The same for signing, which happens for every part. */
const openForSigning = (call: Call) => open(call, (id) => recentVideo(id, readVideo));

export const handler = serve<'upload'>(required('GROUPS_CLAIM'), {
  'GET /api/s3/params': async ({ viewer, query: { filename, type, ...rest } }) => {
    const metadata = Object.fromEntries(
      Object.entries(rest).flatMap(([name, value]) => {
        const field = /^metadata\[([^\]]+)\]$/.exec(name)?.[1];
        return field === undefined ? [] : [[field, value]];
      }),
    );
    return await beginForm(viewer, { filename, type, metadata }, limits);
  },
  'POST /api/s3/multipart': async ({ viewer, body }) => ({
    ...(await beginMultipart(viewer, body, limits)),
    bucket: bucket(),
  }),
  'GET /api/s3/multipart/{uploadId}': async (call) => {
    const parts = await listParts(call.query.key, (await open(call)).upload.id);
    if (parts === undefined) throw uploadGone();
    return parts;
  },
  'GET /api/s3/multipart/{uploadId}/{partNumber}': async (call) => {
    const { upload } = await openForSigning(call);
    const url = await signPart(call.query.key, upload.id, call.params.partNumber, limits.urlSeconds);
    return { url, expires: limits.urlSeconds };
  },
  'GET /api/s3/multipart/{uploadId}/batch': async (call) => {
    const { upload } = await openForSigning(call);
    const at = new Date();
    const signed = call.query.partNumbers.map(
      async (part) => [part, await signPart(call.query.key, upload.id, part, limits.urlSeconds, at)] as const,
    );
    return { presignedUrls: Object.fromEntries(await Promise.all(signed)), expires: limits.urlSeconds };
  },
  'POST /api/s3/multipart/{uploadId}/complete': async (call) => {
    const video = await own(call);
    forgetRecent(video.id);
    return await complete(video, call.body.parts, limits);
  },
  'DELETE /api/s3/multipart/{uploadId}': async ({ viewer, params, query }) => {
    const id = videoOfKey(query.key);
    forgetRecent(id);
    const video = await readVideo(id);
    // Gone already: what was asked for holds.
    if (video !== undefined) await abort(ownUpload(video, viewer, params.uploadId, Date.now() / 1000));
    return {};
  },
  'GET /api/storage': async ({ viewer }) => await storageOf(viewer, limits),
  'POST /api/videos': async ({ viewer, body }) => ({ videoId: await beginPull(viewer, body, limits, rules) }),
});
