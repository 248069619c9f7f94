import { describe, expect, it } from 'vitest';
import { decodeExactly, encodeGbk } from '../../../../../containers/ingest/src/jt808/gbk.ts';
import { keptName, parseName, safeFileName } from '../../../../../containers/ingest/src/jt808/subiao/names.ts';
import { sniff } from '../../../../../containers/ingest/src/jt808/subiao/sniff.ts';
import {
  decodeStateBlock,
  decodeStateFile,
  encodeStateBlock,
} from '../../../../../containers/ingest/src/jt808/subiao/state-block.ts';
import { hex } from '../support.ts';

describe('file names', () => {
  it.each([
    ['00_64_6401_0_abc.jpg', '00_64_6401_0_abc.jpg'],
    ['../../etc/passwd', '_._etc_passwd'],
    ['/abs/path', '_abs_path'],
    ['C:\\x\\y.mp4', 'C_x_y.mp4'],
    ['.hidden', 'hidden'],
    ['-rf', 'rf'],
    ['a\u0000b\r\n.jpg', 'a_b_.jpg'],
    ['录像.mp4', '_.mp4'],
    ['a....b', 'a.b'],
    ['..', 'file'],
    ['', 'file'],
  ])('%j is stored as %j', (name, safe) => {
    expect(safeFileName(name)).toBe(safe);
  });

  it('are cut before their extension, and never leave the safe set', () => {
    expect(safeFileName(`${'x'.repeat(200)}.h264`)).toBe(`${'x'.repeat(75)}.h264`);
    for (let code = 0; code < 0x500; code++) {
      expect(safeFileName(String.fromCharCode(code) + '/..')).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,79}$/);
    }
  });

  it('are kept under names that differ where they do, and are the very names where these are safe', () => {
    expect(keptName('00_64_6401_0_abc.jpg')).toBe('00_64_6401_0_abc.jpg');
    const names = [
      '前.jpg',
      '后.jpg',
      'a前b.jpg',
      'a b.jpg',
      'a_b.jpg',
      'a..b',
      'a.b',
      '',
      '.',
      `${'x'.repeat(90)}1.mp4`,
    ];
    names.push(
      `${'x'.repeat(90)}2.mp4`,
      `${'前'.repeat(100)}.jpg`,
      `${'前'.repeat(101)}.jpg`,
      'x'.repeat(81),
      'x'.repeat(82),
    );
    const kept = names.map(keptName);
    expect(new Set(kept).size).toBe(names.length);
    for (const name of kept) expect(name).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,79}$/);
    expect(keptName('00_64_6401_1_前.jpg')).toMatch(/^00_64_6401_1__-[0-9a-f]{8}\.jpg$/);
  });

  it('that are no GBK come back as the bytes they were', () => {
    for (const bytes of [
      Buffer.from('00_前.jpg'),
      hex('30ff2e6a7067'),
      hex('3081308130'),
      encodeGbk('00_前.jpg'),
      hex('80'),
    ]) {
      expect(encodeGbk(decodeExactly(bytes))).toEqual(bytes);
    }
    expect(decodeExactly(encodeGbk('00_前.jpg'))).toBe('00_前.jpg');
    const every = Array.from({ length: 256 * 256 }, (_, n) => Buffer.of(n >> 8, n & 0xff));
    const texts = new Set(every.map((bytes) => decodeExactly(bytes)));
    expect(texts.size).toBe(every.length);
  });

  it('of the standard form have parts', () => {
    expect(parseName('02_65_6502_4_5urdvdmh1pzyl9hcdy6x8h5218ghixn7.MP4')).toEqual({
      fileType: 2,
      channel: 65,
      alarmType: '6502',
      index: 4,
      alarmNo: '5urdvdmh1pzyl9hcdy6x8h5218ghixn7',
      extension: 'mp4',
    });
    for (const other of ['alarm.xlsx', 'filename', '00_64_6401_0_a/b/../c', ''])
      expect(parseName(other)).toBeUndefined();
  });
});

const block = {
  total: 2,
  index: 1,
  alarm: 0x8000_0000,
  status: 0x0f,
  latE6: -31_000_562,
  lonE6: -121_451_372,
  altitude: -12,
  speedKmh: 61.3,
  direction: 359,
  time: '261120081500',
  acceleration: [-98, 0, 100],
  rotation: [1, -2, 3],
  pulseSpeed: 612,
  obdSpeed: 613,
  gear: 4,
  throttlePercent: 20,
  brakePercent: 0,
  braking: 1,
  rpm: 2100,
  wheelAngle: -15,
  turnSignal: 1,
} as const;

describe('vehicle state blocks', () => {
  it('are 64 bytes and round-trip', () => {
    const bytes = encodeStateBlock(block);
    expect(bytes).toHaveLength(64);
    // The offsets of the standard: speed at 26, time at 30, rpm at 56, checksum at 63.
    expect(bytes.readUInt16BE(26)).toBe(613);
    expect(bytes.toString('hex', 30, 36)).toBe(block.time);
    expect(bytes.readUInt16BE(56)).toBe(2100);
    expect(bytes[63]).toBe(bytes.subarray(0, 63).reduce((sum, byte) => sum + byte, 0) % 256);
    expect(decodeStateBlock(bytes)).toEqual(block);
  });

  it('with a wrong checksum, or short, are left out of their file', () => {
    const bytes = encodeStateBlock(block);
    const broken = Buffer.from(bytes);
    broken[10] = 0x55;
    expect(decodeStateBlock(broken)).toBeUndefined();
    expect(decodeStateFile(Buffer.concat([bytes, broken, bytes, bytes.subarray(0, 63)]))).toEqual([block, block]);
  });
});

describe('sniffing', () => {
  const state = encodeStateBlock(block);
  it.each([
    ['jpg', hex('ffd8ffe000104a464946')],
    ['png', hex('89504e470d0a1a0a0000000d')],
    ['wav', Buffer.from('RIFF\u0010\u0000\u0000\u0000WAVEfmt ')],
    ['mp4', hex('00000018667479706d703432')],
    ['h264', hex('0000000167640029')],
    ['h264', hex('00000109f0')],
    ['h264', hex('0000000141')],
    ['h264', hex('0000000106e501a4')],
    ['h265', hex('0000000140010c01')],
    ['h265', hex('000001460150')],
    ['bin', state],
    ['bin', Buffer.concat([encodeStateBlock({ ...block, total: 1, index: 1 }), state])],
    [undefined, Buffer.concat([hex('00000002'), state.subarray(5)])],
    [undefined, Buffer.alloc(64)],
    [undefined, hex('000001ba44')],
    [undefined, hex('0000000140')],
    [undefined, hex('00000001c1')],
    [undefined, Buffer.from('RIFF\u0010\u0000\u0000\u0000AVI ')],
    [undefined, Buffer.from('<svg onload=…>')],
    [undefined, hex('ffd8')],
    [undefined, hex('')],
  ])('%s', (type, head) => {
    expect(sniff(head)).toBe(type);
  });
});
