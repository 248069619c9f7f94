/** Encoding with real ffmpeg: what was written is read back with ffprobe, ffmpeg and mediabunny, never with our own reader. */
import { execFileSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BufferSource, EncodedPacketSink, Input, MP4 } from 'mediabunny';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { walk } from '../../../lib/media/layout.ts';
import { keyframeSeconds } from '../../../lambdas/slicing/args.ts';
import { inspect, type Inspected } from '../../../lambdas/slicing/inspect.ts';
import { drawPoster } from '../../../lambdas/slicing/poster.ts';
import { programPath } from '../../../lambdas/slicing/program.ts';
import type { SlicingOptions } from '../../../lib/contract/slicing.ts';
import {
  beeps,
  brightness,
  encodeFile,
  ffmpeg,
  fileSource,
  H264,
  packets,
  picture,
  samples,
  tone,
  workFolder,
  type Encoded,
} from './media.ts';
import { OPTIONS } from './options.ts';

let folder: string;
let remove: () => Promise<void>;
const at = (name: string): string => join(folder, name);

async function facts(name: string, options: Partial<SlicingOptions> = {}): Promise<Inspected> {
  const source = await fileSource(at(name));
  const path = at('stand-in');
  return inspect({
    source,
    path,
    fetchWhole: async () => undefined,
    options: { ...OPTIONS, chunkSeconds: 2, ...options },
    timeoutMs: 30_000,
  });
}

async function encoded(name: string, options: Partial<SlicingOptions> = {}): Promise<Encoded> {
  return encodeFile(at(name), await facts(name, options), options);
}

/** White for the tenth of a second from every .5 s on, with a beep: what A/V sync is measured by. */
const FLASH = [
  ['-f', 'lavfi', '-i'],
  // White beside black, and a window that moves from one to the other.
  [
    'color=white:s=320x180:r=30:d=5,pad=640:180:0:0:black,' +
      "crop=320:180:x='if(between(mod(t\\,1)\\,0.49\\,0.59)\\,0\\,320)':y=0",
  ],
].flat();

beforeAll(async () => {
  ({ folder, remove } = await workFolder());
  await writeFile(at('beeps.wav'), beeps(5));
  await ffmpeg(
    ...FLASH,
    '-i',
    at('beeps.wav'),
    ...H264,
    '-g',
    '60',
    '-bf',
    '3',
    '-c:a',
    'aac',
    '-b:a',
    '128k',
    at('sync.mp4'),
  );
}, 60_000);
afterAll(() => remove());

/** Seconds of the first white frame shown, and of the first sample heard, on the timeline of the segments. */
async function onsets(out: Encoded, type: 'fmp4' | 'mpegts' = 'fmp4'): Promise<{ flash: number; beep: number }> {
  const rung = out.plan.video[0]!.name;
  const frames = await brightness(out.joined('video', rung));
  const sound = await samples(out.joined('audio', 'main'));
  const [first] = await packets(out.joined('audio', 'main'));
  const heard = sound.findIndex((value) => Math.abs(value) > 3000);
  expect(type === 'mpegts' || first!.pts >= 0).toBe(true);
  return { flash: frames.find(({ value }) => value > 128)!.time, beep: first!.pts + heard / 48_000 };
}

describe.each(['fmp4', 'mpegts'] as const)('%s', (segmentType) => {
  let out: Encoded;
  beforeAll(async () => {
    out = await encoded('sync.mp4', { segmentType });
  }, 60_000);

  it('has every rung and the sound as renditions of their own', () => {
    expect(out.result.renditions.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'video 180p',
      'video 90p',
      'audio main',
    ]);
  });

  it('cuts all rungs at the same keyframes, where they were asked for', async () => {
    const keys = await Promise.all(
      out.plan.video.map(async ({ name }) => (await packets(out.joined('video', name))).filter(({ key }) => key)),
    );
    const times = keys.map((found) => found.map(({ pts }) => Number((pts - found[0]!.pts).toFixed(4))));
    expect(times[0]).toEqual([0, 2, 4]);
    expect(times[1]).toEqual(times[0]);
    for (const { kind, segments } of out.result.renditions.filter((rendition) => rendition.kind === 'video'))
      expect([kind, segments.map(({ duration }) => duration)]).toEqual(['video', [2, 2, 1]]);
  });

  it('starts both kinds of rendition at the same time', async () => {
    const [video] = await packets(out.joined('video', '180p'));
    const [audio] = await packets(out.joined('audio', 'main'));
    expect(Math.abs(video!.pts - audio!.pts)).toBeLessThan(0.0001);
  });

  it('shows the flash when the beep sounds', async () => {
    const { flash, beep } = await onsets(out, segmentType);
    expect(Math.abs(flash - beep)).toBeLessThan(0.001);
  });

  it('says how long each segment is, exactly', async () => {
    for (const { kind, name, segments } of out.result.renditions) {
      const found = await packets(out.joined(kind, name));
      const frame = kind === 'video' ? 1 / 30 : 1024 / 48_000;
      const last = Math.max(...found.map(({ pts }) => pts));
      const total = segments.reduce((sum, { duration }) => sum + duration, 0);
      expect(total).toBeCloseTo(last - found[0]!.pts + frame, 4);
      expect(total).toBeGreaterThan(4.95);
    }
  });

  it('decodes without a word', async () => {
    for (const { kind, name } of out.result.renditions)
      expect(await ffmpeg('-xerror', '-i', out.joined(kind, name), '-f', 'null', '-')).toBe('');
  });

  it('names the codecs that are really inside', () => {
    for (const { kind, codecs } of out.result.renditions)
      expect(codecs).toMatch(kind === 'video' ? /^avc1\.6400[0-9a-f]{2}$/ : /^mp4a\.40\.2$/);
    // The level in the sequence parameter set is the plan's: ten times its number.
    const level = out.plan.video[0]!.level.replace('.', '');
    expect(out.result.renditions[0]!.codecs.slice(-2)).toBe(Number(level).toString(16).padStart(2, '0'));
  });

  it('stores each file with its type, and leaves nothing but pictures in the scratch folder', async () => {
    const types = new Set([...out.files].map(([path, { type }]) => `${path.split('/')[0]} ${type}`));
    expect(types).toEqual(
      new Set([
        'storyboard image/jpeg',
        ...(segmentType === 'fmp4' ? ['video video/mp4', 'audio audio/mp4'] : ['video video/mp2t', 'audio video/mp2t']),
      ]),
    );
    expect(out.files.has('video/180p/init.mp4')).toBe(segmentType === 'fmp4');
    const left = await readdir(`${at('sync.mp4')}.out/scratch-0`, { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile() && !/\.m3u8$|^(stills|sheet|luma)/.test(entry.name))).toEqual([]);
  });
});

describe('fMP4 segments', () => {
  let out: Encoded;
  beforeAll(async () => {
    out = await encoded('sync.mp4');
  }, 60_000);

  it('follow one another without a gap, by an independent reader', async () => {
    for (const { kind, name, segments } of out.result.renditions) {
      const init = out.files.get(`${kind}/${name}/init.mp4`)!.bytes;
      let end: number | undefined;
      for (const segment of segments) {
        const bytes = Buffer.concat([init, out.files.get(`${kind}/${name}/${segment.name}`)!.bytes]);
        const input = new Input({ source: new BufferSource(bytes), formats: [MP4] });
        const track = (await input.getTracks())[0]!;
        const found = [];
        for await (const packet of new EncodedPacketSink(track).packets()) found.push(packet);
        expect(found[0]!.type).toBe('key');
        const start = Math.min(...found.map(({ timestamp }) => timestamp));
        expect(start).toBe(found[0]!.timestamp);
        expect(start).toBeCloseTo(end ?? start, 5);
        end = start + segment.duration;
        expect(found.reduce((sum, { duration }) => sum + duration, 0)).toBeCloseTo(segment.duration, 4);
      }
    }
  });

  it('are styp, moof and mdat, whole, and the initialization section has no edit list', async () => {
    for (const [path, { bytes }] of out.files) {
      if (path.startsWith('storyboard/')) continue;
      const source = { size: bytes.length, read: async (from: number, n: number) => bytes.subarray(from, from + n) };
      const layout = await walk(source, { atHand: source.size });
      const types = layout?.boxes.map(({ type }) => type);
      expect([path, types]).toEqual([path, path.endsWith('init.mp4') ? ['ftyp', 'moov'] : ['styp', 'moof', 'mdat']]);
      expect(bytes.includes('elst')).toBe(false);
    }
  });

  it('give a poster', async () => {
    const path = at('poster-segment');
    const part = (name: string) => out.files.get(`video/180p/${name}`)!.bytes;
    await writeFile(path, Buffer.concat([part('init.mp4'), part('00002.m4s')]));
    const jpeg = await drawPoster(path, 0.5);
    expect(jpeg.toString('hex', 0, 3)).toBe('ffd8ff');
    expect(jpeg.toString('hex', jpeg.length - 2)).toBe('ffd9');
    // SOF0 (ITU-T T.81 B.2.2): length, precision, height, width.
    const frame = jpeg.indexOf(Buffer.from('ffc0', 'hex'));
    expect([jpeg.readUInt16BE(frame + 7), jpeg.readUInt16BE(frame + 5)]).toEqual([320, 180]);
  });
});

it.each(['fmp4', 'mpegts'] as const)(
  'what a telephone writes of place and time goes into no file of it (%s)',
  async (segmentType) => {
    const said = [
      'location=+31.2304+121.4737/',
      'location-eng=+31.2304+121.4737/',
      'creation_time=2026-11-04T12:13:14Z',
    ];
    const apple = ['com.apple.quicktime.location.ISO6709=+31.2304+121.4737/', 'com.apple.quicktime.make=Telephone'];
    const tags = [...said, ...apple, 'title=At home', 'comment=+31.2304', 'artist=Olga'];
    const places = ['-metadata', '-metadata:s:v', '-metadata:s:a', '-metadata:c:0'].flatMap((option) =>
      tags.flatMap((tag) => [option, tag]),
    );
    await writeFile(
      at('chapters.txt'),
      ';FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle=+31.2304+121.4737/\n',
    );
    for (const [name, flags] of [
      ['place.mov', ['-movflags', 'use_metadata_tags']],
      ['place.mp4', []],
      ['place.mkv', []],
    ] as const) {
      const inputs = [
        ...picture(2),
        ...tone(2),
        '-i',
        at('chapters.txt'),
        '-map',
        '0',
        '-map',
        '1',
        '-map_chapters',
        '2',
      ];
      await ffmpeg(...inputs, ...H264, '-c:a', 'aac', ...places, ...flags, at(name));
      expect((await readFile(at(name))).includes('31.2304'), name).toBe(true);
      const out = await encoded(name, { segmentType });
      const rung = out.plan.video[0]!.name;
      const files = [...out.files].map(([path, { bytes }]) => [path, bytes] as const);
      for (const [path, bytes] of [...files, ['poster', await drawPoster(out.joined('video', rung), 0)] as const]) {
        for (const word of ['31.2304', '121.47', '2026-11-04', 'Telephone', 'At home', 'Olga', 'ISO6709'])
          expect(bytes.includes(word), `${name}, ${path}: ${word}`).toBe(false);
        if (!path.endsWith('init.mp4')) continue;
        // ISO/IEC 14496-12 8.2.2, 8.3.2, 8.4.2: when it was made, in seconds since 1904.
        for (const type of ['mvhd', 'tkhd', 'mdhd']) {
          const box = bytes.indexOf(type);
          expect([path, type, bytes.readUInt32BE(box + 8)]).toEqual([path, type, 0]);
        }
      }
    }
  },
  120_000,
);

describe('sources of all kinds', () => {
  it('without sound', async () => {
    await ffmpeg(...picture(3), ...H264, at('silent.mp4'));
    const { result, plan } = await encoded('silent.mp4');
    expect(plan.audio).toEqual([]);
    expect(result.renditions.map(({ kind }) => kind)).toEqual(['video', 'video']);
  });

  const shifts: [what: string, args: () => string[]][] = [
    ['sound half a second late', () => ['-i', at('sync.mp4'), '-itsoffset', '0.5', '-i', at('sync.mp4')]],
    ['sound half a second early', () => ['-itsoffset', '0.5', '-i', at('sync.mp4'), '-i', at('sync.mp4')]],
    ['picture three seconds late', () => ['-itsoffset', '3', '-i', at('sync.mp4'), '-i', at('sync.mp4')]],
  ];
  it.each(shifts)('%s keeps that offset, and both renditions start together', async (what, args) => {
    await ffmpeg(...args(), '-map', '0:v', '-map', '1:a', '-c', 'copy', at('shifted.mp4'));
    const out = await encoded('shifted.mp4');
    const [video] = await packets(out.joined('video', '180p'));
    const [audio] = await packets(out.joined('audio', 'main'));
    expect(Math.abs(video!.pts - audio!.pts)).toBeLessThan(0.0001);
    const { flash, beep } = await onsets(out);
    const wanted = what.includes('late') && what.startsWith('sound') ? 0.5 : what.startsWith('picture') ? -3 : -0.5;
    expect(Math.abs(beep - flash - wanted)).toBeLessThan(0.001);
    // By its own ticks: ffmpeg would guess a rate by how few there are at first.
    const asItIs = ['-fps_mode', 'passthrough', '-enc_time_base', '-1', '-f', 'null', '-'];
    expect(await ffmpeg('-xerror', '-i', out.joined('video', '180p'), ...asItIs)).toBe('');
  });

  it('sound that ends early is followed by silence to the end', async () => {
    await ffmpeg(...picture(5), ...tone(1), ...H264, '-c:a', 'aac', at('short-sound.mp4'));
    const { result } = await encoded('short-sound.mp4');
    const audio = result.renditions.find(({ kind }) => kind === 'audio')!;
    expect(audio.segments.reduce((sum, { duration }) => sum + duration, 0)).toBeCloseTo(5, 1);
  });

  it('a variable frame rate survives, frame by frame', async () => {
    const irregular = ["select='not(mod(n*n\\,7))+gt(mod(n\\,50)\\,40)'", 'settb=1/90000'].join(',');
    const timing = ['-vf', irregular, '-fps_mode', 'vfr', '-enc_time_base', '1:90000'];
    await ffmpeg(...picture(5), ...timing, ...H264, '-video_track_timescale', '90000', at('vfr.mp4'));
    const out = await encoded('vfr.mp4');
    const times = async (path: string) => {
      const all = (await packets(path)).map(({ pts }) => pts).sort((a, b) => a - b);
      return all.map((time) => (time - all[0]!).toFixed(4));
    };
    const before = await times(at('vfr.mp4'));
    expect(before.length).toBeGreaterThan(30);
    expect(await times(out.joined('video', '180p'))).toEqual(before);
    const found = await packets(out.joined('video', '180p'));
    expect(found.slice(1).filter(({ dts }, index) => dts <= found[index]!.dts)).toEqual([]);
  });

  it('120 frames a second become 60', async () => {
    await ffmpeg(...picture(2, '160x90', '120'), ...H264, at('fast.mp4'));
    const out = await encoded('fast.mp4');
    expect(out.plan.video[0]!.frameRate).toBe(60);
    expect((await packets(out.joined('video', '90p'))).length).toBe(120);
  });

  const looks: [what: string, args: string[], width: number, height: number][] = [
    ['turned', ['-metadata:s:v', 'rotate=90'], 180, 320],
    ['stretched pixels', ['-vf', 'scale=180:180,setsar=16/9'], 320, 180],
    ['ten bits, 4:2:2', ['-pix_fmt', 'yuv422p10le', '-profile:v', 'high422'], 320, 180],
    ['full range', ['-pix_fmt', 'yuvj420p'], 320, 180],
    ['RGB', ['-c:v', 'png'], 320, 180],
    ['interlaced', ['-flags', '+ilme+ildct', '-x264-params', 'tff=1'], 320, 180],
  ];
  it.each(looks)('%s comes out upright, square, 8 bits, limited range', async (what, args, width, height) => {
    const name = what === 'RGB' ? 'look.mov' : 'look.mp4';
    const turn = what === 'turned';
    await ffmpeg(...picture(1), ...H264, ...(turn ? [] : args), at(turn ? 'straight.mp4' : name));
    if (turn) await ffmpeg('-i', at('straight.mp4'), '-c', 'copy', ...args, at(name));
    const out = await encoded(name);
    const fields = 'stream=width,height,pix_fmt,sample_aspect_ratio,profile,color_range,color_space,field_order';
    const path = out.joined('video', out.plan.video[0]!.name);
    const answer = execFileSync(programPath('ffprobe'), ['-v', 'error', '-show_entries', fields, '-of', 'json', path]);
    const [stream] = (JSON.parse(answer.toString()) as { streams: Record<string, unknown>[] }).streams;
    expect(stream).toMatchObject({ width, height, pix_fmt: 'yuv420p', sample_aspect_ratio: '1:1', profile: 'High' });
    expect(stream!['color_range'] ?? 'tv').toBe('tv');
    expect(stream!['color_space']).toBe(what === 'RGB' ? 'bt709' : undefined);
    expect(stream!['field_order'] ?? 'progressive').toBe('progressive');
  });
});

describe('what goes wrong', () => {
  it('a file that ends early is truncated', async () => {
    await ffmpeg(...picture(2), ...H264, at('brief.mp4'));
    const { info } = await facts('brief.mp4');
    const claimed = { ...info, complete: false, duration: 20, video: { ...info.video, duration: 20 } };
    await expect(encodeFile(at('brief.mp4'), { info: claimed, table: undefined })).rejects.toMatchObject({
      name: 'Refusal',
      code: 'truncated',
      reason: expect.stringMatching(/after 2 seconds of the 20 seconds/),
    });
  });

  it('a file with nothing but noise inside is damaged', async () => {
    await ffmpeg(...picture(2), ...H264, at('fine.mp4'));
    const inspected = await facts('fine.mp4');
    const bytes = await readFile(at('fine.mp4'));
    const mdat = bytes.indexOf('mdat', 0, 'latin1') + 4;
    const end = bytes.indexOf('moov', mdat, 'latin1') - 4;
    for (let index = mdat; index < end; index += 1) bytes[index] = (index * 7919) & 0xff;
    await writeFile(at('noise.mp4'), bytes);
    await expect(encodeFile(at('noise.mp4'), inspected)).rejects.toMatchObject({ name: 'Refusal', code: 'damaged' });
  });

  it.each(['fmp4', 'mpegts'] as const)('a store that fails ends it with its own error (%s)', async (segmentType) => {
    const store = async () => {
      throw new RangeError('no room');
    };
    await expect(
      encodeFile(at('sync.mp4'), await facts('sync.mp4', { segmentType }), { segmentType }, { store }),
    ).rejects.toThrow('no room');
  });

  it('being told to stop ends ffmpeg with the reason given', async () => {
    await ffmpeg(...picture(20, '640x360'), ...H264, at('long.mp4'));
    const inspected = await facts('long.mp4');
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('not wanted any more')), 300);
    const started = Date.now();
    await expect(encodeFile(at('long.mp4'), inspected, { ladder: [360] }, { signal: stop.signal })).rejects.toThrow(
      'not wanted',
    );
    expect(Date.now() - started).toBeLessThan(30_000);
  });
});

describe('the command', () => {
  it('forces keyframes at parts of a segment no longer than two seconds', () => {
    expect([6, 5, 2, 1, 20].map(keyframeSeconds)).toEqual([2, 5 / 3, 2, 1, 2]);
  });
});
