import { describe, expect, it } from 'vitest';
import { SCORE, scoreParts, type Played } from '../../../lib/contract/insight.ts';

const well: Played = { plays: 10, views: 10, failed: 0, startupSeconds: 0.8, stallRatio: 0 };

describe('parts of the score', () => {
  it.each<[string, Partial<Played>, [number, number, number]]>([
    ['all went well', {}, [25, 45, 30]],
    ['nobody told how it began', { startupSeconds: null, stallRatio: null }, [25, 45, 30]],
    ['five seconds to the first picture', { startupSeconds: 5 }, [12.5, 45, 30]],
    ['nine', { startupSeconds: 9 }, [0, 45, 30]],
    ['a twentieth stalled', { stallRatio: 0.05 }, [25, 22.5, 30]],
    ['all stalled', { stallRatio: 1 }, [25, 0, 30]],
    ['a tenth failed', { failed: 1 }, [25, 45, 15]],
    ['all failed', { views: 0, failed: 10, startupSeconds: null, stallRatio: null }, [25, 45, 0]],
  ])('where %s', (_, played, [startup, stalls, errors]) => {
    const parts = scoreParts({ ...well, ...played })!;
    expect(parts.startup).toBeCloseTo(startup);
    expect(parts.stalls).toBeCloseTo(stalls);
    expect(parts.errors).toBeCloseTo(errors);
  });

  it('are none where nobody watched', () => {
    expect(scoreParts({ ...well, plays: 0, views: 0 })).toBeNull();
    expect(scoreParts({ ...well, views: 0 })).toBeNull();
  });

  it('are worth a hundred together', () =>
    expect(Object.values(SCORE).reduce((sum, { worth }) => sum + worth, 0)).toBe(100));
});
