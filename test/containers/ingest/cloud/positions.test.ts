/** Positions on their way to the table. */
import { describe, expect, it } from 'vitest';
import type { PositionItem } from '../../../../lib/contract/positions.ts';
import { Metrics } from '../../../../containers/ingest/src/common/metrics.ts';
import { Positions } from '../../../../containers/ingest/src/cloud/positions.ts';

const NOW = Date.UTC(2026, 7, 1);

describe('what waits', () => {
  it('as positions goes in items of a device, by time or when there are enough, and again when it fails', async () => {
    const metrics = new Metrics();
    const written: PositionItem[] = [];
    let fail = 1;
    const positions = new Positions({
      waitMs: 1000,
      metrics,
      failed: () => {},
      mostWaiting: 3,
      write: (items) => {
        if (fail > 0) {
          fail -= 1;
          return Promise.reject(new Error('no'));
        }
        written.push(...items);
        return Promise.resolve([]);
      },
    });
    const point = (n: number) => ({
      time: NOW + n * 1000,
      latE6: n,
      lonE6: n,
      speed: 0,
      direction: 0,
      altitude: 0,
      alarm: 0,
      accOn: true,
    });
    for (let n = 0; n < 130; n += 1) positions.add('1', 7, point(n), 0);
    positions.add('2', 7, point(0), 500);
    positions.tick(999);
    positions.tick(1000);
    await positions.drain(performance.now() + 3000);
    expect(written.map(({ track, count }) => [track, count]).sort()).toEqual([
      ['1#2026-08-01', 100],
      ['1#2026-08-01', 30],
      ['2#2026-08-01', 1],
    ]);
    expect(metrics.counts.positions).toBe(131);
    fail = Infinity;
    for (let n = 0; n < 30; n += 1) positions.add(`d${n}`, 7, point(n), 0);
    positions.tick(5000);
    expect(metrics.counts.droppedPositions).toBeGreaterThan(20);
    fail = 0;
    await positions.drain(performance.now() + 3000);
  });
});
