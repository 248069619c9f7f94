/** Several sound tracks: each one a rendition of its own, in step with the picture and called what the file calls it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawCover } from '../../../lambdas/slicing/poster.ts';
import { inspect, type Inspected } from '../../../lambdas/slicing/inspect.ts';
import { describe as describeRendition } from '../../../lambdas/slicing/playlists.ts';
import { cueText } from '../../../lambdas/slicing/text-payload.ts';
import { MAX_SOUND_TRACKS } from '../../../lib/contract/source.ts';
import { encodeFile, ffmpeg, fileSource, H264, packets, picture, samples, workFolder, type Encoded } from './media.ts';
import { OPTIONS } from './options.ts';

let folder: string;
let remove: () => Promise<void>;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  ({ folder, remove } = await workFolder());
});
afterAll(() => remove());

async function look(name: string): Promise<Inspected> {
  const options = { ...OPTIONS, chunkSeconds: 4 };
  const source = await fileSource(at(name));
  return inspect({ source, path: at('stand-in'), fetchWhole: async () => undefined, options, timeoutMs: 30_000 });
}

const sine = (hertz: number, seconds: number) => ['-f', 'lavfi', '-i', `sine=f=${hertz}:r=48000:d=${seconds}`];

/** Tones in a second of mono samples at 48 kHz: how often they rise through 0. */
function hertz(heard: Int16Array, second: number): number {
  let rising = 0;
  for (let i = second * 48_000; i < (second + 1) * 48_000; i += 1) {
    if ((heard[i] ?? 0) <= 0 && (heard[i + 1] ?? 0) > 0) rising += 1;
  }
  return rising;
}

async function heardIn(out: Encoded, seconds: readonly number[]): Promise<Record<string, number[]>> {
  const entries = out.plan.audio.map(async ({ name }) => {
    const heard = await samples(out.joined('audio', name));
    return [name, seconds.map((second) => hertz(heard, second))] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Three tracks: English; German and default; a German commentary that begins at 5 s. */
const THREE = [
  [picture(9), sine(300, 9), sine(600, 9), ['-itsoffset', '5'], sine(900, 4)].flat(),
  ['-map', '0', '-map', '1', '-map', '2', '-map', '3', ...H264, '-g', '30', '-c:a', 'aac'],
  ['-metadata:s:a:0', 'language=eng', '-metadata:s:a:1', 'language=ger', '-metadata:s:a:2', 'language=ger'],
  ['-metadata:s:a:2', 'title=Regie "live" {$auth}', '-disposition:a:0', '0', '-disposition:a:1', 'default'],
].flat();

const close = (values: number[] | undefined, expected: number[], off = 2): void => {
  expected.forEach((value, index) => expect(Math.abs(values![index]! - value)).toBeLessThanOrEqual(off));
};

describe('several sound tracks', () => {
  it.each(['three.mp4', 'three.mkv'])('%s: each a rendition, the default one first', async (name) => {
    await ffmpeg(...THREE, at(name));
    const found = await look(name);
    // This maker's MP4 has no names for tracks.
    const title = name.endsWith('mkv') ? 'Regie ’live’ {auth}' : undefined;
    expect(found.info.audio.map(({ language, title }) => [language, title])).toEqual([
      ['de', undefined],
      ['en', undefined],
      ['de', title],
    ]);
    expect(found.table === undefined).toBe(name.endsWith('mkv'));
    const out = await encodeFile(at(name), found);
    if (found.table) expect(out.chunks.length).toBeGreaterThan(1);
    const described = out.result.renditions.map((rendition) => describeRendition(rendition, out.plan));
    expect(described.filter(({ kind }) => kind === 'audio')).toMatchObject([
      { name: 'main', language: 'de', label: 'Deutsch', channels: 1 },
      { name: 'main2', language: 'en', label: 'English', channels: 1 },
      { name: 'main3', language: 'de', label: title ?? 'Deutsch 2', channels: 1 },
    ]);
    const { main, main2, main3 } = await heardIn(out, [1, 3, 6]);
    close(main, [600, 600, 600]);
    close(main2, [300, 300, 300]);
    close(main3, [0, 0, 900]);
    const lengths = out.result.renditions.map(({ segments }) =>
      segments.reduce((sum, { duration }) => sum + duration, 0),
    );
    for (const length of lengths) expect(length).toBeCloseTo(9, 1);
    // Cut at the same times, so that a change of language is one of segments.
    expect(new Set(out.result.renditions.map(({ segments }) => segments.length)).size).toBe(1);
  });

  it('no more of them than may be, the default one among them', async () => {
    const tracks = Array.from({ length: MAX_SOUND_TRACKS + 2 }, (_, i) => ['-map', '1', `-disposition:a:${i}`, '0']);
    const last = [`-disposition:a:${MAX_SOUND_TRACKS + 1}`, 'default'];
    await ffmpeg(
      ...[picture(1), sine(300, 1), ['-map', '0'], ...tracks, last, H264].flat(),
      '-c:a',
      'aac',
      at('many.mp4'),
    );
    const { info } = await look('many.mp4');
    expect(info.audio).toHaveLength(MAX_SOUND_TRACKS);
    expect(info.audio[0]).toMatchObject({ index: MAX_SOUND_TRACKS + 2, default: true });
  });
});

describe('sound alone', () => {
  it.each(['m4a', 'ogg', 'mkv', 'wav'])('in %s: one rendition a track, cut and as long as it is', async (ending) => {
    const codec = ending === 'wav' ? 'pcm_s16le' : ending === 'ogg' ? 'libvorbis' : 'aac';
    await ffmpeg(...sine(440, 7), '-ac', '2', '-c:a', codec, at(`alone.${ending}`));
    const found = await look(`alone.${ending}`);
    const out = await encodeFile(at(`alone.${ending}`), found);
    expect(out.plan.video).toEqual([]);
    expect(out.result.renditions.map(({ kind, name, segments }) => [kind, name, segments.length])).toEqual([
      ['audio', 'main', 4],
    ]);
    const { segments } = out.result.renditions[0]!;
    expect(segments.reduce((sum, { duration }) => sum + duration, 0)).toBeCloseTo(7, 1);
    close((await heardIn(out, [1, 3, 5]))['main'], [440, 440, 440]);
  });

  it.each([
    ['two.m4a', ['-map', '0', '-map', '1', '-c:a', 'aac']],
    ['long.mp4', ['-c:a', 'aac', '-movflags', 'frag_keyframe+empty_moov', '-frag_duration', '500000']],
    ['long.mov', ['-c:a', 'pcm_s24le']],
  ])('%s is made in pieces of minutes, each second at its place', async (name, args) => {
    const higher = 'aevalsrc=0.3*sin(2*PI*t*(300+floor(t/60)*100)):s=48000:d=260';
    const isTwo = name === 'two.m4a';
    await ffmpeg('-f', 'lavfi', '-i', higher, ...(isTwo ? sine(700, 260) : []), ...args, at(name));
    const found = await look(name);
    expect(found.table!.seconds).toBeCloseTo(260, 1);
    const out = await encodeFile(at(name), found);
    // The first as long as a player wants it, the others four minutes.
    expect(out.plan.growing).toBe(true);
    expect(out.chunks.length).toBe(3);
    expect(out.chunks[0]!.duration).toBeLessThan(10);
    const heard = await heardIn(out, [1, 59, 61, 200, 255]);
    close(heard['main'], [300, 300, 400, 600, 700], 3);
    if (isTwo) close(heard['main2'], [700, 700, 700, 700, 700], 3);
    const times = await packets(out.joined('audio', 'main'));
    times.forEach(({ pts }, i) => expect(pts).toBeCloseTo(1 + (i * 1024) / 48_000, 3));
    expect(Math.abs(times.length * 1024 - 260 * 48_000)).toBeLessThan(2 * 1024);
  });

  it('with a cover has that for a poster', async () => {
    await ffmpeg(...picture(1, '640x640'), '-frames:v', '1', '-c:v', 'mjpeg', '-f', 'image2', at('art.jpg'));
    const cover = ['-map', '0', '-map', '1', '-c:a', 'aac', '-c:v', 'copy', '-disposition:v:0', 'attached_pic'];
    await ffmpeg(...sine(440, 2), '-i', at('art.jpg'), ...cover, at('song.mp4'));
    const { info } = await look('song.mp4');
    const jpeg = await drawCover(at('song.mp4'), info.cover!);
    expect(jpeg.subarray(0, 2).toString('hex')).toBe('ffd8');
    await writeFile(at('poster.jpg'), jpeg);
    expect(await ffmpeg('-i', at('poster.jpg'), '-f', 'null', '-')).toBe('');
  });
});

describe('text inside the file', () => {
  const SRT = [
    [0.5, 2, 'Grüße & <i>Küsse</i>'],
    [3.9, 4.4, 'über die Grenze'],
    [8, 8.9, 'spät {\\an8}oben'],
  ] as const;
  const clock = (seconds: number): string => `00:00:0${seconds.toFixed(3).replace('.', ',')}`;
  const srt = SRT.map(([start, end, text], i) => `${i + 1}\n${clock(start)} --> ${clock(end)}\n${text}\n`).join('\n');
  const NINE = [...picture(9), ...sine(300, 9)];
  const made = ['-map', '0', '-map', '1', '-map', '2', ...H264, '-g', '30', '-c:a', 'aac'];

  it('of more than 64 KiB is no text, and is not read', async () => {
    await writeFile(at('said.srt'), srt);
    await ffmpeg(...NINE, '-i', at('said.srt'), ...made, '-c:s', 'mov_text', at('large.mp4'));
    const bytes = await readFile(at('large.mp4'));
    const text = bytes.lastIndexOf('stsz');
    const sizes = Array.from({ length: bytes.readUInt32BE(text + 12) }, (_, i) => text + 16 + 4 * i);
    const [said] = sizes.filter((entry) => bytes.readUInt32BE(entry) > 2);
    bytes.writeUInt32BE(64 * 1024 + 1, said);
    const free = Buffer.alloc(128 * 1024);
    free.writeUInt32BE(free.length);
    free.write('free', 4, 'latin1');
    await writeFile(at('large.mp4'), Buffer.concat([bytes, free]));
    const { table } = await look('large.mp4');
    const parts = table!.chunks.map((chunk) => table!.part(chunk).texts![0]!);
    expect(parts.flatMap(({ size }) => size)).toHaveLength(SRT.length - 1);
  });

  it.each([
    ['mp4', 'mov_text'],
    ['mkv', 'subrip'],
    ['mkv', 'ass'],
    ['mkv', 'webvtt'],
    ['mov', 'mov_text'],
  ])('in %s as %s: every cue once, at its time, with its language', async (ending, codec) => {
    await writeFile(at('said.srt'), srt);
    const name = `said-${codec}.${ending}`;
    await ffmpeg(
      ...[NINE, ['-i', at('said.srt')], made, ['-c:s', codec, '-metadata:s:s:0', 'language=ger', at(name)]].flat(),
    );
    const found = await look(name);
    expect(found.info.texts).toMatchObject([{ index: 2, language: 'de', codec }]);
    const out = await encodeFile(at(name), found);
    if (ending !== 'mkv') expect(out.chunks.length).toBeGreaterThan(1);
    const [text, ...none] = out.texts;
    expect(none).toEqual([]);
    expect(text!.track).toEqual({ id: 'r1s2', language: 'de', label: 'Deutsch', origin: 'file', cues: 3 });
    const said = text!.cues.map(({ start, end, text: words }) => [start.toFixed(2), end.toFixed(2), words]);
    // Matroska's maker begins with the encoder's own frame of sound, 21 ms before the picture, which is shown from there.
    const off = ending === 'mkv' ? 0.03 : 0.006;
    close(
      said.map(([start]) => Number(start)),
      SRT.map(([start]) => start),
      off,
    );
    close(
      said.map(([, end]) => Number(end)),
      SRT.map(([, end]) => end),
      off,
    );
    const italic = codec === 'subrip' || codec === 'webvtt' ? '<i>Küsse</i>' : 'Küsse';
    expect(said[0]![2]).toBe(`Grüße &amp; ${italic}`);
    expect(said[1]![2]).toBe('über die Grenze');
    expect(said[2]![2]).toMatch(/^spät .*oben$/);
  });

  it('keeps its place where picture and sound begin late', async () => {
    await writeFile(at('said.srt'), srt);
    const late = [
      '-itsoffset',
      '1',
      ...picture(8),
      '-itsoffset',
      '1',
      ...sine(300, 8),
      '-itsoffset',
      '1',
      '-i',
      at('said.srt'),
    ];
    await ffmpeg(...late, ...made, '-fps_mode', 'passthrough', '-c:s', 'mov_text', at('late.mp4'));
    const out = await encodeFile(at('late.mp4'), await look('late.mp4'));
    // The first frame of sound is the encoder's own, 23 ms before the rest.
    close(
      out.texts[0]!.cues.map(({ start }) => start),
      [0.5, 3.9, 8],
      0.03,
    );
  });

  it('is escaped, and without what draws', () => {
    expect(cueText('mov_text', Buffer.from([0]))).toBe('');
    expect(cueText('mov_text', Buffer.from([0xff, 0xff, 0x41]))).toBe('A');
    expect(cueText('mov_text', Buffer.from([0, 4, 0xfe, 0xff, 0, 0x41, 9, 9]))).toBe('A');
    expect(cueText('ass', Buffer.from('0,0,Default,,0,0,0,,{\\pos(1,2)}a, b\\Nc'))).toBe('a, b\nc');
    expect(cueText('ass', Buffer.from('0,0,Default,,0,0,0,,{\\p1}m 0 0 l 1 1'))).toBe('');
    expect(cueText('text', Buffer.from('a <b>\n\n --> c'))).toBe('a &lt;b&gt;\n--&gt; c');
  });
});
