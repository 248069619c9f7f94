import { describe, expect, it } from 'vitest';
import type { InboxAlarm } from '../../../lib/contract/inbox.ts';
import { liveOf, momentOf, newsOf, placeOf } from '../../../web/src/alarms/words.ts';

const NOW = Date.UTC(2026, 10, 4, 12);
const alarm = (over: Partial<InboxAlarm> = {}): InboxAlarm => ({
  device: '13900000011',
  deviceName: 'Bus 12',
  channels: [1, 2],
  id: 'alarm0000001',
  time: new Date(NOW - 60_000).toISOString(),
  kind: 'adas',
  type: 'forward-collision',
  phase: 'event',
  files: [],
  state: 'new',
  ...over,
});

describe('an alarm leads', () => {
  it('to its moment, with the channel that it says and its device has', () => {
    expect(momentOf(alarm())).toBe(`/d/13900000011?at=${NOW - 60_000}`);
    expect(momentOf(alarm({ channel: 2 }))).toBe(`/d/13900000011?at=${NOW - 60_000}&channel=2`);
    expect(momentOf(alarm({ channel: 0 }))).toBe(`/d/13900000011?at=${NOW - 60_000}`);
  });

  it('to a wall of its device, or to none', () => {
    expect(liveOf(alarm())).toBe('/live?show=13900000011.1_13900000011.2');
    expect(liveOf(alarm({ channel: 2 }))).toBe('/live?show=13900000011.2');
    expect(liveOf(alarm({ channels: [1, 2, 3, 4, 5] }))?.split('_')).toHaveLength(4);
    expect(liveOf(alarm({ channels: [] }))).toBeUndefined();
  });
});

it('says where', () => {
  const position = { time: '', lat: 31.2304, lon: -121.4737, speedKmh: 0, direction: 0, altitude: 0, accOn: true };
  expect(placeOf(position)).toBe('31.23040, -121.47370');
});

it('a wall speaks of its own vehicles first, of the latest, and of nothing old', () => {
  const [other, own, old] = [
    alarm({ device: '1', time: new Date(NOW - 1000).toISOString() }),
    alarm({ device: '2' }),
    alarm({ device: '2', time: new Date(NOW - 3_600_000).toISOString() }),
  ];
  expect(newsOf([other, own, old], new Set(['2']), NOW)).toEqual({ alarm: own, others: 1 });
  expect(newsOf([other, own, old], new Set(), NOW)).toEqual({ alarm: other, others: 1 });
  expect(newsOf([old], new Set(['2']), NOW)).toBeUndefined();
});
