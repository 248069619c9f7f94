/** What an admin is told of each thing that can be wrong, and since when. */
import { describe, expect, it } from 'vitest';
import { partsOf, sinceOf, worst, type Facts } from '../../../lambdas/operations/parts.ts';
import type { TaskRow } from '../../../lib/contract/fleet.ts';

const WELL: Facts = {
  deadLetters: { 'dead-letters-pulls': 0, 'dead-letters-revocations': 0 },
  stuck: [],
  slicing: { running: 1, places: 3 },
  failed: { ours: 0, refused: 2 },
  store: undefined,
  tasks: undefined,
  ringing: [],
};
const AT = '2026-11-29T05:00:00.000Z';
const EARLIER = '2026-11-29T03:00:00.000Z';
const find = (facts: Partial<Facts>, part: string) => partsOf({ ...WELL, ...facts }).find((one) => one.part === part);

it('all is well: refused sources are nobody’s fault', () => {
  const parts = partsOf(WELL);
  expect(new Set(parts.map(({ state }) => state))).toEqual(new Set(['ok']));
  expect(parts.every(({ todo, article }) => todo === undefined && article === undefined)).toBe(true);
  expect(find({}, 'slicing')!.says).toBe(
    '1 of 3 places of slicing are taken; in the last day 0 videos failed and 2 were refused.',
  );
});

it('CloudWatch that cannot be asked is said, and all else is still looked up', () => {
  expect(find({ ringing: undefined }, 'alarms')).toMatchObject({ state: 'soon', article: 'runbook.md#how-to-look' });
  expect(find({ ringing: undefined }, 'slicing')!.state).toBe('ok');
});

describe('what is wrong', () => {
  it('dead letters are as bad as their alarm, and as old', () => {
    const facts = {
      deadLetters: { 'dead-letters-revocations': 1 },
      ringing: [{ id: 'dead-letters-revocations', since: EARLIER }],
    };
    expect(find(facts, 'dead-letters-revocations')).toMatchObject({ state: 'urgent', since: EARLIER });
    expect(find(facts, 'alarm-dead-letters-revocations')).toMatchObject({ state: 'urgent', since: EARLIER });
  });

  it('an alarm that the registry does not know any more is not shown', () => {
    expect(find({ ringing: [{ id: 'gone', since: AT }] }, 'alarm-gone')).toBeUndefined();
  });

  it('videos that are stuck are named by the one that is stuck longest', () => {
    const stuck = [
      { id: 'newer', status: 'probed', since: AT },
      { id: 'older', status: 'uploaded', since: EARLIER },
    ] as const;
    expect(find({ stuck }, 'slicing')).toMatchObject({
      state: 'soon',
      since: EARLIER,
      says: expect.stringMatching(/^2 videos make no progress, older for the longest/) as string,
      article: 'runbook.md#videos-are-stuck',
    });
  });

  it('failures of ours are told apart from sources that were refused', () => {
    expect(find({ failed: { ours: 1, refused: 9 } }, 'slicing')).toMatchObject({
      state: 'soon',
      says: expect.stringContaining('1 video failed and 9 were refused') as string,
      article: 'runbook.md#videos-fail',
    });
  });

  it('the edge is full when something waits for room there', () => {
    const store = { key: 'store', entries: 100, bytes: 4_600_000, waiting: 0 } as const;
    expect(find({ store }, 'edge')).toMatchObject({
      state: 'ok',
      says: '100 revocations at the edge, in 4.6 of 5 MB.',
    });
    expect(find({ store: { ...store, waiting: 1 } }, 'edge')).toMatchObject({
      state: 'urgent',
      says: expect.stringContaining('1 more waits for room') as string,
      article: 'playback.md#revocation',
    });
  });

  it('nothing is revoked before the first and when the last is over', () => {
    const says = 'Nothing is revoked at the edge.';
    expect(find({}, 'edge')).toMatchObject({ state: 'ok', says });
    expect(find({ store: { key: 'store', entries: 0, bytes: 0, waiting: 0 } }, 'edge')).toMatchObject({ says });
    expect(find({ store: { key: 'store', entries: 0, bytes: 0, waiting: 1 } }, 'edge')!.state).toBe('urgent');
  });

  it('tasks say what they carry together; none is an outage, where devices are taken in at all', () => {
    const row = { connections: 10, streams: 4 } as TaskRow;
    expect(find({ tasks: [row, row] }, 'ingest')!.says).toBe('2 ingest tasks with 20 connections and 8 streams.');
    expect(find({ tasks: [] }, 'ingest')!.state).toBe('urgent');
    expect(find({}, 'ingest')).toBeUndefined();
  });

  it('devices whose packets get lost are named, those that lose most first, and ten at most', () => {
    const row = { connections: 10, streams: 4 } as TaskRow;
    expect(find({ tasks: [row] }, 'network')!.state).toBe('ok');
    const losing = Array.from({ length: 11 }, (_, i) => ({ device: `d${i}`, percent: 2 + i }));
    const { state, says, article } = find(
      {
        tasks: [
          { ...row, losing: losing.slice(0, 6) },
          { ...row, losing: losing.slice(6) },
        ],
      },
      'network',
    )!;
    expect([state, article]).toEqual(['soon', 'runbook.md#networks-lose-packets']);
    expect(says).toContain('Packets of 11 devices get lost on their way: d10 (12 %), d9 (11 %)');
    expect(says).toContain('d1 (3 %) and 1 more.');
    expect(find({}, 'network')).toBeUndefined();
  });
});

describe('since when', () => {
  const part = { part: 'edge', state: 'urgent', says: 'full' } as const;

  it('is as it was seen first, until it is another state', () => {
    const first = sinceOf([part], {}, EARLIER);
    expect(first.parts[0]!.since).toBe(EARLIER);
    expect(sinceOf([part], first.seen, AT).parts[0]!.since).toBe(EARLIER);
    const over = sinceOf([{ ...part, state: 'ok' }], first.seen, AT);
    expect(over.parts[0]).toMatchObject({ state: 'ok', since: AT });
    // What was never otherwise is so since nobody knows when.
    expect(sinceOf([{ ...part, state: 'ok' }], {}, AT).parts[0]!.since).toBeNull();
  });

  it('is what the thing itself says, where it does; the worst comes first', () => {
    const { parts } = sinceOf(
      [
        { ...part, part: 'a', state: 'ok' },
        { ...part, part: 'b', state: 'soon', since: EARLIER },
        { ...part, part: 'c' },
      ],
      {},
      AT,
    );
    expect(parts.map((one) => [one.part, one.since])).toEqual([
      ['c', AT],
      ['b', EARLIER],
      ['a', null],
    ]);
    expect([worst([]), worst(['ok', 'soon']), worst(['soon', 'urgent', 'ok'])]).toEqual(['ok', 'soon', 'urgent']);
  });
});
