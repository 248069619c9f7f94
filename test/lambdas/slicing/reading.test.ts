/** Small readings of what ffmpeg prints, and of how a file begins. */
import { describe, expect, it } from 'vitest';
import { judge, readCounts } from '../../../lambdas/slicing/fields.ts';
import { ScanReader } from '../../../lambdas/slicing/scan.ts';
import { isRaw, signatureOf } from '../../../lambdas/slicing/signatures.ts';

describe('a source read once through', () => {
  const read = (...lines: string[]) => {
    const reader = new ScanReader(2);
    for (const line of lines) reader.line(line);
    return reader.result();
  };

  it('ends where the last packet of any track does, in the order they are shown', () => {
    const tracks = ['#software: Lavf', '#tb 0: 1/30', '#tb 1: 1/48000', '#dimensions 0: 160x90'];
    const packets = ['0, -1, 0, 1, 90, 0x1', '1, 0, 0, 1024, 9, 0x1', '0, 0, 59, 31, 9, 0x1', '0, 1, 2, 1, 9, 0x1'];
    const { tracks: found, end } = read(...tracks, ...packets);
    expect(found[0]).toEqual({ first: 0, end: 3, packets: 3, holes: [{ from: 59 / 30, to: 3 }] });
    expect(end).toBe(3);
  });

  it('a last one that says nothing lasts as long as the others, and no packets are no end', () => {
    expect(read('#tb 0: 1/10', '0, 0, 0, 0, 9, 0x1', '0, 5, 5, 0, 9, 0x1').end).toBe(1);
    expect(read('#tb 0: 1/10')).toEqual({ tracks: [undefined, undefined], end: 0 });
  });
});

describe('fields', () => {
  const place = (top: number, bottom: number, whole: number) => ({ top, bottom, whole });

  it('are read from the filter’s last word', () => {
    const said = '[idet] Multi frame detection: TFF:    12 BFF:     3 Progressive:    25 Undetermined:     0\nbye';
    expect(readCounts(said)).toEqual(place(12, 3, 25));
    expect(readCounts('nothing')).toBeUndefined();
  });

  it.each([
    ['no', [place(0, 0, 40), place(2, 0, 38)]],
    ['no', [place(0, 0, 0)]],
    ['top first', [place(40, 0, 0), place(36, 1, 3), place(0, 0, 2)]],
    ['bottom first', [place(0, 40, 0)]],
    ['some', [place(40, 0, 0), place(0, 0, 40)]],
    ['some', [place(20, 20, 0)]],
  ] as const)('%s', (kind, places) => {
    expect(judge(places)).toBe(kind);
  });
});

it('a container is known by how it begins, a raw stream is not', () => {
  expect(signatureOf(Buffer.from('060e2b34020501010d010201', 'hex'))).toBe('an MXF');
  expect(signatureOf(Buffer.from('0000001866747970', 'hex'))).toBe('an MP4 or QuickTime');
  expect(signatureOf(Buffer.from('000001b3', 'hex'))).toBeUndefined();
  expect([isRaw('h264'), isRaw('mpegvideo'), isRaw('mpegts')]).toEqual([true, true, false]);
});
