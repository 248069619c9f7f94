/** Taking back on the running stack, a video and a grant: how long after the call the edge refuses what it has cached. */
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
  expect((await uma.fetch('DELETE', `/api/videos/${id}?now=true`)).status).toBe(204);
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
  const state = () => uma.call('GET /api/videos/{id}/removal', { params: { id } });
  let { askedAt, refusedAt, removedAt, emptiedAt } = await state();
  for (; emptiedAt === null; await setTimeout(500)) {
    ({ askedAt, refusedAt, removedAt, emptiedAt } = await state());
    if (performance.now() - asked > 120_000) throw new Error('nobody was told that caches are empty');
  }
  const after = [refusedAt, removedAt, emptiedAt].map((at) => `${(Date.parse(at!) - Date.parse(askedAt)) / 1000} s`);
  console.log(`told: refused, removed and caches emptied after ${after.join(', ')}`);
  expect(Math.min(...[refusedAt, removedAt].map((at) => Date.parse(at!)))).toBeGreaterThanOrEqual(Date.parse(askedAt));
}, 180_000);

it('refuses what was signed of a video in the trash, and plays it in new sessions once it is restored', async () => {
  const id = await uma.upload(film, { name: 'trashed.mp4', metadata: { visibility: 'public' } });
  await uma.ready(id);
  const begin = async () => {
    const { playlists, pass } = await openManifest(
      uma,
      `/api/play/${id}/main.m3u8?session=${'same'.padEnd(16, '0')}`,
      'url',
    );
    return `${(await filesOf(playlists[0]!, pass)).at(-1)!}?${pass.query}`;
  };
  const status = async (url: string) => {
    const answer = await fetch(url);
    await answer.arrayBuffer();
    return answer.status;
  };
  const params = { id };
  const poster = async () => stack.url + (await uma.call('GET /api/videos/{id}', { params })).posterUrl!;
  const [before, picture] = [await begin(), await poster()];
  expect([await status(before), await status(picture)]).toEqual([200, 200]);

  await uma.call('DELETE /api/videos/{id}', { params });
  expect((await uma.fetch('GET', `/api/play/${id}/main.m3u8`)).status).toBe(404);
  const patient = { timeout: 60_000, interval: 200 };
  await expect.poll(() => status(before), patient).toBe(403);
  await expect.poll(() => status(picture), patient).toBe(403);
  expect(await uma.call('GET /api/videos/{id}/removal', { params })).toMatchObject({ removedAt: null });

  await uma.call('POST /api/videos/{id}/restore', { params });
  await expect.poll(() => status(picture), patient).toBe(200);
  // Its player, which asks again under the same name, has another session; what the first one was given stays refused.
  await expect.poll(async () => status(await begin()), patient).toBe(200);
  expect(await status(before)).toBe(403);
  expect((await uma.fetch('GET', `/api/videos/${id}/removal`)).status).toBe(404);
  await uma.call('DELETE /api/videos/{id}', { params, query: { now: 'true' } });
}, 180_000);

it('ends what plays by a grant or a tag when it is taken back, and lets who has another right begin anew', async () => {
  const as = (name: string) => new Client(stack.url, stack.users.find((user) => user.name === name)!.token);
  const [ada, vera, sam] = [as('ada'), as('vera'), new Client(stack.url)];
  const tag = `tour-${Date.now().toString(36)}`;
  const id = await uma.upload(film, { name: 'given.mp4', metadata: { visibility: 'entitled', tags: tag } });
  await uma.ready(id);
  const begin = async (viewer: Client, session: string) => {
    const address = `/api/play/${id}/main.m3u8?session=${session.padEnd(16, '0')}`;
    const { playlists, pass } = await openManifest(viewer, address, 'url');
    return `${(await filesOf(playlists[0]!, pass)).at(-1)!}?${pass.query}`;
  };
  const status = async (url: string) => {
    const answer = await fetch(url);
    await answer.arrayBuffer();
    return answer.status;
  };
  const seconds = async (url: string, call: () => Promise<unknown>) => {
    expect(await status(url)).toBe(200);
    const asked = performance.now();
    await call();
    while ((await status(url)) === 200) {
      if (performance.now() - asked > 60_000) throw new Error('the edge never refused it');
      await setTimeout(50);
    }
    return (performance.now() - asked) / 1000;
  };
  const give = (resource: string, subject: string) =>
    ada.call('POST /api/entitlements', { body: { resource, subject } });
  const own = await give(`video:${id}`, 'person:vera');
  const everyone = await give(`tag:${tag}`, 'everyone');

  const [hers, his, owners] = [await begin(vera, 'vera'), await begin(sam, 'sam'), await begin(uma, 'uma')];
  const byGrant = await seconds(hers, () =>
    ada.call('DELETE /api/entitlements/{grant}', { params: { grant: own.id } }),
  );
  expect([await status(his), await status(owners)]).toEqual([200, 200]);
  // By the tag she still may; her player, which asks again under the same name, has another session.
  const next = await begin(vera, 'vera');
  expect([await status(next), await status(hers)]).toEqual([200, 403]);
  const byTag = await seconds(next, () => uma.call('PATCH /api/videos/{id}', { params: { id }, body: { tags: [] } }));
  expect((await vera.fetch('GET', `/api/play/${id}/main.m3u8?session=${'vera'.padEnd(16, '0')}`)).status).toBe(403);
  expect(await status(owners)).toBe(200);
  await ada.call('DELETE /api/entitlements/{grant}', { params: { grant: everyone.id } });
  const [grant, tagged] = [byGrant, byTag].map((one) => one.toFixed(1));
  console.log(`first segment refused ${grant} s after its grant was taken back, ${tagged} s after a tag was taken off`);
}, 180_000);
