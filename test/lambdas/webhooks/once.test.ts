/** What makes an event one and the same, whoever tells of it: with it goes the id by which receivers know what they have seen. */
import { EventBridgeClient, type PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterEach, expect, it, vi } from 'vitest';
import { announce } from '../../../lambdas/shared/videos.ts';
import { deliveryOf, toldOf } from '../../../lambdas/webhooks/messages.ts';
import type { VideoEventType } from '../../../lib/contract/events.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { aRecord } from '../catalog/record.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const idOf = (source: string, detail: unknown) =>
  deliveryOf('a'.repeat(12), toldOf({ source, time: '2026-05-06T07:08:09Z', detail })!).id;

/** The `webhook-id` of what is told of a record. */
async function told(record: VideoRecord, status: VideoEventType): Promise<string> {
  for (const name of ['EVENT_BUS', 'VIDEOS_TABLE']) vi.stubEnv(name, name);
  let detail: unknown;
  vi.spyOn(EventBridgeClient.prototype, 'send').mockImplementation((({ input }: PutEventsCommand) => {
    detail = JSON.parse(input.Entries![0]!.Detail!);
    return Promise.resolve({ FailedEntryCount: 0 });
  }) as never);
  await announce(record, status);
  return idOf('sluice.video', detail);
}

const reached = (status: VideoRecord['status'], at: string) => ({ status, at });

it.each(['uploaded', 'probed', 'playable', 'ready', 'failed', 'deleted'] as const)(
  'of a video that is %s, told again after its record was written on, is the same',
  async (status) => {
    const timeline = [reached('uploading', '2026-05-06T07:00:00.000Z'), reached(status, '2026-05-06T07:01:00.000Z')];
    const first = aRecord({ status, timeline, updatedAt: '2026-05-06T07:01:00.000Z' });
    const later = {
      ...first,
      updatedAt: '2026-05-06T07:01:09.000Z',
      slicing: { execution: 'e', revision: 1 },
    };
    const id = await told(first, status);
    expect(await told(later, status)).toBe(id);
    // Another time that it gets there is another, and so is another video that does.
    const again = { ...later, timeline: [...timeline, reached(status, '2026-05-06T09:00:00.000Z')] };
    expect(await told(again, status)).not.toBe(id);
    expect(await told({ ...first, id: 'b'.repeat(20) }, status)).not.toBe(id);
  },
);

it('of a device, sent again by a task that heard no answer, is the same', () => {
  const alarm = { id: 'a'.repeat(16), kind: 'adas', type: 'forward-collision', phase: 'event' };
  const told = { device: '13800000001', type: 'alarm', at: '2026-05-06T07:08:09.010Z', task: 't', alarm };
  const id = idOf('sluice.device', told);
  expect(idOf('sluice.device', Object.fromEntries(Object.entries(told).toReversed()))).toBe(id);
  expect(id).toMatch(/^[\w-]{1,120}$/);
  for (const other of [
    { at: '2026-05-06T07:08:09.011Z' },
    { device: '13800000002' },
    { alarm: { ...alarm, id: 'b'.repeat(16) } },
    { type: 'attachment', file: { name: 'a.jpg', kind: 'picture', bytes: 1, state: 'complete' } },
  ])
    expect(idOf('sluice.device', { ...told, ...other })).not.toBe(id);
});
