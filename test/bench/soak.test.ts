/** The soak's own reckoning: what is lost is found lost, and what grows is seen to grow. */
import { describe, expect, it } from 'vitest';
import { alarmId } from '../../containers/ingest/src/sessions/alarms/detect.ts';
import { utcToBcd } from '../../containers/ingest/src/jt808/time.ts';
import { Ledger, type Stored } from '../../bench/soak/ledger.ts';
import { secondHalf, slope } from '../../bench/soak/memory.ts';
import { FileType, raise } from '../../local/device/alarm.ts';
import { createHash } from 'node:crypto';

const DEVICE = '13900000000';
const TIME = Math.floor(Date.now() / 1000) * 1000 - 60_000;
const NAME = '00_65_6501_0_x.jpg';
const location = {
  alarm: 0,
  status: 3,
  latE6: 31_230_400,
  lonE6: 121_473_700,
  altitude: 4,
  speedKmh: 30,
  direction: 90,
  time: utcToBcd(TIME, 480),
};
const file = { type: FileType.picture, extension: 'jpg', data: Buffer.from('picture') };
const alarm = raise('fatigue', location, [file], {
  region: 'jiangsu',
  terminalId: '0000001',
  alarmId: 1,
  sequence: 1,
});
const id = alarmId(DEVICE, alarm.item.item, alarm.item.flag, alarm.sign.raw);
const sha256 = createHash('sha256').update(file.data).digest('hex');
const all: Stored = {
  points: [{ time: TIME, latE6: location.latE6, lonE6: location.lonE6 }],
  alarms: new Map([[id, [{ name: NAME, sha256 }]]]),
};

function lost(stored: Stored | undefined) {
  const ledger = new Ledger(480);
  ledger.located(DEVICE, [{ ...location, items: { alarms: [alarm.item] } }]);
  ledger.filed(DEVICE, alarm, NAME, file);
  const audit = ledger.audit(new Map(stored && [[DEVICE, stored]]));
  expect(Object.values(audit).map(({ acknowledged }) => acknowledged)).toEqual([1, 1, 1]);
  for (const { examples, lost: count } of Object.values(audit)) expect(examples).toHaveLength(count);
  return [audit.points.lost, audit.alarms.lost, audit.files.lost];
}

describe('what was acknowledged', () => {
  it.for([
    ['all of it is there', all, [0, 0, 0]],
    ['nothing of the device is there', undefined, [1, 1, 1]],
    ['no point', { ...all, points: [] }, [1, 0, 0]],
    ['a point of another second', { ...all, points: [{ ...all.points[0]!, time: TIME + 1000 }] }, [1, 0, 0]],
    ['a point elsewhere', { ...all, points: [{ ...all.points[0]!, latE6: 0 }] }, [1, 0, 0]],
    ['no alarm, and so no file of it', { ...all, alarms: new Map() }, [0, 1, 1]],
    ['an alarm whose file is not there', { ...all, alarms: new Map([[id, []]]) }, [0, 0, 1]],
    ['a file with other bytes', { ...all, alarms: new Map([[id, [{ name: NAME, sha256: '0' }]]]) }, [0, 0, 1]],
    [
      'a file of another alarm',
      {
        ...all,
        alarms: new Map([
          [id, []],
          ['other', all.alarms.get(id)!],
        ]),
      },
      [0, 0, 1],
    ],
  ] as const)('%s', ([, stored, expected]) => {
    expect(lost(stored)).toEqual(expected);
  });

  it('counts what a device reported twice once', () => {
    const ledger = new Ledger(480);
    ledger.located(DEVICE, [location, location]);
    expect(ledger.counts).toEqual({ points: 1, alarms: 0, files: 0 });
  });
});

describe('growth', () => {
  it('is by least squares', () => {
    expect(slope([0, 1, 2, 3].map((minutes) => ({ minutes, value: 100 + 0.5 * minutes })))).toBeCloseTo(0.5, 9);
    expect(slope([1, 2, 2, 1].map((value, minutes) => ({ minutes, value })))).toBeCloseTo(0, 9);
    expect(slope([2, 4].map((minutes) => ({ minutes, value: -minutes })))).toBeCloseTo(-1, 9);
  });

  it('is of the second half', () => {
    const samples = [1, 9.9, 10, 20].map((minutes) => ({
      minutes,
      rss: 0,
      heapUsed: 0,
      arrayBuffers: 0,
      settled: true,
    }));
    expect(secondHalf(samples, 20).map(({ minutes }) => minutes)).toEqual([10, 20]);
  });
});
