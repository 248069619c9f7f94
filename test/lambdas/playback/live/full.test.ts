/** Live signatures while the edge has no room to refuse more. In a file of its own: a function knows for a minute whether there is. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { STORE_ROW, type StoreRow } from '../../../../lib/contract/revocation.ts';
import { pathOf } from '../../../../web/src/shared/signature.ts';
import { startFleet, type Fleet } from '../../devices/fleet.ts';

const ID = '13900000001';
let fleet: Fleet;
let handler: typeof import('../../../../lambdas/playback/live/handler.ts').handler;
beforeAll(async () => {
  fleet = await startFleet();
  ({ handler } = await import('../../../../lambdas/playback/live/handler.ts'));
}, 600_000);
afterAll(() => fleet.close());

it('end after an hour where nobody renews them, since the edge could not refuse them before', async () => {
  const device = fleet.device(ID);
  await device.register();
  await device.connect();
  await device.stream(2, 'live', { codecs: 'avc1.64001e', width: 704, height: 576, frameRate: 15, bandwidth: 512_000 });
  await fleet.put('REVOCATIONS_TABLE', { key: STORE_ROW, entries: 9, bytes: 9, waiting: 1 } satisfies StoreRow);
  const { statusCode, body = '' } = await handler({
    routeKey: 'GET /api/play/live/{id}/{channel}/main.m3u8',
    pathParameters: { id: ID, channel: '2' },
    headers: { authorization: await fleet.bearer('vera') },
    requestContext: { requestId: 'test' },
  } as never);
  expect(statusCode).toBe(200);
  const query = /VALUE="([^"]+)"/.exec(body)![1]!;
  const address = `${pathOf(query)!}live.m3u8?${query}`;
  expect(fleet.refusal(address, 3590)).toBeUndefined();
  expect(fleet.refusal(address, 3610)).toBeDefined();
});
