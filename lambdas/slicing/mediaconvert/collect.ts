/**
 * Looks at what MediaConvert made and hands it on as one chunk's result, so that playlists, poster and record are made as
 * for our own segments. Segments are copied within S3 to the names of ours, by which players and manifests find them; its own
 * manifests go, for their addresses carry no signature.
 */
import { required } from '../../../lib/contract/env.ts';
import {
  chunkResultKey,
  INIT_NAME,
  renditionFolder,
  revisionPrefix,
  segmentName,
  type RenditionKind,
} from '../../../lib/contract/keys.ts';
import type { Plan } from '../../../lib/contract/plan.ts';
import { chunkResult, collectTask, type ChunkResult, type CollectResult } from '../../../lib/contract/slicing.ts';
import { listObjects, removeObjects } from '../../shared/objects.ts';
import { changeVideo } from '../../shared/videos.ts';
import { startMeter } from '../meter.ts';
import { copyObject, objectSource, putObject, readBytes, readText } from '../objects.ts';
import { addUsage, normalizedMinutes } from '../prices.ts';
import { step } from '../transient.ts';
import { readPlaylist, readRendition } from './made.ts';
import { protectionIn } from './protection.ts';
import { takeStill } from './still.ts';

/** Segments copied, or looked at, at a time. */
const AT_A_TIME = 64;

export const handler = step(async (input: unknown): Promise<CollectResult> => {
  const used = startMeter();
  const { plan } = collectTask.parse(input);
  const { videoId, revision, execution } = plan;
  if (!(await changeVideo(videoId, {}, { from: ['probed'], execution }))) return { outcome: 'stopped' };
  const bucket = required('MEDIA_BUCKET');
  const key = chunkResultKey(videoId, revision, 0);
  // What an earlier try read of keys: MediaConvert's manifests may be gone.
  const written = plan.encryption && (await readBytes({ bucket, key }));
  const before = written && chunkResult.parse(JSON.parse(written.toString('utf8')));
  const renditions: ChunkResult['renditions'] = [];
  const manifests: string[] = [];
  const add = async (kind: RenditionKind, name: string) => {
    const { rendition, left } = await collect(plan, kind, name, before);
    renditions.push(rendition);
    manifests.push(...left);
  };
  for (const { name } of plan.video) await add('video', name);
  for (const { name } of plan.audio) await add('audio', name);
  const minutes = renditions.map(({ kind, name, segments }) => {
    const seconds = segments.reduce((sum, { duration }) => sum + duration, 0);
    return normalizedMinutes(kind === 'video' ? plan.video.find((rung) => rung.name === name)! : null, seconds);
  });
  const normalized = { normalizedMinutes: minutes.reduce((sum, one) => sum + one, 0) };
  const cover = plan.encryption && ((await takeStill(plan, bucket)) || before?.cover === true);
  const result = chunkResult.parse({
    index: 0,
    renditions,
    used: addUsage([used(), normalized]),
    ...(cover && { cover }),
  });
  await putObject(bucket, key, JSON.stringify(result), 'application/json', 'no-store');
  // Only now: what they say of keys stands nowhere else.
  await removeObjects(bucket, manifests);
  return { outcome: 'collected' };
});

/**
 * Gives what was written the names of ours, and reads it under them. Tried again it finds some, or all, named already; `before`: what
 * an earlier try wrote. `left`: keys of manifests that nobody needs once that is written.
 */
async function collect(
  { videoId, revision, encryption }: Plan,
  kind: RenditionKind,
  name: string,
  before: ChunkResult | undefined,
) {
  const bucket = required('MEDIA_BUCKET');
  const folder = `${revisionPrefix(videoId, revision)}${renditionFolder(kind, name)}`;
  const bytes = new Map<string, number>();
  for await (const page of listObjects(bucket, folder))
    for (const { Key, Size = 0 } of page) bytes.set(Key.slice(folder.length), Size);
  const manifests = [...bytes.keys()].filter((file) => file.endsWith('.m3u8'));
  const texts = await Promise.all(manifests.map((file) => readText({ bucket, key: `${folder}${file}` })));
  const text = texts.find((one) => readPlaylist(one) !== undefined);
  const listed = text === undefined ? undefined : readPlaylist(text);
  const theirs = listed && [listed.init, ...listed.segments];
  const ours =
    theirs?.map((_, number) => (number === 0 ? INIT_NAME : segmentName(number, 'fmp4'))) ??
    named([...bytes.keys()].filter((file) => !manifests.includes(file)));
  const renaming = (theirs ?? []).flatMap((from, index) => (bytes.has(from) ? [{ from, to: ours[index]! }] : []));
  for (let at = 0; at < renaming.length; at += AT_A_TIME) {
    await Promise.all(
      renaming.slice(at, at + AT_A_TIME).map(async ({ from, to }) => {
        await copyObject(bucket, `${folder}${from}`, `${folder}${to}`, `${kind}/mp4`);
        bytes.set(to, bytes.get(from)!);
      }),
    );
  }
  const read = (file: string, offset: number, length: number) =>
    objectSource({ bucket, key: `${folder}${file}` }, bytes.get(file)!).read(offset, length);
  const [init = '', ...segments] = ours;
  const known = before?.renditions.find((one) => one.kind === kind && one.name === name)?.protection;
  const rendition = await readRendition({
    kind,
    name,
    listed: { init, segments },
    bytes,
    read,
    atATime: AT_A_TIME,
    ...(encryption && {
      protection: (moov) => (text === undefined && known !== undefined ? known : protectionIn(text ?? '', moov)),
    }),
  });
  await removeObjects(
    bucket,
    renaming.map(({ from }) => `${folder}${from}`),
  );
  return { rendition, left: manifests.map((file) => `${folder}${file}`) };
}

/** Of a step that broke off when the manifests were gone: everything has its name. */
function named(files: readonly string[]): string[] {
  const { init = [], segments = [] } = Object.groupBy(files, (file) => (file === INIT_NAME ? 'init' : 'segments'));
  if (init.length === 0 || segments.length === 0) throw new Error('MediaConvert left no media playlist');
  return [...init, ...segments.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))];
}
