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
  ])('%s', (_, digits, zone, utc) => {
    expect(bcdToUtc(digits, zone, now)).toBe(utc);
  });

  const DAY = 86_400_000;
  const rolled = (weeks: number, days = 0) => utcToBcd(now - (weeks * 7 + days) * DAY, 0);

  it('of a receiver whose weeks rolled over are of the day they come, and no other old date is', () => {
    // Sent on 2026-08-29 by one.
    expect(bcdToUtc('070113100000', 0, Date.UTC(2026, 7, 29, 10, 0, 5))).toBe(Date.UTC(2026, 7, 29, 10));
    expect(bcdToUtc(rolled(1024), 0, now)).toBe(now);
    // Its zone may be another than we know.
    expect(bcdToUtc(rolled(1024, 0.5), 0, now)).toBe(now - DAY / 2);
    for (const [weeks, days] of [
      [1024, 2],
      [1024, -2],
      [1023, 0],
      [1025, 0],
      [513, 0],
      [511, 0],
      [600, 3],
    ] as const) {
      expect(bcdToUtc(rolled(weeks, days), 0, now)).toBe(now - (weeks * 7 + days) * DAY);
    }
    // Clocks that were never set begin then.
    expect(bcdToUtc('000101000000', 0, now)).toBe(Date.UTC(2000, 0, 1));
    expect(bcdToUtc('150301120000', 480, now)).toBe(Date.UTC(2015, 2, 1, 4));
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
