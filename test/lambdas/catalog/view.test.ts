import { expect, it } from 'vitest';
import { withoutCost, withoutDevice } from '../../../lambdas/catalog/view.ts';
import { aRecord } from './record.ts';

it.each([
  ['a', 'a cat at a gate, 1a', 'device cat at device gate, 1a'],
  ['1', '1: alarm of 11:01', 'device: alarm of 11:01'],
  ['13800138000', '13800138000 (13800138000) 138001380001', 'device (device) 138001380001'],
])('the id %s of a device is hidden where it stands alone', (device, title, shown) => {
  const record = aRecord({ title, filename: 'camera.mp4', origin: { kind: 'incident', device, channel: 1 } as never });
  expect(withoutDevice(record)).toMatchObject({ title: shown, filename: 'camera.mp4' });
});

it('what a video costs is hidden, also where it is why renditions are not made', () => {
  const ladder = { state: 'failed' as const, tries: 1, next: 1, reason: 'It would cost $30.' };
  expect(JSON.stringify(withoutCost(aRecord({ ladder })))).not.toContain('$30');
});
