import { describe, expect, it } from 'vitest';
import type { Device } from '../../../lib/contract/device.ts';
import { countStates, filtered, lately, pointsOf } from '../../../web/src/map/devices.ts';

const device = (id: string, name: string, part: Partial<Device> = {}) =>
  ({ id, name, online: true, alarms: [], streams: {}, channels: [], ...part }) as unknown as Device;
const position = { time: '', lat: 48, lon: 9, speedKmh: 50, direction: 120, altitude: 0, accOn: true };

const fleet = [
  device('3', 'Lorry 10', { position }),
  device('1', 'Lorry 9', { position }),
  device('2', 'Van', { online: false, lastSeenAt: '2026-01-01T00:00:00Z', position }),
  device('4', 'Bus', { alarms: ['sos'] }),
];
const ids = (devices: readonly Device[]) => devices.map(({ id }) => id);

describe('the list', () => {
  it('begins with what needs somebody, then goes by name as a person counts', () =>
    expect(ids(filtered(fleet, { q: '', state: '' }))).toEqual(['4', '1', '3', '2']));

  it('is searched by name and number, and by state', () => {
    expect(ids(filtered(fleet, { q: ' LORRY ', state: '' }))).toEqual(['1', '3']);
    expect(ids(filtered(fleet, { q: '2', state: '' }))).toEqual(['2']);
    expect(ids(filtered(fleet, { q: 'o', state: 'moving' }))).toEqual(['1', '3']);
    expect(countStates(fleet)).toEqual({ alarm: 1, moving: 2, standing: 0, offline: 1, never: 0 });
  });
});

describe('the dots', () => {
  it('are where the devices are; who never said is not at 0, 0', () => {
    const { features } = pointsOf(fleet);
    expect(features.map(({ properties }) => properties.id)).toEqual(['3', '1', '2']);
    expect(features[0]!.geometry.coordinates).toEqual([9, 48]);
  });

  it('point where a vehicle goes, and nowhere when it stands', () => {
    const { features } = pointsOf(fleet);
    expect(features[0]!.properties).toMatchObject({ state: 'moving', turn: 120 });
    expect(features[2]!.properties).toMatchObject({ state: 'offline', turn: 0 });
  });
});

it('names under dots are short; the list has all of them', () => {
  const name = 'Refrigerated lorry 7 of the northern depot';
  const { features } = pointsOf([device('1', name, { position }), device('2', 'Van', { position })]);
  expect(features.map(({ properties }) => properties.name)).toEqual(['Refrigerated lorry 7 of…', 'Van']);
});

it('a trail reaches an hour back and is the same question for minutes', () => {
  const now = Date.parse('2026-05-03T10:07:00Z');
  expect(lately(now)).toEqual(lately(now + 120_000));
  expect(now - lately(now).from).toBeGreaterThanOrEqual(3_600_000);
  expect(lately(now).to).toBeGreaterThan(now);
});
