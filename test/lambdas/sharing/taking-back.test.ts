/** Each call that takes something back tells what: of grants, collections, keys, devices and videos, on a real engine. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { RouteKey } from '../../../lib/contract/api.ts';
import type { Taken } from '../../../lib/contract/ending.ts';
import { callRoute } from '../engine.ts';
import type { Fleet } from '../devices/fleet.ts';
import { ID, OTHER_ID, record } from '../playback/fixture.ts';
import { startStages, type Stages } from './stages.ts';

const ADA = { sub: 'ada', groups: ['admin'] };
const OLGA = { sub: 'olga', groups: ['uploader'] };
const DEVICE = '13800138000';
const JWK = {
  kty: 'EC',
  crv: 'P-256',
  x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
  y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
};

let fleet: Fleet;
let handlers: Stages['handlers'];
beforeAll(async () => {
  ({ fleet, handlers } = await startStages());
}, 600_000);
afterAll(() => fleet.close());
beforeEach(async () => {
  for (const id of [ID, OTHER_ID])
    await fleet.put('VIDEOS_TABLE', record({ id, visibility: 'entitled', tags: ['tour'] }));
  await fleet.device(DEVICE).register(['vera', 'vic']);
  await told();
});

/** What has been told since the last look. */
const told = async (): Promise<Taken[]> => {
  const sent = (await fleet.sent(process.env['ENDING_QUEUE'])) as unknown as { taken: Taken; isAgain: boolean }[];
  expect(sent.filter(({ isAgain }) => isAgain)).toEqual([]);
  return sent.map(({ taken }) => taken);
};
async function call(stage: string, route: RouteKey, params: Record<string, string>, body?: object, as = ADA) {
  const { status, json } = await callRoute(handlers[stage]!, route, { as, params, ...(body && { body }) });
  expect([200, 201, 204]).toContain(status);
  return json as Record<string, never>;
}
/** What is told at once has no order. */
const inOrder = (all: readonly object[]) => all.map((one) => JSON.stringify(one)).toSorted();
const rights = (...all: string[]) => ({ of: 'rights', rights: all });

it('a grant that is narrowed, replaced or taken back; of one that is given what it limits, and nothing by a wider one', async () => {
  const on = { resource: 'tag:tour', subject: 'group:crew' };
  const nearer = { of: 'nearer', ...on };
  const grant = {
    grant: (await call('sharing', 'POST /api/entitlements', {}, { ...on, maxHeight: 720 }))['id']! as string,
  };
  expect(await told()).toEqual([nearer]);
  await call('sharing', 'PUT /api/entitlements/{grant}', grant, { maxHeight: 1080 });
  expect(await told()).toEqual([]);
  const right = rights('tag:tour\ngroup:crew');
  await call('sharing', 'PUT /api/entitlements/{grant}', grant, { maxHeight: 480 });
  expect(inOrder(await told())).toEqual(inOrder([right, nearer]));
  await call('sharing', 'POST /api/entitlements', {}, { ...on, effect: 'deny' });
  expect(inOrder(await told())).toEqual(inOrder([right, { of: 'denied', ...on }]));
  await call('sharing', 'DELETE /api/entitlements/{grant}', grant);
  // Again: the first call may have come no further than deleting it.
  await call('sharing', 'DELETE /api/entitlements/{grant}', grant);
  expect(await told()).toEqual([right, right]);
});

it("a person's grant on a video, by the video's own routes", async () => {
  const params = { id: ID, subject: 'sam' };
  await call('catalog', 'PUT /api/videos/{id}/grants/{subject}', params, {}, OLGA);
  expect(await told()).toEqual([]);
  await call('catalog', 'PUT /api/videos/{id}/grants/{subject}', params, { expiresIn: 600 }, OLGA);
  await call('catalog', 'DELETE /api/videos/{id}/grants/{subject}', params, undefined, OLGA);
  expect(await told()).toEqual([rights(`video:${ID}\nperson:sam`), rights(`video:${ID}\nperson:sam`)]);
});

it('a video out of a collection, and a collection that goes', async () => {
  const made = async (parent?: string) =>
    (await call('sharing', 'POST /api/collections', {}, { title: 'x', ...(parent && { parent }) }, OLGA))[
      'id'
    ]! as string;
  const around = await made();
  const collection = await made(around);
  const fill = (videos: string[]) =>
    call('sharing', 'PUT /api/collections/{collection}/videos', { collection }, { videos }, OLGA);
  await fill([ID, OTHER_ID]);
  await fill([OTHER_ID, ID]);
  expect(await told()).toEqual([]);
  await fill([OTHER_ID]);
  const from = [`collection:${collection}`, `collection:${around}`];
  expect(await told()).toEqual([{ of: 'videos', videos: [ID], reasons: [], from }]);
  await call('sharing', 'DELETE /api/collections/{collection}', { collection }, undefined, OLGA);
  expect(await told()).toEqual([{ of: 'videos', videos: [OTHER_ID], reasons: [], from }]);
});

it('what is denied or limited where a video comes to', async () => {
  const collection = (await call('sharing', 'POST /api/collections', {}, { title: 'x' }, OLGA))['id']! as string;
  const give = (resource: string, subject: string, more: object) =>
    call('sharing', 'POST /api/entitlements', {}, { resource, subject, ...more });
  for (const resource of ['tag:closed', `collection:${collection}`]) {
    await give(resource, 'group:guests', { effect: 'deny' });
    await give(resource, 'person:sam', { maxHeight: 480 });
    await give(resource, 'everyone', {});
    await give(resource, 'person:later', { effect: 'deny', notBefore: 4_000_000_000 });
  }
  await told();
  const about = (resource: string, among: string[]) =>
    inOrder([
      { of: 'denied', resource, subject: 'group:guests', among },
      { of: 'nearer', resource, subject: 'person:sam', among },
    ]);
  const patch = (tags: string[]) => call('catalog', 'PATCH /api/videos/{id}', { id: ID }, { tags });
  await patch(['tour', 'closed']);
  expect(inOrder(await told())).toEqual(about('tag:closed', [ID]));
  await patch(['closed', 'tour']);
  expect(await told()).toEqual([]);
  const fill = (videos: string[]) =>
    call('sharing', 'PUT /api/collections/{collection}/videos', { collection }, { videos }, OLGA);
  await fill([ID]);
  expect(inOrder(await told())).toEqual(about(`collection:${collection}`, [ID]));
  await fill([OTHER_ID, ID]);
  expect(inOrder(await told())).toEqual(about(`collection:${collection}`, [OTHER_ID]));
});

it('of an invitation what it limits, once somebody signs in by it', async () => {
  const resource = `video:${ID}`;
  const email = 'ina@example.com';
  await call('sharing', 'POST /api/entitlements', {}, { resource, subject: `email:${email}`, maxSessions: 1 }, OLGA);
  expect(await told()).toEqual([]);
  const idToken = await fleet.idToken({ sub: 'ina', email, email_verified: true });
  await call('sharing', 'PUT /api/people/me', {}, { idToken }, { sub: 'ina', groups: [] });
  expect(await told()).toEqual([{ of: 'nearer', resource, subject: 'person:ina' }]);
});

it('a key', async () => {
  const kid = (await call('sharing', 'POST /api/keys', {}, { name: 'our shop', jwk: JWK }))['kid']! as string;
  await call('sharing', 'DELETE /api/keys/{kid}', { kid });
  expect(await told()).toEqual([rights(`key:${kid}`)]);
});

it("a device's viewer, and with a device all its viewers and grants", async () => {
  await call('devices', 'PATCH /api/devices/{id}', { id: DEVICE }, { name: 'Bus 7' });
  await call('devices', 'PATCH /api/devices/{id}', { id: DEVICE }, { viewers: ['vic', 'vera', 'walt'] });
  expect(await told()).toEqual([]);
  await call('devices', 'PATCH /api/devices/{id}', { id: DEVICE }, { viewers: ['walt', 'vic'] });
  expect(await told()).toEqual([rights(`device:${DEVICE}\nviewer:vera`)]);
  await call('sharing', 'POST /api/entitlements', {}, { resource: `device:${DEVICE}`, subject: 'everyone' });
  await call('devices', 'DELETE /api/devices/{id}', { id: DEVICE });
  expect(await told()).toEqual([
    rights(`device:${DEVICE}\neveryone`),
    rights(`device:${DEVICE}\nviewer:walt`, `device:${DEVICE}\nviewer:vic`),
  ]);
  // Whoever else watches it, by whatever: the edge refuses all it sent, for as long as a signature of it lasts.
  const revoked = await fleet.get('REVOCATIONS_TABLE', { key: `d:${DEVICE}` });
  const hours = (Number(revoked!['until']) - Date.now() / 1000) / 3600;
  expect(hours).toBeCloseTo(12, 1);
  // Again: the first call may have come no further than deleting it.
  await fleet.put('REVOCATIONS_TABLE', { ...revoked, until: 1 });
  await call('devices', 'DELETE /api/devices/{id}', { id: DEVICE });
  expect((await fleet.get('REVOCATIONS_TABLE', { key: `d:${DEVICE}` }))!['until']).toBeGreaterThan(1);
});

it('what a video shows, by its visibility, tags and owner', async () => {
  const patch = (body: object) => call('catalog', 'PATCH /api/videos/{id}', { id: ID }, body);
  await patch({ title: 'Another', tags: ['tour', 'more'], visibility: 'public' });
  expect(await told()).toEqual([]);
  await patch({ tags: ['more'], visibility: 'entitled' });
  expect(await told()).toEqual([{ of: 'videos', videos: [ID], reasons: ['public'], from: ['tag:tour'] }]);
});
