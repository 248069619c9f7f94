/** What viewers of the demonstration report, over real sockets: all of it what the API takes, and no second that the video has not. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { EVENTS_HEADER } from '../../lib/contract/manifest.ts';
import { playerPost, type Heartbeat } from '../../lib/contract/player-events.ts';
import { playerSession } from '../../lib/contract/session.ts';
import { Client } from '../../local/client.ts';
import { reportViewers } from '../../local/viewers.ts';

const ID = 'f'.repeat(20);
let url: string;
/** Of each manifest that was asked for, what was posted to its address. */
let posts: string[][];
/** Sessions that began, by what their players call them; and what goodbyes said. */
let sessions: (string | null)[];
let goodbyes: (readonly [session: string | null, ticket: string | null, reported: number])[];
let names: boolean;
let status: number;

const server = createServer((request, response) => {
  void (async () => {
    const { pathname, searchParams } = new URL(request.url!, url);
    const session = searchParams.get('session');
    if (pathname === `/api/play/${ID}/main.m3u8`) {
      sessions.push(session);
      posts.push([]);
      if (names) response.setHeader(EVENTS_HEADER, `${url}/events/${posts.length - 1}`);
      response.end(`#EXTM3U\n#EXT-X-VERSION:7\n/vod/${ID}/s/ticket-${posts.length}/1/v/720p.m3u8?{$auth}\n`);
      return;
    }
    if (pathname === `/api/play/${ID}/goodbye`) {
      goodbyes.push([session, searchParams.get('ticket'), posts.at(-1)!.length]);
      response.writeHead(204).end();
      return;
    }
    posts[Number(request.url!.split('/').at(-1))]!.push(await text(request));
    response.writeHead(status).end(status === 204 ? undefined : 'no');
  })();
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  [posts, sessions, goodbyes] = [[], [], []];
  names = true;
  status = 204;
});

const report = (duration: number) => reportViewers(new Client(url), ID, { duration, rendition: '720p' });
const reported = () => posts.map((bodies) => bodies.map((body) => playerPost.parse(JSON.parse(body)).events));

it('each posts once, in a session of its own: how far it watched, what of it again, and how it ended', async () => {
  expect(await report(60)).toBe(8);
  const all = reported();
  expect(all.map((of) => of.length)).toEqual(Array.from({ length: 8 }, () => 1));
  const events = all.map(([one]) => one!);
  const heartbeats = events.map((of) => of.find((one): one is Heartbeat => one.type === 'heartbeat')!);
  expect(heartbeats.map(({ watched }) => watched)).toEqual([60, 60, 54, 42, 30, 30, 18, 9].map((to) => [[0, to]]));
  expect(heartbeats.map(({ again }) => again.length)).toEqual([1, 0, 1, 0, 1, 0, 1, 0]);
  expect(heartbeats[0]).toMatchObject({ again: [[12, 18]], rendition: '720p' });
  expect(events.filter((of) => of.some(({ type }) => type === 'stall'))).toHaveLength(1);
  expect(events.map((of) => of.at(-1)!.type)).toEqual([...Array.from({ length: 7 }, () => 'end'), 'error']);
  expect(events.map((of) => of.find((one) => one.type === 'end')?.reason)).toEqual([
    'ended',
    'ended',
    ...Array.from({ length: 5 }, () => 'left'),
    undefined,
  ]);
});

it('each says goodbye as its player would, behind what it reports, so that nobody seems to watch on', async () => {
  await report(60);
  for (const session of sessions) expect(playerSession.safeParse(session).success).toBe(true);
  expect(new Set(sessions).size).toBe(8);
  expect(goodbyes).toEqual(sessions.map((session, index) => [session, `ticket-${index + 1}`, 1]));
});

it.each([0, 1, 2.5, 9.5])('says nothing that is refused of a video of %d s', async (duration) => {
  await report(duration);
  const heartbeats = reported().flatMap(([of]) => of!.filter((one) => one.type === 'heartbeat'));
  const last = Math.max(1, Math.floor(duration));
  for (const [, to] of heartbeats.flatMap(({ watched, again }) => [...watched, ...again]))
    expect(to).toBeLessThanOrEqual(last);
});

it('says why where nobody reports: no address, or one that takes nothing', async () => {
  names = false;
  await expect(report(60)).rejects.toThrow('answered with 200, names no address of events');
  [names, status] = [true, 400];
  await expect(report(60)).rejects.toThrow('a report was answered with 400: no');
});
