import { expect, it } from 'vitest';
import { reportOf } from '../../../lambdas/insight/post.ts';
import { addressText, parseAddress, type EventsAddress } from '../../../lib/contract/events-address.ts';
import { chance } from '../../../bench/events/viewers.ts';
import { sessionId } from '../../../lib/contract/ticket.ts';

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

const NOW = Date.parse('2026-11-29T10:00:00Z');
const address: EventsAddress = {
  what: 'vod/0123456789abcdefghij',
  session: sessionId(NOW - 120_000, 'AbCdEfGhIjKlMn09'),
  part: 0,
  viewer: undefined,
  until: NOW / 1000 + 600,
};
const body = JSON.stringify({
  sequence: 0,
  now: NOW,
  events: [
    {
      type: 'heartbeat',
      at: NOW,
      watched: [
        [0, 10],
        [50, 61],
        [60, 172_800],
      ],
      again: [
        [59, 60],
        [100, 101],
      ],
    },
  ],
});
const heartbeat = (of: EventsAddress, text = body) =>
  reportOf({ address: of, body: text, headers: {}, receivedAt: NOW, every: 30 })?.units.flatMap(
    ({ events }) => events,
  )[0];

it('a post says nothing of seconds that its video has not, in either language', () => {
  const short = { ...address, seconds: 60 };
  expect(heartbeat(short)).toMatchObject({
    watched: [
      [0, 10],
      [50, 60],
    ],
    again: [[59, 60]],
  });
  expect(heartbeat(short, 'e=t,sn=3,sta=p,ts=1000,pt=70000')).toMatchObject({ watched: [[40, 60]] });
  expect(heartbeat(short, 'e=t,sn=3,sta=p,ts=1000,pt=100000')).toMatchObject({ watched: [] });
  // Where nobody knows how many it has. What is said twice is shown again.
  expect(heartbeat(address)).toMatchObject({
    watched: [
      [0, 10],
      [50, 61],
      [61, 172_800],
    ],
    again: [
      [59, 60],
      [100, 101],
      [60, 61],
    ],
  });
});

type Stretches = [number, number][];
/** A post of these, and what becomes of them. */
const firsts = (...beats: readonly (readonly [watched: Stretches, again?: Stretches])[]) => {
  const events = beats.map(([watched, again = []]) => ({ type: 'heartbeat', at: NOW, watched, again }));
  const text = JSON.stringify({ sequence: 0, now: NOW, events });
  const made = reportOf({ address, body: text, headers: {}, receivedAt: NOW, every: 30 })!.units[0]!.events;
  return made.map((event) => (event.type === 'heartbeat' ? [event.watched, event.again] : []));
};

it('a second is shown for the first time once in a post, and is shown again whatever else says it', () => {
  expect(firsts([Array.from({ length: 5 }, (): [number, number] => [0, 3])])).toEqual([
    [[[0, 3]], Array.from({ length: 4 }, () => [0, 3])],
  ]);
  expect(
    firsts(
      [[[0, 10]], [[2, 4]]],
      [
        [
          [20, 30],
          [5, 25],
        ],
        [[5, 6]],
      ],
      [[[0, 40]]],
    ),
  ).toEqual([
    [[[0, 10]], [[2, 4]]],
    [
      [
        [20, 30],
        [10, 20],
      ],
      [
        [5, 6],
        [5, 10],
        [20, 25],
      ],
    ],
    [[[30, 40]], [[0, 30]]],
  ]);
  // What only touches is no overlap.
  expect(
    firsts(
      [
        [
          [0, 1],
          [1, 2],
          [3, 4],
        ],
      ],
      [[[2, 3]]],
    ),
  ).toEqual([
    [
      [
        [0, 1],
        [1, 2],
        [3, 4],
      ],
      [],
    ],
    [[[2, 3]], []],
  ]);
});

it('a standard player that goes back within a post shows again what it had shown', () => {
  const lines = ['e=t,sn=0,sta=p,ts=0,pt=0', 'e=t,sn=1,sta=p,ts=10000,pt=10000', 'e=ps,sn=2,sta=k,ts=10000,pt=4000'];
  const back = [...lines, 'e=ps,sn=3,sta=p,ts=10000,pt=4000', 'e=t,sn=4,sta=p,ts=20000,pt=14000'].join('\n');
  const made = reportOf({ address, body: back, headers: {}, receivedAt: NOW, every: 30 })!;
  const beats = made.units.flatMap(({ events }) => events).filter(({ type }) => type === 'heartbeat');
  expect(beats).toMatchObject([
    { watched: [[0, 10]], again: [] },
    { watched: [[10, 14]], again: [[4, 10]] },
  ]);
});

it('whatever strangers say, each second is the first time once, and the report is one that its readers take', () => {
  const random = chance(7);
  for (let round = 0; round < 200; round += 1) {
    const beats = Array.from({ length: 1 + Math.floor(random() * 12) }, (): [Stretches] => [
      Array.from({ length: Math.floor(random() * 65) }, (): [number, number] => {
        const from = Math.floor(random() * 300);
        return [from, from + 1 + Math.floor(random() * (round % 2 === 0 ? 3 : 80))];
      }),
    ]);
    const seen = new Set<number>();
    for (const [watched] of firsts(...beats))
      for (const [from, to] of watched!)
        for (let second = from; second < to; second += 1) {
          expect(seen).not.toContain(second);
          seen.add(second);
        }
    const said = new Set(beats.flatMap(([all]) => all.flatMap(([from, to]) => range(from, to))));
    if (beats.every(([all]) => all.length < 8)) expect(seen).toEqual(said);
  }
});

it('an address says how long its video is, and one of an earlier version is good without', () => {
  for (const seconds of [0, 1, 60, 172_800]) {
    const text = addressText({ ...address, seconds });
    expect(text.endsWith(`.${seconds}`)).toBe(true);
    expect(parseAddress(text)).toEqual({ ...address, seconds });
  }
  const old = `v-0123456789abcdefghij.${address.session}.0.-.1795946400`;
  expect(parseAddress(old)).toEqual({ ...address, until: 1_795_946_400 });
  expect(addressText(address)).toBe(old.replace('1795946400', String(address.until)));
  for (const wrong of ['.', '.-1', '.01', '.1000000', '.6.6']) expect(parseAddress(`${old}${wrong}`)).toBeUndefined();
});
