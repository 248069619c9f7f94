import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MAX_POST_BYTES, playerPost, type PlayerEvent } from '../../../lib/contract/player-events.ts';
import { Outbox } from '../../../web/src/reports/outbox.ts';

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-11-29T10:00:00Z') }));
afterEach(() => void vi.useRealTimers());

/** A platform that answers as it is told to, each number counted once. */
function platform() {
  const came: { address: string; sequence: number; events: PlayerEvent[]; now: number }[] = [];
  const read = (address: string, body: string) => {
    expect(body.length).toBeLessThanOrEqual(MAX_POST_BYTES);
    came.push({ address, ...playerPost.parse(JSON.parse(body)) });
  };
  const told = { status: 204, isOffline: false, takesBeacons: true };
  let events: PlayerEvent[] = [];
  const outbox = new Outbox('https://a/1', {
    clock: Date.now,
    send: (address, body) => {
      if (told.isOffline) return Promise.reject(new TypeError('no network'));
      read(address, body);
      return Promise.resolve(told.status);
    },
    beacon: (address, body) => {
      if (told.takesBeacons) read(address, body);
      return told.takesBeacons;
    },
  });
  outbox.pull = () => {
    const all = events;
    events = [];
    return all;
  };
  let position = 0;
  const happens = () => events.push({ type: 'seek', at: Date.now(), to: (position += 1) });
  const counted = () =>
    [...new Map(came.map((post) => [post.sequence, post])).values()].flatMap((post) =>
      post.events.map((event) => event.type === 'seek' && event.to),
    );
  return { outbox, came, told, happens, counted };
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

it('sends when it was woken for, numbered, and nothing where there is nothing', async () => {
  const { outbox, came, happens } = platform();
  outbox.wake(60_000);
  await pass(60_000);
  expect(came).toEqual([]);
  happens();
  outbox.wake(60_000);
  outbox.wake(1000);
  await pass(999);
  expect(came).toEqual([]);
  await pass(1);
  happens();
  outbox.wake(1000);
  // However urgent: one in five seconds.
  await pass(4999);
  expect(came).toHaveLength(1);
  await pass(1);
  expect(came.map(({ sequence }) => sequence)).toEqual([0, 1]);
});

it('sends again by the same number what got no answer, ever less often, and loses nothing', async () => {
  const { outbox, came, told, happens, counted } = platform();
  told.status = 503;
  happens();
  outbox.wake(0);
  await pass(60_000);
  const tries = came.length;
  expect(tries).toBeGreaterThan(2);
  expect(tries).toBeLessThan(6);
  expect(new Set(came.map(({ sequence }) => sequence))).toEqual(new Set([0]));
  // When it is sent, by the clock that its events are by.
  expect(came.at(-1)!.now).toBeGreaterThan(came[0]!.now);
  happens();
  outbox.wake(0);
  told.status = 204;
  await pass(120_000);
  expect(counted()).toEqual([1, 2]);
});

it('waits for a network, and goes on as soon as there is one', async () => {
  const { outbox, came, told, happens, counted } = platform();
  told.isOffline = true;
  happens();
  outbox.wake(0);
  await pass(600_000);
  happens();
  told.isOffline = false;
  outbox.hurry();
  await pass(0);
  expect(came).toHaveLength(1);
  outbox.wake(0);
  await pass(5000);
  expect(counted()).toEqual([1, 2]);
});

it('waits at an address that is out of date for the next one, and for no other', async () => {
  const { outbox, came, told, happens, counted } = platform();
  told.status = 401;
  happens();
  outbox.wake(0);
  await pass(600_000);
  outbox.wake(0);
  outbox.addressed('https://a/1');
  await pass(600_000);
  expect(came).toHaveLength(1);
  told.status = 204;
  outbox.addressed('https://a/2');
  await pass(5000);
  expect(came.map(({ address }) => address)).toEqual(['https://a/1', 'https://a/2']);
  expect(counted()).toEqual([1]);
});

it('gives up what is refused for what it says', async () => {
  const { outbox, came, told, happens, counted } = platform();
  told.status = 400;
  happens();
  outbox.wake(0);
  await pass(60_000);
  told.status = 204;
  happens();
  outbox.wake(0);
  await pass(60_000);
  expect(came.map(({ sequence }) => sequence)).toEqual([0, 1]);
  expect(counted()).toEqual([1, 2]);
});

it('goes with the page, also what is on its way, and keeps what the browser does not take', async () => {
  const { outbox, came, told, happens, counted } = platform();
  told.isOffline = true;
  happens();
  outbox.wake(0);
  await pass(0);
  happens();
  told.takesBeacons = false;
  outbox.flush();
  expect(came).toEqual([]);
  told.takesBeacons = true;
  outbox.flush();
  expect(came.map(({ sequence }) => sequence)).toEqual([0, 1]);
  expect(counted()).toEqual([1, 2]);
  await pass(600_000);
  expect(came).toHaveLength(2);
});

it('cuts what is much into posts that are taken', async () => {
  const { outbox, came, happens, counted } = platform();
  for (let index = 0; index < 400; index += 1) happens();
  outbox.wake(0);
  await pass(60_000);
  expect(came.length).toBeGreaterThan(2);
  expect(counted()).toEqual(Array.from({ length: 400 }, (_, at) => at + 1));
});
