import { describe, expect, it } from 'vitest';
import { device, mediaKeyOf, newDevice, zoneMinutes } from '../../../lib/contract/device.ts';
import { correlationKey } from '../../../containers/ingest/src/jt808/identity.ts';

const noon = Date.UTC(2026, 10, 4, 12);

describe('a device', () => {
  it.each(['13912345678', '0', '1', '9'.repeat(20), '874903786373', '4f07788ef676'])('may be called %s', (id) => {
    expect(newDevice.parse({ id })).toMatchObject({ id, timeZone: 'Asia/Shanghai', viewers: [] });
  });
  it.each(['', '013912345678', '1'.repeat(21), '139-1', 'ABC', 'unknown', '../1'])('may not be called %j', (id) => {
    expect(newDevice.safeParse({ id }).success).toBe(false);
  });
  it.each<[string, object]>([
    ['a channel twice', { channels: [1, 1].map((number) => ({ number, name: 'x', live: 'always' })) }],
    ['channel 0', { channels: [{ number: 0, name: 'x', live: 'always' }] }],
    ['channel 256', { channels: [{ number: 256, name: 'x', live: 'always' }] }],
    ['another policy', { channels: [{ number: 1, name: 'x', live: 'sometimes' }] }],
    ['no time zone', { timeZone: 'Mars/Olympus' }],
    ['an offset for a zone', { timeZone: '+08:00' }],
    ['four days', { retentionDays: 4 }],
    ['a field too many', { colour: 'red' }],
  ])('with %s is refused', (_, over) => expect(newDevice.safeParse({ id: '139', ...over }).success).toBe(false));

  it('is matched to its media as the protocol code matches it', () => {
    for (const id of ['13912345678', '866496077582164', '20000000000000000001', '0', '100000000000000', '4f07788ef676'])
      expect(mediaKeyOf(id)).toBe(correlationKey(id));
  });

  it('shows no secret', () => {
    expect(Object.keys(device.shape)).not.toContain('authCode');
  });
});

it.each([
  ['Asia/Shanghai', noon, 480],
  ['UTC', noon, 0],
  ['America/Costa_Rica', noon, -360],
  ['Asia/Kolkata', noon, 330],
  ['Europe/Berlin', noon, 60],
  ['Europe/Berlin', Date.UTC(2026, 6, 1), 120],
  ['America/St_Johns', noon, -210],
])('%s is so many minutes ahead', (zone, at, minutes) => expect(zoneMinutes(zone, at)).toBe(minutes));
