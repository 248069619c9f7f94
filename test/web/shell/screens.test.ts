import { expect, it } from 'vitest';
import { screensOf } from '../../../web/src/shell/screens.ts';

it.each([
  [true, false, ['library', 'live', 'map']],
  [true, true, ['library', 'live', 'map']],
  [false, false, ['library']],
  // Devices are no longer taken in: what was recorded is found, and nothing promises a live picture.
  [false, true, ['library', 'map']],
])('live %s, sees a device %s: %j', (live, seesDevice, screens) => {
  expect(screensOf(live, seesDevice)).toEqual(screens);
});
