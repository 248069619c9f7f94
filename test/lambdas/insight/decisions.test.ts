import { describe, expect, it } from 'vitest';
import { addPacked, coarser, curve, packed, shown, type Heat } from '../../../lambdas/insight/heat.ts';
import { MOST_GAPS, withNumber } from '../../../lambdas/insight/seen.ts';
import { itemOf, rowOf } from '../../../lambdas/insight/rows.ts';
import { add, addCounters, noTally, takes } from '../../../lambdas/insight/tally.ts';
import { estimate, hashOf, KEPT, ofBytes, toBytes, together } from '../../../lambdas/insight/viewers.ts';
import {
  closesAt,
  HEAT_ROW,
  hourOf,
  hourRow,
  lastClosed,
  MOST_SESSIONS,
  noCounters,
} from '../../../lib/contract/heatmap.ts';
import type { Report } from '../../../lib/contract/player-events.ts';
import { sessionId } from '../../../lib/contract/ticket.ts';
import { chance, shuffled, simulate, videoNumber } from '../../../bench/events/viewers.ts';
import { letters } from './letters.ts';

/** Of a session that was seen, and began. */
const FLAGS_OF_OLD = 9;
const BEGAN = Date.parse('2026-11-29T08:10:00Z') / 1000;

describe('what a session was counted of', () => {
  it('takes each number once, in any order, and keeps what lies together as one pair', () => {
    // A hundred at a time: more gaps than are kept would be refused.
    const numbers = [0, 100, 200].flatMap((from) =>
      shuffled(
        Array.from({ length: 100 }, (_, index) => from + index),
        from,
      ),
    );
    let pairs: number[] = [];
    for (const number of numbers) {
      const next = withNumber(pairs, number);
      expect(next).toBeDefined();
      pairs = next!;
      expect(withNumber(pairs, number)).toBeUndefined();
    }
    expect(pairs).toEqual([0, 300]);
  });

  it('takes no more gaps than any network makes', () => {
    let pairs: number[] = [];
    for (let index = 0; index < MOST_GAPS; index += 1) pairs = withNumber(pairs, index * 2)!;
    expect(pairs).toHaveLength(MOST_GAPS * 2);
    expect(withNumber(pairs, MOST_GAPS * 2 + 5)).toBeUndefined();
    expect(withNumber(pairs, 1)).toHaveLength(MOST_GAPS * 2 - 2);
  });
});

describe('heat', () => {
  it('is what was watched, second by second, however it was packed and added', () => {
    const random = chance(3);
    const [one, other]: [Heat, Heat] = [new Map(), new Map()];
    const watched = Array.from({ length: 100 }, () => 0);
    const again = Array.from({ length: 100 }, () => 0);
    for (let index = 0; index < 500; index += 1) {
      const from = Math.floor(random() * 99);
      const to = from + 1 + Math.floor(random() * (99 - from));
      const which = random() < 0.3 ? 1 : 0;
      shown(index % 2 === 0 ? one : other, [from, to], which);
      for (let at = from; at < to; at += 1) (which === 0 ? watched : again)[at]! += 1;
    }
    const sum: Heat = new Map();
    addPacked(sum, packed(one));
    addPacked(sum, packed(other));
    expect(curve(sum, 100)).toEqual({ watched: watched.map((value, at) => value + again[at]!), again });
  });
});

describe('a row', () => {
  /** Bytes that DynamoDB takes of an item. */
  const MOST_BYTES = 400 * 1024;
  const key = { what: videoNumber(1), row: hourRow(hourOf(BEGAN), ''), day: '2026-11-29' };
  const bytesOf = (item: object) =>
    Object.entries(item).reduce(
      (sum, [name, value]) => sum + name.length + (value instanceof Uint8Array ? value.length : String(value).length),
      0,
    );
  /** Watched in two million ways, from the first to the last second of two days. */
  const everywhere = (random: () => number): Heat =>
    new Map(
      Array.from({ length: 172_800 }, (_, at): [number, [number, number]] => [
        at,
        [1 + Math.floor(random() * 2e6), -Math.floor(random() * 2e6)],
      ]),
    );
  const report = (session: string, sequences: readonly number[]): Report => ({
    what: videoNumber(1),
    session,
    began: BEGAN,
    receivedAt: (BEGAN + 60) * 1000,
    device: 'other',
    units: sequences.map((sequence) => ({ sequence, events: [] })),
  });
  const sessions = (random: () => number, count: number) =>
    Array.from({ length: count }, () => sessionId(BEGAN * 1000, letters(random, 16)));

  it('is one that DynamoDB takes, whatever numbers and places strangers say', () => {
    const random = chance(12);
    const tally = noTally();
    const all = sessions(random, MOST_SESSIONS);
    const number = () => 100_000 + Math.floor(random() * 10_000);
    for (const session of all) {
      expect(takes(tally, session)).toBe(true);
      add(tally, report(session, [number()]));
    }
    expect(takes(tally, sessions(random, 1)[0]!)).toBe(false);
    // As many apart as each of them is let have.
    for (const session of all)
      add(
        tally,
        report(
          session,
          Array.from({ length: 80 }, () => number()),
        ),
      );
    for (const [second, changes] of everywhere(random)) tally.heat.set(second, changes);
    expect(bytesOf(itemOf(key, { tally, version: 1 }))).toBeLessThan(MOST_BYTES);
    const of = { version: 1, tally: { ...noTally(), heat: tally.heat } };
    expect(bytesOf(itemOf({ what: key.what, row: HEAT_ROW }, of))).toBeLessThan(MOST_BYTES);
  });

  it('that turned a session away turns it away for good, though there is room again', () => {
    const random = chance(13);
    const tally = noTally();
    const apart = Array.from({ length: 60 }, (_, index) => index * 2);
    const counted = sessions(random, 1000).filter(
      (session) => takes(tally, session) && add(tally, report(session, apart)),
    );
    expect(counted).toHaveLength(200);
    const other = sessions(random, 1)[0]!;
    expect(takes(tally, other)).toBe(false);
    for (const session of counted)
      add(
        tally,
        report(
          session,
          apart.map((even) => even + 1),
        ),
      );
    expect(tally.pairs).toBe(200);
    const read = rowOf(itemOf(key, { tally, version: 3 }));
    expect(read.tally.pairs).toBe(200);
    expect(takes(read.tally, other)).toBe(false);
    expect(takes(read.tally, counted[0]!)).toBe(true);
  });

  it('of an earlier version is read as it was', () => {
    const { isFull: _, ...old } = itemOf(key, { tally: { ...noTally(), isFull: true }, version: 3 });
    expect(rowOf(old)).toEqual({ tally: noTally(), version: 4 });
  });

  it('has its heat by two, four and more seconds where there is no room for each, and nobody is lost of it', () => {
    const heat: Heat = new Map();
    for (const stretch of [
      [0, 10],
      [3, 6],
      [7, 9],
    ] as const)
      shown(heat, stretch, 0);
    expect(curve(coarser(heat, 4), 12).watched).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0]);
    expect(curve(heat, 12).watched).toEqual([1, 1, 1, 2, 2, 2, 1, 2, 2, 1, 0, 0]);
  });
});

describe('different viewers', () => {
  it('are exact while there are few, and near where there are many, however they come together', () => {
    const hashes = (count: number, from = 0) => Array.from({ length: count }, (_, at) => hashOf(`v${from + at}`));
    expect(estimate(together(hashes(200), hashes(200)))).toBe(200);
    const many = together(...Array.from({ length: 100 }, (_, at) => together(hashes(500, at * 400))));
    expect(many).toHaveLength(KEPT);
    expect(Math.abs(estimate(many) / 40_100 - 1)).toBeLessThan(0.15);
    expect(ofBytes(toBytes(many))).toEqual(many);
  });
});

describe('a report', () => {
  const of = (events: Report['units'][number]['events'], over: Partial<Report> = {}): Report => ({
    what: videoNumber(1),
    session: '0t9abcdAbCdEfGhIjKlMn09',
    began: BEGAN,
    receivedAt: (BEGAN + 60) * 1000,
    device: 'desktop',
    units: [{ sequence: 0, events }],
    ...over,
  });
  const at = BEGAN * 1000;

  it('counts once, and what is told once of a session only once', () => {
    const tally = noTally();
    const first = of([
      { type: 'start', at },
      { type: 'first-frame', at, startup: 700 },
      { type: 'first-frame', at, startup: 9000 },
      { type: 'heartbeat', at, watched: [[0, 10]], again: [] },
      { type: 'end', at, reason: 'ended' },
    ]);
    expect(add(tally, first)).toBe(true);
    expect(add(tally, first)).toBe(false);
    expect(add(tally, { ...first, units: [{ ...first.units[0]!, sequence: 1 }] })).toBe(true);
    expect(tally.counters).toMatchObject({
      plays: 1,
      views: 1,
      completed: 1,
      startups: 1,
      startup: 700,
      startupSteps: [0, 1, 0, 0, 0, 0],
      watched: 20,
    });
  });

  it('counts for no more than there was time to watch', () => {
    const tally = noTally();
    add(tally, of([{ type: 'heartbeat', at, watched: [[0, 100_000]], again: [] }]));
    expect(tally.counters).toMatchObject({ plays: 1, views: 0, watched: 0 });
    expect(tally.heat.size).toBe(0);
  });

  it('counts no more seconds as shown for the first time than its video has, whatever its posts say', () => {
    const tally = noTally();
    const watched = (sequence: number, ...stretches: [number, number][]) =>
      add(tally, {
        ...of([{ type: 'heartbeat', at, watched: stretches, again: [] }], { seconds: 10 }),
        units: [{ sequence, events: [{ type: 'heartbeat', at, watched: stretches, again: [] }] }],
      });
    watched(0, [0, 6]);
    // A row is read and written in between.
    const { tally: kept } = rowOf({ ...itemOf({ what: 'w', row: 'h' }, { tally, version: 0 }) });
    expect(kept.ledger).toEqual(tally.ledger);
    watched(1, [6, 10]);
    for (let sequence = 2; sequence < 5; sequence += 1) watched(sequence, [0, 3]);
    expect(tally.counters).toMatchObject({ watched: 19, again: 9, views: 1 });
    expect(curve(tally.heat, 11)).toEqual({
      watched: [4, 4, 4, 1, 1, 1, 1, 1, 1, 1, 0],
      again: [3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0],
    });
    // Others have their own.
    add(tally, {
      ...of([{ type: 'heartbeat', at, watched: [[0, 10]], again: [] }], { seconds: 10 }),
      session: '0t9abcdZZZZZZZZZZZZZZZZ',
    });
    expect(tally.counters).toMatchObject({ watched: 29, again: 9, plays: 2 });
  });

  it('counts no more stalls, seeks, errors and waiting than one session can have', () => {
    const tally = noTally();
    const flood = Array.from({ length: 66 }, () => [
      { type: 'stall' as const, at, lasted: 3_600_000 },
      { type: 'stall' as const, at, lasted: 1000 },
      { type: 'seek' as const, at },
    ]).flat();
    const errors = Array.from({ length: 200 }, () => ({
      type: 'error' as const,
      at,
      kind: 'drm' as const,
      fatal: true,
    }));
    const said = [flood, errors, [{ type: 'first-frame' as const, at, startup: 3_600_000 }]];
    for (let sequence = 0; sequence < 30; sequence += 1)
      add(tally, { ...of([]), units: [{ sequence, events: said[sequence % 3]! }] });
    // A minute passed, and another one that clocks may differ by.
    expect(tally.counters.stalls).toBe(120);
    expect(tally.counters.stalled).toBe(120_000);
    expect(tally.counters).toMatchObject({
      plays: 1,
      views: 1,
      seeks: 255,
      errors: { drm: 255 },
      failed: 1,
      startups: 0,
    });
    expect(tally.counters.devices).toEqual({ desktop: [1, 0, 120_000] });
    // Who watches on is counted on.
    add(tally, {
      ...of([]),
      receivedAt: (BEGAN + 120) * 1000,
      units: [{ sequence: 30, events: [{ type: 'heartbeat', at, watched: [[0, 60]], again: [] }, ...flood] }],
    });
    expect(tally.counters).toMatchObject({ watched: 60, seeks: 255, stalls: 165 });
  });

  it('counts all of who watches, waits and goes elsewhere the whole time', () => {
    const tally = noTally();
    for (let minute = 0; minute < 60; minute += 1)
      add(tally, {
        ...of([]),
        receivedAt: (BEGAN + (minute + 1) * 60) * 1000,
        units: [
          {
            sequence: minute,
            events: [
              // At four times the speed, the rest of the minute nothing plays.
              { type: 'heartbeat', at, watched: [[minute * 160, minute * 160 + 160]], again: [] },
              { type: 'stall', at, lasted: 20_000 },
              { type: 'seek', at },
              { type: 'error', at, kind: 'network', fatal: false },
            ],
          },
        ],
      });
    expect(tally.counters).toMatchObject({
      watched: 9600,
      stalls: 60,
      stalled: 1_200_000,
      seeks: 60,
      errors: { network: 60 },
    });
  });

  it('goes on with what an earlier version has counted of its session', () => {
    const tally = noTally();
    const key = '0t9abcdAbCdEfGhIjKlMn09'.slice(7, 19);
    tally.ledger.set(key, [FLAGS_OF_OLD, 30, 0, 1]);
    add(tally, {
      ...of([]),
      units: [
        {
          sequence: 1,
          events: [
            { type: 'first-frame', at, startup: 9 },
            { type: 'seek', at },
          ],
        },
      ],
    });
    expect(tally.counters).toMatchObject({ plays: 0, views: 0, startups: 0, seeks: 1 });
    expect(tally.ledger.get(key)).toEqual([FLAGS_OF_OLD + 16, 30, 0, 2]);
  });

  it('has no seconds of a channel, whose viewers count from no beginning', () => {
    const tally = noTally();
    add(tally, of([{ type: 'heartbeat', at, watched: [[0, 10]], again: [] }], { what: 'live/13800000001/1' }));
    expect(tally.counters.watched).toBe(10);
    expect(tally.heat.size).toBe(0);
  });

  it('names renditions that a ladder can have, whatever others players invent before: words of the language, too', () => {
    const tally = noTally();
    const invented = [
      'constructor',
      'valueof',
      'viewer',
      ...Array.from({ length: 30 }, (_, index) => `${index + 10}p`),
    ];
    const names = [...invented, '720p', '1080p', 'live'];
    for (const [sequence, rendition] of names.entries())
      add(tally, {
        ...of([]),
        units: [{ sequence, events: [{ type: 'heartbeat', at, watched: [[0, 1]], again: [], rendition }] }],
      });
    const { renditions } = tally.counters;
    expect(renditions).toMatchObject({ '720p': 1, '1080p': 1, live: 1, '10p': 1 });
    expect(Object.hasOwn(renditions, 'constructor')).toBe(false);
    // Sixteen odd ones, the others together, and the three.
    expect(Object.keys(renditions)).toHaveLength(20);
    expect(Object.values(renditions).reduce((sum, one) => sum + one, 0)).toBe(names.length);
    const sum = noCounters();
    addCounters(sum, tally.counters);
    addCounters(sum, tally.counters);
    // Of other rows no more are added than one has.
    addCounters(sum, { ...noCounters(), renditions: { toString: 4, '99p': 5, '360p': 6 } });
    expect(sum.renditions).toMatchObject({ '720p': 2, '360p': 6, other: 2 * renditions['other']! + 9 });
    expect(sum.devices).toEqual({ desktop: [2, 2 * names.length, 0] });
  });

  it('adds up to the same whatever the order and however often it comes', () => {
    const { reports } = simulate({ number: 5, what: videoNumber(1), began: BEGAN, posts: 20, seconds: 600 });
    const [straight, mixed] = [noTally(), noTally()];
    for (const one of reports) add(straight, one);
    for (const one of shuffled([...reports, ...reports, ...reports], 9)) add(mixed, one);
    expect(mixed.counters).toEqual(straight.counters);
    expect(packed(mixed.heat)).toEqual(packed(straight.heat));
  });

  it('that comes when all others of its session are counted counts as it would have before', () => {
    const { reports } = simulate({ number: 5, what: videoNumber(1), began: BEGAN, posts: 20, seconds: 600 });
    const [straight, late] = [noTally(), noTally()];
    for (const one of reports) add(straight, one);
    const now = reports.at(-1)!.receivedAt;
    for (const one of [...reports.slice(1), reports[0]!]) add(late, one, now);
    expect(late.counters).toEqual(straight.counters);
  });
});

it('an hour is closed when nothing of it can come any more, and folded only then', () => {
  const hour = hourOf(BEGAN);
  expect(hour).toBe('2026-11-29T08');
  const closes = closesAt(hour);
  expect(new Date(closes * 1000).toISOString()).toBe('2026-12-02T10:00:00.000Z');
  expect(lastClosed(closes - 1) < hour).toBe(true);
  expect(lastClosed(closes + 3600) >= hour).toBe(true);
});
