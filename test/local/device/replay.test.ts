/** Captures sent again: to the byte, in their own rhythm. Then streams and connections for a load generator. */
import { describe, expect } from 'vitest';
import { DataType } from '../../../containers/ingest/src/jt1078/packet.ts';
import { PacketReader } from '../../../containers/ingest/src/jt1078/packets.ts';
import { readCapture, CaptureError } from '../../../local/device/capture.ts';
import { loadClip } from '../../../local/device/clip.ts';
import { loadControl } from '../../../bench/load/control.ts';
import { loadStreams } from '../../../bench/load/streams.ts';
import { replay } from '../../../local/device/replay.ts';
import { clipTrack, stamp, UnitKind } from '../../../local/device/track.ts';
import { capture, captures, expected, haveCaptures, whyNot } from '../../containers/ingest/captures.ts';
import { sha256 } from '../../containers/ingest/jt1078/decode.ts';
import { host, test } from './harness.ts';
import { until } from './platform.ts';

/** A capture of our own: two seconds, stamped, with bytes before and between that belong to no packet. */
async function ownCapture(): Promise<{ file: Buffer; packets: number }> {
  const track = clipTrack(await loadClip('qcif'), { simBytes: 6, sound: 'g711a' });
  const pieces: Buffer[] = [Buffer.from('rubbish before')];
  let packets = 0;
  for (let unit = 0; track.unitTime[unit]! < 2000; unit += 1) {
    for (let packet = track.unitAt[unit]!; packet < track.unitAt[unit + 1]!; packet += 1) {
      const bytes = Buffer.from(track.bytes.subarray(track.packetAt[packet], track.packetAt[packet + 1]));
      stamp(bytes, 0, { sim: Buffer.from('013912345678', 'hex'), channel: 3 }, packets, 5000 + track.unitTime[unit]!);
      packets += 1;
      pieces.push(bytes);
    }
    if (unit % 20 === 0) pieces.push(Buffer.from('between'));
  }
  return { file: Buffer.concat(pieces), packets };
}

describe.concurrent('replay', () => {
  test('every byte, rubbish too, at once or in the time it took', async ({ rig }) => {
    const { file, packets } = await ownCapture();
    for (const speed of ['max', 4] as const) {
      const target = await rig.platform();
      const sent = await replay({ host, port: target.mediaPort, capture: file, speed });
      expect(sent).toMatchObject({ bytes: file.length, packets });
      await until('the end', () => target.media[0]?.open === false);
      expect(Buffer.concat(target.media[0]!.chunks).equals(file)).toBe(true);
      // Not sooner, and not in the time it took: a busy machine is late by something.
      if (speed !== 'max') expect(sent.elapsed).toBeGreaterThan(sent.duration / 4 - 150);
      expect(sent.elapsed).toBeLessThan(sent.duration);
      expect(sent.duration).toBeGreaterThan(1800);
      expect(sent.duration).toBeLessThan(2100);
      expect(target.streams[0]).toMatchObject({ sim: '013912345678', channel: 3 });
      expect(target.streams[0]!.pictures).toHaveLength(20);
    }
  });

  test.for(captures)(`%s, to the byte${whyNot}`, { skip: !haveCaptures }, async (name, { rig }) => {
    const target = await rig.platform();
    const file = capture(name);
    const sent = await replay({ host, port: target.mediaPort, capture: file, speed: 'max' });
    await until('the end', () => target.media[0]?.open === false);
    expect(Buffer.concat(target.media[0]!.chunks).equals(file)).toBe(true);
    const { summary } = expected(name);
    expect(sent.packets).toBe(summary.packets);
    const [stream] = target.streams;
    expect(stream!.sim).toBe(summary.sim[0]);
  });

  test(`a real device's rhythm, ten times as fast${whyNot}`, { skip: !haveCaptures }, async ({ rig }) => {
    const target = await rig.platform();
    const sent = await replay({ host, port: target.mediaPort, capture: capture('xtream-sim10-h264-g711a'), speed: 10 });
    expect(sent.elapsed).toBeGreaterThan(sent.duration / 10 - 200);
    expect(sent.elapsed).toBeLessThan(sent.duration);
    expect(sent.duration).toBeGreaterThan(1000);
  });

  test(`a capture as a device's picture${whyNot}`, { skip: !haveCaptures }, async ({ rig }) => {
    const target = await rig.platform();
    const file = capture('xtream-sim10-h264-g711a');
    const media = { host, port: target.mediaPort };
    const options = { host, control: target.control, media, push: true, capture: file, burst: true } as const;
    await rig.begin({ ...options, firstId: '13911112222' });
    const stream = await until(
      'pictures',
      () => target.streams[0] && target.streams[0].pictures.length > 5 && target.streams[0],
    );
    // Its pictures, with the device's SIM and the time of now.
    expect(stream.sim).toBe('00000000013911112222');
    expect(Math.abs(stream.pictures[0]!.timestamp - Date.now())).toBeLessThan(10_000);
    const real = expected('xtream-sim10-h264-g711a').frames.map((frame) => frame.sha256_16);
    for (const { data } of stream.pictures) expect(real).toContain(sha256(data).slice(0, 16));
  });

  test('a file without packets is no capture', () => {
    expect(() => readCapture(Buffer.from('nothing of the kind'))).toThrow(CaptureError);
  });
});

describe.concurrent('load', () => {
  test.for([
    { arrival: 'burst', sound: 'none' },
    { arrival: 'packet', sound: 'g711a' },
  ] as const)('streams, $arrival, sound $sound: all pictures of all streams', async ({ arrival, sound }, { rig }) => {
    const target = await rig.platform();
    const count = 20;
    const port = target.mediaPort;
    const load = await loadStreams({ count, host, port, kind: 'qcif', arrival, sound, seconds: 3, rampSeconds: 1 });
    await load.started;
    expect(load.stats.streaming).toBe(count);
    await load.done;
    await until('the end of all', () => target.media.length === count && target.media.every(({ open }) => !open));
    expect(target.streams.map(({ sim }) => sim).toSorted()).toEqual(
      load.ids.map((id) => id.padStart(12, '0')).toSorted(),
    );
    const { frames } = await loadClip('qcif');
    let pictures = 0;
    for (const stream of target.streams) {
      const first = frames.findIndex(({ data }) => data.equals(stream.pictures[0]!.data));
      expect(frames[first]!.key).toBe(true);
      for (const [i, { data }] of stream.pictures.entries()) {
        if (!frames[(first + i) % frames.length]!.data.equals(data)) expect.fail(`picture ${i} is not the clip's`);
      }
      expect(stream.gaps).toEqual([]);
      expect(stream.pictures.length).toBeGreaterThanOrEqual(10);
      expect(stream.sounds.length > 0).toBe(sound !== 'none');
      pictures += stream.pictures.length;
    }
    expect(load.stats.pictures).toBe(pictures);
    // They do not begin their GOPs together.
    const starts = target.streams.map(({ pictures: [first] }) => first!.at);
    expect(Math.max(...starts) - Math.min(...starts)).toBeGreaterThan(250);
  });

  test('control connections: all known, positions at the rate asked for, all answered', async ({ rig }) => {
    const target = await rig.platform();
    const port = target.control;
    const load = loadControl({ count: 50, host, port, locationsPerSecond: 400, connectsPerSecond: 500 });
    rig.after(() => load.stop());
    await load.started;
    expect(load.stats).toMatchObject({ online: 50, registered: 50, authenticated: 50 });
    const [before, begun] = [load.stats.locations, performance.now()];
    // Over a second at least; over more of them where the machine was busy in one.
    await until('the rate asked for', () => {
      const elapsed = performance.now() - begun;
      return elapsed > 1000 && Math.abs(((load.stats.locations - before) * 1000) / elapsed - 400) < 40;
    });
    const sent = load.stats.locations;
    await until('answers', () => load.answered >= sent);
    await load.stop();
    expect(
      new Set(target.messages.filter(({ message }) => message.name === 'location').map(({ device }) => device)).size,
    ).toBe(50);
  });
});

test('a track holds what the clip does, sound between the pictures', async () => {
  const clip = await loadClip('qcif');
  const track = clipTrack(clip, { simBytes: 10, sound: 'g711a' });
  expect(track.unitKind.filter((kind) => kind !== UnitKind.sound)).toHaveLength(clip.frames.length);
  expect(track.unitKind.filter((kind) => kind === UnitKind.sound)).toHaveLength(clip.duration / 40);
  expect([...track.unitTime].every((time, i) => i === 0 || time >= track.unitTime[i - 1]!)).toBe(true);
  const packets: number[] = [];
  const reader = new PacketReader(({ dataType, sequence }) => {
    packets.push(dataType);
    expect(sequence).toBe((packets.length - 1) % 65_536);
  });
  reader.push(track.bytes);
  reader.end();
  expect(packets).toHaveLength(track.packetAt.length - 1);
  expect(packets.filter((type) => type === DataType.audio)).toHaveLength(clip.duration / 40);
  expect(reader.counters.skippedBytes).toBe(0);
});
