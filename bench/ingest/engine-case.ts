/** The second case: segments go to the S3 of the local engine, which keeps them and checks conditions on playlists. */
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { readLivePlaylist } from '../../lib/contract/live-playlist.ts';
import { channelPrefix, livePlaylistKey } from '../../lib/contract/live-keys.ts';
import { engineClient, startEngine } from '../../local/engine.ts';
import { holds, wait, type Window } from './figures.ts';
import { Bench, type OursCase } from './ours.ts';
import { BUCKET, Task, type TaskOptions } from './task.ts';

export interface EngineResult {
  readonly streams: number;
  readonly window: Window | undefined;
  /** Entries of one stream's playlist whose segments were there. */
  readonly listed: number;
  readonly windows: readonly Window[];
}

/** Streams tried one after the other: the engine shares the other core with the load, and is the limit. */
const STEPS = [10, 20, 40, 80, 160];
const QUICK_STEPS = [40];

export async function measureEngine(options: TaskOptions, wanted: OursCase): Promise<EngineResult> {
  const engine = await startEngine({ log: wanted.log });
  const s3 = new S3Client({ ...engineClient(engine.endpoint), forcePathStyle: true });
  try {
    await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
    const task = await Task.start({ ...options, s3: engine.endpoint });
    try {
      const bench = new Bench(task, wanted, true);
      const windows: Window[] = [];
      for (const count of wanted.quick ? QUICK_STEPS : STEPS) {
        await bench.grow(count);
        await wait(4);
        const window = await bench.window(wanted.quick ? 6 : 10);
        bench.say(window);
        windows.push(window);
        if (!holds(window)) break;
      }
      const window = windows.filter(holds).at(-1);
      return { streams: window?.streams ?? 0, window, listed: await readBack(s3), windows };
    } finally {
      await task.end();
    }
  } finally {
    s3.destroy();
    await engine.close();
  }
}

/** What was published can be read: every segment that the first stream's playlist lists is there. */
async function readBack(s3: S3Client): Promise<number> {
  const device = '13900000000';
  const answer = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: livePlaylistKey(device, 1) }));
  const state = readLivePlaylist((await answer.Body?.transformToString()) ?? '');
  const prefix = channelPrefix(device, 1);
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }));
  const there = new Set(Contents.filter(({ Size = 0 }) => Size > 0).map(({ Key }) => Key));
  const listed = state?.entries ?? [];
  const missing = listed.filter(({ uri }) => !there.has(prefix + uri));
  if (listed.length === 0 || missing.length > 0)
    throw new Error(`the playlist lists ${listed.length} segments, of which ${missing.length} are not there`);
  return listed.length;
}
