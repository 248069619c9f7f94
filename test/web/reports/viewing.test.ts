import { expect, it } from 'vitest';
import { playerPost, type PlayerEvent } from '../../../lib/contract/player-events.ts';
import { Viewing } from '../../../web/src/reports/viewing.ts';

const T0 = Date.parse('2026-11-29T10:00:00Z');

/** A viewing with a clock of its own: what is done takes as long as it says. */
function viewer(hasPlaces = true) {
  const viewing = new Viewing({ hasPlaces });
  let [now, at] = [T0, 0];
  return {
    viewing,
    asks: () => viewing.asked(now),
    waits: (ms: number) => (now += ms),
    plays: () => viewing.plays(now, at),
    /** Four times a second, as elements say where they are. */
    runs: (seconds: number, rate = 1) => {
      for (let step = 0; step < seconds * 4; step += 1) {
        [now, at] = [now + 250, at + 0.25 * rate];
        viewing.moves(now, at, rate);
      }
    },
    stands: () => viewing.waits(now, at, 1),
    halts: () => viewing.halts(now, at, 1),
    seeks: (to: number) => viewing.seeks(now, (at = to)),
    ends: () => viewing.ends(now, at, 1),
    leaves: () => viewing.leaves(now),
    shows: (name: string, kbps = 100) => viewing.shows(now, name, kbps),
    fails: (isFatal = false) => viewing.fails(now, 'network', isFatal),
    take: () => {
      const events = viewing.take(now);
      if (events.length > 0) expect(playerPost.safeParse({ sequence: 0, now, events }).error).toBeUndefined();
      return events;
    },
  };
}
const of = <T extends PlayerEvent['type']>(events: readonly PlayerEvent[], type: T) =>
  events.filter((event): event is Extract<PlayerEvent, { type: T }> => event.type === type);

it('takes so long to begin as somebody waited, and tells it once', () => {
  const one = viewer();
  one.asks();
  one.waits(730);
  one.plays();
  one.runs(1);
  one.halts();
  one.waits(5000);
  one.plays();
  expect(one.take().slice(0, 2)).toEqual([
    { type: 'start', at: T0 },
    { type: 'first-frame', at: T0 + 730, startup: 730 },
  ]);
  one.runs(1);
  expect(of(one.take(), 'first-frame')).toEqual([]);
});

it('shows each second once, however often it is asked what was shown', () => {
  const one = viewer();
  one.plays();
  const shown: [number, number][] = [];
  for (let index = 0; index < 9; index += 1) {
    one.runs(1.25);
    shown.push(...of(one.take(), 'heartbeat').flatMap(({ watched, again }) => (expect(again).toEqual([]), watched)));
  }
  // 11.25 s: the middle of the twelfth was not shown.
  const seconds = shown.flatMap(([from, to]) => Array.from({ length: to - from }, (_, at) => from + at));
  expect(seconds).toEqual(Array.from({ length: 11 }, (_, at) => at));
});

it('tells what was shown before apart, at any speed', () => {
  const one = viewer();
  one.plays();
  one.runs(10);
  one.seeks(4);
  one.plays();
  one.runs(5, 2);
  const beats = of(one.take(), 'heartbeat');
  expect(beats.flatMap(({ watched }) => watched)).toEqual([
    [0, 10],
    [10, 14],
  ]);
  expect(beats.flatMap(({ again }) => again)).toEqual([[4, 10]]);
});

it('shows nothing of what was jumped over, by a hand or by the player', () => {
  const one = viewer();
  one.plays();
  one.runs(3);
  one.viewing.moves(T0 + 3250, 33.25, 1);
  one.seeks(100);
  one.plays();
  one.runs(2);
  const watched = of(one.take(), 'heartbeat').flatMap((beat) => beat.watched);
  expect(watched).toEqual([
    [0, 3],
    [100, 102],
  ]);
});

it('has a seek from where it was to where a hand came to rest, however long it dragged', () => {
  const one = viewer();
  one.plays();
  one.runs(20);
  for (const to of [25, 40, 31, 60]) {
    one.waits(120);
    one.seeks(to);
  }
  one.plays();
  one.runs(1);
  expect(one.viewing.isUrgent).toBe(true);
  expect(of(one.take(), 'seek')).toEqual([{ type: 'seek', at: T0 + 20_480, from: 20, to: 60 }]);
  expect(one.viewing.isUrgent).toBe(false);
  // A picture further, and where it begins, are none.
  one.seeks(61.04);
  expect(of(one.take(), 'seek')).toEqual([]);
  const begun = viewer();
  begun.seeks(50);
  begun.plays();
  expect(of(begun.take(), 'seek')).toEqual([]);
});

it('stalls for as long as nothing moves though it should, and not while it seeks, begins or is over', () => {
  const one = viewer();
  one.asks();
  one.stands();
  one.waits(2000);
  one.plays();
  one.runs(5);
  one.stands();
  one.waits(1500);
  one.plays();
  one.runs(2);
  one.seeks(60);
  one.stands();
  one.waits(900);
  one.plays();
  one.runs(1);
  one.stands();
  one.waits(40);
  one.plays();
  one.ends();
  one.stands();
  one.waits(5000);
  one.leaves();
  expect(of(one.take(), 'stall')).toEqual([{ type: 'stall', at: T0 + 8500, position: 5, lasted: 1500 }]);
});

it('tells of a stall that nobody waited for the end of', () => {
  const one = viewer();
  one.plays();
  one.runs(5);
  one.stands();
  one.waits(8000);
  one.leaves();
  const events = one.take();
  expect(of(events, 'stall')).toMatchObject([{ position: 5, lasted: 8000 }]);
  expect(of(events, 'end')).toMatchObject([{ reason: 'left' }]);
});

it('ends at the end once, and is not left after it; played again it shows seconds again', () => {
  const one = viewer();
  one.plays();
  one.runs(6);
  one.ends();
  one.leaves();
  expect(of(one.take(), 'end')).toMatchObject([{ reason: 'ended' }]);
  one.seeks(0);
  one.plays();
  one.runs(6);
  const events = one.take();
  expect(of(events, 'heartbeat')).toMatchObject([{ watched: [], again: [[0, 6]] }]);
  expect(of(events, 'seek')).toEqual([]);
});

it('says nothing of who never wanted to watch', () => {
  const one = viewer();
  one.shows('720p');
  one.leaves();
  expect(one.take()).toEqual([]);
});

it('has seconds by rendition', () => {
  const one = viewer();
  one.plays();
  one.shows('360p', 800);
  one.runs(4);
  one.shows('720p', 2500);
  one.runs(4);
  expect(one.take().slice(2)).toMatchObject([
    { type: 'heartbeat', watched: [[0, 4]], rendition: '360p', kbps: 800 },
    { type: 'rendition', rendition: '720p' },
    { type: 'heartbeat', watched: [[4, 8]], rendition: '720p', kbps: 2500 },
  ]);
});

it('has errors of a kind that come in a row as one, and each that ends it', () => {
  const one = viewer();
  one.fails();
  one.waits(3000);
  one.fails();
  one.waits(8000);
  one.fails();
  one.fails(true);
  expect(of(one.take(), 'error').map(({ fatal }) => fatal)).toEqual([false, false, true]);
});

it('of a channel has only how long it was watched', () => {
  const one = viewer(false);
  one.viewing.plays(T0, 1_795_939_000);
  for (let step = 1; step <= 50; step += 1) one.viewing.moves(T0 + step * 250, 1_795_939_000 + step * 0.25, 1);
  one.viewing.seeks(T0 + 12_500, 1_795_939_100);
  one.viewing.ends(T0 + 13_000, 1_795_939_100, 1);
  expect(one.take().slice(2)).toEqual([{ type: 'heartbeat', at: T0, watched: [], again: [], played: 12 }]);
});

it('keeps what it cannot tell in bounds, each heartbeat within the contract’s', () => {
  const one = viewer();
  one.plays();
  for (let index = 0; index < 3000; index += 1) {
    one.seeks((index * 7919) % 90_000);
    one.plays();
    one.runs(2);
  }
  const events = one.viewing.take(T0);
  expect(events.length).toBeLessThanOrEqual(401);
  for (let from = 0; from < events.length; from += 100)
    expect(playerPost.safeParse({ sequence: 0, now: T0, events: events.slice(from, from + 100) }).success).toBe(true);
});
