/** A client without a browser on the running stack: tickets, the WebSocket through the edge, and what it is told of a video. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from '../../local/client.ts';
import { runningStack } from '../stack.ts';
import { makeVideo } from '../support/media.ts';
import { Listener } from '../support/listener.ts';

const stack = await runningStack();
const as = (wanted: string) => new Client(stack.url, stack.users.find(({ name }) => name === wanted)!.token);
const uma = as('uma');
const slow = { timeout: 120_000, interval: 100 };

let folder: string;
let film: string;
const made: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-presence-'));
  film = join(folder, 'film.mp4');
  await makeVideo(stack.ffmpegFolder, film, { seconds: 30, size: '640x360' });
}, 300_000);
afterAll(async () => {
  for (const id of made) await uma.fetch('DELETE', `/api/videos/${id}`);
  await rm(folder, { recursive: true, force: true });
});

it('tells its owner how far a video is, to the end, and nobody else', async () => {
  await using mine = await Listener.open(uma);
  await using others = await Listener.open(as('vera'));
  const id = await uma.upload(film, { name: 'film.mp4', metadata: { visibility: 'private' } });
  made.push(id);
  const topic = `video:${id}`;
  expect(await mine.ask([topic])).toEqual([topic]);
  expect(await others.ask([topic])).toEqual([]);
  await expect.poll(() => mine.videos.at(-1)?.status, slow).toBe('ready');
  const percents = mine.videos.map(({ progress }) => progress);
  expect(percents).toEqual(percents.toSorted((a, b) => a - b));
  expect(percents.at(-1)).toBe(100);
  // What it was told is what the record says.
  const video = await uma.call('GET /api/videos/{id}', { params: { id } });
  expect(mine.news.at(-1)).toMatchObject({ topic, status: video.status, progress: video.progress });
  expect(others.news).toEqual([]);
  // Another change is one, too.
  const before = mine.news.length;
  await uma.call('PATCH /api/videos/{id}', { params: { id }, body: { title: 'Another' } });
  await expect.poll(() => mine.news.slice(before).some(({ isMore }) => isMore), slow).toBe(true);
});

it('opens nothing by a ticket twice, by none, or by one that another page asked for', async () => {
  const { ticket } = await uma.call('POST /api/presence', {});
  const first = await Listener.connect(stack.url, ticket);
  expect(first).toBeDefined();
  expect(await Listener.connect(stack.url, ticket)).toBeUndefined();
  expect(await Listener.connect(stack.url, 'x'.repeat(32))).toBeUndefined();
  first!.close();
  const answer = await fetch(`${stack.url}/api/presence`, {
    method: 'POST',
    headers: { ...uma.headers, origin: 'https://evil.example' },
  });
  const { ticket: theirs } = (await answer.json()) as { ticket: string };
  expect(await Listener.connect(stack.url, theirs)).toBeUndefined();
  expect((await fetch(`${stack.url}/api/presence`, { method: 'POST' })).status).toBe(401);
});

it('ends who says what no client says', async () => {
  await using one = await Listener.open(uma);
  one.socket.send('{"action":"$connect"}');
  await expect.poll(() => one.socket.readyState, slow).toBe(WebSocket.CLOSED);
});
