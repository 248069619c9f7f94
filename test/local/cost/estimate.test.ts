/** The pages: stages that add up, the same elsewhere, and what a setting makes of them. */
import { describe, expect, it } from 'vitest';
import { estimate, setting, type Asked } from '../../../local/cost/estimate.ts';
import { idle } from '../../../local/cost/idle.ts';

const asked = (load: Asked['load'], ...context: string[]): Asked => ({ env: 'prod', context, load });
const dollarsIn = (text: string): number[] =>
  [...text.matchAll(/\$([\d,.]+)/g)].map(([, dollars]) => Number(dollars!.replaceAll(',', '')));

describe('a load', () => {
  const lines = estimate(asked({ uploads: 500, minutes: 10, viewers: 2000, hours: 4 }), false);

  it('costs the sum of its stages', () => {
    const rows = lines.filter((line) => /^[a-z ]+ +\$/.test(line));
    expect(rows.map((row) => /^[a-z]+/.exec(row)![0])).toEqual([
      'standing',
      'upload',
      'slicing',
      'storage',
      'reports',
      'play',
      'together',
    ]);
    const list = rows.map((row) => dollarsIn(row)[0]!);
    expect(list.slice(0, -1).reduce((sum, one) => sum + one)).toBeCloseTo(list.at(-1)!, 1);
    // 8,000 hours at 3 Mbit/s are 10,800 GB at $0.085, and a terabyte is free.
    const [play, free] = dollarsIn(rows.at(-2)!);
    expect(play).toBeGreaterThan(10_800 * 0.085);
    expect(play! - free!).toBeGreaterThan(1024 * 0.085);
    expect(lines.at(-1)).toContain(`total: $${list.at(-1)!.toLocaleString('en-US')} at list price`);
  });

  it('is put beside two hosted services, each with its page and day', () => {
    // 60,000 minutes stored and 480,000 watched, less the 100,000 that Mux gives: $144 + $304, and $300 + $480.
    const of = (name: string) => lines.filter((line) => line.startsWith(name));
    const [[mux, muxPage], [stream, streamPage]] = [of('Mux'), of('Cloudflare')];
    expect(dollarsIn(mux!)).toEqual([0, 144, 304, 448]);
    expect(dollarsIn(stream!)).toEqual([0, 300, 480, 0, 780]);
    for (const line of [mux, stream]) expect(line).toMatch(/\(2\d{3}-\d\d-\d\d\)/);
    expect([muxPage, streamPage].join()).toContain('mux.com/pricing/video');
  });

  it('is told with a flat-rate plan of the edge, too, where that holds as much', () => {
    const [play, together] = ['play', 'together'].map(
      (name) => dollarsIn(lines.find((one) => one.startsWith(name))!)[0]!,
    );
    const plan = lines.find((line) => line.startsWith('With the distribution'))!;
    const [price, sum] = dollarsIn(plan);
    expect(price).toBe(200);
    expect(sum).toBeGreaterThan(together! - play! + 200);
    expect(sum).toBeLessThan(together! - play! + 204);
    const much = estimate(asked({ viewers: 100_000, hours: 4 }), false);
    expect(much.find((line) => line.startsWith('With the distribution'))).toContain('more than it holds');
    const few = estimate(asked({ viewers: 10, hours: 4 }), false);
    expect(few.find((line) => line.startsWith('With the distribution'))).toBeUndefined();
  });

  it('stands with the live stack where there are vehicles', () => {
    const standing = (load: Asked['load']) =>
      dollarsIn(estimate(asked(load), false).find((line) => line.startsWith('standing'))!)[0]!;
    expect(standing({ devices: 1 }) - standing({ uploads: 1 })).toBeGreaterThan(100);
  });
});

describe('a setting', () => {
  const together = (load: Asked['load'], given: string) =>
    setting(asked(load), given)
      .slice(3)
      .map((line) => dollarsIn(line).at(-1)!);

  it('has a line for each value', () => {
    const [title, , head, ...rows] = setting(asked({ uploads: 500 }), 'slicing.segmentSeconds=2,6,10');
    expect(title).toContain('by slicing.segmentSeconds');
    expect(head).toMatch(/^slicing\.segmentSeconds +standing +upload +slicing +storage +together$/);
    expect(rows.map((row) => row.split(' ')[0])).toEqual(['2', '6', '10']);
    const sums = rows.map((row) => dollarsIn(row).at(-1)!);
    expect(sums).toEqual(sums.toSorted((a, b) => b - a));
  });

  it('may be a part of the load, or a list', () => {
    const [onDemand, always] = together({ devices: 20 }, 'streaming-hours=2,24');
    expect(always! - onDemand!).toBeGreaterThan(50);
    const [two, six] = together({ uploads: 500 }, 'slicing.ladder=[720,360];[1080,720,540,360,234]');
    expect(six).toBeGreaterThan(two!);
    const [now, later] = together({ uploads: 500, 'played-share': 0.2 }, 'slicing.ladderWhen=upload,first-play');
    expect(later).toBeLessThan(now! * 0.95);
  });

  it('is refused where there is none', () => {
    expect(() => setting(asked({ uploads: 1 }), 'slicing.segmentSecond=2')).toThrow('slicing.segmentSecond');
    expect(() => setting(asked({ uploads: 1 }), 'slicing.segmentSeconds')).toThrow('option=value');
  });
});

it('idle, options of a deployment count', () => {
  const total = (...context: string[]) => dollarsIn(idle('dev', context).at(-2)!)[0]!;
  // Alarms beyond the ten that are free.
  expect(total() - total('operations.alarms=false')).toBeGreaterThan(1);
});
