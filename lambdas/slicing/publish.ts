/**
 * Publishes a video while its tasks are under way: each of them that makes what is listed longer writes the playlists, and
 * whoever comes late changes nothing, so writers that race never shrink one.
 */
import { required } from '../../lib/contract/env.ts';
import { chunkResultKey, playlistPath, revisionPrefix, type RenditionKind } from '../../lib/contract/keys.ts';
import type { Plan } from '../../lib/contract/plan.ts';
import { chunkResult, type AssembleTask, type ChunkResult } from '../../lib/contract/slicing.ts';
import type { Rendition, VideoRecord } from '../../lib/contract/video.ts';
import { announce, changeVideo, readVideo, type Change } from '../shared/videos.ts';
import { keyTags } from './key-tags.ts';
import { GROWING, IMMUTABLE, putIf, putObject, readText, readVersion } from './objects.ts';
import { madeBy, pathOf } from './outputs.ts';
import {
  describe,
  grown,
  growingHead,
  listed,
  mediaPlaylist,
  PLAYLIST_TYPE,
  type MergedRendition,
} from './playlists.ts';
import { published, type Published } from './prefix.ts';

/** After the task `by`, which made `done` what it is: of all states of it, each is seen by exactly one task. */
export async function publish(run: AssembleTask, done: ReadonlySet<number>, by: number): Promise<void> {
  const now = published(run, done);
  if (now === undefined) return;
  const before = published(run, new Set([...done].filter((index) => index !== by)));
  if (before?.segments === now.segments && before.renditions.length === now.renditions.length) return;
  const results = reader(run);
  const renditions = await Promise.all(now.renditions.map((path) => upTo(path, now.segments, run, results)));
  await Promise.all(renditions.map((rendition) => write(rendition, run.plan, now.ended)));
  await list(run.plan, renditions, now);
}

type Read = (index: number) => Promise<ChunkResult>;

/** Results of tasks, each read once. */
function reader({ plan: { videoId, revision } }: AssembleTask): Read {
  const known = new Map<number, Promise<ChunkResult>>();
  const read = async (index: number) => {
    const key = chunkResultKey(videoId, revision, index);
    return chunkResult.parse(JSON.parse(await readText({ bucket: required('MEDIA_BUCKET'), key })));
  };
  return (index) => {
    const found = known.get(index) ?? read(index);
    known.set(index, found);
    return found;
  };
}

/** A rendition's first segments. */
async function upTo(path: string, count: number, { plan, chunks }: AssembleTask, read: Read): Promise<MergedRendition> {
  const own = chunks
    .filter((chunk) => chunk.firstSegment <= count && madeBy(chunk, plan).includes(path))
    .toSorted((a, b) => a.firstSegment - b.firstSegment);
  const parts = await Promise.all(own.map(async ({ index }) => read(index)));
  const renditions = parts.map((part) => part.renditions.find((rendition) => pathOf(rendition) === path));
  const [kind, name] = path.split('/') as [RenditionKind, string];
  const segments = renditions.flatMap((rendition) => rendition?.segments ?? []).slice(0, count);
  if (segments.length !== count) throw new Error(`${path} has ${segments.length} segments of ${count}`);
  return { kind, name, codecs: renditions[0]!.codecs, segments };
}

/** Writes the playlist of a rendition, or makes the one that is there as long. Never shorter. */
export async function write(rendition: MergedRendition, plan: Plan, ended: boolean): Promise<void> {
  const { kind, name, segments } = rendition;
  const bucket = required('MEDIA_BUCKET');
  const key = `${revisionPrefix(plan.videoId, plan.revision)}${playlistPath(kind, name)}`;
  const keys = keyTags(plan, kind, name, rendition.protection);
  for (;;) {
    const found = plan.growing ? await readVersion({ bucket, key }) : undefined;
    if (found === undefined && ended) {
      const whole = mediaPlaylist(rendition, plan.segmentType, plan.segments?.target, keys);
      await putObject(bucket, key, whole, PLAYLIST_TYPE);
      return;
    }
    const there = found ? listed(found.text) : { count: 0, ended: false };
    if (there.ended || (!ended && there.count >= segments.length)) return;
    const text = grown(
      found?.text ?? growingHead(name, plan.segments!.target, keys),
      name,
      segments.slice(there.count),
      ended,
      keys,
    );
    const what = { contentType: PLAYLIST_TYPE, cacheControl: ended ? IMMUTABLE : GROWING };
    if (await putIf({ bucket, key, etag: found?.etag }, text, what)) return;
  }
}

/** The record says what can be played. It only ever gains renditions. */
async function list(plan: Plan, renditions: readonly MergedRendition[], { ended }: Published): Promise<void> {
  const { videoId, execution, revision } = plan;
  const described = renditions.map((rendition) => describe(rendition, plan, !ended));
  let record = await readVideo(videoId);
  if (!isMine(record, execution)) return;
  if (record.status === 'probed') {
    await reach('playable', plan, { renditions: described, revision });
    // Another task may have been sooner, with fewer of them.
    record = await readVideo(videoId);
    if (!isMine(record, execution)) return;
  }
  const had = record.renditions;
  const lacks = (one: Rendition) => !had.some(({ kind, name }) => kind === one.kind && name === one.name);
  if (record.status === 'playable' && described.some(lacks))
    await changeVideo(videoId, { set: { renditions: described } }, { from: ['playable'], execution });
}

export const isMine = (record: VideoRecord | undefined, execution: string): record is VideoRecord =>
  record?.slicing?.execution === execution && ['probed', 'playable', 'ready'].includes(record.status);

/** Moves the record on and announces it; false when the video is no longer this run's. A retry finds its own mark. */
export async function reach(
  status: 'playable' | 'ready',
  { videoId, execution }: Plan,
  set: NonNullable<Change['set']>,
): Promise<boolean> {
  const from = [status === 'playable' ? ('probed' as const) : ('playable' as const)];
  const changed = await changeVideo(videoId, { set, status }, { from, execution });
  const record = changed ?? (await readVideo(videoId));
  if (!isMine(record, execution) || record.status !== status) return false;
  await announce(record, status);
  return true;
}
