/** The number an alarm goes to the device with. */
import { describe, expect, it } from 'vitest';
import { alarmNumber, parseAlarmNumber } from '../../../../../containers/ingest/src/sessions/alarms/detect.ts';

const NOW = Date.UTC(2026, 7, 1);

describe('names and addresses', () => {
  it('of alarms go to the device and come back', () => {
    const id = '0123456789abcdef0123';
    expect(parseAlarmNumber(alarmNumber(id, NOW))).toEqual({ id, time: NOW });
    expect(alarmNumber(id, NOW).length).toBeLessThanOrEqual(32);
    for (const bad of ['', id, `${alarmNumber(id, NOW)}0`, `G${alarmNumber(id, NOW).slice(1)}`]) {
      expect(parseAlarmNumber(bad)).toBeUndefined();
    }
  });
});
