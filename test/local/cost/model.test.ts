/** A load by hand: what was counted times how often it happens, and the same elsewhere. */
import { describe, expect, it } from 'vitest';
import { HOSTED, PRICES, type Price } from '../../../lib/contract/prices.ts';
import { contextOf } from '../../../local/context.ts';
import type { Line } from '../../../local/cost/bill.ts';
import { NO_CALLS } from '../../../local/cost/calls.ts';
import { ACTIONS, countedText, readCounted, type Action, type Counted } from '../../../local/cost/counted.ts';
import { hosted } from '../../../local/cost/hosted.ts';
import { LOAD_NAMES, parseLoad } from '../../../local/cost/load.ts';
import { loaded, tasksBeyond } from '../../../local/cost/model.ts';
import { slicingOf } from '../../../local/cost/slicing.ts';
import { synthesize } from '../../../local/cost/templates.ts';

const { config } = synthesize(contextOf('prod', []));
const options = (...given: string[]) => synthesize(contextOf('prod', given)).config;

/** Nothing was called but by these actions. */
const counted = (actions: Partial<Counted['actions']>): Counted => ({
  counted: '2026-11-29',
  actions: {
    ...(Object.fromEntries(ACTIONS.map((action) => [action, NO_CALLS])) as Record<Action, typeof NO_CALLS>),
    ...actions,
  },
});
const amount = (lines: readonly Line[], group: string, price: Price): number =>
  lines.filter((one) => one.group === group && one.price === price).reduce((sum, one) => sum + one.amount, 0);

describe('uploads', () => {
  it('are counted with their parts', () => {
    // 10 minutes at 6 Mbit/s are 450 MB: 27 parts of 16 MiB.
    const actions = { upload: { ...NO_CALLS, api: 2, writes: 9 }, part: { ...NO_CALLS, api: 1, puts: 1 } };
    const lines = loaded(parseLoad({ uploads: 500 }), counted(actions), config);
    expect(amount(lines, 'upload', PRICES.apiRequest)).toBe(500 * (2 + 27));
    expect(amount(lines, 'upload', PRICES.put)).toBe(500 * 27);
    expect(amount(lines, 'upload', PRICES.write)).toBe(500 * 9);
    expect(amount(lines, 'upload', PRICES.gbSecond.x86_64)).toBeCloseTo(500 * 29 * 0.1, 6);
  });

  it('are sliced as the functions estimate it, and kept', () => {
    const { used, bytes } = slicingOf(parseLoad({}), config);
    expect(bytes.source).toBe(Math.round((600 * 6_128_000) / 8));
    expect(used.gbSeconds).toBeGreaterThan(0);
    const lines = loaded(parseLoad({ uploads: 100, 'months-kept': 3 }), counted({}), config);
    expect(amount(lines, 'slicing', PRICES.gbSecond.x86_64)).toBeCloseTo(100 * used.gbSeconds, 6);
    expect(amount(lines, 'storage', PRICES.storedGbMonth)).toBeCloseTo((300 * (bytes.source + bytes.media)) / 1e9, 9);
  });

  it('are kept for less where sources go to Infrequent Access, from the day they do', () => {
    const { bytes } = slicingOf(parseLoad({}), config);
    const of = (months: number) =>
      loaded(
        parseLoad({ uploads: 100, 'months-kept': months }),
        counted({}),
        options('videos.infrequentDays=73'), // 2.4 months of 730 hours
      );
    const year = of(12);
    expect(amount(year, 'storage', PRICES.infrequentGbMonth)).toBeCloseTo((100 * 9.6 * bytes.source) / 1e9, 6);
    const stays = (100 * (2.4 * bytes.source + 12 * bytes.media)) / 1e9;
    expect(amount(year, 'storage', PRICES.storedGbMonth)).toBeCloseTo(stays, 6);
    expect(amount(year, 'storage', PRICES.toInfrequent)).toBe(100);
    // Deleted before that: nothing goes anywhere.
    const short = of(2);
    expect(amount(short, 'storage', PRICES.storedGbMonth)).toBeCloseTo((200 * (bytes.source + bytes.media)) / 1e9, 6);
    expect(short.filter(({ price }) => price === PRICES.infrequentGbMonth || price === PRICES.toInfrequent)).toEqual(
      [],
    );
  });

  it('cost less where rungs wait for who plays them, and the less the fewer are played', () => {
    const lazy = options('slicing.ladderWhen=first-play');
    const of = (played: number) => slicingOf(parseLoad({ 'played-share': played }), lazy).used.gbSeconds;
    const whole = slicingOf(parseLoad({}), config).used.gbSeconds;
    expect(of(1)).toBeCloseTo(whole, 6);
    expect(of(0)).toBeLessThan(whole / 2);
    expect(of(0.5)).toBeCloseTo((of(0) + of(1)) / 2, 6);
  });

  it('have fewer segments where those are longer', () => {
    const puts = (seconds: number) => slicingOf(parseLoad({}), options(`slicing.segmentSeconds=${seconds}`)).used.puts;
    expect(puts(2)).toBeGreaterThan(2.5 * puts(6));
    expect(puts(10)).toBeLessThan(puts(6));
  });
});

describe('viewers', () => {
  it('begin a play for each video they watch, renew it each 400 s, and ask the edge for segments', () => {
    const actions = { play: { ...NO_CALLS, api: 1, writes: 2 }, renewal: { ...NO_CALLS, api: 1 } };
    const lines = loaded(parseLoad({ viewers: 2000, hours: 4 }), counted(actions), config);
    // 8,000 hours of ten-minute videos are 48,000 plays, of 600 s: one renewal each.
    expect(amount(lines, 'play', PRICES.write)).toBe(2 * 48_000);
    expect(amount(lines, 'play', PRICES.apiRequest)).toBe(2 * 48_000);
    // Pictures and sound: 100 segments each; four playlists with what their segments begin with.
    const requests = 48_000 * (200 + 8);
    expect(amount(lines, 'play', PRICES.edgeFunction)).toBe(requests);
    expect(amount(lines, 'play', PRICES.edgeRead)).toBe(4 * requests);
    expect(amount(lines, 'play', PRICES.edgeRequest)).toBe(requests + 2 * 48_000);
    // 8,000 hours at 3 Mbit/s.
    expect(amount(lines, 'play', PRICES.deliveredGb)).toBeCloseTo(8000 * 1.35, 6);
  });
});

it('viewers report once a minute, and at both ends of what they watch', () => {
  const lines = loaded(parseLoad({ viewers: 100, hours: 10, minutes: 60 }), counted({}), config);
  // 1,000 hours: 60,000 posts, and two of each of 1,000 plays.
  expect(amount(lines, 'reports', PRICES.apiRequest)).toBe(62_000);
  expect(amount(lines, 'reports', PRICES.write)).toBeCloseTo(62_000 * 0.5, 6);
  // bench:events: some 190 dollars for 60 million posts.
  const dollars = lines
    .filter(({ group }) => group === 'reports')
    .reduce((sum, one) => sum + one.amount * one.price.dollars, 0);
  expect((dollars * 60e6) / 62_000).toBeGreaterThan(185);
  expect((dollars * 60e6) / 62_000).toBeLessThan(200);
});

it('viewers of live pictures report as well, of each half an hour', () => {
  const load = parseLoad({ viewers: 100, hours: 10, minutes: 60, 'live-hours': 500 });
  const lines = loaded(load, counted({}), config);
  // Beside those 62,000 posts 30,000 of 500 hours, and two of each of 1,000 sittings.
  expect(amount(lines, 'reports', PRICES.apiRequest)).toBe(62_000 + 32_000);
  expect(amount(lines, 'reports', PRICES.write)).toBeCloseTo(94_000 * 0.5, 6);
});

describe('vehicles', () => {
  it('are counted by the hours that they are connected and stream, and segments by their length', () => {
    const actions = {
      deviceHour: { ...NO_CALLS, writes: 180 },
      streamHour: { ...NO_CALLS, puts: 3600 },
      alarm: { ...NO_CALLS, puts: 10, writes: 5 },
    };
    const load = parseLoad({ devices: 100, 'online-hours': 10, 'streaming-hours': 2, alarms: 1 });
    const days = 730 / 24;
    const lines = loaded(load, counted(actions), config);
    expect(amount(lines, 'devices', PRICES.write)).toBeCloseTo(100 * days * (10 * 180 + 5), 6);
    expect(amount(lines, 'streams', PRICES.put)).toBeCloseTo(100 * days * 2 * 3600, 6);
    const longer = loaded(load, counted(actions), options('live.segmentSeconds=4'));
    expect(amount(longer, 'streams', PRICES.put)).toBeCloseTo(100 * days * 3600, 6);
    // 200 hours a day at 1 Mbit/s are 90 GB, kept for 30 days; and 0.3 GB of alarms.
    expect(amount(lines, 'storage', PRICES.storedGbMonth)).toBeCloseTo(30 * (90 + 0.3), 6);
    expect(amount(lines, 'streams', PRICES.balancerUnit)).toBeCloseTo(days * (90 + 0.3), 6);
  });

  it('have more tasks made where the ones that stand are full', () => {
    const of = (devices: number, streaming: number) =>
      tasksBeyond(parseLoad({ devices, 'online-hours': 10, 'streaming-hours': streaming }), config).tasks;
    // A task of 800 is full at 480, and two stand.
    expect(of(100, 2)).toBe(0);
    expect(of(1500, 10)).toBe(4 - 2);
    expect(of(1500, 2)).toBe(0); // Twice the average of 300 at a time.
    expect(of(100_000, 10)).toBe(config.live.maxTasks - 2);
  });

  it('are watched live by requests of every second, on top of what is watched of videos', () => {
    const lines = loaded(parseLoad({ 'live-hours': 10 }), counted({ livePlay: { ...NO_CALLS, api: 1 } }), config);
    // Segments of 2 s and as many looks at the playlist, at least: 3,600 an hour.
    expect(amount(lines, 'live play', PRICES.edgeFunction)).toBeGreaterThan(10 * 3600);
    expect(amount(lines, 'live play', PRICES.edgeFunction)).toBeLessThan(10 * 6000);
    expect(amount(lines, 'live play', PRICES.deliveredGb)).toBeCloseTo(4.5, 6);
  });
});

describe('the same elsewhere', () => {
  it('is what is stored and watched, by the minute', () => {
    const load = parseLoad({ uploads: 500, minutes: 10, 'months-kept': 12, viewers: 2000, hours: 4 });
    const [mux, cloudflare] = hosted(load, 30);
    // 60,000 minutes stored; 480,000 watched, of which Mux gives 100,000.
    expect(mux).toMatchObject({ encode: 0, live: undefined });
    expect(mux!.store).toBeCloseTo(144, 6);
    expect(mux!.deliver).toBeCloseTo(304, 6);
    expect(cloudflare!.store).toBeCloseTo(300, 6);
    expect(cloudflare!.deliver).toBeCloseTo(480, 6);
    expect(cloudflare!.total).toBeCloseTo(780, 6);
    expect(HOSTED).toHaveLength(2);
  });

  it('stores recordings, too', () => {
    const load = parseLoad({ devices: 10, 'streaming-hours': 24 });
    // 14,400 minutes a day, thirty days of them.
    expect(hosted(load, 30)[1]!.store).toBeCloseTo(14_400 * 30 * 0.005, 6);
  });
});

describe('a load', () => {
  it('takes text as options give it, and says what is wrong', () => {
    expect(parseLoad({ uploads: '500' }).uploads).toBe(500);
    expect(() => parseLoad({ upload: 1 })).toThrow('upload');
    expect(() => parseLoad({ viewers: 'many' })).toThrow('viewers');
    expect(() => parseLoad({ minutes: 0 })).toThrow('minutes');
    expect(() => parseLoad({ 'played-share': 2 })).toThrow('played-share');
    expect(LOAD_NAMES).toContain('streaming-hours');
  });
});

describe('local/cost/counted.json', () => {
  const { actions, counted: day } = readCounted();

  it('is as it was written, of a day', () => {
    expect(day).toMatch(/^2\d{3}-\d\d-\d\d$/);
    expect(JSON.parse(countedText(readCounted()))).toEqual(readCounted());
  });

  it('says what docs say of single actions', () => {
    // A part is signed by one call and sent by another, which no table hears of.
    expect(actions.part).toEqual({ ...NO_CALLS, api: 1, puts: 1 });
    // A play start reads rights and writes the session; a renewal no more than it.
    expect(actions.play).toMatchObject({ api: 1, puts: 0, gets: 0, messages: 0 });
    expect(actions.renewal.writes).toBeLessThanOrEqual(actions.play.writes);
    // Each segment of 2 s is two PUTs: itself and the playlist.
    expect(actions.streamHour.puts).toBeGreaterThan(3600 * 0.95);
    expect(actions.streamHour.puts).toBeLessThan(3600 * 1.1);
  });
});
