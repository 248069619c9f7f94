import { describe, expect, it } from 'vitest';
import { livePolicy, RETENTION_DAYS, type Device } from '../../../lib/contract/device.ts';
import {
  draftOf,
  faultsOf,
  freeNumber,
  patchOf,
  policies,
  RETENTION,
  type Draft,
} from '../../../web/src/device/settings.ts';

describe('the settings of a device', () => {
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
    expect(patchOf(device, having({ tags: ' north, cash,,north ' }))).toEqual({ tags: ['north', 'cash'] });
    const tagged = { ...device, tags: ['north'] };
    expect(patchOf(tagged, draftOf(tagged))).toEqual({});
    expect(patchOf(tagged, { ...draftOf(tagged), tags: '' })).toEqual({ tags: [] });
    expect(faultsOf(having({ tags: 'x'.repeat(51) }))).toHaveProperty('tags');
    const rear = { number: '2', name: 'Rear', live: 'on-demand', stream: 'sub', sound: false } as const;
    const channels = [...draft.channels, rear];
    expect(patchOf(device, having({ channels }))).toEqual({
      channels: [
        { number: 1, name: 'Front', live: 'always', stream: 'main' },
        { number: 2, name: 'Rear', live: 'on-demand', stream: 'sub' },
      ],
    });
  });

  it('leave in a list what somebody else has put into it meanwhile', () => {
    const rear = { number: 2, name: 'Rear', live: 'never', stream: 'sub' } as const;
    const newest = { ...device, name: 'Lorry 7', viewers: ['ada', 'vera'], channels: [...device.channels, rear] };
    const front = { ...draft.channels[0]!, name: 'Ahead' };
    expect(patchOf(device, having({ viewers: ['uma'], tags: 'north', channels: [front] }), newest)).toEqual({
      viewers: ['vera', 'uma'],
      tags: ['north'],
      channels: [{ ...device.channels[0], name: 'Ahead' }, rear],
    });
    expect(patchOf(device, draft, newest)).toEqual({});
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
