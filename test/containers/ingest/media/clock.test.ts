import { describe, expect, it } from 'vitest';
import { MediaClock, type ClockEvent } from '../../../../containers/ingest/src/media/clock.ts';
import { wallTime } from '../../../../containers/ingest/src/media/wall-clock.ts';
import { random } from '../jt808/support.ts';

/** [device time, arrival] of pictures to their media times, and what happened. */
function run(pictures: readonly (readonly [stamp: number, arrival: number])[]): {
  media: number[];
  events: ClockEvent[];
  clock: MediaClock;
} {
  const clock = new MediaClock();
  const [first, ...rest] = pictures;
  clock.start(first![0], first![1], 1000);
  const media = [1000];
  const events: ClockEvent[] = [];
  for (const [stamp, arrival] of rest) {
    media.push(clock.next(stamp, arrival));
    events.push(clock.event);
  }
  return { media, events, clock };
}
const steps = (media: readonly number[]): number[] => media.slice(1).map((at, i) => at - media[i]!);
const every = (count: number, ms: number) => Array.from({ length: count }, (_, i) => i * ms);

describe('media time', () => {
  it("is the device's differences, however irregular", () => {
    const stamps = [0, 40, 120, 153, 353, 354, 2354, 7354];
    for (const origin of [0, 607_775_195_621, 2 ** 40 + 12_345, 2 ** 51]) {
      const { media, events } = run(stamps.map((ms) => [origin + ms, ms * 0.3]));
      expect(media).toEqual(stamps.map((ms) => 1000 + ms));
      expect(new Set(events)).toEqual(new Set(['steady']));
    }
  });

  it('goes on when the clock is set back or forward, by what arrival says', () => {
    for (const jump of [-3_600_000, 28_800_000, 2 ** 33, -(2 ** 40)]) {
      const origin = 2 ** 41;
      const { media, events } = run([0, 40, 80, jump + 120, jump + 160].map((ms, i) => [origin + ms, i * 41.4]));
      expect(steps(media)).toEqual([40, 40, 41, 40]);
      expect(events).toEqual(['steady', 'steady', 'reset', 'steady']);
    }
  });

  it('takes the usual length where arrival says nothing: in a burst', () => {
    const { media } = run([
      [0, 0],
      [66, 66],
      [132, 132],
      [9_000_000, 132.2],
      [9_000_066, 132.3],
    ]);
    expect(steps(media)).toEqual([66, 66, 66, 66]);
  });

  it('of pictures that are shown before one that came before them lies between, and moves nothing', () => {
    const clock = new MediaClock();
    clock.start(500, 0, 1000);
    // I P B B P B B in the order of decoding.
    expect(clock.next(620, 40)).toBe(1120);
    expect([540, 580].map((stamp) => clock.between(stamp))).toEqual([1040, 1080]);
    expect(clock.next(740, 80)).toBe(1240);
    expect([clock.event, clock.reorders, clock.nominal]).toEqual(['steady', true, 40]);
    expect([660, 700].map((stamp) => clock.between(stamp))).toEqual([1160, 1200]);
    // At or after it, and far before it, is no place between.
    expect([740, 780, 740 - 5000].map((stamp) => clock.between(stamp))).toEqual(Array(3).fill(undefined));
  });

  it('of endless pictures that claim a place between is that of others', () => {
    const clock = new MediaClock();
    clock.start(0, 0, 0);
    clock.next(4000, 10);
    const places = Array.from({ length: 30 }, (_, i) => clock.between(100 + i));
    expect(places.filter((at) => at !== undefined)).toHaveLength(16);
    expect(clock.next(150, 20)).toBeGreaterThan(4000);
  });

  it('repairs a small step back without calling it a reset', () => {
    const { media, events } = run([
      [0, 0],
      [40, 40],
      [30, 80],
      [70, 120],
    ]);
    expect(steps(media)).toEqual([40, 40, 40]);
    expect(events).toEqual(['steady', 'steady', 'steady']);
  });

  it('follows arrival while the clock stands still, and keeps up with it over bursts', () => {
    const arrivals = every(50, 80).flatMap((at) => [at, at + 0.5]);
    const { media, events } = run(arrivals.map((at) => [555, at]));
    expect(Math.abs(media.at(-1)! - 1000 - arrivals.at(-1)!)).toBeLessThan(45);
    expect(Math.min(...steps(media))).toBeGreaterThanOrEqual(1);
    expect(new Set(events)).toEqual(new Set(['steady']));
  });

  it('does not call a late burst a pause', () => {
    const { media, events } = run([
      [0, 0],
      [40, 40],
      [80, 30_000],
      [120, 30_001],
      [160, 30_002],
    ]);
    expect(steps(media)).toEqual([40, 40, 40, 40]);
    expect(events).not.toContain('pause');
  });

  it('calls it a pause when the camera stood still as long as its clock says', () => {
    expect(
      run([
        [0, 0],
        [40, 40],
        [60_040, 60_040],
      ]).events,
    ).toEqual(['steady', 'pause']);
    expect(
      run([
        [0, 0],
        [40, 40],
        [7, 60_040],
      ]).events,
    ).toEqual(['steady', 'pause']);
  });

  /** A minute, 25 pictures a second. */
  const COUNT = 1500;
  const coarse = (ms: number) => (d: number) => Math.floor((d * 40) / ms) * ms;
  const stamped: Record<string, (d: number) => number> = {
    'whole seconds': coarse(1000),
    'half seconds': coarse(500),
    'steps of 100 ms': coarse(100),
    'pairs with one stamp': coarse(80),
    '85 ms forward, 5 ms back': (d) => d * 40 + (d % 2 === 0 ? 0 : 45),
    '1 ms back in every tenth': (d) => d * 40 + (d % 10 === 9 ? 41 : 0),
  };
  const arriving: Record<string, (d: number, next: () => number) => number> = {
    evenly: (d) => d * 40,
    'up to 150 ms late': (d, next) => d * 40 + next() * 150,
    'four at a time': (d) => Math.floor(d / 4 + 1) * 160,
    'with 3 s of silence every 15 s': (d) => {
      const at = d * 40;
      const within = at % 15_000;
      return within > 5000 && within < 8000 ? at - within + 8000 : at;
    },
    'a little slower than they were taken': (d) => d * 42,
    'all at once': () => 1,
  };
  const cases = Object.keys(stamped).flatMap((stamps) =>
    Object.keys(arriving).map((arrival) => [stamps, arrival] as const),
  );
  it.each(cases)('runs no faster than a clock that repeats or steps back: %s, arriving %s', (stamps, arrival) => {
    const next = random(5);
    let latest = 0;
    const pictures = Array.from({ length: COUNT }, (_, d) => {
      latest = Math.max(latest, arriving[arrival]!(d, next));
      return [2 ** 40 + stamped[stamps]!(d), latest] as const;
    });
    const { media, events } = run(pictures);
    // Within one of its steps.
    expect(Math.abs(media.at(-1)! - 1000 - COUNT * 40)).toBeLessThanOrEqual(1000);
    expect(Math.min(...steps(media))).toBeGreaterThan(0);
    expect(new Set(events)).toEqual(new Set(['steady']));
  });

  it.each(Object.keys(stamped))('gives each picture its time, however coarse the clock: %s', (stamps) => {
    const { media, clock } = run(Array.from({ length: COUNT }, (_, d) => [stamped[stamps]!(d), d * 40]));
    const settled = steps(media).slice(COUNT / 2);
    expect(Math.max(...settled)).toBeLessThanOrEqual(2 * 41);
    expect(Math.min(...settled)).toBeGreaterThanOrEqual(10);
    expect(Math.abs(clock.nominal - 40)).toBeLessThanOrEqual(5);
  });

  it('owes a clock nothing that stood for long, or was set, and goes on from there', () => {
    const stood = (pictures: number, ms: number) =>
      Array.from({ length: 400 }, (_, d) => {
        const stamp = d < 100 ? d * 40 : d < 100 + pictures ? 4000 : 4000 + ms + (d - 100 - pictures) * 40;
        return [stamp, d * 40] as const;
      });
    for (const pictures of [stood(200, 40), stood(24, 50_000_000)]) {
      const { media } = run(pictures);
      expect(Math.abs(media.at(-1)! - 1000 - 399 * 40)).toBeLessThanOrEqual(100);
      expect(Math.min(...steps(media).slice(-90))).toBe(40);
    }
  });

  it('maps sound by the same clock, before and after a jump', () => {
    const { clock } = run([
      [500, 0],
      [540, 40],
      [90_000_000, 80],
    ]);
    expect(clock.at(90_000_000)).toBe(1080);
    expect(clock.at(89_999_990)).toBe(1070);
  });

  it('always grows, in whole milliseconds, whatever comes', () => {
    const next = random(21);
    const clock = new MediaClock();
    clock.start(0, 0, 0);
    let last = 0;
    let arrival = 0;
    for (let i = 0; i < 20_000; i += 1) {
      arrival += next() < 0.01 ? next() * 100_000 : next() * 100;
      const media = clock.next(Math.floor(next() < 0.5 ? i * 40 : next() * 2 ** 52), arrival);
      expect(media).toBeGreaterThan(last);
      expect(Number.isSafeInteger(media)).toBe(true);
      expect(media - last).toBeLessThanOrEqual(5000);
      last = media;
    }
  });
});

describe('time of day', () => {
  const now = Date.UTC(2026, 7, 1, 12, 0, 0);
  const options = { zoneMinutes: 480, tolerance: 900_000 };
  const late = now - 1500; // the picture is a second and a half old
  const Y2K = Date.UTC(2000, 0, 1);

  it.each([
    ['milliseconds since 1970, UTC', late],
    ['since 1970, as if local time were UTC', late + 480 * 60_000],
    ['since 2000, UTC', late - Y2K],
    ['since 2000, local', late - Y2K + 480 * 60_000],
  ])('is read from %s', (_, stamp) => expect(wallTime(stamp, now, options)).toEqual({ at: late, source: 'device' }));

  it.each([
    ['a counter since power-up', 29_826_261],
    ['a garbage high word', 2 ** 40 + 5_000_000],
    ['zero', 0],
    ['a clock that is an hour off', late + 3_600_000],
    ['a clock that is years off', late - 3e11],
  ])('is that of arrival for %s', (_, stamp) =>
    expect(wallTime(stamp, now + 0.4, options)).toEqual({ at: now, source: 'arrival' }),
  );

  it('of a recording played back is its own, when enough tolerance says so', () => {
    const recorded = now - 30 * 86_400_000;
    expect(wallTime(recorded + 480 * 60_000, now, { zoneMinutes: 0, tolerance: 1e12 }).source).toBe('device');
    expect(wallTime(recorded - Y2K, now, { zoneMinutes: 0, tolerance: 1e11 })).toEqual({
      at: recorded,
      source: 'device',
    });
  });
});
