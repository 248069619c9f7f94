import { describe, expect, it } from 'vitest';
import { encodeFrame } from '../../../../../containers/ingest/src/jt808/header.ts';
import { phoneBytes } from '../../../../../containers/ingest/src/jt808/identity.ts';
import { Mux, type MuxHandlers } from '../../../../../containers/ingest/src/jt808/subiao/mux.ts';
import {
  type RawHeader,
  type RawLayout,
  decodeRawHeader,
  encodeRawHeader,
  opening,
} from '../../../../../containers/ingest/src/jt808/subiao/raw.ts';
import { captures, chunkings, hex, ofKind, random, randomChunks, vector, why } from '../support.ts';
import { Session } from './session.ts';

const terminal = { version: 2013, protocolVersion: 0, phone: phoneBytes('1001', 2013) } as const;
const frame = (serial: number): Buffer => encodeFrame(terminal, { id: 2, serial }, Buffer.alloc(0));
const raw = (name: string, offset: number, data: Buffer, layout?: RawLayout): Buffer =>
  Buffer.concat([encodeRawHeader(name, offset, data.length, layout), data]);

/** What a mux saw: frames by serial, files by name. */
function run(chunks: Iterable<Buffer>, more: Partial<MuxHandlers> = {}): { seen: string[]; mux: Mux } {
  const seen: string[] = [];
  const mux = new Mux({
    onFrame: (header) => seen.push(`frame ${header.serial}`),
    onData: (header, offset, data) => {
      const key = `${header.name}@${header.offset}+${header.length} `;
      if (seen.at(-1)?.startsWith(key) === true && offset > header.offset)
        seen[seen.length - 1] += data.toString('hex');
      else seen.push(key + data.toString('hex'));
    },
    ...more,
  });
  for (const chunk of chunks) mux.push(chunk);
  return { seen, mux };
}

describe('the units of an attachment connection', () => {
  const tricky = hex('7e30316364007e7e7d027e0002000001');
  const wire = Buffer.concat([frame(1), raw('a.jpg', 0, tricky), raw('a.jpg', 16, hex('7e')), frame(2), frame(3)]);
  const all = ['frame 1', `a.jpg@0+16 ${tricky.toString('hex')}`, 'a.jpg@16+1 7e', 'frame 2', 'frame 3'];

  it('are told apart however the stream is cut, flags and magics inside data notwithstanding', () => {
    for (const chunks of chunkings(wire)) {
      const { seen, mux } = run(chunks);
      expect(seen).toEqual(all);
      expect(mux.stats).toEqual({ droppedBytes: 0, resyncs: 0 });
      expect(mux.pending).toBe(0);
    }
  });

  it('are found again after garbage of any kind between them', () => {
    const next = random(6);
    const garbage = ['55aa', '3031', '30316300', '7e', '7e55', '7e7e7e', '30316364', '3031636401020304'].map(hex);
    for (const junk of garbage) {
      const parts = [frame(1), junk, raw('a.jpg', 0, tricky), junk, frame(2), junk, frame(3)];
      for (const chunks of [parts, [Buffer.concat(parts)], [...randomChunks(Buffer.concat(parts), next)]]) {
        expect(run(chunks).seen).toEqual(['frame 1', all[1], 'frame 2', 'frame 3']);
      }
    }
  });

  it('a frame that breaks off costs only itself', () => {
    const cut = frame(9).subarray(0, 9);
    for (const chunks of chunkings(Buffer.concat([cut, raw('b.bin', 0, hex('0102')), frame(2), frame(3)]))) {
      const { seen, mux } = run(chunks);
      expect(seen).toEqual(['b.bin@0+2 0102', 'frame 2', 'frame 3']);
      expect(mux.stats).toEqual({ droppedBytes: 9, resyncs: 1 });
    }
  });

  it('frames may share a flag', () => {
    const wire = Buffer.concat([
      frame(1),
      frame(2).subarray(1),
      frame(3).subarray(1),
      raw('a', 0, hex('00')),
      frame(4),
    ]);
    for (const chunks of chunkings(wire)) {
      expect(run(chunks).seen).toEqual(['frame 1', 'frame 2', 'frame 3', 'a@0+1 00', 'frame 4']);
    }
  });

  it('hold at most one frame while waiting', () => {
    const next = random(7);
    const mux = new Mux({ onFrame: () => undefined, onData: () => undefined });
    for (let n = 0; n < 400; n++) {
      const noise = Buffer.from(
        Array.from({ length: 1000 }, () => (next() < 0.02 ? 0x7e : 0x30 + Math.floor(next() * 3))),
      );
      mux.push(noise);
      expect(mux.pending).toBeLessThanOrEqual(2092);
    }
    mux.push(encodeRawHeader('x', 0, 16 * 1024 * 1024));
    mux.push(Buffer.alloc(1_000_000));
    expect(mux.pending).toBe(0);
  });

  it('a length beyond reason, or beyond 4 GiB with its offset, is garbage', () => {
    expect(decodeRawHeader(encodeRawHeader('a', 0, 16 * 1024 * 1024 + 1))).toBeUndefined();
    expect(decodeRawHeader(encodeRawHeader('a', 0xffff_ffff, 1))).toBeUndefined();
    expect(run([encodeRawHeader('a', 0, 0x7fff_ffff), frame(1)]).seen).toEqual(['frame 1']);
  });

  it('an empty piece is a piece', () => {
    expect(run([raw('a', 0, hex('')), frame(1)]).seen).toEqual(['frame 1']);
  });
});

describe('a shared port', () => {
  it('is told by the fifth byte', () => {
    expect(opening(hex('7e'))).toBe('frame');
    expect(opening(hex('3031636481'))).toBe('media');
    expect(opening(hex('3031636480'))).toBe('media');
    expect(opening(hex('3031636430'))).toBe('attachment');
    expect(opening(hex('3031636400'))).toBe('attachment');
    expect(opening(hex('30316364'))).toBe('more');
    expect(opening(hex(''))).toBe('more');
    expect(opening(hex('3130'))).toBe('unknown');
  });

  it('hands JT/T 1078 packets on, all of them', () => {
    const media = hex('3031636481e2108801123456781001100000016bb392ca7c0280002800017e30316364');
    const wire = Buffer.concat([frame(1), media]);
    for (const chunks of chunkings(wire)) {
      const got: Buffer[] = [];
      expect(run(chunks, { onMedia: (bytes) => got.push(Buffer.from(bytes)) }).seen).toEqual(['frame 1']);
      expect(Buffer.concat(got)).toEqual(media);
    }
    expect(run([media.subarray(0, 30), frame(1)]).seen).toEqual(['frame 1']);
  });
});

describe('raw headers', () => {
  const parsed = (bytes: Buffer, options = {}): RawHeader => {
    const header = decodeRawHeader(bytes, options);
    if (typeof header !== 'object') throw new Error(String(header));
    return header;
  };

  it.each(['fixed', 'prefixed'] as const)('%s: round-trip, guessed and told, and wait for the rest', (layout) => {
    for (const name of [
      'a',
      '00_64_6401_0_5urdvdmh1pzyl9hcdy6x8h5218ghixn7.jpg',
      'x'.repeat(33),
      '2024-11-22_10.txt',
    ]) {
      const bytes = encodeRawHeader(name, 70_000, 65_536, layout);
      const expected = { name, offset: 70_000, length: 65_536, headerBytes: bytes.length };
      expect(parsed(bytes, { layout })).toEqual(expected);
      for (let end = 4; end < bytes.length; end++) {
        expect(decodeRawHeader(bytes.subarray(0, end), { layout })).toBe('more');
      }
      // 49 characters behind their length fill a fixed name field: only the announced name settles that.
      const options = name.length === 49 ? { announced: (said: string) => said === name } : {};
      const follow = Buffer.alloc(64, 0x55);
      expect(parsed(Buffer.concat([bytes, follow]), options)).toEqual(expected);
    }
  });

  it('refuse names with control characters, and none at all', () => {
    expect(decodeRawHeader(encodeRawHeader('a\nb', 0, 1))).toBeUndefined();
    expect(decodeRawHeader(encodeRawHeader('', 0, 1))).toBeUndefined();
    expect(decodeRawHeader(encodeRawHeader('a\u0000b', 0, 1, 'prefixed'))).toBeUndefined();
  });
});

describe.skipIf(!captures)(`vectors${why}`, () => {
  it.each(ofKind('subiao-stream'))('$name', ({ hex: wire, expected }) => {
    const key = `${String(expected['name'])}@${String(expected['offset'])}+${String(expected['length'])} `;
    for (const chunks of chunkings(hex(wire))) {
      const { seen, mux } = run(chunks);
      expect(seen).toEqual([key + String(expected['data'])]);
      expect(mux.stats.droppedBytes).toBe(0);
    }
    if (expected['name'] === 'alarm.xlsx') return;
    expect(
      raw(String(expected['name']), Number(expected['offset']), hex(String(expected['data']))).toString('hex'),
    ).toBe(wire);
  });

  it.each(ofKind('subiao-session').filter(({ expected }) => 'file' in expected))(
    '$name',
    ({ hex: wire, packets = [], expected }) => {
      const whole = new Session().push(packets.length > 0 ? packets.map(hex) : [hex(wire)]);
      // Cut inside its data, a chunk comes in pieces: taken together they are the same.
      const bytes = [...whole.pieces].sort((a, b) => a.offset - b.offset).map(({ data }) => data);
      const said = [...(expected['chunks'] as { offset: number; data: string }[])].sort((a, b) => a.offset - b.offset);
      expect(bytes.join('')).toBe(said.map(({ data }) => data).join(''));
      for (const chunks of chunkings(hex(wire))) {
        const { files, refused } = new Session().push(chunks);
        expect(refused).toEqual([]);
        expect([...files.keys()]).toEqual([expected['file']]);
        const file = files.get(String(expected['file']));
        expect(file?.bytes.toString()).toBe(expected['content_ascii']);
        expect(file?.ranges.complete(Number(expected['size']))).toBe(true);
        expect(whole.files.get(String(expected['file']))?.bytes.toString()).toBe(expected['content_ascii']);
      }
    },
  );

  it('subiao-session-missing-chunk-then-refill: the platform answers as recorded', () => {
    const { hex: wire, packets = [], expected } = vector('subiao-session-missing-chunk-then-refill');
    const name = '2024-11-22_10_00_00_data.txt';
    const replies = expected['replies'] as string[];
    for (const chunks of [packets.map(hex), ...chunkings(hex(wire))]) {
      const session = new Session().push(chunks);
      expect(session.replies).toHaveLength(4);
      expect([session.replies[0], session.replies[1], session.replies[3]]).toEqual([
        replies[0],
        replies[1],
        replies[3],
      ]);
      const asked = Buffer.concat([Buffer.of(name.length), Buffer.from(name), hex('0401010000000000000004')]);
      expect(session.replies[2]).toBe(encodeFrame(terminal, { id: 0x9212, serial: 2 }, asked).toString('hex'));
      expect(session.files.get(name)?.bytes.toString()).toBe(expected['content_ascii']);
    }
  });

  it('subiao-session-wrong-filename: data nobody announced is refused', () => {
    for (const chunks of chunkings(hex(vector('subiao-session-wrong-filename').hex))) {
      const session = new Session().push(chunks);
      expect([...session.files.keys()]).toEqual(['2024-11-22_10_00_00_fail.txt']);
      expect(new Set(session.refused)).toEqual(new Set(['2024-11-22_10_00_00_data.txt']));
    }
  });
});
