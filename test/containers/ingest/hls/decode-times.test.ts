import { describe, expect, it } from 'vitest';
import { decodeTimes } from '../../../../containers/ingest/src/hls/decode-times.ts';
import { random } from '../jt808/support.ts';

describe('when pictures are decoded', () => {
  it.each([
    ['in order: when they are shown', [0, 40, 80], [0, 40, 80]],
    [
      'I P B B P B B: in even steps before the next that is shown',
      [0, 120, 40, 80, 240, 160, 200],
      [0, 20, 40, 80, 120, 160, 200],
    ],
    ['a pyramid', [0, 160, 80, 40, 120], [0, 13, 26, 40, 120]],
    ['one picture that is shown late', [30], [0]],
  ])('%s', (_, shown, times) => expect(decodeTimes(shown, 0)).toEqual(times));

  it('never after they are shown, never before the segment begins, and never falling, whatever the order', () => {
    const next = random(3);
    for (let run = 0; run < 300; run += 1) {
      const shown = Array.from({ length: 1 + Math.floor(next() * 40) }, () => 1000 + Math.floor(next() * 5000));
      const times = decodeTimes(shown, 1000);
      expect(times).toHaveLength(shown.length);
      times.forEach((time, i) => {
        expect(time).toBeLessThanOrEqual(shown[i]!);
        expect(time).toBeGreaterThanOrEqual(times[i - 1] ?? 1000);
      });
    }
  });
});
