/** Videos under way on the platform: pulled from an address, or sliced until they can be played. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResponseOf } from '../../lib/contract/api.ts';
import { ClientError } from '../client.ts';
import { ask } from './ask.ts';
import type { Meter, Sending, Sent } from './send.ts';
import { Remembered } from './state.ts';

type Video = ResponseOf<'GET /api/videos/{id}'>;

/** Milliseconds between two looks. */
const EVERY = 1000;

/** Has the platform pull from an address, and waits until it has. Throws with the platform's reason when that fails. */
export async function pullFrom(address: string, sending: Sending, meter: Meter): Promise<Sent> {
  const { access, url, signal, visibility } = sending;
  const remembered = new Remembered(url, address);
  const known = sending.again ? undefined : await remembered.read();
  const there = known && (await look(known.videoId, sending));
  let videoId = known?.videoId;
  const before = there !== undefined && there.status !== 'uploading' && there.status !== 'failed';
  if (videoId === undefined || there === undefined || there.status === 'failed') {
    ({ videoId } = await ask(access, 'POST /api/videos', { body: { sourceUrl: address, visibility } }, signal));
    await remembered.write({ kind: 'pulling', videoId });
  }
  let shown = 0;
  const total = (bytes: number) => {
    if (shown === 0 && bytes > 0) meter.total(bytes);
    return bytes;
  };
  await until(videoId, sending, (video) => {
    const came = Math.round((total(video.bytes.source) * (video.status === 'uploading' ? video.progress : 100)) / 100);
    meter.add(came - shown);
    shown = came;
    return video.status !== 'uploading';
  });
  await remembered.write({ kind: 'arrived', videoId });
  return { videoId, before };
}

/** Waits until it can be played, and answers since when (epoch milliseconds). Throws with the platform's reason. */
export async function playable(
  videoId: string,
  sending: Sending,
  progress: (percent: number) => void,
): Promise<number> {
  const video = await until(videoId, sending, ({ status, progress: percent }) => {
    progress(status === 'ready' ? 100 : percent);
    return status === 'playable' || status === 'ready';
  });
  return Date.parse(
    video.timeline.find(({ status }) => status === 'playable' || status === 'ready')?.at ?? video.updatedAt,
  );
}

async function until(videoId: string, sending: Sending, done: (video: Video) => boolean): Promise<Video> {
  for (;;) {
    const video = await look(videoId, sending);
    if (video === undefined) throw new Error('the video was deleted meanwhile');
    if (video.status === 'failed') throw new Error(video.failure?.reason ?? 'the platform could not process it');
    if (done(video)) return video;
    await sleep(EVERY, undefined, { signal: sending.signal });
  }
}

/** Undefined: there is none (any more). */
async function look(id: string, { access, signal }: Sending): Promise<Video | undefined> {
  try {
    return await ask(access, 'GET /api/videos/{id}', { params: { id } }, signal);
  } catch (error) {
    if (error instanceof ClientError && error.status === 404) return undefined;
    throw error;
  }
}
