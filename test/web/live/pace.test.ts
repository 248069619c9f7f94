import { describe, expect, it } from 'vitest';
import { distances, isEnough, Pace, Reloads } from '../../../web/src/live/pace.ts';
import { watch, type Way } from './way.ts';

describe('when the playlist is asked for again', () => {
  const TWO = [2, 2, 2];

  it('as early as the edge may know more, until there is news; then a segment later, a little earlier each time', () => {
    const reloads = new Reloads();
    expect([10, 10, 11, 12, 12, 12, 13].map((last) => reloads.next(last, TWO))).toEqual([
      525, 525, 1650, 1650, 525, 525, 1650,
    ]);
  });

  it('often, while segments come at irregular times', () => {
    const reloads = new Reloads();
    reloads.next(10, TWO);
    expect(reloads.next(11, [2, 2, 0.7])).toBe(525);
    expect(reloads.next(12, [2, 0.7, 2])).toBe(525);
    expect(reloads.next(13, [0.7, 2, 2.04])).toBeCloseTo(1683);
    expect(reloads.next(14, [0.3])).toBe(525);
    expect(new Reloads().next(3, [])).toBe(525);
  });

  it('not at once, however short segments are', () => {
    const reloads = new Reloads();
    reloads.next(1, [0.2, 0.2]);
    expect(reloads.next(2, [0.2, 0.2])).toBe(525);
  });
});

describe('it begins', () => {
  it.each([0.5, 2, 6])(
    'with more than one segment of %f s, as a stream that goes on has where it is begun',
    (segment) => {
      const config = distances(segment);
      expect(isEnough(0, config)).toBe(false);
      expect(isEnough(segment - 0.1, config)).toBe(false);
      expect(isEnough(segment + 0.6, config)).toBe(true);
      expect(isEnough(config.liveSyncDuration! - 0.2, config)).toBe(true);
    },
  );
});

describe('how fast it plays', () => {
  /** The rate after so many segments of two seconds, each coming when so much is left. */
  const after = (segments: number, least: number, pace = new Pace(), from = 0): number => {
    let rate = 1;
    for (let t = from; t < from + segments * 2; t += 0.25) rate = pace.rate(t * 1000, least + 1.75 - (t % 2));
    return rate;
  };

  it.each([
    ['nearly dry: slowest', 1, 0.3, 0.9],
    ['a small margin: slower', 2, 1, 0.95],
    ['enough: as it is', 20, 1.6, 1],
    ['more than enough: faster', 6, 1.8, 1.05],
    ['more than enough, but the longest wait may still come: as it is', 3, 1.8, 1],
    ['far more than enough, but nothing has come yet: as it is', 1, 2.4, 1],
    ['far more than enough: fastest', 2, 2.4, 1.1],
  ] as const)('%s', (_, segments, least, rate) => expect(after(segments, least)).toBe(rate));

  it('is as it is again once the margin is won, not when the low moment is forgotten', () => {
    const pace = new Pace();
    expect(after(1, 0.9, pace)).toBe(0.95);
    // Half a second is wanted: ten of them at 0.95. What is buffered grows by a tenth of a second with each segment.
    let least = 0.9;
    const rates = Array.from({ length: 7 }, (_, i) => after(1, (least += 0.1), pace, 2 + 2 * i));
    expect(rates).toEqual([0.95, 0.95, 0.95, 0.95, 1, 1, 1]);
  });

  it('knows nothing any more where it goes somewhere else', () => {
    const pace = new Pace();
    after(2, 0.3, pace);
    pace.forget();
    expect(pace.rate(5000, 2)).toBe(1);
  });
});

describe('on the way from a camera', () => {
  /** The player begins at any moment of a segment. */
  const starts = Array.from({ length: 20 }, (_, i) => i / 10);
  const all = (way: Omit<Way, 'start'>) => starts.map((start) => watch({ ...way, start }));
  const later = (seconds: number, { latencies }: { latencies: readonly number[] }) => latencies.slice(seconds * 4);

  it('the player never waits and stays less than five seconds behind', () => {
    for (const watched of all({})) {
      expect(watched.stalls).toBe(0);
      expect(Math.max(...watched.latencies)).toBeLessThan(5.4);
      expect(Math.max(...later(15, watched))).toBeLessThan(5);
      expect(watched.asked).toBeLessThan(1);
    }
  });

  it('nor when publishing takes longer now and then, or others had the edge fetch what it answers', () => {
    for (const watched of [...all({ publishing: [0.1, 0.4] }), ...all({ others: true })]) {
      expect(watched.stalls).toBe(0);
      expect(Math.max(...later(30, watched))).toBeLessThan(5.3);
    }
  });

  it('nor when the camera is away for a second', () => {
    for (const at of [40.1, 40.7, 41.3, 41.9]) {
      for (const watched of all({ away: { at, seconds: 1 } })) {
        expect(watched.stalls).toBe(0);
        expect(Math.max(...later(15, watched))).toBeLessThan(5);
      }
    }
  });

  it('whatever the length of segments', () => {
    for (const segment of [1, 3, 4, 6]) {
      for (const watched of all({ segment })) {
        expect(watched.stalls).toBe(0);
        expect(Math.max(...later(60, watched))).toBeLessThan(segment + 3.2);
      }
    }
  });
});
