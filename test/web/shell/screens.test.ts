import { expect, it } from 'vitest';
import { screensOf } from '../../../web/src/shell/screens.ts';

it.each([
  [true, false, false, ['library', 'live', 'map', 'alarms']],
  [true, true, false, ['library', 'live', 'map', 'alarms']],
  [true, true, true, ['library', 'collections', 'live', 'map', 'alarms']],
  [false, false, false, ['library']],
  [false, false, true, ['library', 'collections']],
  // Devices are no longer taken in: what was recorded is found, and nothing promises a live picture.
  [false, true, false, ['library', 'map', 'alarms']],
])('live %s, sees a device %s, may upload %s: %j', (live, seesDevice, mayUpload, screens) => {
  expect(screensOf(live, seesDevice, mayUpload)).toEqual(screens);
});
