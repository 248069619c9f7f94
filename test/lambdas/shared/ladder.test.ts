import { describe, expect, it } from 'vitest';
import type { Cost } from '../../../lib/contract/cost.ts';
import { ask, costWith, failed, ladderRun, MOST_TRIES, shownLadder } from '../../../lambdas/shared/ladder.ts';
import { newVideoId } from '../../../lambdas/upload/draft.ts';

const NOW = 1_800_000_000;
const HOUR = 3600;
const cost: Cost = { engine: 'encode', estimate: 0.01, actual: 0.012, monthly: 0.001, priced: '2026-11-01' };
const waiting = {
  later: [{ name: '720p', width: 1280, height: 720 }],
  ladderPlan: '{}',
  slicing: { execution: 'run', revision: 1 },
};

describe('asking for the rungs that were left', () => {
  it('is done by the first viewer, once, and remembers what the video cost before', () => {
    const asked = ask({ ...waiting, cost }, NOW)!;
    expect(asked).toMatchObject({ state: 'making', tries: 1, before: cost });
    expect(ask({ ...waiting, cost, ladder: asked }, NOW + HOUR)).toBeUndefined();
    const { later: _, ...complete } = waiting;
    expect(ask(complete, NOW)).toBeUndefined();
  });

  it('is done again by who comes some time after it failed, later each time, and not for ever', () => {
    let ladder = ask({ ...waiting, cost }, NOW)!;
    let now = NOW;
    const waits: number[] = [];
    for (;;) {
      ladder = failed(ladder, now, true);
      waits.push(ladder.next - now);
      expect(ask({ ...waiting, ladder }, ladder.next - 1)).toBeUndefined();
      now = ladder.next;
      const again = ask({ ...waiting, ladder, cost: { ...cost, actual: null } }, now);
      if (again === undefined) break;
      expect(again.before).toEqual(cost);
      ladder = again;
    }
    expect(waits.map((seconds) => seconds / HOUR)).toEqual([1 / 12, 1, 6, 24, 168, 168, 168, 168]);
    expect(waits).toHaveLength(MOST_TRIES);
  });

  it('is done again where a run has said nothing for days', () => {
    const ladder = ask(waiting, NOW)!;
    expect(ask({ ...waiting, ladder }, NOW + 47 * HOUR)).toBeUndefined();
    expect(ask({ ...waiting, ladder }, NOW + 49 * HOUR)).toMatchObject({ state: 'making', tries: 2 });
  });

  it('gives each try a name of its own that a state machine takes', () => {
    const id = newVideoId();
    const names = [1, 2, MOST_TRIES].map((tries) => ladderRun(id, 99_999, tries));
    expect(new Set(names).size).toBe(3);
    for (const name of names) expect(name).toMatch(/^[a-z0-9-]{1,80}$/);
  });

  it('goes on with what the try before made, unless that is of no use', () => {
    const cut = { ...ask(waiting, NOW)!, cut: 'alike' };
    const again = (isUsable: boolean) => ask({ ...waiting, ladder: failed(cut, NOW, isUsable) }, NOW + HOUR);
    expect(again(true)).toMatchObject({ tries: 2, cut: 'alike' });
    expect(again(false)).not.toHaveProperty('cut');
  });

  it('is done again after a refusal that time may lift, which it says then, and never after one that it cannot', () => {
    const asked = ask({ ...waiting, cost }, NOW)!;
    const month = failed(asked, NOW, true, { reason: 'The month is spent.' });
    expect(shownLadder({ ladder: month })).toMatchObject({ reason: 'The month is spent.', again: expect.any(String) });
    const again = ask({ ...waiting, ladder: month }, NOW + HOUR)!;
    expect(again).toMatchObject({ state: 'making', tries: 2 });
    expect(again).not.toHaveProperty('reason');
    const dear = failed(asked, NOW, true, { reason: 'It costs too much.', final: true });
    expect(shownLadder({ ladder: dear })).toEqual({ state: 'failed', reason: 'It costs too much.' });
    expect(ask({ ...waiting, ladder: dear }, NOW + 1000 * HOUR)).toBeUndefined();
  });
});

it('says how far it is, and when it may be tried again, and nothing of what it cost', () => {
  const ladder = { ...ask({ ...waiting, cost }, NOW)!, tasks: 8 };
  expect(shownLadder({})).toBeUndefined();
  expect(shownLadder({ ladder, chunksDone: new Set([0, 3]) })).toEqual({ state: 'making', progress: 25 });
  expect(shownLadder({ ladder, chunksDone: new Set([0, 1, 2, 3, 4, 5, 6, 7]) })).toMatchObject({ progress: 99 });
  expect(shownLadder({ ladder: ask(waiting, NOW) })).toEqual({ state: 'making' });
  const broken = failed(ladder, NOW, true);
  expect(shownLadder({ ladder: broken })).toEqual({
    state: 'failed',
    again: new Date((NOW + 300) * 1000).toISOString(),
  });
  expect(shownLadder({ ladder: { ...broken, tries: MOST_TRIES } })).toEqual({ state: 'failed' });
});

it('adds up what was estimated for both runs', () => {
  const ladder: Cost = { ...cost, estimate: 0.02, actual: null };
  expect(costWith(cost, ladder)).toEqual({ ...cost, estimate: 0.03 });
  expect(costWith(undefined, ladder)).toEqual(ladder);
});
