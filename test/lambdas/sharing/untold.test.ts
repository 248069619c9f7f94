/**
 * What cannot be told to the worker that ends what plays has changed nothing, and the same call does all of it when it is made once
 * more: the queue fails each call once, on a real engine.
 */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { RouteKey } from '../../../lib/contract/api.ts';
import { callRoute } from '../engine.ts';
import type { Fleet } from '../devices/fleet.ts';
import { ID, OTHER_ID, record } from '../playback/fixture.ts';
import { startStages, type Stages } from './stages.ts';

const ADA = { sub: 'ada', groups: ['admin'] };
const DEVICE = '13800138000';

let fleet: Fleet;
let handlers: Stages['handlers'];
beforeAll(async () => {
  ({ fleet, handlers } = await startStages());
}, 600_000);
afterAll(() => fleet.close());
beforeEach(async () => {
  for (const id of [ID, OTHER_ID])
    await fleet.put('VIDEOS_TABLE', record({ id, owner: 'ada', visibility: 'entitled', tags: ['tour'] }));
  await fleet.device(DEVICE).register(['vera', 'vic']);
  await told();
});

const told = async () =>
  (await fleet.sent(process.env['ENDING_QUEUE'])).map(({ taken }) => JSON.stringify(taken)).toSorted();
const call = async (stage: string, route: RouteKey, params: Record<string, string> = {}, body?: object) =>
  await callRoute(handlers[stage]!, route, { as: ADA, params, ...(body && { body }) });
const ok = async (...args: Parameters<typeof call>) => {
  const { status, json } = await call(...args);
  expect([200, 201, 204]).toContain(status);
  return json as Record<string, never>;
};

/** For one call the queue of endings is not there. */
async function whileQueueFails<T>(run: () => Promise<T>): Promise<T> {
  const queue = process.env['ENDING_QUEUE']!;
  process.env['ENDING_QUEUE'] = `${queue}-gone`;
  try {
    return await run();
  } finally {
    process.env['ENDING_QUEUE'] = queue;
  }
}

const videoOf = (id: string) => fleet.get('VIDEOS_TABLE', { id });
const grantOf = (resource: string, subject: string) =>
  fleet.get('ENTITLEMENTS_TABLE', { videoId: resource, subject: `\n${subject}` });

/** What is called, what it may change, and what is told when it does. */
async function failsOnce(
  args: Parameters<typeof call>,
  state: () => Promise<unknown>,
  expected: readonly object[],
): Promise<void> {
  const before = await state();
  expect((await whileQueueFails(() => call(...args))).status).toBeGreaterThanOrEqual(500);
  expect(await state()).toEqual(before);
  expect(await told()).toEqual([]);
  await ok(...args);
  expect(await state()).not.toEqual(before);
  expect(await told()).toEqual(expected.map((one) => JSON.stringify(one)).toSorted());
}

it('a video that is shown to fewer, loses a tag and comes under another that is denied', async () => {
  await ok('sharing', 'POST /api/entitlements', {}, { resource: 'tag:closed', subject: 'group:g', effect: 'deny' });
  await told();
  await failsOnce(
    ['catalog', 'PATCH /api/videos/{id}', { id: ID }, { tags: ['closed'], visibility: 'private' }],
    () => videoOf(ID),
    [
      { of: 'videos', videos: [ID], reasons: ['public', 'key', 'hook', 'grant', 'device'], from: ['tag:tour'] },
      { of: 'denied', resource: 'tag:closed', subject: 'group:g', among: [ID] },
    ],
  );
});

it('a grant that is given, narrowed by either route, and taken back', async () => {
  const on = { resource: 'tag:tour', subject: 'group:crew' };
  const [nearer, right] = [
    { of: 'nearer', ...on },
    { of: 'rights', rights: ['tag:tour\ngroup:crew'] },
  ];
  const state = () => grantOf(on.resource, on.subject);
  await failsOnce(['sharing', 'POST /api/entitlements', {}, { ...on, maxHeight: 1080 }], state, [nearer]);
  await failsOnce(['sharing', 'POST /api/entitlements', {}, { ...on, maxHeight: 720 }], state, [right, nearer]);
  const { entitlements } = (
    await callRoute(handlers['sharing']!, 'GET /api/entitlements', { as: ADA, query: { resource: on.resource } })
  ).json as { entitlements: { id: string; subject: string }[] };
  const grant = entitlements.find(({ subject }) => subject === on.subject)!.id;
  await failsOnce(['sharing', 'PUT /api/entitlements/{grant}', { grant }, { maxHeight: 480 }], state, [right, nearer]);
  await failsOnce(['sharing', 'DELETE /api/entitlements/{grant}', { grant }], state, [right]);
});

it('a video into a collection with a limit and out of it, and the collection', async () => {
  const collection = (await ok('sharing', 'POST /api/collections', {}, { title: 'x' }))['id']! as string;
  const resource = `collection:${collection}`;
  await ok('sharing', 'POST /api/entitlements', {}, { resource, subject: 'everyone', maxHeight: 480 });
  await told();
  const state = async () => [(await videoOf(ID))!['collections'], (await videoOf(OTHER_ID))!['collections']];
  const fill = (videos: string[]): Parameters<typeof call> => [
    'sharing',
    'PUT /api/collections/{collection}/videos',
    { collection },
    { videos },
  ];
  const limited = { of: 'nearer', resource, subject: 'everyone', among: [ID, OTHER_ID] };
  const out = (video: string) => ({ of: 'videos', videos: [video], reasons: [], from: [resource] });
  await failsOnce(fill([ID, OTHER_ID]), state, [limited]);
  await failsOnce(fill([OTHER_ID]), state, [out(ID)]);
  const whole = async () => [await state(), await fleet.get('COLLECTIONS_TABLE', { root: collection, id: collection })];
  await failsOnce(['sharing', 'DELETE /api/collections/{collection}', { collection }], whole, [out(OTHER_ID)]);
});

it("a device's viewer, and a device", async () => {
  const state = () => fleet.get('DEVICES_TABLE', { id: DEVICE });
  const viewers = (...names: string[]) => ({
    of: 'rights',
    rights: names.map((name) => `device:${DEVICE}\nviewer:${name}`),
  });
  await failsOnce(['devices', 'PATCH /api/devices/{id}', { id: DEVICE }, { viewers: ['vic'] }], state, [
    viewers('vera'),
  ]);
  await failsOnce(['devices', 'DELETE /api/devices/{id}', { id: DEVICE }], state, [viewers('vic')]);
});
