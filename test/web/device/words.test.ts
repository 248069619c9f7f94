import { describe, expect, it } from 'vitest';
import { alarmRecord, type Alarm } from '../../../lib/contract/device.ts';
import { alarmDetail, alarmTitle, lasted, motion, thereClock, withoutEnds } from '../../../web/src/device/words.ts';

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

describe('a lasting alarm', () => {
  const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();

  it('says how long it was, once somebody knows', () => {
    const said = [5, 240, 3 * 3600].map((seconds) => lasted({ time: at(0), endedAt: at(seconds) }));
    expect(said).toEqual(['over within a minute', 'lasted 4 min', 'lasted 3 h']);
    expect(lasted({ time: at(0) })).toBeUndefined();
  });

  it('is one with its end, where its beginning is listed', () => {
    const one: Alarm = {
      device: '1',
      id: 'a'.repeat(20),
      time: at(60),
      kind: 'status',
      type: 'sos',
      phase: 'event',
      files: [],
    };
    const began: Alarm = { ...one, phase: 'start', time: at(0), endedAt: at(60) };
    const ended: Alarm = { ...one, phase: 'end' };
    const other: Alarm = { ...ended, type: 'overspeed' };
    expect(withoutEnds([one, ended, other, began])).toEqual([one, other, began]);
    expect(withoutEnds([ended])).toEqual([ended]);
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
