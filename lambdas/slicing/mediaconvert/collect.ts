/**
 * Looks at what MediaConvert made and hands it on as one chunk's result, so that playlists, poster and record are made as
 * for our own segments. Its own manifests go: their addresses carry no signature.
 */
import { required } from '../../../lib/contract/env.ts';
import {
  chunkResultKey,
  INIT_NAME,
  renditionFolder,
  revisionPrefix,
  type RenditionKind,
} from '../../../lib/contract/keys.ts';
import { chunkResult, collectTask, type CollectResult, type Plan } from '../../../lib/contract/slicing.ts';
import { listObjects, removeObjects } from '../../shared/objects.ts';
import { changeVideo } from '../../shared/videos.ts';
import { startMeter } from '../meter.ts';
import { objectSource, putObject, readText } from '../objects.ts';
import { addUsage, normalizedMinutes } from '../prices.ts';
import { step } from '../transient.ts';
import { readPlaylist, readRendition } from './made.ts';

/** Segments looked at a time. */
const AT_A_TIME = 64;

export const handler = step(async (input: unknown): Promise<CollectResult> => {
  const used = startMeter();
  const { plan } = collectTask.parse(input);
  const { videoId, revision, execution } = plan;
  if (!(await changeVideo(videoId, {}, { from: ['probed'], execution }))) return { outcome: 'stopped' };
  const renditions = [];
  for (const { name } of plan.video) renditions.push(await collect(plan, 'video', name));
  for (const { name } of plan.audio) renditions.push(await collect(plan, 'audio', name));
  const minutes = renditions.map(({ kind, name, segments }) => {
    const seconds = segments.reduce((sum, { duration }) => sum + duration, 0);
    return normalizedMinutes(kind === 'video' ? plan.video.find((rung) => rung.name === name)! : null, seconds);
  });
  const normalized = { normalizedMinutes: minutes.reduce((sum, one) => sum + one, 0) };
  const result = chunkResult.parse({ index: 0, renditions, used: addUsage([used(), normalized]) });
  const key = chunkResultKey(videoId, revision, 0);
  await putObject(required('MEDIA_BUCKET'), key, JSON.stringify(result), 'application/json', 'no-store');
  return { outcome: 'collected' };
});

async function collect({ videoId, revision }: Plan, kind: RenditionKind, name: string) {
  const bucket = required('MEDIA_BUCKET');
  const folder = `${revisionPrefix(videoId, revision)}${renditionFolder(kind, name)}`;
  const bytes = new Map<string, number>();
  for await (const page of listObjects(bucket, folder))
    for (const { Key, Size = 0 } of page) bytes.set(Key.slice(folder.length), Size);
  const manifests = [...bytes.keys()].filter((file) => file.endsWith('.m3u8'));
  const texts = await Promise.all(manifests.map((file) => readText({ bucket, key: `${folder}${file}` })));
  const listed = texts.map(readPlaylist).find((one) => one !== undefined) ?? (await listedBefore(bytes));
  const read = (file: string, offset: number, length: number) =>
    objectSource({ bucket, key: `${folder}${file}` }, bytes.get(file)!).read(offset, length);
  const { initBytes, ...rendition } = await readRendition({ kind, name, listed, bytes, read, atATime: AT_A_TIME });
  await putObject(bucket, `${folder}${INIT_NAME}`, initBytes, `${kind}/mp4`);
  await removeObjects(
    bucket,
    manifests.map((file) => `${folder}${file}`),
  );
  return rendition;
}

/** After a step that broke off when the manifest was gone: the names sort by number. */
async function listedBefore(bytes: ReadonlyMap<string, number>) {
  const files = [...bytes.keys()].toSorted();
  if (!files.includes(INIT_NAME)) throw new Error('MediaConvert left no media playlist');
  return { init: INIT_NAME, segments: files.filter((file) => file !== INIT_NAME && !file.includes('init.')) };
}
