import { describe, expect, it } from 'vitest';
import { alarmRecord } from '../../../lib/contract/device.ts';
import { alarmDetail, alarmTitle, motion, thereClock } from '../../../web/src/device/words.ts';

const NOW = new Date(2026, 4, 3, 15, 0).getTime();
const position = {
  time: new Date(NOW).toISOString(),
  lat: 1,
  lon: 2,
  speedKmh: 41.6,
  direction: 0,
  altitude: 0,
  accOn: true,
};

describe('an alarm', () => {
  it('has words, whatever its name', () => {
    expect(alarmTitle({ type: 'forward-collision', phase: 'event' })).toBe('Forward collision');
    expect(alarmTitle({ type: 'fatigue', phase: 'end' })).toBe('Fatigue ends');
    for (const kind of alarmRecord.shape.kind.options)
      expect(alarmDetail({ kind, level: undefined, channel: undefined, position: undefined })).toMatch(/^[A-Z]/);
    expect(alarmDetail({ kind: 'adas', level: 2, channel: 1, position })).toBe(
      'Driver assistance, level 2, channel 1, 42 km/h',
    );
    expect(alarmDetail({ kind: 'status', level: 0, channel: 0 })).toBe('Vehicle');
  });
});

it('where it goes is said with its unit, and of nobody who stands', () => {
  expect(motion(39.4, 90)).toBe('39 km/h, east');
  expect(motion(1.2, 90)).toBe('1 km/h');
});

it("says the device's own time of day only where its clocks differ from the reader's", () => {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  expect(thereClock(own, NOW)).toBeUndefined();
  // Half an hour from everybody whose offset is whole hours, and a quarter from everybody else.
  const other = new Date(NOW).getTimezoneOffset() % 60 === 0 ? 'Asia/Kolkata' : 'Asia/Kathmandu';
  expect(thereClock(other, NOW)).toMatch(/\d.* there$/);
  expect(thereClock('Mars/Olympus', NOW)).toBeUndefined();
});
