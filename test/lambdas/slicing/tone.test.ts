/** HDR to SDR: the table's own promises. What ffmpeg makes of it is in odd-files.test.ts. */
import { describe, expect, it } from 'vitest';
import { rolledOff, toneCube, toneMapped } from '../../../lambdas/slicing/tone.ts';

/** PQ's signal (BT.2100 table 4) of so many cd/m². */
function pq(light: number): number {
  const y = (light / 10_000) ** (2610 / 16_384);
  return ((3424 / 4096 + (2413 / 4096) * 32 * y) / (1 + (2392 / 4096) * 32 * y)) ** ((2523 / 4096) * 128);
}

describe.each(['pq', 'hlg'] as const)('%s', (transfer) => {
  const gray = (signal: number) => toneMapped([signal, signal, signal], transfer);

  it('black is black, gray stays gray and grows with the signal, and nothing is beyond white', () => {
    expect(gray(0)).toEqual([0, 0, 0]);
    let before = -1;
    for (let signal = 0; signal <= 1; signal += 1 / 64) {
      const [r, g, b] = gray(signal);
      expect(Math.max(r, g, b) - Math.min(r, g, b)).toBeLessThan(0.002);
      expect(r).toBeGreaterThan(before);
      expect(r).toBeLessThanOrEqual(1);
      before = r;
    }
  });

  it('a bright colour keeps its hue', () => {
    const [r, g, b] = toneMapped([0.75, 0.1, 0.1], transfer);
    expect(r).toBeGreaterThan(2 * Math.max(g, b));
  });
});

it('diffuse white is nearly white, and a signal for the darker half of a picture keeps its light', () => {
  const [white] = toneMapped([pq(203), pq(203), pq(203)], 'pq');
  expect(white).toBeGreaterThan(0.93);
  expect(white).toBeLessThan(0.97);
  const [middle] = toneMapped([pq(40), pq(40), pq(40)], 'pq');
  expect(middle).toBeCloseTo((40 / 203) ** (1 / 2.4), 2);
  expect(rolledOff(0.5, 'hlg')).toBe(0.5);
});

it('is a cube as the filter reads it', () => {
  const [head, ...lines] = toneCube('pq').trim().split('\n');
  expect(head).toBe('LUT_3D_SIZE 33');
  expect(lines).toHaveLength(33 ** 3);
  expect(lines.every((line) => /^[01]\.[0-9]{6} [01]\.[0-9]{6} [01]\.[0-9]{6}$/.test(line))).toBe(true);
});
