import * as HLS from 'hls-parser';
import { Parser } from 'm3u8-parser';
import { describe, expect, it } from 'vitest';
import {
  averageBitrate,
  describe as describeRendition,
  grown,
  growingHead,
  mediaPlaylist,
  merge,
  MergeError,
  peakBitrate,
  targetDuration,
  type MergedRendition,
} from '../../../lambdas/slicing/playlists.ts';
import { keyTags } from '../../../lambdas/slicing/key-tags.ts';
import { posterRung, segmentAt } from '../../../lambdas/slicing/poster.ts';
import { planSlicing } from '../../../lambdas/slicing/plan.ts';
import { rendition as renditionSchema } from '../../../lib/contract/video.ts';
import { OPTIONS, VIDEO_ID } from './options.ts';

const rendition: MergedRendition = {
  kind: 'video',
  name: '720p',
  codecs: 'avc1.64001f',
  segments: [
    { name: '00001.m4s', duration: 6, bytes: 1_500_000 },
    { name: '00002.m4s', duration: 6.006, bytes: 3_000_000 },
    { name: '00003.m4s', duration: 1.3346666666, bytes: 100_000 },
  ],
};

const FMP4 = `#EXTM3U
#EXT-X-VERSION:8
#EXT-X-TARGETDURATION:6
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-DEFINE:IMPORT="auth"
#EXT-X-MAP:URI="720p/init.mp4?{$auth}"
#EXTINF:6.0,
720p/00001.m4s?{$auth}
#EXTINF:6.006,
720p/00002.m4s?{$auth}
#EXTINF:1.334667,
720p/00003.m4s?{$auth}
#EXT-X-ENDLIST
`;

const MPEGTS = `#EXTM3U
#EXT-X-VERSION:8
#EXT-X-TARGETDURATION:6
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-DEFINE:IMPORT="auth"
#EXTINF:6.0,
720p/00001.ts?{$auth}
#EXT-X-ENDLIST
`;

describe('a media playlist', () => {
  it('of fMP4 segments, to the byte', () => {
    expect(mediaPlaylist(rendition, 'fmp4')).toBe(FMP4);
  });

  it('of encrypted ones, to the byte: a key before the first of each so many, and none before the initialization section', () => {
    const keys = keyTags({ videoId: VIDEO_ID, encryption: { scheme: 'aes-128', keySegments: 2 } }, 'video', '720p');
    const tag = (number: number, iv: string) =>
      `#EXT-X-KEY:METHOD=AES-128,URI="720p/0000${number}.key?{$auth}",IV=0x${iv}\n`;
    const [one, two] = [tag(1, '4f85a3904a62baf59824c27451e33a29'), tag(2, '8443027eafa1f39950a3856d8a9beb00')];
    const expected = FMP4.replace('#EXTINF:6.0,', `${one}#EXTINF:6.0,`).replace('#EXTINF:1.3', `${two}#EXTINF:1.3`);
    expect(mediaPlaylist(rendition, 'fmp4', undefined, keys)).toBe(expected);
    // One that grew, wherever it stopped meanwhile.
    const { name, segments } = rendition;
    for (const stop of [0, 1, 2, 3]) {
      const head = growingHead(name, 6);
      const some = grown(head, name, segments.slice(0, stop), false, keys);
      const all = grown(some, name, segments.slice(stop), true, keys);
      expect(all.slice(head.length)).toBe(expected.slice(expected.indexOf('#EXT-X-KEY')));
    }
    const read = HLS.parse(expected.replaceAll('{$auth}', 'a=b')) as HLS.types.MediaPlaylist;
    expect(read.segments[0]!.key).toMatchObject({ method: 'AES-128', uri: '720p/00001.key?a=b' });
  });

  it('of encrypted samples: the variable of the licence beside the other one, before anything of segments', () => {
    const keys = keyTags({ videoId: VIDEO_ID, encryption: { scheme: 'cbcs' } }, 'video', '720p');
    const tag = `#EXT-X-KEY:METHOD=SAMPLE-AES,URI="/api/play/${VIDEO_ID}/licence?{$licence}",KEYFORMAT="org.w3.clearkey",KEYFORMATVERSIONS="1"\n`;
    const expected = FMP4.replace('IMPORT="auth"\n', 'IMPORT="auth"\n#EXT-X-DEFINE:IMPORT="licence"\n').replace(
      '#EXTINF',
      `${tag}#EXTINF`,
    );
    expect(mediaPlaylist(rendition, 'fmp4', undefined, keys)).toBe(expected);
    const { name, segments } = rendition;
    const head = growingHead(name, 6, keys);
    expect(head.split('IMPORT=')).toHaveLength(3);
    const whole = grown(grown(head, name, segments.slice(0, 1), false, keys), name, segments.slice(1), true, keys);
    expect(whole.slice(head.length)).toBe(expected.slice(expected.indexOf('#EXT-X-KEY')));
  });

  it('of MPEG-TS segments, to the byte', () => {
    const segments = [{ name: '00001.ts', duration: 6, bytes: 1 }];
    expect(mediaPlaylist({ ...rendition, segments }, 'mpegts')).toBe(MPEGTS);
  });

  it('means the same to m3u8-parser', () => {
    const parser = new Parser();
    parser.push(mediaPlaylist(rendition, 'fmp4'));
    parser.end();
    const { manifest } = parser;
    expect(manifest).toMatchObject({
      version: 8,
      targetDuration: 6,
      playlistType: 'VOD',
      endList: true,
      independentSegments: true,
    });
    expect(manifest.segments.map(({ duration }: { duration: number }) => duration)).toEqual([6, 6.006, 1.334667]);
    expect(manifest.segments[0]?.map?.uri).toMatch(/^720p\/init\.mp4\?/);
  });

  it('means the same to hls-parser', () => {
    const parsed = HLS.parse(mediaPlaylist(rendition, 'fmp4')) as HLS.types.MediaPlaylist;
    expect(parsed).toMatchObject({ isMasterPlaylist: false, version: 8, targetDuration: 6, endlist: true });
    expect(parsed.segments.map(({ duration }) => duration)).toEqual([6, 6.006, 1.334667]);
    expect(parsed.segments[0]!.map?.uri).toMatch(/^720p\/init\.mp4\?/);
  });

  it('has a target that no segment, rounded, exceeds', () => {
    const of = (...durations: number[]) =>
      targetDuration(durations.map((duration) => ({ name: '', duration, bytes: 1 })));
    expect(of(6, 6.4)).toBe(6);
    expect(of(6, 6.5)).toBe(7);
    expect(of(0.04)).toBe(1);
  });
});

describe('bit rates', () => {
  it('peak over runs of half to one and a half target durations', () => {
    // Segments 1 and 2 alone count, 3 alone is too short; 2 and 3 together last 7.34 s and count.
    expect(peakBitrate(rendition.segments)).toBe(Math.ceil((3_000_000 * 8) / 6.006));
    const short = [
      { name: 'a', duration: 6, bytes: 600 },
      { name: 'b', duration: 0.1, bytes: 6000 },
    ];
    // The last tenth of a second alone would say 480 kbit/s.
    expect(peakBitrate(short)).toBe(Math.ceil((6600 * 8) / 6.1));
  });

  it('average over everything', () => {
    expect(averageBitrate(rendition.segments)).toBe(Math.ceil((4_600_000 * 8) / 13.3406666666));
  });

  it('of one short segment, both are its own', () => {
    const segments = [{ name: 'a', duration: 0.2, bytes: 1000 }];
    expect([peakBitrate(segments), averageBitrate(segments)]).toEqual([40_000, 40_000]);
  });
});

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
    rotation: 0 as const,
    frameRate: 25,
    bitDepth: 8,
    interlaced: false,
    rgb: false,
  },
  audio: [{ index: 1, codec: 'aac', channels: 6, sampleRate: 48_000, language: 'nl', default: true }],
};
const { plan } = planSlicing(
  { videoId: VIDEO_ID, revision: 1, execution: 'run', source: { bucket: 'b', key: 'k', info } },
  { ...OPTIONS, ladder: [720, 360] },
);

describe('what the record says of a rendition', () => {
  it('video: size and frame rate of its rung, measured rates', () => {
    const described = describeRendition(rendition, plan);
    expect(renditionSchema.parse(described)).toEqual({
      kind: 'video',
      name: '720p',
      codecs: 'avc1.64001f',
      width: 1280,
      height: 720,
      frameRate: 25,
      bandwidth: peakBitrate(rendition.segments),
      averageBandwidth: averageBitrate(rendition.segments),
      bytes: 4_600_000,
    });
  });

  it('audio: its channels', () => {
    const described = describeRendition({ ...rendition, kind: 'audio', name: 'main', codecs: 'mp4a.40.2' }, plan);
    expect(described).toMatchObject({ kind: 'audio', channels: 2, language: 'nl', label: 'Nederlands' });
    expect(described).not.toHaveProperty('width');
  });

  it('a rung nobody planned is an error', () => {
    expect(() => describeRendition({ ...rendition, name: '123p' }, plan)).toThrow(MergeError);
  });
});

describe('merging chunks', () => {
  const part = (index: number, names: string[], codecs = 'avc1.64001f', init = 'a1') => ({
    index,
    renditions: [
      {
        kind: 'video' as const,
        name: '720p',
        codecs,
        init,
        segments: names.map((name) => ({ name, duration: 6, bytes: 1 })),
      },
    ],
  });

  it('puts segments in order, whatever order the chunks come in', () => {
    const merged = merge([part(1, ['00003.m4s']), part(0, ['00001.m4s', '00002.m4s'])]);
    expect(merged[0]!.segments.map(({ name }) => name)).toEqual(['00001.m4s', '00002.m4s', '00003.m4s']);
  });

  it('refuses chunks that do not fit together', () => {
    expect(() => merge([])).toThrow(MergeError);
    expect(() => merge([part(0, ['a']), part(1, ['b'], 'avc1.640028')])).toThrow(MergeError);
    expect(() => merge([part(0, ['a']), part(1, ['b'], 'avc1.64001f', 'b2')])).toThrow(MergeError);
    expect(() => merge([part(0, ['a']), { index: 1, renditions: [] }])).toThrow(MergeError);
  });
});

describe('the poster', () => {
  it('comes from the largest rung up to 1080', () => {
    const rungs = [
      { name: '2160p', width: 3840, height: 2160 },
      { name: '1080p', width: 1080, height: 1920 },
      { name: '720p', width: 720, height: 1280 },
    ];
    expect(posterRung(rungs)?.name).toBe('1080p');
    expect(posterRung(rungs.slice(0, 1))?.name).toBe('2160p');
  });

  it('is looked for in the segment that is on at its time', () => {
    const at = (seconds: number) => segmentAt(rendition, seconds);
    expect(at(0)).toEqual({ name: '00001.m4s', offset: 0 });
    expect(at(5.99)).toEqual({ name: '00001.m4s', offset: 5.99 });
    expect(at(6)).toEqual({ name: '00002.m4s', offset: 0 });
    expect(at(100)).toMatchObject({ name: '00003.m4s' });
    expect(segmentAt({ segments: [] }, 0)).toBeUndefined();
  });
});
