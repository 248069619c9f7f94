import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { copyNal, findNals, nalType } from '../../../../containers/ingest/src/media/annexb.ts';
import { BitsError } from '../../../../lib/media/bits.ts';
import { h264Codec, parseH264Sps } from '../../../../lib/media/h264.ts';
import { h265Codec, parseH265Sps } from '../../../../containers/ingest/src/media/h265.ts';
import { ParameterSets } from '../../../../containers/ingest/src/media/parameters.ts';
import { capture, captures, expected, haveCaptures, whyNot } from '../captures.ts';
import { random } from '../jt808/support.ts';
import { decode } from '../jt1078/decode.ts';
import {
  annexB,
  encodedVideo,
  ffmpeg,
  ffmpegPath,
  h264Picture,
  h264Pps,
  h264Slice,
  h264Sps,
  lacks,
  videoUnit,
  withFile,
} from '../streams.ts';

function outcome(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

describe('an H.264 sequence parameter set', () => {
  it('says size, profile, level', () => {
    const sps = parseH264Sps(h264Sps({ columns: 44, rows: 36 }));
    expect(sps).toMatchObject({
      width: 704,
      height: 576,
      profile: 100,
      constraints: 0,
      level: 40,
      fullRange: false,
      aspect: [1, 1],
    });
    expect(h264Codec(sps)).toBe('avc1.640028');
  });

  it('is cropped, in units of chroma samples and of fields', () => {
    expect(parseH264Sps(h264Sps({ columns: 120, rows: 68, crop: [0, 0, 0, 4] }))).toMatchObject({
      width: 1920,
      height: 1080,
    });
    expect(parseH264Sps(h264Sps({ columns: 120, rows: 34, crop: [1, 2, 0, 2], interlaced: true }))).toMatchObject({
      width: 1914,
      height: 1080,
    });
  });

  it('says range and sample aspect ratio', () => {
    expect(parseH264Sps(h264Sps({ fullRange: true, sar: [12, 11] }))).toMatchObject({
      fullRange: true,
      aspect: [12, 11],
    });
    expect(parseH264Sps(h264Sps({ fullRange: false, sar: [0, 0] }))).toMatchObject({
      fullRange: false,
      aspect: [1, 1],
    });
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['another NAL unit', h264Pps()],
    ['one that ends early', h264Sps().subarray(0, 8)],
    ['all zeros', Buffer.from([0x67, ...Array.from({ length: 40 }, () => 0)])],
    ['one cropped to nothing', h264Sps({ columns: 1, rows: 1, crop: [4, 4, 0, 0] })],
  ])('%s is refused by name', (_, nal) => expect(() => parseH264Sps(nal)).toThrow(BitsError));

  it('of random bytes is refused, or has a size', () => {
    const next = random(11);
    for (let i = 0; i < 5000; i += 1) {
      const nal = Buffer.from(Array.from({ length: 1 + next() * 60 }, () => next() * 256));
      for (const parse of [parseH264Sps, parseH265Sps]) {
        nal[0] = parse === parseH264Sps ? 0x67 : 0x42;
        expect(outcome(() => parse(nal).width)).toSatisfy(
          (value) => value instanceof BitsError || (value as number) > 0,
        );
      }
    }
  });
});

describe.skipIf(!haveCaptures)(`devices' own${whyNot}`, () => {
  const PROFILES: Record<string, number> = { Main: 77, High: 100 };
  it.each(captures)('%s', (name) => {
    const { ffprobe } = expected(name).summary;
    const sets = new ParameterSets();
    for (const unit of decode([capture(name)]).video) sets.read(unit);
    expect(sets.config).toMatchObject({
      codec: 'h264',
      width: ffprobe.width,
      height: ffprobe.height,
      info: { profile: PROFILES[ffprobe.profile], level: ffprobe.level },
    });
    expect(sets.malformed).toBe(0);
  });
});

const needH264 = lacks('libx264');
const needH265 = lacks('libx265');

/** What ffprobe reads from the same bytes. */
function probed(format: string, bytes: Buffer): Record<string, unknown> {
  return withFile(`a.${format}`, bytes, (path) => {
    const args = [
      '-v',
      'error',
      '-show_entries',
      'stream=width,height,profile,level,pix_fmt,color_range',
      '-of',
      'json',
      path,
    ];
    const out = execFileSync(ffmpegPath!.replace(/ffmpeg$/, 'ffprobe'), args, { encoding: 'utf8' });
    return (JSON.parse(out) as { streams: Record<string, unknown>[] }).streams[0]!;
  });
}

describe(`encoders'`, () => {
  it.skipIf(needH264 !== '').each([
    ['176x144', 'yuv420p', 'tv'],
    ['1918x1078', 'yuv420p', 'tv'],
    ['704x576', 'yuvj420p', 'pc'],
    ['322x242', 'yuv422p', 'tv'],
    ['321x241', 'yuv444p', 'tv'],
    ['320x242', 'gray', 'tv'],
    ['320x242', 'yuv420p10le', 'tv'],
  ])(`H.264 %s %s${needH264}`, (size, format, range) => {
    const es = ffmpeg(
      `-f lavfi -i testsrc2=s=${size}:r=5:d=0.4 -vf scale=in_range=tv:out_range=${range} -pix_fmt ${format} -color_range ${range} -c:v libx264 -preset ultrafast -f h264 -`,
    );
    const sps = parseH264Sps(
      copyNal(
        es,
        findNals(es)!.find((nal) => nalType('h264', nal) === 7)!,
      ),
    );
    const oracle = probed('h264', es);
    expect([sps.width, sps.height, sps.level]).toEqual([oracle['width'], oracle['height'], oracle['level']]);
    expect(sps.fullRange).toBe(range === 'pc');
    expect(`${sps.chromaFormat}/${sps.bitDepthLuma}`).toBe(
      { yuv420p: '1/8', yuvj420p: '1/8', yuv422p: '2/8', yuv444p: '3/8', gray: '0/8', yuv420p10le: '1/10' }[format],
    );
  });

  it.skipIf(needH265 !== '').each(['176x144', '1918x1078', '704x576'])(`H.265 %s${needH265}`, (size) => {
    const es = Buffer.concat(encodedVideo('h265', 0.4, 5, 5, size));
    const sps = parseH265Sps(
      copyNal(
        es,
        findNals(es)!.find((nal) => nalType('h265', nal) === 33)!,
      ),
    );
    const oracle = probed('hevc', es);
    expect([sps.width, sps.height, sps.general[11]]).toEqual([oracle['width'], oracle['height'], oracle['level']]);
    expect(h265Codec(sps)).toBe(`hvc1.1.6.L${oracle['level'] as number}.90`);
  });
});

describe("a stream's parameter sets", () => {
  it('are known once there is a sequence and a picture parameter set, and change only when their bytes do', () => {
    const sets = new ParameterSets();
    expect(sets.read(videoUnit(annexB(h264Sps()), 0))).toBe(false);
    expect(sets.config).toBeUndefined();
    expect(sets.read(videoUnit(annexB(h264Pps()), 0))).toBe(true);
    expect(sets.config).toMatchObject({ codecs: 'avc1.640028', width: 352, height: 288 });
    expect(sets.read(videoUnit(h264Picture(true, 50, 1), 40))).toBe(false);
    expect(sets.read(videoUnit(h264Picture(false, 50, 2), 80))).toBe(false);
    expect(sets.read(videoUnit(h264Picture(true, 50, 3, h264Sps({ columns: 44 })), 120))).toBe(true);
    expect(sets.config?.width).toBe(704);
    expect(sets.read(videoUnit(annexB(h264Pps(1), h264Slice(true, 9, 1)), 160))).toBe(true);
  });

  it('that make no sense leave the last ones standing', () => {
    const sets = new ParameterSets();
    sets.read(videoUnit(h264Picture(true, 50, 1), 0));
    expect(sets.read(videoUnit(annexB(Buffer.from('670000', 'hex'), h264Pps()), 40))).toBe(false);
    expect(sets.read(videoUnit(annexB(Buffer.concat([h264Sps(), Buffer.alloc(2000, 1)]), h264Pps()), 80))).toBe(false);
    expect([sets.config?.width, sets.malformed]).toEqual([352, 2]);
  });

  it('of another codec replace all', () => {
    const sets = new ParameterSets();
    sets.read(videoUnit(h264Picture(true, 50, 1), 0));
    const h265 = Buffer.from('000000014401c1', 'hex');
    expect(sets.read(videoUnit(h265, 40, 40, 'h265'))).toBe(false);
    expect(sets.config).toBeUndefined();
  });
});
