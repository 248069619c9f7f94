/** Copied renditions: every packet of the source, byte for byte, at its time, cut where the encoded ones are cut. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyGroup } from '../../../lambdas/slicing/copier.ts';
import { inspect, type Inspected } from '../../../lambdas/slicing/inspect.ts';
import { planSlicing } from '../../../lambdas/slicing/plan.ts';
import { AAC_FRAME } from '../../../lambdas/slicing/segment-table.ts';
import { copyTable } from '../../../lib/contract/segment-table.ts';
import type { SlicingOptions } from '../../../lib/contract/slicing.ts';
import { readTracks } from '../../../lib/media/movie.ts';
import { boxes, need } from '../../../lib/media/boxes.ts';
import { box } from '../../../lib/media/build.ts';
import { NON_SYNC, readFragments } from '../../../lib/media/fragments.ts';
import { readMovieIndex } from '../../../lib/media/sample-table.ts';
import {
  asLarge,
  encodeFile,
  ffmpeg,
  fileSource,
  packets,
  picture,
  samples,
  tone,
  workFolder,
  type Encoded,
} from './media.ts';
import { OPTIONS, VIDEO_ID } from './options.ts';

let folder: string;
let remove: () => Promise<void>;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  ({ folder, remove } = await workFolder());
});
afterAll(() => remove());

const X264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-sc_threshold', '0'];
const AAC = ['-c:a', 'aac', '-b:a', '96k'];
const COPYING: SlicingOptions = { ...OPTIONS, copyMaxMbps: 16, chunkSeconds: 4 };

async function look(name: string, options: Partial<SlicingOptions> = {}): Promise<Inspected> {
  const source = await fileSource(at(name));
  const path = at('stand-in');
  return inspect({
    source,
    path,
    fetchWhole: async () => undefined,
    options: { ...COPYING, ...options },
    timeoutMs: 30_000,
  });
}
const sliced = async (name: string): Promise<Encoded> => encodeFile(at(name), await look(name), COPYING);

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Hashes of a track's samples in the order they are decoded in, from the file's own index. */
async function hashesOf(name: string, track: number): Promise<string[]> {
  const bytes = await readFile(at(name));
  const index = readMovieIndex(need(bytes, ['moov'], 8), [track]);
  const { offset, size, count } = index.tracks[0]!.samples;
  return Array.from({ length: count }, (_, i) => sha(bytes.subarray(offset[i], offset[i]! + size[i]!)));
}

/** The same of what was published. */
async function publishedHashes(path: string): Promise<string[]> {
  const bytes = await readFile(path);
  let moof = Buffer.alloc(0);
  const found: string[] = [];
  for (const { type, start, body } of boxes(bytes)) {
    if (type === 'moof') moof = bytes.subarray(start, start + body.length + 8);
    if (type !== 'mdat') continue;
    for (const { offset, size } of readFragments(moof)[0]!.samples)
      found.push(sha(body.subarray(offset - moof.length - 8, offset - moof.length - 8 + size)));
  }
  return found;
}

const sources: [what: string, name: string, args: string[]][] = [
  ['closed groups with B pictures', 'closed.mp4', [...X264, '-g', '45', '-bf', '3', ...AAC]],
  ['no B pictures', 'plain.mov', [...X264, '-g', '60', '-bf', '0', ...AAC]],
  ['the index ahead of the media', 'fast.mp4', [...X264, '-g', '50', ...AAC, '-movflags', '+faststart']],
  ['keyframes far apart', 'far.mp4', [...X264, '-g', '150', ...AAC]],
  [
    'fragments',
    'fragments.mp4',
    [...X264, '-g', '45', '-bf', '0', '-an', '-movflags', 'frag_keyframe+empty_moov+default_base_moof'],
  ],
];

describe('what players take as it is', () => {
  it.each(sources)('%s: every packet of picture and sound is the source’s', async (_, name, args) => {
    await ffmpeg(...picture(14, '320x180', '30'), ...tone(14), ...args, at(name));
    const out = await sliced(name);
    expect(out.plan.video[0]).toMatchObject({ name: '180p', width: 320, height: 180, copied: true });
    // Those have no sound: by its priming the picture would be late.
    const isSilent = name.startsWith('fragments');
    if (!isSilent) expect(out.plan.audio).toMatchObject([{ name: 'main', copied: true }]);
    expect(out.plan.video.slice(1).map(({ copied }) => copied)).toEqual([undefined]);
    const video = out.joined('video', '180p');
    if (!isSilent) {
      expect(await publishedHashes(video)).toEqual(await hashesOf(name, 0));
      const sound = await hashesOf(name, 1);
      const kept = await publishedHashes(out.joined('audio', 'main'));
      // But for the encoder's priming.
      expect(kept).toEqual(sound.slice(1));
    }
    // Times are the source's, a second later, to the tick.
    const times = (await packets(video)).map(({ pts }) => pts).sort((a, b) => a - b);
    expect(times.length).toBe(14 * 30);
    times.forEach((time, i) => expect(time).toBeCloseTo(1 + i / 30, 5));
    const heard = isSilent ? [] : await packets(out.joined('audio', 'main'));
    heard.forEach(({ pts }, i) => expect(pts).toBeCloseTo(1 + (i * AAC_FRAME) / 48_000, 4));
  });

  it('segments of copied, encoded and heard renditions begin at the same times', async () => {
    const { result, plan } = await sliced('closed.mp4');
    expect(result.renditions.map(({ kind, name }) => `${kind}/${name}`).toSorted()).toEqual([
      'audio/main',
      'video/180p',
      'video/90p',
    ]);
    const starts = (kind: string, name: string) => {
      const { segments } = result.renditions.find((one) => one.kind === kind && one.name === name)!;
      return segments.map((_, i) => segments.slice(0, i).reduce((sum, { duration }) => sum + duration, 0));
    };
    expect(starts('video', '180p')).toHaveLength(plan.segments!.count);
    starts('video', '90p').forEach((start, i) => expect(start).toBeCloseTo(starts('video', '180p')[i]!, 6));
    starts('audio', 'main').forEach((start, i) => {
      expect(start - starts('video', '180p')[i]!).toBeGreaterThan(-0.001);
      expect(start - starts('video', '180p')[i]!).toBeLessThan(AAC_FRAME / 48_000 + 0.001);
    });
  });

  it('is decoded by somebody else without an error, every picture and the whole tone', async () => {
    const out = await sliced('closed.mp4');
    const hashes = async (path: string) =>
      (await ffmpeg('-i', path, '-map', '0:v', '-fps_mode', 'passthrough', '-f', 'framemd5', '-'))
        .split('\n')
        .filter((line) => line.startsWith('0,'))
        .map((line) => line.split(',').at(-1));
    expect(await hashes(out.joined('video', '180p'))).toEqual(await hashes(at('closed.mp4')));
    const heard = await samples(out.joined('audio', 'main'));
    // Gapless: as much as 14 s, within the frame that a track may end with.
    expect(Math.abs(heard.length - 14 * 48_000)).toBeLessThan(2 * AAC_FRAME);
  });

  it('the same again is the same bytes', async () => {
    const all = ({ files }: Encoded) => [...files].map(([name, { bytes }]) => `${name} ${sha(bytes)}`).toSorted();
    expect(all(await sliced('closed.mp4'))).toEqual(all(await sliced('closed.mp4')));
  });

  it('reads each byte of the source once, in groups that grow', async () => {
    await ffmpeg(...picture(60, '640x360'), ...tone(60), ...X264, '-b:v', '4M', '-g', '60', ...AAC, at('long.mp4'));
    const { table, info } = await look('long.mp4', { ladder: [360, 180] });
    const source = { bucket: 'sources', key: 'x', info };
    const { plan, chunks } = planSlicing(
      { videoId: VIDEO_ID, revision: 1, execution: 'run', source },
      { ...COPYING, ladder: [360, 180] },
      asLarge(table!),
    );
    const groups = chunks.filter(({ copy }) => copy);
    const lengths = groups.map(({ segments }) => segments!);
    expect(lengths[0]).toBe(3);
    expect(lengths.slice(1, -1).every((length, i) => length > lengths[i]!)).toBe(true);
    expect(lengths.reduce((a, b) => a + b, 0)).toBe(plan.segments!.count);
    const file = await fileSource(at('long.mp4'));
    for (const chunk of groups) {
      const range = { firstSegment: chunk.firstSegment, segments: chunk.segments! };
      const part = table!.copied!.part(range, { video: plan.video[0]!.name, sounds: ['main'] });
      await copyGroup({ chunk, table: copyTable.parse(part), source: file, put: async () => undefined });
    }
    expect(file.readBytes / file.size).toBeLessThan(1.1);
  });

  it('a source that ends before its index says is an error, not a shorter segment', async () => {
    const { table, info } = await look('closed.mp4');
    const source = { bucket: 'sources', key: 'x', info };
    const { chunks } = planSlicing({ videoId: VIDEO_ID, revision: 1, execution: 'run', source }, COPYING, table);
    const chunk = chunks.findLast(({ copy }) => copy)!;
    const range = { firstSegment: chunk.firstSegment, segments: chunk.segments! };
    const whole = await fileSource(at('closed.mp4'));
    const part = table!.copied!.part(range, { video: '180p', sounds: ['main'] });
    const last = Math.max(...part.tracks.flatMap(({ offset }) => offset));
    const cut = {
      size: last,
      read: async (from: number, length: number) => whole.read(from, Math.min(length, last - from)),
    };
    await expect(copyGroup({ chunk, table: part, source: cut, put: async () => undefined })).rejects.toThrow(
      /ends before/,
    );
  });

  it('what describes it is read by somebody else: size, codec, rate', async () => {
    const { files } = await sliced('closed.mp4');
    const init = (name: string) => readTracks(need(files.get(name)!.bytes, ['moov'], 8))[0]!;
    expect(init('video/180p/init.mp4').timescale).toBe(15_360);
    expect(init('audio/main/init.mp4').timescale).toBe(48_000);
  });
});

describe('sound alone', () => {
  it('is copied: every packet, cut where frames begin, in groups that grow', async () => {
    const two = ['-map', '0', '-map', '1', '-metadata:s:a:1', 'language=ger'];
    await ffmpeg(...tone(90), ...tone(90), ...two, ...AAC, '-c:a:1', 'libmp3lame', at('two.mp4'));
    const out = await sliced('two.mp4');
    expect(out.plan.video).toEqual([]);
    expect(out.plan.audio.map(({ copied }) => copied)).toEqual([true, undefined]);
    const groups = out.chunks.filter(({ copy }) => copy);
    expect(groups.length).toBeGreaterThan(2);
    expect(out.chunks.filter(({ along }) => along)).toMatchObject([{ firstSegment: 1, segments: 1 }]);
    expect(await publishedHashes(out.joined('audio', 'main'))).toEqual((await hashesOf('two.mp4', 0)).slice(1));
    for (const { name } of out.plan.audio) {
      const found = await packets(out.joined('audio', name));
      found.forEach(({ pts }, i) => expect(pts).toBeCloseTo(1 + (i * AAC_FRAME) / 48_000, 4));
      expect(Math.abs(found.length * AAC_FRAME - 90 * 48_000)).toBeLessThan(2 * AAC_FRAME);
    }
    const [first, second] = out.result.renditions.map(({ segments }) => segments.map(({ duration }) => duration));
    expect(first!.length).toBe(45);
    first!.forEach((duration, i) => expect(Math.abs(duration - second![i]!)).toBeLessThan(0.03));
  });

  it('is encoded where that is another codec, or has words to read along', async () => {
    await ffmpeg(...tone(8), '-c:a', 'libmp3lame', at('mp3.mp4'));
    expect((await look('mp3.mp4')).table).toMatchObject({ copied: undefined });
    await writeFile(at('said.srt'), '1\n00:00:01,000 --> 00:00:02,000\na\n');
    await ffmpeg(
      ...tone(8),
      '-i',
      at('said.srt'),
      '-map',
      '0',
      '-map',
      '1',
      ...AAC,
      '-c:s',
      'mov_text',
      at('said.mp4'),
    );
    const out = await sliced('said.mp4');
    expect(out.plan.audio[0]!.copied).toBeUndefined();
    expect(out.texts[0]!.cues).toMatchObject([{ text: 'a' }]);
  });
});

describe('sound that is not copied beside a picture that is', () => {
  it.each([
    ['MP3', ['-c:a', 'libmp3lame']],
    ['AAC of 5.1', ['-ac', '6', '-c:a', 'aac']],
  ])('%s is encoded in pieces without a picture', async (_, codec) => {
    await ffmpeg(...picture(14, '320x180', '30'), ...tone(14), ...X264, '-g', '45', ...codec, at('other.mp4'));
    const out = await sliced('other.mp4');
    expect(out.plan.video[0]!.copied).toBe(true);
    expect(out.plan.audio[0]!.copied).toBeUndefined();
    const pieces = out.chunks.filter(({ only }) => only?.join() === 'audio/main');
    expect(pieces.length).toBe(2);
    expect(pieces[0]!.segments).toBe(out.chunks.find(({ copy }) => copy)!.segments);
    const found = await packets(out.joined('audio', 'main'));
    found.forEach(({ pts }, i) => expect(pts).toBeCloseTo(1 + (i * AAC_FRAME) / 48_000, 4));
    expect(found.length).toBe(Math.ceil((14 * 48_000) / AAC_FRAME));
  });
});

describe('a source with open groups of pictures', () => {
  /** Hashes of the pictures that somebody else decodes of a file. */
  const decoded = async (path: string): Promise<string[]> =>
    (await ffmpeg('-i', path, '-map', '0:v', '-fps_mode', 'passthrough', '-f', 'framemd5', '-'))
      .split('\n')
      .filter((line) => line.startsWith('0,'))
      .map((line) => line.split(',').at(-1)!.trim());

  it('and closed ones between is cut at these: each segment is decoded by itself, whole', async () => {
    const open = ['-g', '30', '-bf', '3', '-x264-params', 'open-gop=1:scenecut=0:b-adapt=0', '-forced-idr', '1'];
    const idr = ['-force_key_frames', '4,8,12'];
    await ffmpeg(...picture(16, '320x180', '30'), ...X264, ...open, ...idr, at('mixed.mp4'));
    const keyframes = (await packets(at('mixed.mp4'))).filter(({ key }) => key).length;
    expect(keyframes).toBeGreaterThan(12);
    const out = await sliced('mixed.mp4');
    expect(out.plan.video[0]).toMatchObject({ copied: true });
    const segments = out.result.renditions.find(({ name }) => name === '180p')!.segments;
    expect(segments.map(({ duration }) => duration)).toEqual([4, 4, 4, 4]);
    const all = await decoded(at('mixed.mp4'));
    const init = out.files.get('video/180p/init.mp4')!.bytes;
    let kept = 0;
    for (const [index, { name }] of segments.entries()) {
      // RFC 8216bis 4.4.2.1, EXT-X-INDEPENDENT-SEGMENTS: without information from other segments.
      const { bytes } = out.files.get(`video/180p/${name}`)!;
      await writeFile(at('alone.mp4'), Buffer.concat([init, bytes]));
      expect(await decoded(at('alone.mp4'))).toEqual(all.slice(index * 120, (index + 1) * 120));
      // And seeking finds no place to begin at that leads pictures which refer to what was before it.
      const moof = bytes.subarray(bytes.indexOf('moof', 0, 'latin1') - 4);
      const [fragment] = readFragments(moof.subarray(0, moof.readUInt32BE(0)));
      const shown = fragment!.samples.map(({ compositionOffset, duration }, i) => i * duration + compositionOffset);
      const keys = fragment!.samples.flatMap(({ flags }, i) => ((flags & NON_SYNC) === 0 ? [i] : []));
      expect(keys[0]).toBe(0);
      for (const key of keys) expect(shown.filter((time, i) => i > key && time < shown[key]!)).toEqual([]);
      kept += keys.length;
    }
    expect(kept).toBeLessThan(keyframes / 2);
  });
});

describe('what is encoded', () => {
  it.each([
    ['open groups', 'open.mp4', [...X264, '-g', '45', '-bf', '3', '-x264-params', 'open-gop=1:scenecut=0']],
    ['keyframes 20 s apart', 'sparse.mp4', [...X264, '-g', '600']],
    ['10 bits', 'deep.mp4', ['-c:v', 'libx264', '-pix_fmt', 'yuv420p10le', '-g', '45']],
    ['4:4:4', 'full.mp4', ['-c:v', 'libx264', '-pix_fmt', 'yuv444p', '-g', '45']],
    ['pixels that are not square', 'stretched.mp4', [...X264, '-vf', 'setsar=4/3', '-g', '45']],
    ['fields', 'fields.mp4', [...X264, '-flags', '+ilme+ildct', '-x264-params', 'tff=1', '-g', '45']],
    [
      'a PQ transfer',
      'pq.mp4',
      [...X264, '-color_trc', 'smpte2084', '-color_primaries', 'bt2020', '-colorspace', 'bt2020nc', '-g', '45'],
    ],
    ['another codec', 'mpeg4.mp4', ['-c:v', 'mpeg4', '-g', '45']],
    [
      'more bits than players bear',
      'heavy.mp4',
      [...X264, '-g', '45', '-b:v', '6M', '-minrate', '6M', '-maxrate', '6M', '-bufsize', '6M', '-nal-hrd', 'cbr'],
    ],
  ])('%s', async (_, name, args) => {
    const seconds = name.startsWith('sparse') ? 30 : 8;
    await ffmpeg(...picture(seconds, '320x180', '30'), ...args, at(name));
    const { table } = await look(name, name.startsWith('heavy') ? { copyMaxMbps: 4 } : {});
    expect(table).toBeDefined();
    expect(table!.copied).toBeUndefined();
  });

  it('a sample without bytes, of picture or of sound', async () => {
    const bytes = await readFile(at('closed.mp4'));
    const tables = [...bytes.toString('latin1').matchAll(/stsz/g)].map(({ index }) => index);
    expect(tables).toHaveLength(2);
    /** What is its own goes to the sample before it, so that all others stay where they are. */
    const without = async (name: string, table: number, sample: number) => {
      const changed = Buffer.from(bytes);
      const entry = table + 16 + 4 * sample;
      changed.writeUInt32BE(changed.readUInt32BE(entry - 4) + changed.readUInt32BE(entry), entry - 4);
      changed.writeUInt32BE(0, entry);
      await writeFile(at(name), changed);
      return (await look(name)).table!.copied;
    };
    expect(await without('no-picture.mp4', tables[0]!, 9)).toBeUndefined();
    const heard = await without('no-sound.mp4', tables[1]!, 9);
    expect(heard?.video).toBeDefined();
    expect(heard?.sounds).toEqual([undefined]);
  });

  it('one whose end is described otherwise than its beginning', async () => {
    const piece = async (name: string, size: string, length: number) =>
      ffmpeg(...picture(length, size, '10'), ...X264, '-g', '10', '-f', 'mpegts', at(name));
    await Promise.all([piece('long.ts', '160x90', 60), piece('short.ts', '320x180', 2)]);
    await ffmpeg('-i', at('long.ts'), '-c', 'copy', at('alone.mp4'));
    expect((await look('alone.mp4', { ladder: [180] })).table!.copied).toBeDefined();
    await writeFile(at('list.txt'), "file 'long.ts'\nfile 'short.ts'\n");
    await ffmpeg('-f', 'concat', '-i', at('list.txt'), '-c', 'copy', at('joined.mp4'));
    expect((await look('joined.mp4', { ladder: [180] })).table!.copied).toBeUndefined();
  });

  it('keyframes of which only every eighth needs nothing before it', async () => {
    await ffmpeg(...picture(128, '64x64', '5'), ...X264, '-g', '10', '-bf', '0', at('eighth.mp4'));
    expect((await look('eighth.mp4', { ladder: [180] })).table!.copied!.keyframes).toHaveLength(64);
    const bytes = await readFile(at('eighth.mp4'));
    const { samples: all } = readMovieIndex(need(bytes, ['moov'], 8), [0]).tracks[0]!;
    const keyframes = [...all.sync].flatMap((sync, i) => (sync === 1 ? [i] : []));
    for (const [position, sample] of keyframes.entries()) {
      const end = all.offset[sample]! + all.size[sample]!;
      for (let nal = all.offset[sample]!; nal < end; nal += 4 + bytes.readUInt32BE(nal)) {
        // Of an IDR picture one that is none.
        if (position % 8 !== 0 && (bytes[nal + 4]! & 31) === 5) bytes[nal + 4]! -= 4;
      }
    }
    await writeFile(at('eighth.mp4'), bytes);
    expect((await look('eighth.mp4', { ladder: [180] })).table).toMatchObject({ copied: undefined });
  });

  it('a rotated one, and one whose beginning is cut off by an edit list', async () => {
    await ffmpeg('-i', at('closed.mp4'), '-c', 'copy', '-metadata:s:v', 'rotate=90', at('rotated.mp4'));
    expect((await look('rotated.mp4')).table!.copied).toBeUndefined();
    await ffmpeg('-ss', '0.7', '-i', at('closed.mp4'), '-c', 'copy', at('edited.mp4'));
    expect((await look('edited.mp4')).table!.copied).toBeUndefined();
  });

  it('one that the container shows otherwise than its own parameters say', async () => {
    const copied = async (name: string) => (await look(name)).table!.copied?.video;
    await ffmpeg('-i', at('closed.mp4'), '-c', 'copy', '-aspect', '4:3', at('aspect.mp4'));
    expect(await copied('aspect.mp4')).toBeUndefined();
    const bytes = await readFile(at('closed.mp4'));
    /** The matrix that is so far behind a header's name (14496-12 8.2.2, 8.3.2, version 0) says upside down. */
    const mirrored = async (name: string, header: string, place: number) => {
      const changed = Buffer.from(bytes);
      changed.writeInt32BE(-0x1_0000, changed.indexOf(header, 0, 'latin1') + 4 + place + 16);
      await writeFile(at(name), changed);
      return copied(name);
    };
    expect(await mirrored('mirrored.mp4', 'tkhd', 40)).toBeUndefined();
    expect(await mirrored('all-mirrored.mp4', 'mvhd', 36)).toBeUndefined();
    /** What comes at the end of the picture's description; the index is last, so nothing moves that it names. */
    const described = async (name: string, more: Buffer) => {
      const within = (type: string, body: Buffer): Buffer => {
        if (type === 'avc1') return Buffer.concat([body, more]);
        if (type === 'stsd') return Buffer.concat([body.subarray(0, 8), inside(body.subarray(8))]);
        return ['moov', 'trak', 'mdia', 'minf', 'stbl'].includes(type) ? inside(body) : body;
      };
      const inside = (body: Buffer) =>
        Buffer.concat([...boxes(body)].map((one) => box(one.type, within(one.type, one.body))));
      await writeFile(at(name), inside(bytes));
      return copied(name);
    };
    const colr = (transfer: number, range: number) =>
      box('colr', Buffer.from('nclx'), Buffer.from([0, 9, 0, transfer, 0, 9, range << 7]));
    expect(await described('said-pq.mp4', colr(16, 0))).toBeUndefined();
    expect(await described('said-full.mp4', colr(1, 1))).toBeUndefined();
    expect(await described('said-limited.mp4', colr(1, 0))).toBeDefined();
    expect(await described('ended.mp4', Buffer.alloc(4))).toBeDefined();
    // Less than what is coded: the container's size, within the last blocks.
    const cropped = Buffer.from(bytes);
    cropped.writeUInt16BE(178, cropped.indexOf('avc1', cropped.indexOf('stsd'), 'latin1') + 4 + 26);
    await writeFile(at('cropped.mp4'), cropped);
    expect((await look('cropped.mp4')).info.video.height).toBe(178);
    expect(await copied('cropped.mp4')).toBeUndefined();
  });

  it('everything, where the configuration says so, or the ladder ends below it', async () => {
    expect((await look('closed.mp4', { copyMaxMbps: 0 })).table!.copied).toBeUndefined();
    expect((await look('closed.mp4', { ladder: [90] })).table!.copied).toBeUndefined();
    expect((await look('closed.mp4')).table!.copied).toBeDefined();
  });
});

describe('nothing can be copied', () => {
  it('a low rung of the first minutes is made ahead, and its bytes are those of the whole ladder', async () => {
    await ffmpeg(...picture(14, '320x180', '30'), ...tone(14), ...X264, '-g', '45', ...AAC, at('ahead.mp4'));
    const options = { ...OPTIONS, chunkSeconds: 4 };
    const ahead = await encodeFile(at('ahead.mp4'), await look('ahead.mp4', { copyMaxMbps: 0 }), options);
    expect(ahead.chunks[0]!.only).toEqual(['video/180p', 'audio/main']);
    const files = new Map(ahead.files);
    const together = ahead.chunks
      .filter(({ only }) => only?.join() === 'video/90p')
      .map(({ only: __, ...chunk }) => chunk);
    expect(together.length).toBeGreaterThan(1);
    // The same chunks, all rungs from one decode.
    const again = await encodeFile(at('ahead.mp4'), await look('ahead.mp4', { copyMaxMbps: 0 }), options, {
      chunks: together.map((chunk, index) => ({ ...chunk, index })),
    });
    // Those of the first chunk, of which both made the same stretch.
    const names = [1, 2].map((number) => `video/180p/0000${number}.m4s`);
    expect(ahead.chunks[0]!.segments).toBe(2);
    for (const name of [...names, 'video/180p/init.mp4', 'audio/main/00001.m4s'])
      expect(sha(again.files.get(name)!.bytes)).toBe(sha(files.get(name)!.bytes));
  });
});
