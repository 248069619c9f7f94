import { describe, expect, it } from 'vitest';
import { FrameDecoder } from '../../../../containers/ingest/src/jt808/decoder.ts';
import { checksum, escapeInto, unescape } from '../../../../containers/ingest/src/jt808/escape.ts';
import { Framer, MAX_CONTENT } from '../../../../containers/ingest/src/jt808/framer.ts';
import { encodeFrame } from '../../../../containers/ingest/src/jt808/header.ts';
import { captures, chunkings, hex, ofKind, random, randomChunks, vector, why } from './support.ts';

const HEARTBEAT = '7e000200000123456789017fff0a7e';

function framed(chunks: Iterable<Buffer>): { frames: string[]; framer: Framer } {
  const frames: string[] = [];
  const framer = new Framer((content) => frames.push(`7e${content.toString('hex')}7e`));
  for (const chunk of chunks) framer.push(chunk);
  return { frames, framer };
}

function decoded(chunks: Iterable<Buffer>): { frames: string[]; decoder: FrameDecoder } {
  const frames: string[] = [];
  const decoder = new FrameDecoder((header, body) => frames.push(`${header.id.toString(16)}:${body.toString('hex')}`));
  for (const chunk of chunks) decoder.push(chunk);
  return { frames, decoder };
}

const escaped = (content: Buffer): string => {
  const out = Buffer.alloc(content.length * 2);
  return out.toString('hex', 0, escapeInto(content, out, 0));
};

describe('escapes', () => {
  it('puts 7d and 7e behind 7d, and takes them back', () => {
    // The standard's own example (JT/T 808-2019 4.4.2).
    expect(escaped(hex('307e087d55'))).toBe('307d02087d0155');
    expect(unescape(hex('307d02087d0155')).toString('hex')).toBe('307e087d55');
    const all = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    expect(unescape(hex(escaped(all)))).toEqual(all);
  });

  it.each([
    ['a lone 7d at the end is a byte', '00007d', '00007d'],
    ['also behind an escape', '7d0200007d', '7e00007d'],
    ['an unknown escape is two bytes', '7d2200', '7d2200'],
    ['7d 7d 01', '7d7d01', '7d7d'],
    ['nothing', '', ''],
  ])('%s', (_, wire, content) => {
    expect(unescape(hex(wire)).toString('hex')).toBe(content);
  });

  it('copies nothing when there is nothing to take back', () => {
    const content = hex('0102030405');
    expect(unescape(content)).toBe(content);
  });

  describe.skipIf(!captures)(`vectors${why}`, () => {
    it.each(ofKind('808-escape'))('$name', ({ hex: wire, expected }) => {
      const content = unescape(hex(wire)).toString('hex');
      expect(content).toBe(expected['unescaped']);
      expect(escaped(hex(content))).toBe(expected['reescaped']);
    });

    it('808-unescape-lenient-unknown-sequence', () => {
      const { hex: wire, expected } = vector('808-unescape-lenient-unknown-sequence');
      expect(unescape(hex(wire)).toString('hex')).toBe(expected['unescaped_lenient']);
      expect(escaped(hex(wire))).toBe(expected['reescaped']);
    });
  });
});

describe('the checksum', () => {
  it('is the XOR of a range', () => {
    expect(checksum(hex('000200000123456789017fff0a'), 0, 12)).toBe(0x0a);
    expect(checksum(hex('ff0102'), 1, 3)).toBe(3);
  });
});

describe('frame boundaries', () => {
  const other = '7e8001000501391234432300000000020000f77e';
  const two = HEARTBEAT + other;
  it.each([
    ['two frames', two, [HEARTBEAT, other], 0],
    ['garbage before, between and behind', `0102${two.slice(0, 30)}7e${other}`, [HEARTBEAT, other], 2],
    ['one flag shared', HEARTBEAT + other.slice(2), [HEARTBEAT, other], 0],
    ['many flags between', `7e7e7e${HEARTBEAT}7e7e${other}7e`, [HEARTBEAT, other], 0],
  ])('%s, however it is cut', (_, wire, frames, dropped) => {
    for (const chunks of chunkings(hex(wire))) {
      const result = framed(chunks);
      expect(result.frames).toEqual(frames);
      expect(result.framer.stats.droppedBytes).toBe(dropped);
    }
  });

  it('takes the longest frame there can be, and drops a longer run', () => {
    const longest = `7e${'7d01'.repeat(MAX_CONTENT / 2)}7e`;
    expect(longest.length / 2).toBe(2092);
    const wire = hex(`${longest}7e${'00'.repeat(MAX_CONTENT + 1)}${HEARTBEAT}`);
    const next = random(1);
    for (const chunks of [[wire], Array.from(wire, (byte) => Buffer.of(byte)), [...randomChunks(wire, next, 900)]]) {
      const { frames, framer } = framed(chunks);
      expect(frames).toEqual([longest, HEARTBEAT]);
      expect(framer.stats).toEqual({ droppedBytes: MAX_CONTENT + 1, oversized: 1 });
    }
  });

  it('holds no more than one frame, whatever comes', () => {
    const framer = new Framer(() => expect.unreachable('there is no frame'));
    framer.push(hex('7e'));
    const noise = Buffer.alloc(65_536, 0x55);
    for (let n = 0; n < 200; n++) {
      framer.push(noise);
      expect(framer.pending).toBeLessThanOrEqual(MAX_CONTENT + 1);
    }
    expect(framer.stats.droppedBytes).toBe(200 * 65_536);
  });

  describe.skipIf(!captures)(`vectors${why}`, () => {
    it.each(ofKind('808-framing'))('$name', ({ hex: wire, expected }) => {
      for (const chunks of chunkings(hex(wire))) {
        const { frames, framer } = framed(chunks);
        expect(frames).toEqual(expected['frames']);
        expect(framer.pending).toBe(expected['pending']);
      }
    });

    it('808-valid-then-garbage', () => {
      const { hex: wire, expected } = vector('808-valid-then-garbage');
      for (const chunks of chunkings(hex(wire))) {
        const { frames, framer } = framed(chunks);
        expect(frames).toEqual(expected['frames']);
        expect(framer.pending).toBe(expected['pending_upstream']);
      }
    });

    it.each([
      ['808-garbage-empty', 0],
      ['808-garbage-only-flag', 1],
      ['808-garbage-garbage', 0],
      ['808-garbage-mid-flag', 3],
      ['808-garbage-empty-frame-pair', 1],
    ])('%s', (name, pending) => {
      for (const chunks of chunkings(hex(vector(name).hex))) {
        const { frames, framer } = framed(chunks);
        expect(frames).toEqual([]);
        expect(framer.pending).toBe(pending);
      }
    });
  });
});

describe('frames that are none', () => {
  const good = encodeFrame(
    { version: 2013, protocolVersion: 0, phone: hex('013912344323') },
    { id: 2, serial: 7 },
    hex(''),
  );

  it('are counted and do not hurt their neighbours, however the stream is cut', () => {
    const broken = Buffer.from(good);
    broken[1] = 0x40;
    const wire = Buffer.concat([good, broken, hex('7e01017e'), good]);
    for (const chunks of chunkings(wire)) {
      const { frames, decoder } = decoded(chunks);
      expect(frames).toEqual(['2:', '2:']);
      expect(decoder.errors).toEqual({ short: 1, checksum: 1, length: 0 });
    }
  });

  describe.skipIf(!captures)(`vectors${why}`, () => {
    it.each([
      ['808-bad-checksum', { short: 0, checksum: 1, length: 0 }],
      ['808-body-length-mismatch', { short: 0, checksum: 0, length: 1 }],
      ['808-header-too-short', { short: 1, checksum: 0, length: 0 }],
      ['808-header-header-cut', { short: 1, checksum: 0, length: 0 }],
      ['808-header-subpackage-header-cut', { short: 1, checksum: 0, length: 0 }],
    ])('%s', (name, errors) => {
      for (const chunks of chunkings(hex(vector(name).hex))) {
        const { frames, decoder } = decoded(chunks);
        expect(frames).toEqual([]);
        expect(decoder.errors).toEqual(errors);
      }
    });

    it('808-bad-then-good and 808-good-bad-good: only the good ones', () => {
      for (const chunks of chunkings(hex(vector('808-bad-then-good').hex)))
        expect(decoded(chunks).frames).toEqual(['2:']);
      const { hex: wire, expected } = vector('808-good-bad-good');
      for (const chunks of chunkings(hex(wire))) {
        const { frames, decoder } = decoded(chunks);
        expect(frames).toHaveLength((expected['recommended_frames'] as string[]).length);
        expect(decoder.errors.short + decoder.errors.checksum).toBe(1);
      }
    });

    it('808-unescaped-7d-checksum is accepted', () => {
      for (const chunks of chunkings(hex(vector('808-unescaped-7d-checksum').hex))) {
        expect(decoded(chunks).frames).toEqual(['2:']);
      }
    });
  });
});
