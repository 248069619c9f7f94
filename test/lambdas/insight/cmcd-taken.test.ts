/** What is taken of a post of CMCD can be read by whoever gets it: a report that none can read would come again for days. */
import { describe, expect, it } from 'vitest';
import { chance } from '../../../bench/events/viewers.ts';
import { reportOf } from '../../../lambdas/insight/post.ts';
import { DEFAULT_EVERY } from '../../../lambdas/insight/cmcd.ts';
import { ApiError } from '../../../lambdas/shared/errors.ts';
import type { EventsAddress } from '../../../lib/contract/events-address.ts';
import { MAX_POSITION, report, type Report } from '../../../lib/contract/player-events.ts';
import { sessionId } from '../../../lib/contract/ticket.ts';

const NOW = Date.parse('2026-11-29T10:00:00Z');
const address: EventsAddress = {
  what: 'vod/0123456789abcdefghij',
  session: sessionId(NOW - 120_000, 'AbCdEfGhIjKlMn09'),
  part: 0,
  viewer: undefined,
  until: NOW / 1000 + 600,
};
const taken = (lines: readonly string[], every = DEFAULT_EVERY): Report | undefined =>
  reportOf({ address, body: lines.join('\n'), headers: {}, receivedAt: NOW, every });
const watchedOf = (one: Report | undefined) =>
  (one?.units ?? []).flatMap(({ events }) =>
    events.flatMap((event) => (event.type === 'heartbeat' ? event.watched : [])),
  );

/** A line in which each value is one that CMCD allows, as far from each other as they can be. */
function line(random: () => number, sn: number): string {
  const of = <T>(...values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  // A decimal has twelve digits before its point (RFC 9651 3.3.2).
  const times = [0, 1000, 1000.5, 999_999_999_999.25, NOW - 40_000, NOW, NOW * 2, 4_102_444_800_000];
  const places = [0, 0.5, 999, 12_000, 60_000.75, MAX_POSITION * 1000 - 1, MAX_POSITION * 1000];
  return [
    `e=${of('ps', 'ps', 't', 't', 'e', 'rr', 'b')}`,
    `sn=${sn}`,
    `ts=${of(...times, Math.floor(random() * NOW))}`,
    ...(random() < 0.9 ? [`sta=${of('p', 'p', 'p', 'k', 'r', 's', 'a', 'e', 'f', 'q', 'd')}`] : []),
    ...(random() < 0.8 ? [`pt=${of(...places, Math.floor(random() * MAX_POSITION * 1000))}`] : []),
    ...(random() < 0.3 ? [`pr=${of(0, 0.001, 0.5, 2, 16)}`] : []),
    ...(random() < 0.3 ? [`br=(${of(1, 1.5, 3000, 1_000_000)})`] : []),
    ...(random() < 0.3 ? [`msd=${of(0, 0.5, 420, 3_600_000)}`] : []),
    ...(random() < 0.3 ? [`bsd=(${of(0, 0.25, 900.5, 3_600_000)})`] : []),
    ...(random() < 0.2 ? [`ec=("${of('', 'networkError', 'MEDIA_ERR_DECODE')}")`] : []),
  ].join(',');
}

describe('a post of CMCD', () => {
  it('of lines that are all allowed is taken, and what is taken can be read, whatever they say together', () => {
    const random = chance(16);
    let counted = 0;
    for (let index = 0; index < 4000; index += 1) {
      const lines = Array.from({ length: 1 + Math.floor(random() * 8) }, (_, at) => line(random, at));
      let one: Report | undefined;
      try {
        one = taken(lines, 1 + Math.floor(random() * 600));
      } catch (error) {
        throw new Error(`refused: ${lines.join('\n')}`, { cause: error });
      }
      if (one === undefined) continue;
      counted += 1;
      // As the queue has it.
      const read = report.safeParse(JSON.parse(JSON.stringify(one)));
      expect(read.error, lines.join('\n')).toBeUndefined();
    }
    expect(counted).toBeGreaterThan(1000);
  });

  it('of a player that slept for years ends where every video does', () => {
    const one = taken(['e=ps,sn=0,sta=p,pt=0,ts=1000', 'e=ps,sn=1,sta=k,pt=0,ts=4000000000000']);
    for (const [, to] of watchedOf(one)) expect(to).toBeLessThanOrEqual(MAX_POSITION);
    expect(report.safeParse(one).success).toBe(true);
  });

  it('has whole milliseconds by our clock, whatever parts of one its player says', () => {
    const one = taken(['e=ps,sn=0,sta=s,ts=1000.25', 'e=ps,sn=1,sta=p,ts=2000.5']);
    expect(one!.units.flatMap(({ events }) => events.map(({ at }) => at))).toEqual([NOW - 1001, NOW]);
  });
});

it('a report that no reader takes is refused at the door, and reaches no queue', () => {
  const wrong = { ...address, what: 'vod/elsewhere' };
  const post = () =>
    reportOf({ address: wrong, body: 'e=t,sn=1,sta=p,ts=1000', headers: {}, receivedAt: NOW, every: 30 });
  expect(post).toThrow(ApiError);
  expect(post).toThrow(/what/);
});
