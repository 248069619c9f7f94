import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FrameDecoder } from '../../../../containers/ingest/src/jt808/decoder.ts';
import { type Header, encodeFrame } from '../../../../containers/ingest/src/jt808/header.ts';
import { parameterValue } from '../../../../containers/ingest/src/jt808/messages/parameters.ts';
import { decodeBody, encodeFrames } from '../../../../containers/ingest/src/jt808/messages/registry.ts';
import {
  type PartResult,
  Reassembler,
  defaultLimits,
  encodeMessage,
  serials,
} from '../../../../containers/ingest/src/jt808/subpackage.ts';
import { captures, chunkings, hex, hexLines, ofKind, random, vector, why } from './support.ts';
import { locationDerived, vectorForm } from './vector-form.ts';

type Result = PartResult & { header: Header };

/** Feeds frames into `reassembler`, one result a part. */
function feed(reassembler: Reassembler, chunks: Iterable<Buffer>, now = 0): Result[] {
  const results: Result[] = [];
  const decoder = new FrameDecoder((header, body) => {
    results.push({ ...reassembler.add(header, body, now), header: { ...header, phone: Buffer.from(header.phone) } });
  });
  for (const chunk of chunks) decoder.push(chunk);
  return results;
}

const bodies = (results: readonly Result[]): Buffer[] =>
  results.flatMap((result) => (result.status === 'complete' ? [result.body] : []));
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const terminal = { version: 2013, protocolVersion: 0, phone: hex('013912344323') } as const;

describe('reassembly', () => {
  const body = Buffer.from(Array.from({ length: 5000 }, (_, n) => n & 0xff));
  const frames = encodeMessage(terminal, 0x1205, body, serials(65534));

  it('puts parts together in any order, over a serial that wraps, with duplicates between', () => {
    expect(frames).toHaveLength(5);
    const next = random(3);
    for (let round = 0; round < 50; round++) {
      const order = [...frames, ...frames].sort(() => next() - 0.5);
      const reassembler = new Reassembler();
      const results = feed(reassembler, order);
      expect(bodies(results)).toEqual([body]);
      expect(reassembler.stats).toEqual({ duplicates: 5, rejected: 0, abandoned: 0 });
      expect(reassembler.held).toEqual({ messages: 0, bytes: 0 });
    }
  });

  it('keeps two messages of one id apart', () => {
    const other = encodeMessage(terminal, 0x1205, Buffer.alloc(2000, 7), serials(100));
    const mixed = frames.flatMap((frame, n) => (other[n] === undefined ? [frame] : [frame, other[n]]));
    expect(bodies(feed(new Reassembler(), mixed))).toEqual([Buffer.alloc(2000, 7), body]);
  });

  it('begins anew when the same serials come round much later', () => {
    const reassembler = new Reassembler();
    expect(bodies(feed(reassembler, frames, 0))).toHaveLength(1);
    expect(bodies(feed(reassembler, frames, defaultLimits.age - 1))).toHaveLength(0);
    expect(bodies(feed(reassembler, frames, defaultLimits.age))).toHaveLength(1);
  });

  it('asks for what is missing after a quiet time, three times, then gives up', () => {
    const reassembler = new Reassembler();
    feed(
      reassembler,
      [frames[0], frames[2]].filter((frame) => frame !== undefined),
      1000,
    );
    expect(reassembler.due(5999)).toEqual([]);
    const first = body.subarray(0, 1023);
    const missing = { id: 0x1205, firstSerial: 65534, total: 5, missing: [2, 4, 5], first };
    expect(reassembler.due(6000)).toEqual([missing]);
    expect(reassembler.due(10_999)).toEqual([]);
    feed(reassembler, frames.slice(1, 2), 11_000);
    expect(reassembler.due(15_999)).toEqual([]);
    expect(reassembler.due(16_000)).toEqual([{ ...missing, missing: [4, 5] }]);
    expect(reassembler.due(21_000)).toHaveLength(1);
    expect(reassembler.due(26_000)).toEqual([]);
    expect(reassembler.stats.abandoned).toBe(1);
    expect(reassembler.held).toEqual({ messages: 0, bytes: 0 });
  });

  it('gives a message up at its age, however busy it is', () => {
    const reassembler = new Reassembler({ ...defaultLimits, age: 7000 });
    feed(reassembler, frames.slice(0, 1), 0);
    feed(reassembler, frames.slice(1, 2), 6000);
    expect(reassembler.due(6999)).toEqual([]);
    expect(reassembler.due(7000)).toEqual([]);
    expect(reassembler.held.messages).toBe(0);
  });

  it('holds no more than its limits', () => {
    const limits = { ...defaultLimits, bytes: 3000, messages: 2, parts: 10 };
    const reassembler = new Reassembler(limits);
    const next = random(4);
    for (let n = 0; n < 2000; n++) {
      const total = Math.floor(next() * 14);
      const index = Math.floor(next() * 14);
      const header = { ...terminal, id: 0x0801, serial: Math.floor(next() * 65536), encryption: 0, bodyStart: 16 };
      const part = Buffer.alloc(Math.floor(next() * 1023));
      reassembler.add({ ...header, bodyLength: part.length, part: { total, index } }, part, n);
      expect(reassembler.held.bytes).toBeLessThanOrEqual(3000);
      expect(reassembler.held.messages).toBeLessThanOrEqual(2);
    }
    expect(reassembler.stats.rejected).toBeGreaterThan(0);
    expect(reassembler.stats.abandoned).toBeGreaterThan(0);
  });

  it('refuses a message that is too large by itself, and forgets what it held of it', () => {
    const reassembler = new Reassembler({ ...defaultLimits, bytes: 2500 });
    const results = feed(reassembler, frames);
    expect(results.map(({ status }) => status)).toEqual(['pending', 'pending', 'rejected', 'rejected', 'rejected']);
    expect(reassembler.held).toEqual({ messages: 0, bytes: 0 });
    expect(reassembler.due(1e6)).toEqual([]);
  });
});

describe('parts whose serials do not follow one another', () => {
  const body = Buffer.from(Array.from({ length: 9500 }, (_, n) => (n * 7) & 0xff));
  const parts = (whole: Buffer, numbers: readonly number[], id = 0x0801): Buffer[] => {
    const size = Math.ceil(whole.length / numbers.length);
    return numbers.map((serial, n) =>
      encodeFrame(
        terminal,
        { id, serial, part: { total: numbers.length, index: n + 1 } },
        whole.subarray(n * size, (n + 1) * size),
      ),
    );
  };
  const counted = [0x2031, 0x2032, 0x2033, 0x2035, 0x2036, 0x2037, 0x2039, 0x203a, 0x203b, 0x203c];

  it.each([
    ['other frames are counted between them', counted],
    ['and before the first', counted.map((serial, n) => (n === 0 ? serial - 3 : serial))],
    ['the counter goes round', counted.map((serial) => (serial + 0xdfc8) & 0xffff)],
    ['all bear one', counted.map(() => 0x2031)],
    ['each is two more', counted.map((_, n) => 2 * n)],
    ['a hundred frames are between two', counted.map((serial, n) => serial + (n > 4 ? 100 : 0))],
  ])('%s', (_, numbers) => {
    const reassembler = new Reassembler();
    const frames = parts(body, numbers);
    const results = feed(reassembler, frames);
    expect(bodies(results)).toEqual([body]);
    expect(results.at(-1)).toMatchObject({ firstSerial: numbers[0] });
    // Sent again, because an answer was lost, they are no second message.
    expect(feed(reassembler, frames).map(({ status }) => status)).toEqual(frames.map(() => 'duplicate'));
    expect(reassembler.held).toEqual({ messages: 0, bytes: 0 });
  });

  it('are asked for when they are missing, and come with the serial they had or with a new one', () => {
    for (const again of [0x2035, 0x2050]) {
      const reassembler = new Reassembler();
      const frames = parts(body, counted);
      feed(reassembler, frames.toSpliced(3, 1), 0);
      expect(reassembler.due(5000)).toMatchObject([{ firstSerial: 0x2031, missing: [4] }]);
      const late = parts(body, counted.with(3, again))[3]!;
      expect(bodies(feed(reassembler, [late], 6000))).toEqual([body]);
    }
  });

  it("are asked for, the first among them, and come with new serials: they are that message's when nothing follows them", () => {
    for (const lost of [[1], [1, 4], [1, 2, 10], [9, 1]]) {
      const reassembler = new Reassembler();
      const frames = parts(body, counted);
      feed(
        reassembler,
        frames.filter((_, n) => !lost.includes(n + 1)),
        0,
      );
      expect(reassembler.due(5000)).toHaveLength(1);
      const renumbered = parts(
        body,
        counted.map((_, n) => 0x3000 + lost.indexOf(n + 1)),
      );
      const again = lost.map((index) => renumbered[index - 1]!);
      expect(bodies(feed(reassembler, again, 5100))).toEqual([]);
      expect(reassembler.joined(7599)).toEqual([]);
      expect(reassembler.joined(7600).map(({ id, body: whole }) => [id, whole.equals(body)])).toEqual([[0x0801, true]]);
      expect(reassembler.held).toEqual({ messages: 0, bytes: 0 });
      expect(feed(reassembler, again, 8000).map(({ status }) => status)).toEqual(again.map(() => 'duplicate'));
      expect(reassembler.stats.abandoned).toBe(0);
    }
  });

  it('are not put to a message that was not asked for them, or to one that lacks others: part 1 of the next one is its own', () => {
    const other = Buffer.from(body.toReversed());
    const next = parts(
      other,
      counted.map((_, n) => 0x3000 + n),
    );
    // It came before anything was asked for.
    const early = new Reassembler();
    feed(early, parts(body, counted).slice(1), 0);
    feed(early, next.slice(0, 1), 100);
    early.due(5100);
    expect(early.joined(9000)).toEqual([]);
    // The next message goes on.
    const busy = new Reassembler();
    feed(busy, parts(body, counted).slice(1), 0);
    busy.due(5000);
    feed(busy, next.slice(0, 1), 5100);
    feed(busy, next.slice(1, 2), 7000);
    expect(busy.joined(9600)).toEqual([]);
    expect(bodies(feed(busy, next.slice(2), 9700))).toEqual([other]);
    // Two lack the same.
    const two = new Reassembler();
    feed(two, parts(body, counted).slice(1), 0);
    const third = counted.map((serial) => serial + 0x800);
    feed(two, parts(other, third).slice(1), 0);
    expect(two.due(5000)).toHaveLength(2);
    feed(two, next.slice(0, 1), 5100);
    expect(two.joined(8000)).toEqual([]);
  });

  it('are of the message that began last: two of as many parts are two, of one serial or of many', () => {
    const other = Buffer.from(body.toReversed());
    for (const [first, second] of [
      [counted, counted.map((serial) => serial + 40)],
      [counted.map(() => 7), counted.map(() => 7)],
      [counted.map(() => 7), counted.map(() => 8)],
      // Counted anew in each message.
      [counted.map((_, n) => n), counted.map((_, n) => n)],
    ] as const) {
      const reassembler = new Reassembler();
      expect(bodies(feed(reassembler, [...parts(body, first), ...parts(other, second)]))).toEqual([body, other]);
      // Of the first the end never came.
      const broken = new Reassembler();
      const sent = [...parts(body, first).slice(0, 6), ...parts(other, second)];
      expect(bodies(feed(broken, sent))).toEqual([other]);
      expect(broken.held.messages).toBeLessThanOrEqual(1);
    }
  });

  it('do not take parts from a message that keeps to the standard', () => {
    const next = random(8);
    const other = Buffer.from(body.toReversed());
    for (let round = 0; round < 50; round++) {
      const [a, b] = [
        parts(
          body,
          counted.map((_, n) => n + 10),
        ),
        parts(
          other,
          counted.map((_, n) => n + 1000),
        ),
      ];
      const mixed: Buffer[] = [];
      while (a.length + b.length > 0) {
        const from = b.length === 0 || (a.length > 0 && next() < 0.5) ? a : b;
        mixed.push(from.shift()!);
      }
      expect(bodies(feed(new Reassembler(), mixed)).toSorted((x, y) => x.compare(y))).toEqual(
        [body, other].toSorted((x, y) => x.compare(y)),
      );
    }
  });
});

describe('splitting', () => {
  it('leaves what fits one frame whole, and numbers the parts of what does not', () => {
    const nextSerial = serials(65535);
    expect(encodeMessage(terminal, 1, Buffer.alloc(1023), nextSerial)).toHaveLength(1);
    const results = feed(new Reassembler(), encodeMessage(terminal, 1, Buffer.alloc(1024), nextSerial));
    expect(results.map(({ header }) => [header.serial, header.part?.index, header.part?.total])).toEqual([
      [0, 1, 2],
      [1, 2, 2],
    ]);
    expect(nextSerial()).toBe(2);
  });

  it('carries a long message of the registry there and back', () => {
    const parameters = Array.from({ length: 200 }, (_, n) => ({ id: n + 1, value: Buffer.from(`value ${n}`) }));
    const frames = encodeFrames(terminal, 'setParameters', { parameters }, serials());
    expect(frames.length).toBeGreaterThan(2);
    const [body] = bodies(feed(new Reassembler(), frames));
    expect(decodeBody(0x8103, body ?? Buffer.alloc(0), 2013)).toMatchObject({ value: { parameters } });
  });
});

describe.skipIf(!captures)(`vectors${why}`, () => {
  const whole = new Set(['808-0801-image-packets-1-2-of-10', '808-1205-missing-3-of-18', '808-1205-retransmitted-3']);

  it.each(ofKind('808-multipacket'))('$name', ({ name, packets = [], hex: wire, expected }) => {
    const reassembler = new Reassembler();
    const results = feed(reassembler, packets.map(hex));
    expect(results.map(({ header }) => header.serial)).toEqual(expected['serials']);
    expect(results.map(({ header }) => header.part?.index)).toEqual(expected['received']);
    for (const { header } of results) {
      expect(header.phone.toString('hex')).toBe(expected['phone_bcd']);
      expect(header.part?.total).toBe(expected['total']);
    }
    expect(bodies(results)).toHaveLength(whole.has(name) ? 0 : 1);
    for (const body of bodies(results)) {
      expect(body).toHaveLength(Number(expected['body_len']));
      expect(sha256(body)).toBe(expected['body_sha256']);
      // All in one stream, byte by byte.
      expect(
        bodies(
          feed(
            new Reassembler(),
            Array.from(hex(wire), (byte) => Buffer.of(byte)),
          ),
        ),
      ).toEqual([body]);
      const message = decodeBody(Number(expected['msg_id']), body, results[0]?.header.version ?? 2013);
      expect(message.name).not.toMatch(/unknown|malformed/);
      if (message.name !== 'recordingList') continue;
      const said = expected['decoded'] as { total: number; parsed: number; first: object; last: object };
      const { items, ...counts } = vectorForm(message) as { items: { alarm: number }[] };
      const inHex = items.map((item) => ({ ...item, alarm: `0x${item.alarm.toString(16).padStart(16, '0')}` }));
      expect({ ...counts, first: inHex[0], last: inHex.at(-1) }).toEqual(said);
    }
  });

  it('a split at every byte changes nothing', () => {
    const { hex: wire, expected } = vector('808-0100-3-packets-2019');
    for (const chunks of chunkings(hex(wire))) {
      const [body] = bodies(feed(new Reassembler(), chunks));
      expect(body && sha256(body)).toBe(expected['body_sha256']);
    }
  });

  it('the missing parts of 808-1205-missing-3-of-18 are asked for by name, and complete it', () => {
    const reassembler = new Reassembler();
    feed(reassembler, (vector('808-1205-missing-3-of-18').packets ?? []).map(hex), 0);
    expect(reassembler.due(5000)).toMatchObject([{ firstSerial: 17148, total: 18, missing: [7, 8, 16] }]);
    const [body] = bodies(feed(reassembler, (vector('808-1205-retransmitted-3').packets ?? []).map(hex), 6000));
    expect(body && sha256(body)).toBe(vector('808-1205-18-packets-real').expected['body_sha256']);
  });

  it('the picture of 808-0801-image-packets-1-2-of-10 lacks 3 to 10; its first part says what it is', () => {
    const { packets = [], packets_upstream: upstream = [], expected } = vector('808-0801-image-packets-1-2-of-10');
    const reassembler = new Reassembler();
    feed(reassembler, packets.map(hex), 0);
    const [due] = reassembler.due(5000);
    expect(due?.missing).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
    const message = decodeBody(0x0801, due?.first ?? Buffer.alloc(0), 2013);
    if (message.name !== 'mediaData' || message.value.location === undefined) throw new Error(message.name);
    const { location, data_starts, ...rest } = expected['decoded'] as Record<string, unknown>;
    expect(vectorForm(message)).toMatchObject(rest);
    expect(locationDerived(message.value.location)).toEqual(location);
    expect(message.value.data.toString('hex', 0, 8)).toBe(data_starts);
    // As published their checksums are wrong.
    const decoder = new FrameDecoder(() => expect.unreachable('a wrong checksum is no frame'));
    for (const packet of upstream) decoder.push(hex(packet));
    expect(decoder.errors.checksum).toBe(2);
  });

  it('yezhihao-808-0x0104-2pkts: the parameters of a real terminal, up to where it loses its own count', () => {
    const [body] = bodies(feed(new Reassembler(), hexLines('yezhihao-808-0x0104-2pkts.hex.txt')));
    const message = decodeBody(0x0104, body ?? Buffer.alloc(0), 2013);
    if (message.name !== 'parametersReply') throw new Error(message.name);
    const { replySerial, parameters } = message.value;
    expect(replySerial).toBe(0x01a4);
    expect(parameters).toHaveLength(84);
    const values = new Map(parameters.map((parameter) => [parameter.id, parameterValue(parameter)]));
    expect(values.get(0x0001)).toBe(10);
    expect(values.get(0x0018)).toBe(9009);
    expect(values.get(0x0083)).toMatch(/^[\u4e00-\u9fff]/);
    // Behind 0x77 (148 bytes by its length, more in truth) come zeros, and 0x79 to 0x7c with little-endian ids.
    expect(parameters.slice(-3).map(({ id, value }) => [id, value.length])).toEqual([
      [0x75, 21],
      [0x76, 31],
      [0x77, 148],
    ]);
  });

  it('yezhihao-808-0x1205-18pkts, with parts lost and sent again', () => {
    const lines = hexLines('yezhihao-808-0x1205-18pkts.hex.txt');
    expect(lines).toHaveLength(18);
    const next = random(5);
    for (let round = 0; round < 20; round++) {
      const lost = new Set(lines.map((_, n) => n).filter(() => next() < 0.3));
      const reassembler = new Reassembler();
      const first = feed(
        reassembler,
        lines.filter((_, n) => !lost.has(n)),
        0,
      );
      const asked = reassembler.due(5000)[0]?.missing ?? [];
      expect(asked).toEqual([...lost].map((n) => n + 1));
      const again = asked.flatMap((index) => lines.slice(index - 1, index));
      const [body] = bodies([...first, ...feed(reassembler, again, 6000)]);
      const message = decodeBody(0x1205, body ?? Buffer.alloc(0), 2013);
      expect(vectorForm(message)).toMatchObject({ total: 180, parsed: 180 });
    }
  });
});
