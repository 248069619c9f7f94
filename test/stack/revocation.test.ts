/** Taking a video down on the running stack: how long after the call the edge refuses what it has cached. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from '../../local/client.ts';
import { filesOf, openManifest } from '../../local/smoke/playing.ts';
import { makeVideo } from '../support/media.ts';
import { runningStack } from '../stack.ts';

const stack = await runningStack();
const uma = new Client(stack.url, stack.users.find((user) => user.name === 'uma')!.token);
let folder: string;
let film: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-revocation-'));
  film = join(folder, 'film.mp4');
  await makeVideo(stack.ffmpegFolder, film, { seconds: 6, size: '640x360' });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('refuses at the edge what is cached of a video that was deleted, and nothing of another', async () => {
  const id = await uma.upload(film, { name: 'gone.mp4', metadata: { encryption: 'aes-128' } });
  const other = await uma.upload(film, { name: 'stays.mp4' });
  const segment = async (video: string) => {
    await uma.ready(video);
    const { playlists, pass } = await openManifest(uma, `/api/play/${video}/main.m3u8`, 'url');
    const files = await filesOf(playlists[0]!, pass);
    return `${files.at(-1)!}?${pass.query}`;
  };
  const [gone, stays] = [await segment(id), await segment(other)];
  const key = gone.replace(/[0-9]{5}\.m4s/, '00001.key');
  const given = await fetch(key);
  expect([given.status, (await given.arrayBuffer()).byteLength]).toEqual([200, 16]);
  const look = async (url: string) => {
    const answer = await fetch(url);
    await answer.arrayBuffer();
    return { status: answer.status, by: answer.headers.get('x-cache') };
  };
  for (const url of [gone, gone, stays]) expect((await look(url)).status).toBe(200);
  expect(await look(gone)).toEqual({ status: 200, by: 'Hit from cloudfront' });

  const asked = performance.now();
  const since = () => `${((performance.now() - asked) / 1000).toFixed(1)} s`;
  expect((await uma.fetch('DELETE', `/api/videos/${id}`)).status).toBe(204);
  let refused: string | undefined;
  // Here the invalidation may be as quick as the revocation; at CloudFront it takes a minute.
  for (let by: string | null = null; by !== 'FunctionGeneratedResponse from cloudfront'; await setTimeout(50)) {
    const answer = await look(gone);
    by = answer.by;
    if (answer.status === 403) refused ??= since();
    expect([200, 403]).toContain(answer.status);
    if (performance.now() - asked > 120_000) throw new Error('the edge never refused it');
  }
  // What was given of keys before is in no browser's cache, and none is given any more.
  expect([(await fetch(key)).status, given.headers.get('cache-control')]).toEqual([403, 'no-store']);
  console.log(`first segment refused ${refused} after the call that deleted its video, by the function ${since()}`);
  expect((await look(stays)).status).toBe(200);
});
