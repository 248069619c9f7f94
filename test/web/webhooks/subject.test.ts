/** A row of what was sent says what it is about, without being unfolded. */
import { expect, it } from 'vitest';
import { deliveryOf, toldOf } from '../../../lambdas/webhooks/messages.ts';
import { DEVICE_EVENT_SOURCE, EVENT_SOURCE } from '../../../lib/contract/events.ts';
import { subjectOf } from '../../../web/src/webhooks/subject.ts';

const WEBHOOK = 'abcdefghij01';
const VIDEO = 'abcdefghij0123456789';
const at = '2026-01-01T07:08:09.010Z';

it.each([
  { source: EVENT_SOURCE, detail: { videoId: VIDEO, owner: 'uma', status: 'ready', at }, about: VIDEO },
  {
    source: DEVICE_EVENT_SOURCE,
    detail: { device: '13800000001', type: 'online', at, task: 't' },
    about: '13800000001',
  },
])('is $about, of an event of $source', ({ about, ...event }) => {
  expect(subjectOf(deliveryOf(WEBHOOK, toldOf({ time: at, ...event })!).payload)).toBe(about);
});

it('is neither of a test', () => {
  const data = { webhook: WEBHOOK, by: 'ada' };
  expect(subjectOf(deliveryOf(WEBHOOK, { type: 'webhook.test', at, event: 'x', data }).payload)).toBeUndefined();
});
