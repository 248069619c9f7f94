import { describe, expect, it } from 'vitest';
import { FrameDecoder } from '../../../../containers/ingest/src/jt808/decoder.ts';
import { escapeInto, unescape } from '../../../../containers/ingest/src/jt808/escape.ts';
import { type Header, decodeHeader, encodeFrame } from '../../../../containers/ingest/src/jt808/header.ts';
import { correlationKey, phoneBytes, phoneIdentity } from '../../../../containers/ingest/src/jt808/identity.ts';
import { captures, chunkings, hex, ofKind, random, randomChunks, why } from './support.ts';

function decode(wire: Buffer): { header: Header; body: string } {
  let found: { header: Header; body: string } | undefined;
  const decoder = new FrameDecoder((header, body) => {
    found = { header: { ...header, phone: Buffer.from(header.phone) }, body: body.toString('hex') };
  });
  decoder.push(wire);
  if (found === undefined) throw new Error(`no frame: ${JSON.stringify(decoder.errors)}`);
  return found;
}

describe('headers', () => {
  it.each([
    ['2013', { version: 2013, protocolVersion: 0, phone: hex('7e7d00000001') }],
    ['2019', { version: 2019, protocolVersion: 1, phone: hex('0000007e7d4f07788ef6') }],
  ] as const)('%s: any phone bytes, parts and encryption survive the wire', (_, terminal) => {
    for (const fields of [
      { id: 0x0200, serial: 0x7e7d },
      { id: 0x7e7d, serial: 65535, part: { total: 26, index: 2 }, encryption: 1 },
    ]) {
      const body = Buffer.alloc(1023, 0x7e);
      const wire = encodeFrame(terminal, fields, body);
      expect(wire.length).toBeLessThanOrEqual(2092);
      const { header, body: read } = decode(wire);
      expect(header).toMatchObject({ ...terminal, ...fields, encryption: fields.encryption ?? 0, bodyLength: 1023 });
      expect(read).toBe(body.toString('hex'));
      expect(encodeFrame(header, header, body)).toEqual(wire);
    }
  });

  describe('whose bit 14 is wrong', () => {
    const flipped = (wire: Buffer): Buffer => {
      const content = Buffer.from(unescape(wire.subarray(1, -1)));
      content[2] = content[2]! ^ 0x40;
      content[content.length - 1] = content[content.length - 1]! ^ 0x40;
      const out = Buffer.alloc(content.length * 2 + 2, 0x7e);
      return out.subarray(0, escapeInto(content, out, 1) + 1);
    };

    it('over a 2013 header, as a heartbeat and a registration came: known by their length, answered as 2013', () => {
      const beat = hex('7e000240000139123456780001737e');
      for (const chunks of chunkings(beat)) {
        const seen: Header[] = [];
        const decoder = new FrameDecoder((header) => seen.push({ ...header, phone: Buffer.from(header.phone) }));
        for (const chunk of chunks) decoder.push(chunk);
        expect(seen).toMatchObject([
          { id: 2, version: 2013, protocolVersion: 0, phone: hex('013912345678'), serial: 1, bodyLength: 0 },
        ]);
        expect(decoder.errors).toEqual({ short: 0, checksum: 0, length: 0 });
        expect(encodeFrame(seen[0]!, { id: 0x8001, serial: 0 }, hex('0001000200')).toString('hex', 1, 13)).toBe(
          '800100050139123456780000',
        );
      }
    });

    it.each([2013, 2019] as const)('over every frame of %d: read as if it were right', (version) => {
      const phone = version === 2013 ? hex('013912345678') : hex('00000000013912345678');
      const terminal = { version, protocolVersion: version === 2019 ? 1 : 0, phone } as const;
      for (const part of [undefined, { total: 3, index: 2 }]) {
        for (let size = 0; size <= 1023; size += size < 40 ? 1 : 61) {
          const wire = encodeFrame(
            terminal,
            { id: 0x0704, serial: 9, ...(part && { part }) },
            Buffer.alloc(size, 0x7d),
          );
          expect(decode(flipped(wire))).toEqual(decode(wire));
        }
      }
    });

    it('is no reason to take what fits neither', () => {
      const terminal = { version: 2013, protocolVersion: 0, phone: hex('013912345678') } as const;
      const content = Buffer.from(
        unescape(encodeFrame(terminal, { id: 2, serial: 1 }, hex('0102030405')).subarray(1, -1)),
      );
      for (const said of [1, 2, 3, 4, 6, 9]) {
        for (const bit of [0, 0x40]) {
          content[2] = bit;
          content[3] = said;
          content[content.length - 1] = content.subarray(0, -1).reduce((sum, byte) => sum ^ byte, 0);
          expect(typeof decodeHeader(content)).toBe('string');
        }
      }
    });
  });

  it('holds at most 1023 bytes of body', () => {
    const terminal = { version: 2013, protocolVersion: 0, phone: hex('013912344323') } as const;
    expect(() => encodeFrame(terminal, { id: 1, serial: 0 }, Buffer.alloc(1024))).toThrow(RangeError);
  });

  describe.skipIf(!captures)(`vectors${why}`, () => {
    it.each(ofKind('808-frame'))('$name: header and back', ({ hex: wire, expected }) => {
      const { header, body } = decode(hex(wire));
      const said = expected['header'] as Record<string, unknown>;
      expect({
        msg_id: `0x${header.id.toString(16).padStart(4, '0')}`,
        body_len: header.bodyLength,
        encrypt: header.encryption,
        subpackage: header.part !== undefined,
        version_flag: header.version === 2019 ? 1 : 0,
        protocol_version: header.version === 2019 ? header.protocolVersion : null,
        phone_bcd: header.phone.toString('hex'),
        serial: header.serial,
        body_hex: body,
        ...(header.part && { pkg_total: header.part.total, pkg_no: header.part.index }),
      }).toEqual(Object.fromEntries(Object.entries(said).filter(([key]) => !/^checksum|_ok$/.test(key))));
      expect(encodeFrame(header, header, hex(body)).toString('hex')).toBe(wire);
    });

    it('all of them in one stream, each cut at every byte, and with garbage between', () => {
      const wires = ofKind('808-frame').map(({ hex: wire }) => hex(wire));
      const seen = (chunks: Iterable<Buffer>): string[] => {
        const list: string[] = [];
        const decoder = new FrameDecoder((header, body) => {
          list.push(encodeFrame(header, header, body).toString('hex'));
        });
        for (const chunk of chunks) decoder.push(chunk);
        return list;
      };
      for (const wire of wires)
        for (const chunks of chunkings(wire)) expect(seen(chunks)).toEqual([wire.toString('hex')]);
      const next = random(2);
      const expected = wires.map((wire) => wire.toString('hex'));
      for (let round = 0; round < 20; round++) {
        const noisy = wires.flatMap((wire) => {
          const garbage = Array.from({ length: Math.floor(next() * 40) }, () => Math.floor(next() * 256));
          // A flag at random would eat the beginning of what follows it, as it must; the pair ends any such run.
          return [Buffer.from(garbage), hex('7e7e'), wire];
        });
        expect(seen(randomChunks(Buffer.concat(noisy), next))).toEqual(expected);
      }
    });
  });
});

describe('identity', () => {
  it.each([
    ['013912344323', '13912344323'],
    ['00000000013912344329', '13912344329'],
    ['000000000000', '0'],
    ['874903786373', '874903786373'],
    ['00000866496077582164', '866496077582164'],
    // A binary IMEI without its check digit, as Jimi sends it.
    ['4f07788ef676', '868935060005020'],
    ['000000004f07788ef676', '868935060005020'],
    // The textbook IMEI of the Luhn check digit.
    ['2c944ab787a7', '490154203237518'],
    // Letters, but no IMEI.
    ['000056aebc2a', '56aebc2a'],
    ['ffffffffffff', 'ffffffffffff'],
    ['0a000000000000000001', 'a000000000000000001'],
  ])('%s is %s', (phone, identity) => {
    expect(phoneIdentity(hex(phone))).toBe(identity);
  });

  it('pairs a 2019 phone with the shorter SIM of its media packets', () => {
    const pairs = [
      ['00000000014482607571', '014482607571'],
      ['00000866496077582164', '496077582164'],
      ['00001000000000001234', '000000001234'],
    ] as const;
    for (const [phone, sim] of pairs) {
      expect(correlationKey(phoneIdentity(hex(phone)))).toBe(correlationKey(phoneIdentity(hex(sim))));
    }
    expect(correlationKey('14482607571')).not.toBe(correlationKey('14482607572'));
    expect(correlationKey('123456789012')).not.toBe(correlationKey('923456789012'));
    expect(correlationKey('1000000000000')).toBe('0');
  });

  it('makes a phone field of digits', () => {
    expect(phoneBytes('13912344323', 2013).toString('hex')).toBe('013912344323');
    expect(phoneBytes('13912344323', 2019).toString('hex')).toBe('00000000013912344323');
  });
});
