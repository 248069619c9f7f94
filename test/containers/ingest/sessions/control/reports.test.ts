/** Which of a message's reports are earlier and later. */
import { describe, expect, it } from 'vitest';
import { decodeLocation, encodeLocation } from '../../../../../containers/ingest/src/jt808/messages/location.ts';
import { inOrder } from '../../../../../containers/ingest/src/sessions/control/reports.ts';
import { OPEN_TIME, utcToBcd } from '../../../../../containers/ingest/src/jt808/time.ts';
import { locationAt, ZONE } from '../../task/device.ts';

const now = Date.UTC(2026, 10, 20, 12);
const MINUTE = 60_000;
const WRONG = utcToBcd(now + 120 * MINUTE, ZONE);
const arrival = { now, zoneMinutes: ZONE, latest: now - 5 * MINUTE };

/** Times as minutes before now, or digits. */
const reports = (times: readonly (number | string)[], of = arrival) =>
  inOrder(
    times.map((time) => {
      const digits = typeof time === 'string' ? time : utcToBcd(now - time * MINUTE, ZONE);
      return decodeLocation(encodeLocation(locationAt(0, { time: digits })))!;
    }),
    of,
  ).map(({ time, at, isUndated, isNewest }) => [
    (now - time) / MINUTE,
    (now - at) / MINUTE,
    ...(isNewest ? ['newest'] : [isUndated]),
  ]);

describe('reports', () => {
  it('are in the order of their own times, and those of one time as they came', () => {
    expect(reports([10, 30, 20, 20])).toEqual([
      [30, 30, false],
      [20, 20, false],
      [20, 20, false],
      [10, 10, false],
    ]);
  });

  it('of a clock that is a little ahead are as late as when they came', () => {
    expect(reports([-30])).toEqual([[-30, 0, false]]);
  });

  it('without a date are the latest and of now, and make no other late', () => {
    for (const time of [OPEN_TIME, WRONG]) {
      expect(reports([time])).toEqual([[0, 5, 'newest']]);
      expect(reports([time, time], { ...arrival, latest: -Infinity })).toEqual([
        [0, Infinity, 'newest'],
        [0, Infinity, 'newest'],
      ]);
    }
  });

  it('without a date among others are of the time of the one before', () => {
    expect(reports([30, OPEN_TIME, 20, WRONG])).toEqual([
      [30, 30, false],
      [30, 30, true],
      [20, 20, false],
      [20, 20, true],
    ]);
    expect(reports([OPEN_TIME, 20])).toEqual([
      [20, 20, true],
      [20, 20, false],
    ]);
  });
});
