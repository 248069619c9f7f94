/** Sound over real sockets, in every codec, as a viewer's player gets it: the published segments, decoded by ffmpeg. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLivePlaylist } from '../../../../lib/contract/live-playlist.ts';
import type { Channel, DeviceRecord } from '../../../../lib/contract/device.ts';
import { PayloadType } from '../../../../containers/ingest/src/jt1078/packet.ts';
import { encodedVideo, decodeErrors, ffmpeg, lacks, withFile } from '../streams.ts';
import { tracks } from '../hls/read.ts';
import { AMPLITUDE, adtsFrames, amplitude, loudest, onsets, packets, signal, TONE_HZ } from '../sound/signals.ts';
import { Cloud, until, type OwnTask } from './cloud.ts';
import { TestCamera, ZONE } from './device.ts';

const missing = lacks('libx264', 'h264', 'aac', 'g726le', 'pcm_mulaw');

const SECONDS = 8;
/** A tone in the second half of every second second. */
const beeps = (at: number) => at % 2000 >= 1500;
const PACKET_MS = 40;

let cloud: Cloud;
let task: OwnTask;
let pictures: Buffer[];

interface Sending {
  readonly id: string;
  readonly payloadType: number;
  readonly data: readonly Buffer[];
  /** Milliseconds a packet lasts. */
  readonly length?: number;
  /** Called once, when so many milliseconds have been sent; the clock of both stands until it is done. */
  readonly meanwhile?: { readonly at: number; readonly run: () => Promise<void> };
}

/** Sends pictures and sound as they would be taken, in real time; both by one clock. */
async function film({ id, payloadType, data, length = PACKET_MS, meanwhile }: Sending): Promise<number> {
  const camera = new TestCamera(id, task.ports.media);
  const from = Date.now() + ZONE * 60_000;
  let began = performance.now();
  let picture = 0;
  let sound = 0;
  let isDone = false;
  while (picture < pictures.length) {
    const now = performance.now() - began;
    while (picture < pictures.length && picture * 100 <= now) {
      await camera.send([pictures[picture]!], { from: from + picture * 100 });
      picture += 1;
    }
    // A packet is sent when its last sample has been taken.
    for (; sound < data.length && (sound + 1) * length <= now; sound += 1) {
      camera.sound(payloadType, Math.round(from + sound * length), data[sound]!);
    }
    if (meanwhile !== undefined && now >= meanwhile.at && !isDone) {
      isDone = true;
      const stands = performance.now();
      await meanwhile.run();
      began += performance.now() - stands;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await camera.close();
  return from - ZONE * 60_000;
}

/** What the channel's playlist lists as one file, its sound, and when the first picture and the first sample are, milliseconds. */
async function published(id: string, count: number) {
  const state = (await until(
    'segments',
    async () => readLivePlaylist(await cloud.playlist(id, 1)),
    (found) => (found?.entries.length ?? 0) >= count,
  ))!;
  const prefix = `live/${id}/1/`;
  const files = await Promise.all(state.entries.map(async ({ uri }) => (await cloud.object(prefix + uri)).body));
  const maps = new Set(state.entries.map(({ map }) => map));
  const init = (await cloud.object(prefix + [...maps].at(-1)!)).body;
  const first = tracks(files[0]!);
  const scale = { video: 90, audio: 8 };
  const start = first.get(2)!.decodeTime / scale.audio - first.get(1)!.decodeTime / scale.video;
  const file = Buffer.concat([init, ...files]);
  const raw = withFile('sound.mp4', file, (path) => ffmpeg(`-i ${path} -map 0:a -f s16le -ac 1 -ar 8000 -`));
  const pcm = new Int16Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length));
  return { state, files, file, maps, pcm, start };
}

const register = (id: string, channel: Partial<Channel>, more: Partial<DeviceRecord> = {}) =>
  cloud.register(id, [channel], more);

/** The tone is there in full, where it was sent and nowhere else. */
function expectBeeps({ pcm, start }: { readonly pcm: Int16Array; readonly start: number }, first = 1500): void {
  const heard = onsets(pcm).map((at) => at + start);
  const sent = Array.from({ length: SECONDS / 2 }, (_, i) => 1500 + i * 2000).filter((at) => at >= first);
  // The last one's end is not encoded any more when the connection ends.
  expect(heard.length).toBeGreaterThanOrEqual(sent.length - 1);
  heard.forEach((at, i) => expect(Math.abs(at - sent[i]!), `beep at ${at} for ${sent[i]}`).toBeLessThan(50));
  for (const at of sent.slice(0, -1)) {
    const beep = pcm.subarray((at - start + 100) * 8, (at - start + 400) * 8);
    expect(loudest(beep)).toBe(TONE_HZ);
    expect(Math.abs(20 * Math.log10(amplitude(beep) / AMPLITUDE))).toBeLessThan(1.5);
    expect(amplitude(pcm.subarray((at - start + 700) * 8, (at - start + 1300) * 8))).toBeLessThan(AMPLITUDE / 50);
  }
}

/** Until the encoder has answered: on a busy machine its thread takes seconds to begin, and what comes meanwhile is silence. */
async function encoderRuns(): Promise<void> {
  const answered = Promise.withResolvers<void>();
  const sound = task.ingest.services.sounds.open(() => answered.resolve())!;
  let timestamp = 0;
  const timer = setInterval(() => {
    const data = Buffer.alloc(8 * PACKET_MS, 0xd5);
    sound.push({ kind: 'audio', codec: 'g711a', timestamp, receivedAt: performance.now(), data });
    timestamp += PACKET_MS;
  }, PACKET_MS);
  await answered.promise;
  clearInterval(timer);
  sound.end();
}

beforeAll(async () => {
  cloud = await Cloud.start();
  task = await cloud.task();
  if (missing === '') pictures = encodedVideo('h264', SECONDS);
  await encoderRuns();
});
afterAll(() => cloud.close());

describe.skipIf(missing !== '')(`sound${missing}`, { concurrent: true }, () => {
  const pcm = signal(SECONDS * 1000, beeps);
  const since = new Date().toISOString();

  it.each([
    ['G.711 A-law', 'g711a', PayloadType.g711a, '13800004001'],
    ['G.711 µ-law', 'g711u', PayloadType.g711u, '13800004002'],
    ['ADPCM', 'adpcm-ima', PayloadType.adpcm, '13800004003'],
    ['G.726', 'g726', PayloadType.g726, '13800004004'],
  ] as const)('in %s of a stream on demand is heard, in step', async (_, codec, payloadType, id) => {
    await register(id, { live: 'on-demand' }, { streams: { 1: { state: 'live', since } } });
    await cloud.watchedUntil(id, 1, Date.now() + 60_000);
    await film({ id, payloadType, data: packets(codec, pcm) });
    const watched = await published(id, SECONDS / 2);
    expect(decodeErrors(watched.file)).toBe('');
    expectBeeps(watched);
    // One track from end to end, whatever was corrected.
    expect(watched.maps.size).toBe(1);
    expect(watched.state.entries.filter(({ discontinuity }) => discontinuity)).toEqual([]);
    let at = tracks(watched.files[0]!).get(2)!.decodeTime;
    for (const file of watched.files) {
      const { decodeTime, samples } = tracks(file).get(2)!;
      expect(decodeTime).toBe(at);
      at += samples.length * 1024;
    }
  });

  it('of a stream that always runs is recorded where its channel says so', async () => {
    const id = '13800004005';
    await register(id, { live: 'always', sound: true });
    await film({ id, payloadType: PayloadType.g711a, data: packets('g711a', pcm) });
    expectBeeps(await published(id, SECONDS / 2));
  });

  it('that nobody hears is silence, and heard soon after somebody begins to watch', async () => {
    const id = '13800004006';
    await register(id, { live: 'always' });
    const { counts } = task.ingest.services.metrics;
    const before = counts.unheardSounds;
    let unheard = 0;
    const begin = async () => {
      unheard = counts.unheardSounds - before;
      const stream = task.ingest.streams.get(id, 1)!;
      const isKnown = Promise.withResolvers<void>();
      const arrived = stream.viewerArrived.bind(stream);
      stream.viewerArrived = () => arrived().then(isKnown.resolve);
      await cloud.watchedUntil(id, 1, Date.now() + 60_000);
      // As the API tells the task that receives the stream.
      await cloud.command(task.id, { device: id, type: 'watched', channel: 1 });
      await isKnown.promise;
    };
    await film({
      id,
      payloadType: PayloadType.g711a,
      data: packets('g711a', pcm),
      meanwhile: { at: 4200, run: begin },
    });
    const watched = await published(id, SECONDS / 2);
    // Two beeps, and every packet until then.
    expect(unheard).toBeGreaterThanOrEqual(95);
    const quiet = watched.pcm.subarray(0, (4000 - watched.start) * 8);
    expect(quiet.length).toBeGreaterThan(30_000);
    expect(quiet.every((sample) => sample === 0)).toBe(true);
    expectBeeps(watched, 5500);
  });

  it('in AAC passes through as it is', async () => {
    const id = '13800004007';
    await register(id, { live: 'always' });
    const frames = adtsFrames(pcm);
    await film({ id, payloadType: PayloadType.aac, data: frames, length: 128 });
    const watched = await published(id, SECONDS / 2);
    expect(decodeErrors(watched.file)).toBe('');
    const sent = new Set(frames.map((frame) => frame.subarray(7).toString('base64')));
    const listed = watched.files.flatMap((file) =>
      tracks(file)
        .get(2)!
        .samples.map(({ bytes }) => bytes.toString('base64')),
    );
    expect(listed.filter((frame) => sent.has(frame)).length).toBeGreaterThan((SECONDS * 1000) / 128 - 8);
    // ffmpeg's encoder stamps nothing here: its first frame, which holds what sounds before, was sent as the first.
    const [first, ...more] = onsets(watched.pcm).map((at) => at + watched.start - 128);
    expect(Math.abs(first! - 1500)).toBeLessThan(150);
    more.forEach((at, i) => expect(Math.abs(at - first! - (i + 1) * 2000)).toBeLessThan(10));
    expect(loudest(watched.pcm.subarray((1628 + 100) * 8, (1628 + 400) * 8))).toBe(TONE_HZ);
  });
});
