/** The simulator's pure parts: route, recordings, command line, sound, clip file, clock, wheel. */
import { describe, expect, test, vi } from 'vitest';
import { OPEN_TIME, utcToBcd } from '../../../containers/ingest/src/jt808/time.ts';
import { decodeALaw } from '../../../containers/ingest/src/media/audio/g711.ts';
import { findNals, nalType } from '../../../containers/ingest/src/media/annexb.ts';
import { wallTime } from '../../../containers/ingest/src/media/wall-clock.ts';
import { ALARM_KINDS, fileName } from '../../../local/device/alarm.ts';
import { loadClip, pack, presets, unpack } from '../../../local/device/clip.ts';
import { CLOCKS, timestamp } from '../../../local/device/clock.ts';
import { HELP, parseCommand } from '../../../local/device/command.ts';
import { listRecordings, recorded } from '../../../local/device/recordings.ts';
import { createRoute } from '../../../local/device/route.ts';
import { g711Tone, toALaw } from '../../../local/device/sound.ts';
import { Wheel } from '../../../local/device/wheel.ts';

describe.concurrent('route', () => {
  const route = createRoute(31, 121, 7);
  const metres = (a: { lat: number; lon: number }, b: { lat: number; lon: number }) =>
    Math.hypot((a.lat - b.lat) * 111_320, (a.lon - b.lon) * 111_320 * Math.cos((31 * Math.PI) / 180));

  test('moves as fast, and where, it says', () => {
    for (let seconds = 0; seconds < 900; seconds += 1) {
      const [from, to] = [route.at(seconds), route.at(seconds + 1)];
      // A corner is cut by what lies between two seconds.
      expect(metres(from, to)).toBeLessThanOrEqual((Math.max(from.speedKmh, to.speedKmh) / 3.6) * 1.02 + 0.1);
      expect(metres(from, { lat: 31, lon: 121 })).toBeLessThanOrEqual(1501);
      expect(from.speedKmh).toBeGreaterThan(10);
      if (from.direction !== to.direction) continue;
      expect(metres(from, to)).toBeCloseTo((from.speedKmh + to.speedKmh) / 7.2, 0);
      const bearing =
        (Math.atan2((to.lon - from.lon) * Math.cos((31 * Math.PI) / 180), to.lat - from.lat) * 180) / Math.PI;
      expect(Math.abs(((bearing - from.direction + 540) % 360) - 180)).toBeLessThan(1);
    }
  });

  test('is a loop, and the same for the same seed', () => {
    expect(createRoute(31, 121, 7).at(500)).toEqual(route.at(500));
    expect(createRoute(31, 121, 8).at(500)).not.toEqual(route.at(500));
    let seconds = 0;
    while (route.at(seconds).mileageKm * 1000 < route.length) seconds += 0.05;
    expect(metres(route.at(0), route.at(seconds))).toBeLessThan(2);
  });
});

describe.concurrent('recordings', () => {
  const now = Date.UTC(2026, 4, 1, 12, 7, 30);
  const archive = { channels: [1, 2], zoneMinutes: 480, reach: 30 * 60_000, rate: [1000, 100] } as const;
  const any = {
    channel: 0,
    start: OPEN_TIME,
    end: OPEN_TIME,
    alarm: 0,
    videoAlarm: 0,
    avType: 0,
    stream: 0,
    storage: 0,
  };

  test("are five-minute files in the device's zone, the last one up to now", () => {
    const main = listRecordings(archive, { ...any, channel: 2, stream: 1 }, now);
    expect(main.map(({ start, end, size }) => [start, end, size])).toEqual([
      ['260501194000', '260501194500', 300_000],
      ['260501194500', '260501195000', 300_000],
      ['260501195000', '260501195500', 300_000],
      ['260501195500', '260501200000', 300_000],
      ['260501200000', '260501200500', 300_000],
      ['260501200500', '260501200730', 150_000],
    ]);
    expect(listRecordings(archive, any, now)).toHaveLength(24);
  });

  test.each([
    ['a stretch', { start: '260501195959', end: '260501200001' }, 8],
    ['an alarm', { alarm: 1 }, 0],
    ['sound alone', { avType: 1 }, 0],
    ['the backup', { storage: 2 }, 0],
    ['another channel', { channel: 3 }, 0],
    ['a time that is none', { start: '269999000000' }, 0],
    ['the future', { start: '260501210000' }, 0],
  ])('are found by %s', (_, filter, count) => {
    expect(listRecordings(archive, { ...any, ...filter }, now)).toHaveLength(count);
  });

  test('are played as far as there are any', () => {
    expect(recorded(archive, { from: 0, to: now + 1 }, now)).toEqual({ from: Date.UTC(2026, 4, 1, 11, 40), to: now });
    expect(recorded(archive, { from: now + 1, to: now + 2 }, now)).toBeUndefined();
    expect(utcToBcd(now, 480)).toBe('260501200730');
  });
});

describe.concurrent('command line', () => {
  test('defaults, and everything said', () => {
    expect(parseCommand([])).toMatchObject({
      kind: 'devices',
      options: { host: '127.0.0.1', control: 10_808, count: 1, version: 2013, channels: 1, burst: false, push: false },
    });
    const words = '--host a --control 7 --media [::1]:9 --count 3 --protocol 2019 --sim 6 --burst --push --loss 0.5';
    expect(parseCommand([...words.split(' '), '--region', 'sichuan', '--from', '127.0.0.2,127.0.0.3'])).toMatchObject({
      options: {
        host: 'a',
        control: 7,
        media: { host: '::1', port: 9 },
        count: 3,
        version: 2019,
        simBytes: 6,
        burst: true,
        push: true,
        region: 'sichuan',
        localAddresses: ['127.0.0.2', '127.0.0.3'],
        faults: { loss: 0.5, garbage: 0, killMidSegment: false },
      },
    });
    expect(parseCommand('--replay x.bin --media h:1078 --speed max'.split(' '))).toEqual({
      kind: 'replay',
      file: 'x.bin',
      host: 'h',
      port: 1078,
      speed: 'max',
    });
    expect(parseCommand(['-h'])).toEqual({ kind: 'help' });
  });

  test.each([
    ['--loss 2', '--loss must be 0 to 1: 2'],
    ['--count 1.5', '--count must be a whole number: 1.5'],
    ['--control 0', '--control must be 1 to 65535: 0'],
    ['--media nowhere', '--media must be HOST:PORT: nowhere'],
    ['--protocol 2011', '--protocol must be one of 2013, 2019: 2011'],
    ['--id abc', '--id must be 1 to 20 digits'],
    ['--push', '--push needs --media HOST:PORT'],
    ['--replay x', '--replay needs --media HOST:PORT'],
    ['--video 8k', '--video must be one of qcif, cif, d1, 720p: 8k'],
    ['--nonsense', "Unknown option '--nonsense'"],
  ])('%s', (words, message) => {
    expect(() => parseCommand(words.split(' '))).toThrow(message);
  });

  test('the help names every option', () => {
    const options =
      'host control media attachments tls from count id protocol sim channels zone clock video sub-video sound burst push multiplex capture heartbeat location alarm region recorded loss garbage bad-checksum reconnect stuck-clock slow fragment kill-mid-segment replay speed seconds seed quiet help';
    for (const option of options.split(' ')) expect(HELP).toContain(`--${option}`);
  });
});

describe.concurrent('media', () => {
  test('A-law is what its decoder undoes', () => {
    for (let sample = -32_768; sample < 32_768; sample += 7) {
      const [back] = decodeALaw(Uint8Array.of(toALaw(sample)));
      // Steps are 16 for quiet samples and a sixteenth of the segment for loud ones.
      expect(Math.abs(back! - sample)).toBeLessThanOrEqual(Math.max(16, Math.abs(sample) / 16));
    }
    expect(g711Tone(1000)).toHaveLength(25);
  });

  test('a clip survives its file', async () => {
    const clip = await loadClip('qcif');
    expect(unpack(pack(clip))).toEqual(clip);
  });

  test('a clip is as its preset says: rate, size of GOPs, bit rate, parameter sets before each IDR picture', async () => {
    const clip = await loadClip('cif');
    const { width, height, frameRate, gop, kbitPerSecond } = presets.cif;
    expect(clip).toMatchObject({ width, height, duration: 16_000 });
    expect(clip.frames).toHaveLength(16 * frameRate);
    clip.frames.forEach(({ key, time, data }, i) => {
      expect(time).toBeCloseTo((i * 1000) / frameRate, 3);
      expect(key).toBe(i % gop === 0);
      const types = findNals(data)!.map((nal) => nalType('h264', nal));
      expect(types.filter((type) => type !== 6)).toEqual(key ? [7, 8, 5] : [1]);
    });
    const kbit = clip.frames.reduce((bytes, { data }) => bytes + data.length, 0) * (8 / 16_000);
    expect(Math.abs(kbit - kbitPerSecond)).toBeLessThan(kbitPerSecond * 0.1);
    expect(clip.aac).toHaveLength(125);
  });

  test.each(CLOCKS)('the platform reads a %s clock', (clock) => {
    const now = Date.now();
    const read = wallTime(timestamp(clock, now, 480), now + 20_000, { zoneMinutes: 480, tolerance: 60_000 });
    expect(read).toEqual(clock === 'uptime' ? { at: now + 20_000, source: 'arrival' } : { at: now, source: 'device' });
  });

  test('names of files fit their field', () => {
    for (const code of ALARM_KINDS.map((_, i) => `6${i % 2 ? 4 : 5}0${i}`)) {
      const file = { type: 2, extension: 'h264', data: Buffer.alloc(0) };
      expect(fileName(file, code, 9, 'f'.repeat(32)).length).toBeLessThanOrEqual(50);
    }
  });
});

test('the wheel calls each once, in time, beyond its own round too', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    // A round of a quarter of a second.
    const wheel = new Wheel(64);
    const begun = performance.now();
    const late: number[] = [];
    for (const wait of [0, 3, 30, 31, 200, 257, 700])
      wheel.add({ run: (now) => void late.push(now - begun - wait) }, begun + wait);
    await vi.advanceTimersByTimeAsync(1000);
    expect(late).toHaveLength(7);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThan(10);
  } finally {
    vi.useRealTimers();
  }
});
