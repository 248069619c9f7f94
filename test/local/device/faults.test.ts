/** Faults do what they say, and nothing else: seen from the platform's side. */
import { describe, expect } from 'vitest';
import { loadClip } from '../../../local/device/clip.ts';
import type { Faults } from '../../../local/device/faults.ts';
import type { DeviceOptions } from '../../../local/device/settings.ts';
import { ask, test, type Rig, type Started } from './harness.ts';
import { until, type Platform } from './platform.ts';

async function streaming(rig: Rig, faults: Partial<Faults>, options: Partial<DeviceOptions> = {}): Promise<Started> {
  const started = await rig.online({ sound: 'none', faults, ...options });
  ask(started.platform);
  await until('a stream', () => started.platform.streams.length > 0);
  return started;
}

const sum = (platform: Platform, what: 'lostPackets' | 'resyncs' | 'skippedBytes' | 'droppedFrames'): number =>
  platform.counters().reduce((total, counters) => total + counters[what], 0);

/** Every picture that arrived whole is one that was made. */
async function expectOnlyClipPictures(platform: Platform): Promise<void> {
  const made = new Set((await loadClip('qcif')).frames.map(({ data }) => data.toString('base64')));
  for (const { pictures } of platform.streams) {
    for (const { data } of pictures) expect(made.has(data.toString('base64'))).toBe(true);
  }
}

describe.concurrent('media', () => {
  test.for([{ burst: true }, { burst: false }])(
    '--loss: packets that never come, in numbers',
    async ({ burst }, { rig }) => {
      const { platform, simulation } = await streaming(rig, { loss: 0.1 }, { burst });
      await until('losses', () => sum(platform, 'lostPackets') >= 3);
      simulation.devices[0]!.reconnect();
      await until('the end of the connection', () => !platform.media[0]!.open);
      // What is lost at the end nobody can see.
      expect(simulation.stats.lost - sum(platform, 'lostPackets')).toBeLessThanOrEqual(4);
      expect(sum(platform, 'resyncs')).toBe(0);
      expect(platform.streams[0]!.gaps).toContain('loss');
      await expectOnlyClipPictures(platform);
    },
  );

  test('--garbage: bytes between packets, none of the packets lost', async ({ rig }) => {
    const { platform, simulation } = await streaming(rig, { garbage: 0.3 });
    await until('garbage', () => sum(platform, 'resyncs') >= 5);
    expect(sum(platform, 'skippedBytes')).toBeGreaterThan(5);
    expect(sum(platform, 'lostPackets')).toBe(0);
    expect(simulation.stats.garbage).toBeGreaterThanOrEqual(5);
    await until('pictures', () => platform.streams[0]!.pictures.length >= 5);
    await expectOnlyClipPictures(platform);
  });

  test('--stuck-clock: one timestamp for all', async ({ rig }) => {
    const { platform } = await streaming(rig, { stuckClock: true });
    await until('pictures', () => platform.streams[0]!.pictures.length >= 5);
    expect(new Set(platform.streams[0]!.pictures.map(({ timestamp }) => timestamp)).size).toBe(1);
  });

  test('--slow: no more than the link carries; whole GOPs are left out, pictures stay whole', async ({ rig }) => {
    // D1 has 512 kbit/s; a picture's packets wait up to half a megabyte, then GOPs go.
    const kbit = 200;
    const begun = performance.now();
    const { platform, simulation } = await streaming(rig, { slowKbit: kbit }, { burst: true });
    await until('a second and a half', () => performance.now() - begun > 1500);
    const received = platform.media[0]!.chunks.reduce((bytes, chunk) => bytes + chunk.length, 0);
    // 64 kbit/s of video in a link three times as wide: all of it comes.
    expect(simulation.stats.skipped).toBe(0);
    expect((received * 8) / 1000).toBeLessThan(kbit * ((performance.now() - begun) / 1000 + 0.3));
    await expectOnlyClipPictures(platform);
  });

  test('--slow: a link that is far too slow', async ({ rig }) => {
    const begun = performance.now();
    const { platform, simulation } = await streaming(rig, { slowKbit: 40 }, { burst: true, video: '720p' });
    // Half a megabyte of backlog is a little under three seconds of 1.5 Mbit/s.
    await until('pictures left out', () => simulation.stats.skipped > 5);
    const received = platform.media[0]!.chunks.reduce((bytes, chunk) => bytes + chunk.length, 0);
    expect((received * 8) / 1000).toBeLessThan(40 * ((performance.now() - begun) / 1000 + 0.5));
  });

  test('--fragment: small writes, the same bytes', async ({ rig }) => {
    const { platform } = await streaming(rig, { fragment: 7 }, { burst: true });
    await until('pictures', () => platform.streams[0]!.pictures.length >= 3);
    expect(sum(platform, 'lostPackets') + sum(platform, 'resyncs')).toBe(0);
    await expectOnlyClipPictures(platform);
  });

  test('--kill-mid-segment: a reset in the middle of a frame, once, and the stream comes again', async ({ rig }) => {
    const { platform, simulation } = await streaming(rig, { killMidSegment: true });
    await until('the second connection', () => platform.media.length === 2 && platform.streams.length === 2);
    expect(platform.media[0]!.error).toMatchObject({ code: 'ECONNRESET' });
    // A GOP of ten, and the keyframe of the next one.
    expect(platform.streams[0]!.pictures).toHaveLength(11);
    expect(simulation.stats.cut).toBe(1);
    await until('pictures', () => platform.streams[1]!.pictures.length >= 3);
    expect(platform.streams[1]!.pictures[0]!.key).toBe(true);
    await expectOnlyClipPictures(platform);
  });
});

describe.concurrent('control', () => {
  test('--bad-checksum: frames that the platform must not take', async ({ rig }) => {
    const { platform, simulation } = await rig.begin({
      seed: 2,
      faults: { badChecksum: 0.3 },
      heartbeatSeconds: 0.1,
      locationSeconds: 0.1,
    });
    const wrong = () => platform.controls.reduce((total, { errors }) => total + errors.checksum, 0);
    await until('wrong checksums', () => wrong() >= 3);
    expect(simulation.stats.badChecksums).toBeGreaterThanOrEqual(3);
    expect(platform.messages.every(({ message }) => message.name !== 'malformed')).toBe(true);
  });

  test('--garbage: bytes between frames, every frame still read', async ({ rig }) => {
    const { platform, simulation } = await rig.begin({ faults: { garbage: 0.5 }, heartbeatSeconds: 0.05 });
    await until('garbage', () => simulation.stats.garbage >= 5 && platform.seen('heartbeat').length >= 8);
    await until('all frames', () => platform.messages.length === simulation.stats.framesSent);
    expect(platform.controls).toHaveLength(1);
  });

  test('--reconnect: connections break and come again', async ({ rig }) => {
    const { platform, simulation } = await rig.begin({ faults: { reconnectSeconds: 1 } });
    await until('three connections', () => simulation.stats.controlConnections >= 3);
    expect(platform.seen('register')).toHaveLength(1);
    expect(platform.seen('authenticate').length).toBeGreaterThanOrEqual(2);
  });
});
