/** What `GET /api/videos/{id}/download` answers: an address, or that the file is being made. */
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { ResponseOf } from '../../lib/contract/api.ts';
import { DOWNLOAD_DAYS } from '../../lib/contract/download.ts';
import { required } from '../../lib/contract/env.ts';
import { downloadKey, sourceKey } from '../../lib/contract/keys.ts';
import { DAY_SECONDS } from '../../lib/contract/options.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { s3 } from '../shared/clients.ts';
import { ApiError } from '../shared/errors.ts';
import { attachment, safeName, splitEnding } from './disposition.ts';
import { beginPreparing } from './lease.ts';
import { enqueue } from './queue.ts';
import { renditionsOf } from './renditions.ts';

type Answer = ResponseOf<'GET /api/videos/{id}/download'>;

/** Seconds in which a download must begin. The function's own credentials may end it sooner. */
const URL_SECONDS = 3600;

/** The file as it was uploaded. `shown`: the record as its reader may see it. Throws `not-found`. */
export async function originalOf(record: VideoRecord, shown: Pick<VideoRecord, 'filename'>): Promise<Answer> {
  const arrived = !['uploading', 'deleted'].includes(record.status);
  const place = { Bucket: required('SOURCE_BUCKET'), Key: sourceKey(record.id) };
  const found = arrived ? await head(place) : undefined;
  if (found === undefined) throw new ApiError('not-found', whyNot(record));
  const [name, ending] = splitEnding(shown.filename);
  return await ready(place, safeName(name, ending), found.bytes);
}

/** Where it went on purpose, what takes its place. */
function whyNot({ sourceRemovedOn, renditions }: VideoRecord): string {
  const top = renditions.find(({ kind }) => kind === 'video');
  if (sourceRemovedOn === undefined || top === undefined) return 'The original of this video is not there (any more).';
  return `The original was removed on ${sourceRemovedOn}, since ${top.name} has all of its picture and sound, unchanged. Download that instead.`;
}

/** An MP4 of a rung: where it was made lately, its address; else it is made now. Throws as `madeRung`. */
export async function rungOf(
  record: VideoRecord,
  shown: Pick<VideoRecord, 'title'>,
  rendition: string,
): Promise<Answer> {
  const filename = safeName(`${shown.title} ${rendition}`, '.mp4');
  const made = await madeRung(record, rendition);
  if (made === undefined) return { state: 'preparing', filename };
  return await ready({ Bucket: required('MEDIA_BUCKET'), Key: made.key }, filename, made.bytes);
}

/**
 * The MP4 of a rung, which stays for an hour at least; undefined: it was not there and is made now. Throws `not-found`, `not-ready`,
 * `conflict`.
 */
export async function madeRung(
  record: Pick<VideoRecord, 'id' | 'revision' | 'status' | 'segmentType' | 'encryption' | 'renditions'>,
  rendition: string,
): Promise<{ readonly key: string; readonly bytes: number } | undefined> {
  const { id: videoId, revision, status, segmentType, encryption } = record;
  if (status !== 'ready' || revision === 0) {
    throw new ApiError(
      'not-ready',
      `The video is still being processed (status ${status}). Try again when it is ready.`,
    );
  }
  if (renditionsOf(record, rendition) === undefined)
    throw new ApiError('not-found', 'The video has no such rendition.');
  if (segmentType === 'mpegts') {
    throw new ApiError('conflict', 'This video is kept as MPEG-TS, of which no MP4 is made. Download the original.');
  }
  if (encryption !== undefined && encryption !== 'none')
    throw new ApiError('conflict', 'The segments of this video are encrypted, and no MP4 is made of those.');
  const key = downloadKey(videoId, revision, rendition);
  const found = await head({ Bucket: required('MEDIA_BUCKET'), Key: key });
  // The bucket keeps it for whole days from then on.
  if (found !== undefined && Date.now() - found.made < DOWNLOAD_DAYS * DAY_SECONDS * 1000 - URL_SECONDS * 1000)
    return { key, bytes: found.bytes };
  const task = { videoId, revision, rendition };
  if (await beginPreparing(task)) await enqueue(task);
  return undefined;
}

async function ready(place: { Bucket: string; Key: string }, filename: string, bytes: number): Promise<Answer> {
  const command = new GetObjectCommand({
    ...place,
    ResponseContentDisposition: attachment(filename),
    // Whatever somebody claimed it to be: it is to be kept, not shown.
    ResponseContentType: 'application/octet-stream',
  });
  const expiresAt = new Date(Date.now() + URL_SECONDS * 1000).toISOString();
  return {
    state: 'ready',
    filename,
    bytes,
    url: await getSignedUrl(s3, command, { expiresIn: URL_SECONDS }),
    expiresAt,
  };
}

/** Without the right to list, S3 says 403 of what is not there. */
async function head(place: { Bucket: string; Key: string }): Promise<{ bytes: number; made: number } | undefined> {
  try {
    const { ContentLength = 0, LastModified } = await s3.send(new HeadObjectCommand(place));
    return { bytes: ContentLength, made: LastModified?.getTime() ?? 0 };
  } catch (error) {
    const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
    if (name === 'NotFound' || $metadata?.httpStatusCode === 404 || $metadata?.httpStatusCode === 403) return undefined;
    throw error;
  }
}
