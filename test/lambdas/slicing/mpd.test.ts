/** The DASH manifest: as text, as another's parser reads it, and against the segments it lists. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, type Manifest } from 'mpd-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspect } from '../../../lambdas/slicing/inspect.ts';
import { mpd } from '../../../lambdas/slicing/mpd.ts';
import { planSlicing } from '../../../lambdas/slicing/plan.ts';
import type { MergedRendition } from '../../../lambdas/slicing/playlists.ts';
import { TICKET } from '../playback/fixture.ts';
import { personalMpd } from '../../../lambdas/playback/dash.ts';
import type { Plan } from '../../../lib/contract/plan.ts';
import type { SlicingOptions } from '../../../lib/contract/slicing.ts';
import type { SourceInfo } from '../../../lib/contract/source.ts';
import { encodeFile, ffmpeg, fileSource, H264, packets, picture, tone, workFolder } from './media.ts';
import { OPTIONS, VIDEO_ID } from './options.ts';

const info = {
  container: 'mov',
  bytes: 1,
  duration: 14,
  video: {
    index: 0,
    codec: 'h264',
    duration: 14,
    width: 1280,
    height: 720,
    rotation: 0,
    frameRate: 30_000 / 1001,
    bitDepth: 8,
    interlaced: false,
    rgb: false,
  },
  audio: [
    { index: 1, codec: 'aac', channels: 2, sampleRate: 48_000, language: 'de', default: true },
    { index: 2, codec: 'aac', channels: 2, sampleRate: 48_000, title: 'R&D <b>', default: false },
  ],
} satisfies SourceInfo;
const planned = (options: Partial<SlicingOptions> = {}): Plan =>
  planSlicing(
    { videoId: VIDEO_ID, revision: 2, execution: 'run', source: { bucket: 'b', key: 'k', info } },
    { ...OPTIONS, ladder: [720, 360], ...options },
  ).plan;

const rung = (name: string, ticks: readonly number[], over: Partial<MergedRendition> = {}): MergedRendition => ({
  kind: 'video',
  name,
  codecs: 'avc1.64001f',
  timescale: 30_000,
  segments: ticks.map((one, index) => ({
    name: `${index + 1}`.padStart(5, '0'),
    duration: one / 30_000,
    bytes: 90_000,
    frames: one / 1001,
  })),
  ...over,
});
const CUTS = [180_180, 180_180, 60_060];
const SOUND: MergedRendition = {
  kind: 'audio',
  name: 'main',
  codecs: 'mp4a.40.2',
  timescale: 48_000,
  segments: [288_768, 287_744, 96_256].map((ticks, i) => ({
    name: `0000${i + 1}.m4s`,
    duration: ticks / 48_000,
    bytes: 90_000,
  })),
};

const TEXT = `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019" type="static" mediaPresentationDuration="PT14.014S" minBufferTime="PT6S" maxSegmentDuration="PT6.016S">
<BaseURL>/vod/abcdefghij0123456789/r2/</BaseURL>
<Period id="1" start="PT0S">
<AdaptationSet contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">
<Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
<SegmentTemplate timescale="30000" presentationTimeOffset="30000" startNumber="1" initialization="$RepresentationID$/init.mp4?{$auth}" media="$RepresentationID$/$Number%05d$.m4s?{$auth}">
<SegmentTimeline>
<S t="30000" d="180180" r="1"/>
<S d="60060"/>
</SegmentTimeline>
</SegmentTemplate>
<Representation id="video/720p" bandwidth="179821" codecs="avc1.64001f" width="1280" height="720" frameRate="30000/1001" sar="1:1"/>
<Representation id="video/360p" bandwidth="179821" codecs="avc1.64001f" width="640" height="360" frameRate="30000/1001" sar="1:1"/>
</AdaptationSet>
<AdaptationSet contentType="audio" mimeType="audio/mp4" segmentAlignment="true" startWithSAP="1" lang="de">
<Label>Deutsch</Label>
<Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
<SegmentTemplate timescale="48000" presentationTimeOffset="48000" startNumber="1" initialization="$RepresentationID$/init.mp4?{$auth}" media="$RepresentationID$/$Number%05d$.m4s?{$auth}">
<SegmentTimeline>
<S t="48000" d="288768"/>
<S d="287744"/>
<S d="96256"/>
</SegmentTimeline>
</SegmentTemplate>
<Representation id="audio/main" bandwidth="180000" codecs="mp4a.40.2" audioSamplingRate="48000">
<AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
</Representation>
</AdaptationSet>
</Period>
</MPD>
`;

const read = (text: string): Manifest => parse(text, { manifestUri: 'https://video.example/api/play/x/manifest.mpd' });
const soundOf = ({ mediaGroups }: Manifest) =>
  Object.values(mediaGroups.AUDIO)
    .flatMap((group) => Object.values(group))
    .flatMap(({ playlists }) => playlists);

describe('the text', () => {
  const renditions = [rung('720p', CUTS), rung('360p', CUTS), SOUND];
  it('is this, to the byte', () => {
    expect(mpd(renditions, planned())).toBe(TEXT);
  });

  it('for one viewer has the signature in every address', () => {
    const query = 'Policy=a_b~c&Key-Pair-Id=K&Signature=x-y&Hash-Algorithm=SHA256';
    const manifest = read(personalMpd(TEXT, TICKET, query, { id: VIDEO_ID }));
    const base = `https://video.example/vod/${VIDEO_ID}/s/${TICKET}/r2/video/720p`;
    const [first] = manifest.playlists;
    expect(first!.segments.map(({ resolvedUri }) => resolvedUri)).toEqual(
      ['00001', '00002', '00003'].map((name) => `${base}/${name}.m4s?${query}`),
    );
    expect(first!.segments[0]!.map.resolvedUri).toBe(`${base}/init.mp4?${query}`);
    expect(soundOf(manifest)[0]!.segments[2]!.resolvedUri).toBe(
      `https://video.example/vod/${VIDEO_ID}/s/${TICKET}/r2/audio/main/00003.m4s?${query}`,
    );
    const bare = personalMpd(TEXT, TICKET, undefined, { id: VIDEO_ID });
    expect(bare).not.toMatch(/[?{}]auth|\?"/);
    expect(read(bare).playlists[0]!.segments[0]!.resolvedUri).toBe(`${base}/00001.m4s`);
  });

  it('for one viewer lists the captions there are now, each by its file', () => {
    const texts = [
      { id: 't1', language: 'de', label: 'Deutsch', origin: 'added', cues: 2 },
      { id: 't2', label: 'R&D <b>', origin: 'file', cues: 1 },
    ] as const;
    const text = personalMpd(TEXT, TICKET, 'a=1&b=2', { id: VIDEO_ID, texts: [...texts] });
    expect(text).toContain(
      'lang="de">\n<Label>Deutsch</Label>\n<Role schemeIdUri="urn:mpeg:dash:role:2011" value="subtitle"/>',
    );
    expect(text).toContain('<Label>R&amp;D &lt;b&gt;</Label>');
    const groups = Object.values(read(text).mediaGroups.SUBTITLES['subs']!);
    expect(groups.map(({ playlists }) => playlists[0]!.segments[0]!.resolvedUri)).toEqual(
      ['t1', 't2'].map((id) => `https://video.example/vod/${VIDEO_ID}/s/${TICKET}/text/${id}.vtt?a=1&b=2`),
    );
  });

  it('of a rung with other segments than the rest says them for each', () => {
    const manifest = read(mpd([rung('720p', CUTS), rung('360p', [240_240, 180_180])], planned())!);
    expect(manifest.playlists.map(({ segments }) => segments.map(({ duration }) => duration))).toEqual([
      [6.006, 6.006, 2.002],
      [8.008, 6.006],
    ]);
  });

  it('has each track of sound by its language and name, which is text', () => {
    const text = mpd([rung('720p', CUTS), SOUND, { ...SOUND, name: 'main2' }], planned())!;
    expect(text.match(/<(AdaptationSet contentType="audio".*|Label.*|Role.*)/g)!.slice(1)).toEqual([
      '<AdaptationSet contentType="audio" mimeType="audio/mp4" segmentAlignment="true" startWithSAP="1" lang="de">',
      '<Label>Deutsch</Label>',
      '<Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>',
      '<AdaptationSet contentType="audio" mimeType="audio/mp4" segmentAlignment="true" startWithSAP="1">',
      '<Label>R&amp;D &lt;b&gt;</Label>',
      '<Role schemeIdUri="urn:mpeg:dash:role:2011" value="alternate"/>',
    ]);
    expect(soundOf(read(text))).toHaveLength(2);
  });

  it('of odd rates is a fraction, as DASH wants it', () => {
    const rates = [24, 25, 24_000 / 1001, 60_000 / 1001, 12.5, 17.123].map((frameRate) => {
      const plan = planned();
      const video = { ...info.video, frameRate };
      const one = rung('720p', [30_000 * 6], { segments: [{ name: 'a', duration: 6, bytes: 1 }] });
      const own = {
        ...plan,
        source: { ...plan.source, info: { ...info, video } },
        video: plan.video.map((r) => ({ ...r, frameRate })),
      };
      return /frameRate="([^"]+)"/.exec(mpd([one], own)!)![1];
    });
    expect(rates).toEqual(['24', '25', '24000/1001', '60000/1001', '12500/1000', '17123/1000']);
  });

  it('is not made of what DASH does not have', () => {
    expect(mpd(renditions, planned({ segmentType: 'mpegts' }))).toBeUndefined();
    expect(mpd([rung('720p', CUTS, { timescale: undefined })], planned())).toBeUndefined();
  });
});

describe('against the segments', () => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ folder, remove } = await workFolder());
  });
  afterAll(() => remove());

  it.each([
    ['in chunks, 29.97 frames/s', 'a.mp4', '30000/1001', 0],
    ['whole, 25 frames/s', 'a.mkv', '25', 0],
    ['copied, beside a rung that is encoded', 'copied.mp4', '30', 16],
  ])('%s: each begins at its tick and the next where it ends', async (_, name, rate, copyMaxMbps) => {
    const path = join(folder, name);
    await ffmpeg(...picture(9, '320x180', rate), ...tone(9), ...H264, '-g', '50', '-bf', '2', '-c:a', 'aac', path);
    const options = { ...OPTIONS, chunkSeconds: 4, copyMaxMbps };
    const source = await fileSource(path);
    const found = await inspect({
      source,
      path: join(folder, 'stand-in'),
      fetchWhole: async () => undefined,
      options,
      timeoutMs: 30_000,
    });
    const encoded = await encodeFile(path, found, options);
    expect(encoded.plan.video.some(({ copied }) => copied)).toBe(copyMaxMbps > 0);
    const text = mpd(encoded.result.renditions, encoded.plan)!;
    const manifest = read(personalMpd(text, TICKET, 'q=1', { id: VIDEO_ID }));
    expect(manifest.duration).toBeCloseTo(9, 1);
    const all = [...manifest.playlists, ...soundOf(manifest)];
    expect(all.length).toBe(encoded.result.renditions.length);
    for (const { segments, attributes } of all) {
      const id = String(attributes['NAME'] ?? attributes['id']);
      const init = await readFile(join(`${path}.out`, `${id}/init.mp4`));
      expect(segments.length).toBeGreaterThan(3);
      let time = 0;
      for (const segment of segments) {
        const file = new URL(segment.resolvedUri).pathname.replace(`/vod/${VIDEO_ID}/s/${TICKET}/r1/`, '');
        const piece = join(folder, 'piece.mp4');
        await writeFile(piece, Buffer.concat([init, await readFile(join(`${path}.out`, file))]));
        const begins = Math.min(...(await packets(piece)).map(({ pts }) => pts));
        expect(begins, file).toBeCloseTo(1 + time, 5);
        expect(segment.presentationTime).toBeCloseTo(time, 5);
        time += segment.duration;
      }
    }
  });
});
