/**
 * Ending what is watched, against the engine: what could not be told or done at once is done by the same call made again, by every
 * route, and all of a person's ends, however many others watch and whatever begins at that moment.
 */
import { SQSClient } from '@aws-sdk/client-sqs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Start } from '../../../lambdas/shared/sessions.ts';
import type { RouteKey } from '../../../lib/contract/api.ts';
import type { RevocationTask } from '../../../lib/contract/revocation.ts';
import { parseTicket } from '../../../lib/contract/ticket.ts';
import { startFleet, type Fleet } from '../devices/fleet.ts';
import { callRoute } from '../engine.ts';
import { record } from './fixture.ts';

const ADA = { sub: 'ada', groups: ['admin'] };
const HOUR = 3_600_000;

let fleet: Fleet;
let sessions: typeof import('../../../lambdas/shared/sessions.ts');
let dynamo: typeof import('../../../lambdas/shared/clients.ts').dynamo;
let partOf: (subject: string) => string;
const handlers: Record<string, Parameters<typeof callRoute>[0]> = {};
let id: string;
let device: string;
let sub: string;
let count = 0;
beforeAll(async () => {
  fleet = await startFleet();
  handlers['videos'] = (await import('../../../lambdas/playback/handler.ts')).handler;
  handlers['devices'] = (await import('../../../lambdas/playback/live/handler.ts')).handler;
  sessions = await import('../../../lambdas/shared/sessions.ts');
  ({ dynamo } = await import('../../../lambdas/shared/clients.ts'));
  const signer = await (await import('../../../lambdas/shared/signing.ts')).loadSigner();
  partOf = (subject) => signer.subjectPart(subject);
}, 600_000);
afterAll(() => fleet.close());
beforeEach(async () => {
  count += 1;
  [id, device, sub] = [
    `ended${String(count).padStart(15, '0')}`,
    `137${String(count).padStart(8, '0')}`,
    `tina ${count}`,
  ];
  await fleet.put('VIDEOS_TABLE', record({ id, visibility: 'public' }));
  await fleet.device(device).register();
});
afterEach(() => void vi.restoreAllMocks());

const person = (subject = sub) => ({ subject, part: partOf(subject) });
const begin = async (over: Partial<Start> = {}, now = Date.now()) =>
  parseTicket(
    await sessions.startSession(
      { what: `vod/${id}`, until: new Date(now + 12 * HOUR), reason: 'public', person: person(), ...over },
      now,
    ),
  )!.session;
const going = async () =>
  (await sessions.sessionsOf(`u:${partOf(sub)}`))
    .filter(({ what }) => what !== undefined)
    .map(({ session }) => session);
const revoked = (key: string) => fleet.get('REVOCATIONS_TABLE', { key });

interface Ending {
  readonly route: RouteKey;
  readonly as?: object;
  readonly params?: Record<string, string>;
  readonly query?: Record<string, string>;
}
const call = ({ route, as = ADA, params, query }: Ending) =>
  callRoute(handlers[route.includes('/devices/') ? 'devices' : 'videos']!, route, {
    as: as as typeof ADA,
    params: { id: route.includes('/devices/') ? device : id, ...params },
    ...(query && { query }),
  });
/** An index is a moment behind its table. */
const listed = (of: 'videos' | 'devices', many: number) =>
  vi.waitFor(
    async () => {
      const { json } = await call({ route: `GET /api/${of}/{id}/sessions` as RouteKey });
      expect(json.sessions).toHaveLength(many);
    },
    { timeout: 30_000, interval: 100 },
  );

/** Each route by which somebody's session is ended, and what the edge is to refuse by it. */
const ROUTES: readonly (readonly [string, 'vod' | 'live', (session: string) => Ending & { readonly key?: string }])[] =
  [
    ['all of a video', 'vod', () => ({ route: 'DELETE /api/videos/{id}/sessions' })],
    ['all of a person on it', 'vod', () => ({ route: 'DELETE /api/videos/{id}/sessions', query: { subject: sub } })],
    ['one', 'vod', (session) => ({ route: 'DELETE /api/videos/{id}/sessions/{session}', params: { session } })],
    ['all of a device', 'live', () => ({ route: 'DELETE /api/devices/{id}/sessions' })],
    ['all of a person on it', 'live', () => ({ route: 'DELETE /api/devices/{id}/sessions', query: { subject: sub } })],
    ['one', 'live', (session) => ({ route: 'DELETE /api/devices/{id}/sessions/{session}', params: { session } })],
    ["one's own", 'vod', () => ({ route: 'DELETE /api/sessions/{subject}', as: { sub }, params: { subject: sub } })],
    [
      'all of a person',
      'live',
      () => ({ route: 'DELETE /api/sessions/{subject}', params: { subject: sub }, key: `u:${partOf(sub)}` }),
    ],
  ];

describe.each(['REVOCATIONS_TABLE', 'REVOCATION_QUEUE'])('without its %s for one call', (variable) => {
  it.each(ROUTES)('%s (%s) has ended nothing, and does when it is called again', async (_, below, of) => {
    const session = await begin({ what: below === 'vod' ? `vod/${id}` : `live/${device}/2` });
    await listed(below === 'vod' ? 'videos' : 'devices', 1);
    const { key = `s:${session}`, ...ending } = of(session);
    const there = process.env[variable]!;
    const sent = vi.spyOn(SQSClient.prototype, 'send');
    const told = () =>
      sent.mock.calls.flatMap(([{ input }]) => {
        const { QueueUrl, MessageBody = '{}' } = input as Record<string, string>;
        const task = JSON.parse(MessageBody) as RevocationTask;
        const isIt = QueueUrl === process.env['REVOCATION_QUEUE'] && task.step === 'write';
        return isIt ? task.revocations.map((one) => one.key) : [];
      });

    process.env[variable] = `${there}-gone`;
    const failed = await call(ending).finally(() => void (process.env[variable] = there));
    expect(failed.status).toBeGreaterThanOrEqual(500);
    expect(told()).toEqual([]);
    expect(await going()).toEqual([session]);

    const { status, json } = await call(ending);
    expect([status, json?.ended]).toEqual(ending.params?.['session'] === undefined ? [200, 1] : [204, undefined]);
    expect(told()).toEqual([key]);
    expect(await revoked(key)).toBeDefined();
    expect(await going()).toEqual([]);
  });
});

/** `look` at what is put into a table named by `variable`, before it is. */
function beforePuts(variable: string, look: (item: Record<string, unknown>) => void): void {
  const send = dynamo.send.bind(dynamo) as (command: unknown) => Promise<unknown>;
  vi.spyOn(dynamo, 'send').mockImplementation((async (command: unknown) => {
    if (command instanceof PutCommand && command.input.TableName === process.env[variable]) look(command.input.Item!);
    return await send(command);
  }) as never);
}

it('broken off among its rows, has had the edge refuse all, and ends the others when it is called again', async () => {
  const begun = await Promise.all([begin(), begin(), begin()]);
  await listed('videos', 3);
  let rows = 0;
  beforePuts('SESSIONS_TABLE', () => {
    if (++rows === 2) throw new Error('throttled');
  });
  const all: Ending = { route: 'DELETE /api/videos/{id}/sessions' };
  expect((await call(all)).status).toBeGreaterThanOrEqual(500);
  for (const session of begun) expect(await revoked(`s:${session}`)).toBeDefined();
  expect(await going()).toHaveLength(1);
  expect((await call(all)).json).toEqual({ ended: 1, isWhole: true });
  expect(await going()).toEqual([]);
});

it('of a person, however often, is refused for as long as what they had could be good', async () => {
  await begin({ until: new Date(Date.now() + 100 * HOUR) });
  const all: Ending = { route: 'DELETE /api/sessions/{subject}', params: { subject: sub } };
  for (const ended of [1, 0]) {
    expect((await call(all)).json).toEqual({ ended, isWhole: true });
    const { until } = (await revoked(`u:${partOf(sub)}`))!;
    expect(Number(until) * 1000).toBeGreaterThan(Date.now() + 99 * HOUR);
  }
});

it('of a person ends what began while it was told, too, and leaves what begins later', async () => {
  const name = (one: string) => one.padEnd(16, '0');
  const begun: Promise<string>[] = [];
  beforePuts('REVOCATIONS_TABLE', ({ key, at }) => {
    expect(key).toBe(`u:${partOf(sub)}`);
    const then = Number(at) * 1000;
    // Others were quicker to look at the clock than to write.
    begun.push(begin({ player: name('one') }, then));
    begun.push(setTimeout(300).then(() => begin({ player: name('two') }, then)));
    begun.push(begin({ player: name('later') }, then + 1000));
  });
  await begin({ player: name('before') });
  const { json } = await call({ route: 'DELETE /api/sessions/{subject}', params: { subject: sub } });
  const [, , later] = await Promise.all(begun);
  expect(json).toEqual({ ended: 3, isWhole: true });
  expect(await going()).toEqual([later]);
  for (const player of ['before', 'one', 'two'])
    await expect(begin({ player: name(player) })).rejects.toMatchObject({ code: 'session-ended' });
});

it.each(['videos', 'devices'] as const)(
  'of a person, finds them behind five hundred others (%s)',
  async (below) => {
    const what = below === 'videos' ? `vod/${id}` : `live/${device}/1`;
    const mine = await begin({ what }, Date.now() - 5000);
    const elsewhere = await begin({ what: 'vod/another' });
    for (let n = 0; n < 500; n += 50)
      await Promise.all(Array.from({ length: 50 }, () => begin({ what, person: undefined })));
    const route = `DELETE /api/${below}/{id}/sessions` as RouteKey;
    expect((await call({ route, query: { subject: sub } })).json).toEqual({ ended: 1, isWhole: true });
    expect(await revoked(`s:${mine}`)).toBeDefined();
    expect(await going()).toEqual([elsewhere]);
  },
  120_000,
);
