/** Which devices' networks lose packets. */
import { describe, expect, it } from 'vitest';
import { Losses } from '../../../../containers/ingest/src/common/losses.ts';
import { MOST_LOSING } from '../../../../lib/contract/fleet.ts';

describe('losses', () => {
  it('are told of devices that lost 2 % of a minute or more, over all their connections', () => {
    const losses = new Losses();
    losses.note('a', 500, 4);
    losses.note('a', 480, 16);
    losses.note('b', 990, 10);
    losses.note('c', 900, 100);
    expect(losses.close()).toBe(2);
    expect(losses.latest).toEqual([
      { device: 'c', percent: 10 },
      { device: 'a', percent: 2 },
    ]);
  });

  it('are of one minute, and none of a few packets', () => {
    const losses = new Losses();
    losses.note('a', 900, 100);
    losses.close();
    losses.note('b', 10, 400);
    expect([losses.close(), losses.latest]).toEqual([0, []]);
  });

  it('name the worst of many, and count all', () => {
    const losses = new Losses();
    for (let n = 0; n < MOST_LOSING + 5; n += 1) losses.note(`${n}`, 950 - 10 * n, 50 + 10 * n);
    expect(losses.close()).toBe(MOST_LOSING + 5);
    expect(losses.latest).toHaveLength(MOST_LOSING);
    expect(losses.latest[0]!.device).toBe(`${MOST_LOSING + 4}`);
  });
});
