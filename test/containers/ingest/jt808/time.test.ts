import { describe, expect, it } from 'vitest';
import { bcdToUtc, isDate, utcToBcd } from '../../../../containers/ingest/src/jt808/time.ts';

const now = Date.UTC(2026, 10, 20);

describe('device times', () => {
  it.each([
    ['GMT+8', '200717163012', 480, Date.UTC(2020, 6, 17, 8, 30, 12)],
    ['UTC', '200717163012', 0, Date.UTC(2020, 6, 17, 16, 30, 12)],
    ['UTC-6', '200717163012', -360, Date.UTC(2020, 6, 17, 22, 30, 12)],
    ['India', '200717000000', 330, Date.UTC(2020, 6, 16, 18, 30)],
    ['a leap day', '240229235959', 0, Date.UTC(2024, 1, 29, 23, 59, 59)],
    // Sent by a receiver whose week counter rolled over: 1024 weeks early.
    ['week roll-over', '070113000000', 0, Date.UTC(2026, 7, 29)],
  ])('%s', (_, digits, zone, utc) => {
    expect(bcdToUtc(digits, zone, now)).toBe(utc);
  });

  it('leaves what is less than 512 weeks old alone', () => {
    const old = now - 511 * 7 * 86_400_000;
    expect(bcdToUtc(utcToBcd(old, 0), 0, now)).toBe(old);
    const older = now - 513 * 7 * 86_400_000;
    expect(bcdToUtc(utcToBcd(older, 0), 0, now)).toBe(older + 7168 * 86_400_000);
  });

  it.each([
    '000000000000',
    'ffffffffffff',
    '2a0717163012',
    '201317163012',
    '200732163012',
    '200230163012',
    '230229000000',
    '200717243012',
    '200717166012',
    '200717163060',
    '20071716301',
    '',
  ])('%s is no date', (digits) => {
    expect(bcdToUtc(digits, 480, now)).toBeUndefined();
    expect(isDate(digits)).toBe(false);
  });

  it('goes back to the same digits', () => {
    for (const zone of [480, 0, -360, 330]) {
      const utc = bcdToUtc('260829132545', zone, now);
      expect(utc).toBeDefined();
      expect(utcToBcd(utc ?? 0, zone)).toBe('260829132545');
    }
  });
});
