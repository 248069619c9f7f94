/**
 * Mutated frames, bodies and attachment streams: no exception escapes, a neighbour is never lost, and nothing held grows.
 * SLUICE_FUZZ sets the number of mutations (20,000 unless said); SLUICE_FUZZ_SEED another seed.
 */

import { describe, expect, it } from 'vitest';
import { FrameDecoder } from '../../../../../containers/ingest/src/jt808/decoder.ts';
import { type Header, encodeFrame } from '../../../../../containers/ingest/src/jt808/header.ts';
import { phoneBytes, phoneIdentity } from '../../../../../containers/ingest/src/jt808/identity.ts';
import {
  type MessageName,
  decodeBody,
  encodeBody,
  idOf,
} from '../../../../../containers/ingest/src/jt808/messages/registry.ts';
import {
  Reassembler,
  defaultLimits,
  encodeMessage,
  serials,
} from '../../../../../containers/ingest/src/jt808/subpackage.ts';
import { bcdToUtc } from '../../../../../containers/ingest/src/jt808/time.ts';
import { Mux } from '../../../../../containers/ingest/src/jt808/subiao/mux.ts';
import { parseName, safeFileName } from '../../../../../containers/ingest/src/jt808/subiao/names.ts';
import { encodeRawHeader } from '../../../../../containers/ingest/src/jt808/subiao/raw.ts';
import { sniff } from '../../../../../containers/ingest/src/jt808/subiao/sniff.ts';
import { decodeStateFile } from '../../../../../containers/ingest/src/jt808/subiao/state-block.ts';
import { samples } from '../samples.ts';
import { hex, random, randomChunks, vectors } from '../support.ts';

const count = Number(process.env['SLUICE_FUZZ'] ?? 20_000);
const seed = Number(process.env['SLUICE_FUZZ_SEED'] ?? 808);
const next = random(seed);
const below = (limit: number): number => Math.floor(next() * limit);

const terminals = ([2013, 2019] as const).map((version) => ({
  version,
  protocolVersion: version === 2019 ? 1 : 0,
  phone: phoneBytes('13912344323', version),
}));

interface Body {
  readonly id: number;
  readonly bytes: Buffer;
  readonly version: 2013 | 2019;
}

const bodies: Body[] = [];
for (const name of Object.keys(samples) as MessageName[]) {
  for (const value of samples[name]) {
    for (const version of [2013, 2019] as const) {
      bodies.push({ id: idOf(name), version, bytes: encodeBody(name, value as never, version) });
    }
  }
}

/** Our own frames, and where the folder exists the vectors' too. */
const streams: Buffer[] = vectors
  .filter(({ kind }) => /^(808|subiao)/.test(kind) && kind !== '808-body')
  .map(({ hex: wire }) => hex(wire));
for (const { id, bytes, version } of bodies) {
  const terminal = terminals.find((candidate) => candidate.version === version);
  if (terminal !== undefined)
    streams.push(Buffer.concat(encodeMessage(terminal, id, bytes, serials(below(65536)), 1 + below(1023))));
}
streams.push(Buffer.concat([encodeRawHeader('a.jpg', 0, 300), Buffer.alloc(300, 0x7e)]));
streams.push(Buffer.concat([encodeRawHeader('b.jpg', 0, 300, 'prefixed'), Buffer.alloc(300, 0x30)]));

const interesting = [0x00, 0x01, 0x02, 0x7d, 0x7e, 0x7f, 0x80, 0xff, 0x30, 0x31, 0x63, 0x64];

/** One to four changes: a bit, a byte, bytes lost, put in, or said twice. */
function mutate(source: Buffer): Buffer {
  let bytes = Buffer.from(source);
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const at = below(bytes.length + 1);
    const kind = below(6);
    if (kind === 0 && at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
    else if (kind === 1 && at < bytes.length) bytes[at] = interesting[below(interesting.length)] ?? 0;
    else if (kind === 2)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + below(8)))]);
    else if (kind === 3)
      bytes = Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(Array.from({ length: 1 + below(8) }, () => below(256))),
        bytes.subarray(at),
      ]);
    else if (kind === 4) bytes = bytes.subarray(0, at);
    else bytes = Buffer.concat([bytes, bytes.subarray(at)]).subarray(0, 4096);
  }
  return bytes;
}

/** Decodes what can be decoded; what its encoder makes of that, it must read and write again unchanged. */
function exercise(id: number, body: Buffer, version: 2013 | 2019): boolean {
  const message = decodeBody(id, body, version);
  if (message.name === 'unknown' || message.name === 'malformed' || message.name === 'encrypted') return false;
  const once = encodeBody(message.name, message.value as never, version);
  const again = decodeBody(id, once, version);
  if (again.name !== message.name) throw new Error(`${message.name} became ${again.name}: ${body.toString('hex')}`);
  const twice = encodeBody(message.name, again.value as never, version);
  // Where multimedia data starts is guessed from the data itself: a mutated picture may contain a second beginning.
  if (!twice.equals(once) && message.name !== 'mediaData')
    throw new Error(`${message.name} is not stable: ${body.toString('hex')}`);
  if (message.name === 'location') bcdToUtc(message.value.time, 480, 0);
  if (message.name === 'attachmentEnd') {
    const safe = safeFileName(message.value.name);
    if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,79}$/.test(safe)) throw new Error(`${message.value.name} became ${safe}`);
    parseName(message.value.name);
  }
  return true;
}

const sentinel = encodeFrame(
  { version: 2013, protocolVersion: 0, phone: hex('019999999999') },
  { id: 2, serial: 0xbeef },
  hex(''),
);
const isSentinel = (header: Header): boolean => header.serial === 0xbeef && header.id === 2;

// A million of them is asked for by hand, and takes minutes on a busy machine.
describe(`${count} mutations from seed ${seed}`, { timeout: 600_000 }, () => {
  it('of bodies: decoders answer or decline', () => {
    let decoded = 0;
    for (let n = 0; n < count; n++) {
      const body = bodies[below(bodies.length)];
      if (body !== undefined && exercise(body.id, mutate(body.bytes), body.version)) decoded++;
    }
    // Both happen, or this would test nothing.
    expect(decoded).toBeGreaterThan(count / 4);
    expect(decoded).toBeLessThan(count);
  });

  it('of control streams: the frame after two flags is always found, and little is held', () => {
    const limits = { ...defaultLimits, bytes: 20_000 };
    const reassembler = new Reassembler(limits);
    let found = 0;
    let now = 0;
    const decoder = new FrameDecoder((header, body) => {
      if (isSentinel(header)) found++;
      phoneIdentity(header.phone);
      if (header.part === undefined) exercise(header.id, body, header.version);
      else {
        const result = reassembler.add(header, body, now);
        if (result.status === 'complete') exercise(header.id, result.body, header.version);
      }
    });
    for (let n = 0; n < count; n++) {
      const wire = mutate(streams[below(streams.length)] ?? sentinel);
      for (const chunk of randomChunks(wire, next, 400)) decoder.push(chunk);
      // A run that is too long ends at the first flag, a frame at the second.
      decoder.push(hex('7e7e'));
      decoder.push(sentinel);
      now += 50;
      if (n % 20 === 0) reassembler.due(now);
      expect(decoder.framer.pending).toBeLessThanOrEqual(2091);
      expect(reassembler.held.bytes).toBeLessThanOrEqual(limits.bytes);
      expect(reassembler.held.messages).toBeLessThanOrEqual(limits.messages);
    }
    expect(found).toBeGreaterThanOrEqual(count);
  });

  it('of attachment streams: nothing escapes and little is held', () => {
    let frames = 0;
    let pieces = 0;
    let beyond = 0;
    let mux: Mux | undefined;
    for (let n = 0; n < count; n++) {
      // A connection of its own now and then; in between they suffer one another's remains.
      if (n % 10 === 0 || mux === undefined) {
        mux = new Mux({
          onFrame: (header, body) => {
            frames++;
            exercise(header.id, body, header.version);
          },
          onData: (header, offset, data) => {
            pieces++;
            if (offset + data.length > header.offset + header.length) beyond++;
          },
          ...(n % 20 === 0 && { onMedia: () => undefined }),
        });
      }
      const wire = mutate(streams[below(streams.length)] ?? sentinel);
      for (const chunk of randomChunks(wire, next, 400)) mux.push(chunk);
      expect(mux.pending).toBeLessThanOrEqual(2092);
    }
    expect(frames).toBeGreaterThan(count / 10);
    expect(beyond).toBe(0);
    expect(pieces).toBeGreaterThan(count / 100);
  });

  it('of files: sniffing and state blocks', () => {
    const file = Buffer.from(Array.from({ length: 192 }, () => below(256)));
    for (let n = 0; n < count; n++) {
      const bytes = mutate(file);
      sniff(bytes);
      decodeStateFile(bytes);
    }
    expect(sniff(file)).toBeUndefined();
  });
});
