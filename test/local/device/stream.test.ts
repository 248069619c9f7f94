/** One stream on a connection: the loop, and what happens when the platform does not read. */
import { describe, expect } from 'vitest';
import { loadClip, type Clip } from '../../../local/device/clip.ts';
import { noFaults } from '../../../local/device/faults.ts';
import { newStats } from '../../../local/device/stats.ts';
import { MediaStream } from '../../../local/device/stream.ts';
import { clipTrack } from '../../../local/device/track.ts';
import { Uplink } from '../../../local/device/uplink.ts';
import { host, test, type Rig } from './harness.ts';
import { until } from './platform.ts';

const SIM = Buffer.from('013912345678', 'hex');

function stream(rig: Rig, port: number, clip: Clip, options: { burst: boolean; speed?: number; maxBody?: number }) {
  const stats = newStats();
  const uplink = new Uplink({ host, port }, { faults: noFaults, burst: options.burst, stats, random: () => 1 });
  const sent = new MediaStream(uplink, {
    sim: SIM,
    channel: 1,
    track: clipTrack(clip, { simBytes: 6, sound: 'none', maxBody: options.maxBody ?? 950 }),
    clock: () => 5_000_000_000_000,
    ...(options.speed !== undefined && { speed: options.speed }),
  });
  rig.after(async () => {
    sent.stop();
    await uplink.ended();
  });
  sent.start();
  return stats;
}

describe.concurrent('stream', () => {
  test.for([{ burst: true }, { burst: false }])(
    'the loop begins anew, its times and numbers go on',
    async (options, { rig }) => {
      const clip = await loadClip('qcif');
      // One GOP, ten times as fast: a loop of a tenth of a second.
      const frames = clip.frames.slice(0, 10).map((frame) => ({ ...frame, time: frame.time / 10 }));
      const platform = await rig.platform();
      stream(rig, platform.mediaPort, { ...clip, frames, duration: 100 }, options);
      await until('fifteen loops', () => (platform.streams[0]?.pictures.length ?? 0) > 150);
      const [{ pictures, gaps }] = platform.streams as [(typeof platform.streams)[0]];
      expect(gaps).toEqual([]);
      pictures.forEach(({ data, timestamp, key }, i) => {
        expect(data.equals(frames[i % 10]!.data)).toBe(true);
        expect(key).toBe(i % 10 === 0);
        expect(timestamp).toBe(5_000_000_000_000 + 10 * i);
      });
      // However late each is, the loop itself neither falls behind nor runs ahead, by as much as two in a hundred: a machine that was
      // busy catches up, and one that is busy all the while is late by no more than that.
      const late = () => pictures.map(({ at }, i) => at - 10 * i);
      const drift = () => Math.min(...late().slice(-20)) - Math.min(...late().slice(0, 20));
      await until('pictures in time', () => Math.abs(drift()) < 40 + 0.02 * 10 * pictures.length);
    },
  );

  test('what ends in the next loop is sent to its end, though the machine was busy over the end of this one', async ({
    rig,
  }) => {
    const clip = await loadClip('qcif');
    const platform = await rig.platform();
    const track = clipTrack(clip, { simBytes: 6, sound: 'none', maxBody: 950 });
    const settings = { faults: noFaults, burst: true, stats: newStats(), random: () => 1 };
    const uplink = new Uplink({ host, port: platform.mediaPort }, settings);
    let isOver = false;
    // Its last second, and two of the next loop.
    const sent = new MediaStream(uplink, {
      sim: SIM,
      channel: 1,
      track,
      clock: () => 5_000_000_000_000,
      firstUnit: track.unitTime.findIndex((time) => time === clip.duration - 1000),
      length: 3000,
      speed: 4,
      onEnd: () => (isOver = true),
    });
    rig.after(async () => {
      sent.stop();
      await uplink.ended();
    });
    sent.start();
    const pictures = () => platform.streams[0]?.pictures ?? [];
    await until('its beginning', () => pictures().length > 0);
    sent.run(performance.now() + 60_000);
    await until('its end', () => isOver && pictures().length >= 30);
    expect(pictures().map(({ timestamp }) => timestamp - 5_000_000_000_000)).toEqual(
      Array.from({ length: 30 }, (_, i) => 100 * i),
    );
  });

  test('a platform that does not read: nothing is mixed up, GOPs are left out, memory stays bounded', async ({
    rig,
  }) => {
    const clip = await loadClip('720p');
    const platform = await rig.platform();
    const stats = stream(rig, platform.mediaPort, clip, { burst: true, speed: 60 });
    await until('pictures', () => (platform.streams[0]?.pictures.length ?? 0) > 10);
    // Others use the same buffers meanwhile, and cut their packets elsewhere.
    const others = { burst: true, speed: 20, maxBody: 500 };
    for (let i = 0; i < 3; i += 1) stream(rig, platform.mediaPort, clip, others);
    platform.media[0]!.socket.pause();
    await until('pictures left out', () => stats.skipped > 200, 20_000);
    platform.media[0]!.socket.resume();
    const jumps = () => {
      const { pictures } = platform.streams[0]!;
      return pictures.filter(({ timestamp }, i) => i > 0 && timestamp - pictures[i - 1]!.timestamp > 41);
    };
    await until('what comes after them', () => jumps().length > 0);
    const made = new Set(clip.frames.map(({ data }) => data.toString('base64')));
    for (const { data } of platform.streams[0]!.pictures) expect(made.has(data.toString('base64'))).toBe(true);
    expect(platform.counters()[0]).toMatchObject({ resyncs: 0, droppedFrames: 0, lostPackets: 0 });
    // What was left out shows in the times alone, and what follows is a keyframe.
    expect(jumps().every(({ key }) => key)).toBe(true);
  });
});
