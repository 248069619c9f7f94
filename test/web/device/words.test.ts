import { describe, expect, it } from 'vitest';
import { alarmNames } from '../../../lib/contract/alarms.ts';
import { alarmRecord, livePolicy, RETENTION_DAYS, type Device } from '../../../lib/contract/device.ts';
import {
  draftOf,
  faultsOf,
  freeNumber,
  patchOf,
  policies,
  RETENTION,
  type Draft,
} from '../../../web/src/device/settings.ts';
import {
  alarmDetail,
  alarmTitle,
  alarmWord,
  describe as said,
  heading,
  moment,
  motion,
  stateOf,
  thereClock,
} from '../../../web/src/device/words.ts';

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

describe('an alarm', () => {
  it('has words, whatever its name', () => {
    expect(alarmNames.map(alarmWord).filter((word) => word.includes('-'))).toEqual([]);
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

describe('its settings', () => {
  const device = {
    id: '139',
    name: 'Lorry',
    timeZone: 'Asia/Shanghai',
    retentionDays: 7,
    viewers: ['ada'],
    channels: [{ live: 'always', name: 'Front', number: 1, stream: 'main' }],
  } as unknown as Device;
  const draft = draftOf(device);
  const having = (part: Partial<Draft>): Draft => ({ ...draft, ...part });

  it('offer what the contract knows', () => {
    expect(RETENTION).toEqual([...RETENTION_DAYS]);
    expect(Object.keys(policies).toSorted()).toEqual(livePolicy.options.toSorted());
  });

  it('send only what has changed', () => {
    expect(patchOf(device, draft)).toEqual({});
    expect(patchOf(device, having({ name: ' Van ' }))).toEqual({ name: 'Van' });
    expect(patchOf(device, having({ retentionDays: '30', viewers: [] }))).toEqual({ retentionDays: 30, viewers: [] });
    const rear = { number: '2', name: 'Rear', live: 'on-demand', stream: 'sub', sound: false } as const;
    const channels = [...draft.channels, rear];
    expect(patchOf(device, having({ channels }))).toEqual({
      channels: [
        { number: 1, name: 'Front', live: 'always', stream: 'main' },
        { number: 2, name: 'Rear', live: 'on-demand', stream: 'sub' },
      ],
    });
  });

  it('record sound where that is wished, and say nothing of it where it never was', () => {
    const [one] = draft.channels;
    const sounding = { number: 1, name: 'Front', live: 'always', stream: 'main', sound: true } as const;
    expect(patchOf(device, having({ channels: [{ ...one!, sound: true }] }))).toEqual({ channels: [sounding] });
    const loud = { ...device, channels: [sounding] };
    expect(draftOf(loud).channels[0]!.sound).toBe(true);
    expect(patchOf(loud, draftOf(loud))).toEqual({});
    expect(patchOf(loud, { ...draftOf(loud), channels: [one!] })).toEqual({ channels: device.channels });
    const off = { ...device, channels: [{ ...sounding, sound: false }] };
    expect(patchOf(off, draftOf(off))).toEqual({});
  });

  it('are checked before they are sent', () => {
    expect(faultsOf(draft)).toEqual({});
    expect(Object.keys(faultsOf(having({ name: ' ', timeZone: 'Mars/Olympus' })))).toEqual(['name', 'timeZone']);
    expect(faultsOf(having({ timeZone: '+08:00' }))).toHaveProperty('timeZone');
    const one = draft.channels[0]!;
    for (const number of ['0', '256', '1e2', ''])
      expect(faultsOf(having({ channels: [{ ...one, number }] })), number).toHaveProperty(['channel 0']);
    expect(faultsOf(having({ channels: [one, { ...one, number: '01' }] }))).toHaveProperty(['channel 1']);
    expect(freeNumber([one, { ...one, number: '3' }])).toBe('2');
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

  it('is said with its unit, and of nobody who stands', () => {
    expect(motion(39.4, 90)).toBe('39 km/h, east');
    expect(motion(1.2, 90)).toBe('1 km/h');
  });
});

it("says the device's own time of day only where its clocks differ from the reader's", () => {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  expect(thereClock(own, NOW)).toBeUndefined();
  // Half an hour from everybody whose offset is whole hours, and a quarter from everybody else.
  const other = new Date(NOW).getTimezoneOffset() % 60 === 0 ? 'Asia/Kolkata' : 'Asia/Kathmandu';
  expect(thereClock(other, NOW)).toMatch(/\d.* there$/);
  expect(thereClock('Mars/Olympus', NOW)).toBeUndefined();
});
