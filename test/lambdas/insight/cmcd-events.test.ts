/** Sessions of players that say how they are and not where, as hls.js, Shaka and dash.js do. */
import { describe, expect, it } from 'vitest';
import { CmcdSession } from '../../../lambdas/insight/cmcd-events.ts';
import type { PlayerEvent } from '../../../lib/contract/player-events.ts';

const T0 = Date.parse('2026-11-29T10:00:00Z');
/** `[seconds, e, sta]` each, one post. */
function events(
  every: number,
  from: number,
  lines: readonly (readonly [number, string, string?, object?])[],
): PlayerEvent[] {
  const session = new CmcdSession(every);
  return lines.flatMap(([seconds, e, sta, more], index) =>
    session.take({ e, sn: from + index, ts: T0 + seconds * 1000, sta, ...more }),
  );
}
const types = (all: readonly PlayerEvent[]) => all.map(({ type }) => type);
const played = (all: readonly PlayerEvent[]) =>
  all.reduce((sum, event) => sum + (event.type === 'heartbeat' ? (event.played ?? 0) : 0), 0);

describe('a player that does not say where it is', () => {
  it('was watched for as long as it said that it plays, to the second', () => {
    const all = events(10, 0, [
      [0, 't', 'd'],
      [1, 'ps', 's'],
      [1.4, 'ps', 'p'],
      [10, 't', 'p'],
      [20, 't', 'p'],
      [23.3, 'ps', 'a'],
      [30, 't', 'a'],
      [33, 'ps', 'p'],
      [36.2, 'ps', 'e'],
    ]);
    // 21.9 s and 3.2 s.
    expect(played(all)).toBe(25);
    expect(all.every((event) => event.type !== 'heartbeat' || event.watched.length === 0)).toBe(true);
    expect(all.find(({ type }) => type === 'first-frame')).toMatchObject({ startup: 400 });
    expect(all.at(-1)).toMatchObject({ type: 'end', reason: 'ended' });
  });

  it('at twice the speed shows twice as much', () => {
    expect(
      played(
        events(10, 0, [
          [0, 'ps', 'p', { pr: 2 }],
          [10, 't', 'p', { pr: 2 }],
        ]),
      ),
    ).toBe(20);
  });

  it('whose reports come alone was watched for as long as it waits between two of the time', () => {
    expect(events(10, 7, [[70, 't', 'p']])).toMatchObject([{ type: 'heartbeat', watched: [], played: 10 }]);
    expect(events(10, 7, [[70, 't', 'a']])).toEqual([]);
  });

  it('does not stall while it begins or seeks', () => {
    const all = events(30, 0, [
      [0, 't'],
      [0.1, 'ps', 'r'],
      [2, 'ps', 'p'],
      [8, 'ps', 'k'],
      [8.1, 'ps', 'r'],
      [9, 'ps', 'p'],
      [12, 'ps', 'r'],
      [13.5, 'ps', 'p'],
    ]);
    expect(all.filter(({ type }) => type === 'stall')).toMatchObject([{ lasted: 1500, at: T0 + 13_500 }]);
    expect(all.filter(({ type }) => type === 'seek')).toEqual([{ type: 'seek', at: T0 + 8000 }]);
    expect(played(all)).toBe(9);
  });

  it('stalls in a later post that begins with it', () => {
    expect(
      types(
        events(30, 12, [
          [0, 'ps', 'r'],
          [4, 'ps', 'p'],
        ]),
      ),
    ).toEqual(['stall']);
    expect(
      types(
        events(30, 0, [
          [0, 'ps', 'r'],
          [4, 'ps', 'p'],
        ]),
      ),
    ).toEqual([]);
  });

  it('played no longer than it was awake to say so, began no later, and waited no longer', () => {
    const night = 8 * 3600;
    const closed = events(10, 0, [
      [0, 'ps', 'p'],
      [10, 't', 'p'],
      [night, 't', 'p'],
      [night + 10, 't', 'p'],
    ]);
    // Ten seconds, those of three reports that did not come, and ten.
    expect(played(closed)).toBe(50);
    const waiting = events(10, 0, [
      [0, 'ps', 's'],
      [night, 'ps', 'p'],
      [night + 5, 'ps', 'r'],
      [2 * night, 'ps', 'p'],
    ]);
    expect(waiting.find(({ type }) => type === 'first-frame')).toMatchObject({ startup: 30_000 });
    expect(waiting.filter(({ type }) => type === 'stall')).toMatchObject([{ lasted: 30_000 }]);
    const sought = events(10, 0, [
      [0, 'ps', 'p', { pt: 2000 }],
      [night, 'ps', 'k', { pt: 60_000 }],
    ]);
    expect(sought).toMatchObject([{ type: 'heartbeat', watched: [[2, 32]] }, { type: 'seek' }]);
  });

  it('that is where it would be after so long has watched until there, though reports between were lost', () => {
    const all = events(10, 0, [
      [0, 'ps', 'p', { pt: 2000 }],
      [300, 't', 'p', { pt: 302_000 }],
    ]);
    expect(all).toMatchObject([{ type: 'heartbeat', watched: [[2, 302]] }]);
  });

  it('that says where it is was there until it was sent elsewhere', () => {
    const all = events(10, 0, [
      [0, 'ps', 'p', { pt: 2000 }],
      [4.2, 'ps', 'k', { pt: 60_000 }],
      [5, 'ps', 'p', { pt: 60_000 }],
      [8, 't', 'p', { pt: 63_000 }],
    ]);
    const watched = all.flatMap((event) => (event.type === 'heartbeat' ? event.watched : []));
    expect(watched).toEqual([
      [2, 6],
      [60, 63],
    ]);
    expect(all.find(({ type }) => type === 'seek')).toMatchObject({ to: 60 });
  });

  it('tells of an error once, however many reports say that it is over', () => {
    const all = events(30, 3, [
      [0, 'ps', 'f'],
      [0, 'e', 'f', { ec: 'fragLoadError' }],
      [30, 't', 'f'],
    ]);
    expect(all).toMatchObject([{ type: 'error', kind: 'network', fatal: true }]);
  });
});
