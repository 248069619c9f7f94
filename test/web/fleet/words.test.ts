import { describe, expect, it } from 'vitest';
import { alarmNames } from '../../../lib/contract/alarms.ts';
import { alarmWord, describe as said, heading, moment, stateOf } from '../../../web/src/fleet/words.ts';

const NOW = new Date(2026, 4, 3, 15, 0).getTime();
const at = (...parts: [number, number, number, number, number]) => new Date(...parts).toISOString();
const position = {
  time: at(2026, 4, 3, 14, 59),
  lat: 1,
  lon: 2,
  speedKmh: 41.6,
  direction: 0,
  altitude: 0,
  accOn: true,
};

describe('a device', () => {
  it.each([
    ['moving', { online: true, alarms: [], position }],
    ['standing', { online: true, alarms: [], position: { ...position, speedKmh: 1.2 } }],
    ['standing', { online: true, alarms: [] }],
    ['alarm', { online: true, alarms: ['sos'], position }],
    ['offline', { online: false, alarms: ['sos'], lastSeenAt: at(2026, 4, 3, 14, 2) }],
    ['never', { online: false, alarms: [] }],
  ] as const)('is %s', (state, device) =>
    expect(stateOf(device as unknown as Parameters<typeof stateOf>[0])).toBe(state),
  );

  it('is described in words with what matters', () => {
    expect(said({ online: true, alarms: [], position }, NOW)).toBe('Moving, 42 km/h');
    expect(said({ online: true, alarms: ['sos', 'power-lost'], position }, NOW)).toBe('Alarm: SOS, power lost');
    expect(said({ online: false, alarms: [], lastSeenAt: at(2026, 4, 2, 9, 5) }, NOW)).toMatch(
      /^Offline since yesterday 0?9:05/,
    );
  });

  it('was seen at a time as short as it is clear', () => {
    const may = new Date(NOW).toLocaleDateString(undefined, { month: 'short' });
    expect(moment(at(2026, 4, 3, 14, 2), NOW)).not.toMatch(new RegExp(`${may}|3|yesterday`));
    expect(moment(at(2026, 4, 1, 14, 2), NOW)).toContain(may);
    expect(moment(at(2026, 4, 1, 14, 2), NOW)).not.toContain('2026');
    expect(moment(at(2025, 4, 1, 14, 2), NOW)).toContain('2025');
  });
});

describe('where it goes', () => {
  it.each([
    [0, 'north'],
    [22, 'north'],
    [23, 'north-east'],
    [180, 'south'],
    [359, 'north'],
    [360, 'north'],
  ])('%i° is %s', (degrees, word) => expect(heading(degrees)).toBe(word));
});

it('has words for every alarm, whatever its name', () =>
  expect(alarmNames.map(alarmWord).filter((word) => word.includes('-'))).toEqual([]));
