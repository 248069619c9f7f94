/** Puts clips together: the segments of a stretch become one file, which is then sliced like an upload. */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { required } from '../../lib/contract/env.ts';
import { positionsKey, sourceKey } from '../../lib/contract/keys.ts';
import { channelPrefix, initPath } from '../../lib/contract/live-keys.ts';
import { placesOf, type Place } from '../../lib/contract/places.ts';
import type { Failure, VideoRecord } from '../../lib/contract/video.ts';
import { eachMessage } from '../shared/batch.ts';
import { s3 } from '../shared/clients.ts';
import { ApiError } from '../shared/errors.ts';
import { listSegments, type RecordedSegment } from '../shared/recordings.ts';
import { announce, changeVideo, readVideo } from '../shared/videos.ts';
import { clipTask, type ClipTask } from '../../lib/contract/clip.ts';
import { checkSegments } from '../playback/live/heights.ts';
import { Joiner } from './fragments.ts';
import { toGeoJson } from './geojson.ts';
import { putInParts } from './parts.ts';
import { readRecorded, SegmentReader } from './segments.ts';
import { readPoints } from './tracks.ts';

/** Segments fetched at once. */
const AHEAD = 16;
const MOST_POINTS = 20_000;

export const handler = eachMessage('clip failed, to be tried again', (body) => clipTask.parse(body), make);

async function make(task: ClipTask): Promise<void> {
  const record = await readVideo(task.videoId);
  // An earlier try failed it, and may have died before it said so.
  if (record?.status === 'failed' && record.slicing === undefined) return await announce(record, 'failed');
  // Deleted meanwhile, or an earlier try got as far as the source.
  if (record?.status !== 'uploading') return;
  const segments = await listSegments(task.device, task.channel, task);
  const failure = whyNot(segments) ?? whyTooHigh(task, segments);
  if (failure !== undefined) {
    await fail(record, failure);
    return;
  }
  const [first, last] = [segments[0]!, segments.at(-1)!];
  const covered = { from: first.start, to: last.start + last.duration };
  // Who wants no positions with the video is not found by them either.
  const places = task.positions ? await putPositions(task, covered) : [];
  const origin = {
    ...record.origin!,
    from: new Date(covered.from).toISOString(),
    to: new Date(covered.to).toISOString(),
  };
  const set = { origin, ...(places.length > 0 && { places }) };
  if ((await changeVideo(record.id, { set }, { from: ['uploading'] })) === undefined) return;
  await putInParts(required('SOURCE_BUCKET'), sourceKey(task.videoId), 'video/mp4', file(task, segments));
}

/** What no further try will mend. Pure. */
export function whyNot(segments: readonly Pick<RecordedSegment, 'init' | 'start'>[]): Failure | undefined {
  const first = segments[0];
  if (first === undefined) return { code: 'not-recorded', reason: 'Nothing is recorded of that stretch any more.' };
  const other = segments.find(({ init }) => init !== first.init);
  if (other === undefined) return undefined;
  const at = new Date(other.start).toISOString();
  const reason = `The picture or sound format changes at ${at}. Make one clip up to then and another from then on.`;
  return { code: 'mixed-formats', reason };
}

/** What is fetched from the device's own store since it was asked for may have more lines than what was there then. */
function whyTooHigh({ maxHeight }: ClipTask, segments: readonly RecordedSegment[]): Failure | undefined {
  try {
    checkSegments(segments, { maxHeight });
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return { code: 'too-high', reason: error.message };
    throw error;
  }
}

/** The file, piece by piece: the initialization section, then every segment with its times set. */
async function* file(task: ClipTask, segments: readonly RecordedSegment[]): AsyncGenerator<Buffer> {
  const first = segments[0]!;
  const reader = new SegmentReader();
  const init = await readRecorded(`${channelPrefix(task.device, task.channel)}${initPath(first.start, first.init)}`);
  const joiner = new Joiner(init);
  yield init;
  for (let from = 0; from < segments.length; from += AHEAD) {
    const group = segments.slice(from, from + AHEAD);
    const bodies = await Promise.all(group.map((segment) => reader.read(segment)));
    for (const [i, body] of bodies.entries()) {
      const [segment, before] = [group[i]!, segments[from + i - 1]];
      joiner.add(body, segment.duration, before !== undefined && !segment.discontinuity && continues(before, segment));
      yield body;
    }
  }
}

const continues = (before: RecordedSegment, { epoch, sequence }: RecordedSegment): boolean =>
  before.epoch === epoch && before.sequence + 1 === sequence;

/** Answers where it was recorded. */
async function putPositions(task: ClipTask, covered: { readonly from: number; readonly to: number }): Promise<Place[]> {
  const points = await readPoints(task.device, covered);
  const track = toGeoJson(points, MOST_POINTS);
  await s3.send(
    new PutObjectCommand({
      Bucket: required('MEDIA_BUCKET'),
      Key: positionsKey(task.videoId),
      Body: JSON.stringify(track),
      ContentType: 'application/geo+json',
    }),
  );
  return placesOf(points);
}

async function fail(record: VideoRecord, failure: Failure): Promise<void> {
  const failed = await changeVideo(
    record.id,
    { set: { failure }, status: 'failed', remove: ['expiresAt'] },
    { from: ['uploading'] },
  );
  if (failed !== undefined) await announce(failed, 'failed');
}
