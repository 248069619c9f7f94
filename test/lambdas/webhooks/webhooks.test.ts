/** Webhooks on the engine, told over real sockets; what comes is checked by the specification's own library. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Webhook as Verifier } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { reaching } from '../../../lambdas/webhooks/attempt.ts';
import { noteAttempt, secondsUntilFree, takeDelivery } from '../../../lambdas/webhooks/rows.ts';
import { TRIES, WAITS, type Delivery, type DeliveryRow } from '../../../lib/contract/webhook.ts';
import { TEST_CA } from '../../support/file-server.ts';
import { callRoute } from '../engine.ts';
import { event, Hooks, videoOf, type Came } from './hooks.ts';

let hooks: Hooks;
let came: readonly Came[];

beforeAll(async () => {
  hooks = await Hooks.start();
  came = hooks.came;
});
afterAll(() => hooks.close());
beforeEach(() => hooks.fresh());
afterEach(async () => {
  Object.assign(reaching, { options: {}, milliseconds: 15_000 });
  await hooks.clear();
});

const answering = (how: Hooks['answer']) => void (hooks.answer = how);
const call: Hooks['call'] = (...asked) => hooks.call(...asked);
const made: Hooks['made'] = (body) => hooks.made(body);
const drain = () => hooks.drain();
const work: Hooks['work'] = (messages) => hooks.work(messages);
const deliveries: Hooks['deliveries'] = (...asked) => hooks.deliveries(...asked);
const shown: Hooks['shown'] = (webhook) => hooks.shown(webhook);
const tell = (id: string, detail?: object, source?: string) => work([[event(id, detail, source), 'none']]);

describe('a webhook', () => {
  it('is told of what it asked for, once, signed as the specification says', async () => {
    const { id, secret } = await made();
    await tell('e1');
    await tell('e1');
    await tell('e2', { status: 'probed' });
    await drain();
    expect(came).toHaveLength(1);
    const [{ headers, body }] = came as [Came];
    const read = new Verifier(secret).verify(body, headers);
    expect(read).toEqual({
      type: 'video.ready',
      timestamp: '2026-05-06T07:08:09.010Z',
      data: { videoId: videoOf('e1'), owner: 'uma', duration: 60 },
    });
    expect(() => new Verifier(secret).verify(`${body} `, headers)).toThrow(/signature/i);
    const { deliveries: all } = await deliveries(id);
    expect(all).toMatchObject([
      { id: headers['webhook-id'], state: 'delivered', attempts: [{ status: 204 }], payload: body },
    ]);
  });

  it('is told of the trash once for each time, however often that is said', async () => {
    const { id } = await made({ types: ['video.trashed', 'video.restored'] });
    const [first, second, third] = ['07', '08', '09'].map((hour) => `2026-05-06T${hour}:00:00.000Z`) as [
      string,
      string,
      string,
    ];
    for (let n = 0; n < 2; n += 1) await tell('t', { status: 'trashed', at: first });
    await tell('t', { status: 'restored', at: second });
    await tell('t', { status: 'trashed', at: third });
    await tell('t', { status: 'deleted', at: third });
    await drain();
    const bodies = came.map(({ body }) => JSON.parse(body) as { type: string; timestamp: string });
    expect(bodies.map(({ type, timestamp }) => `${timestamp} ${type}`).toSorted()).toEqual([
      `${first} video.trashed`,
      `${second} video.restored`,
      `${third} video.trashed`,
    ]);
    // And is found by its name, as any.
    const [last] = (await deliveries(id)).deliveries as [Delivery];
    const replayed = await call('POST /api/webhooks/{webhook}/deliveries/{delivery}/replay', {
      params: { webhook: id, delivery: last.id },
    });
    expect(replayed.status).toBe(202);
  });

  it('of devices has no word of tasks, and no event of another source is told', async () => {
    const { id } = await made({ types: ['device.alarm'] });
    const alarm = { id: 'a'.repeat(16), kind: 'emergency', type: 'emergency', phase: 'begin' };
    const told = { device: '13800000001', type: 'alarm', at: '2026-05-06T07:08:09Z', task: 't1', alarm };
    const detail = { ...told, tell: ['webhook'] };
    await work([
      [JSON.stringify({ ...JSON.parse(event('d1')), source: 'sluice.device', detail }), 'none'],
      [event('x1', {}, 'aws.s3'), 'none'],
      // A rule has it for people alone.
      [
        JSON.stringify({ ...JSON.parse(event('d2')), source: 'sluice.device', detail: { ...detail, tell: ['inbox'] } }),
        'none',
      ],
    ]);
    await drain();
    expect(came.map(({ body }) => JSON.parse(body).data)).toEqual([{ device: '13800000001', alarm }]);
    expect((await deliveries(id)).deliveries).toHaveLength(1);
  });

  it('signs by the secret before it for a day, and tells neither again', async () => {
    const { id, secret } = await made();
    const { json } = await call('POST /api/webhooks/{webhook}/secret', { params: { webhook: id } });
    await tell('s1');
    await drain();
    for (const one of [secret, json.secret]) new Verifier(one).verify(came[0]!.body, came[0]!.headers);
    const { json: list } = await call('GET /api/webhooks', {});
    expect(JSON.stringify(list)).not.toContain('whsec_');
    expect(JSON.stringify(list)).not.toContain('secret');
  });

  it('that does not answer is tried again after the waits of the specification, and then no more', async () => {
    const { id } = await made();
    answering((response) => void response.writeHead(500).end('no'));
    await tell('f1');
    expect(await drain()).toBe(1);
    const [first] = (await deliveries(id)).deliveries as [Delivery];
    expect(first).toMatchObject({ state: 'waiting', attempts: [{ status: 500, error: 'It did not answer 2xx.' }] });
    expect(Date.parse(first.nextAt!) - Date.parse(first.attempts[0]!.at)).toBe(WAITS[0] * 1000);
    expect((await shown(id)).failing).toBe(first.attempts[0]!.at);
    expect(await hooks.hidden()).toBe(1);
    for (let n = 1; n < TRIES - 1; n += 1)
      await noteAttempt({ kind: id, id: first.id }, first.attempts[0]!, 'waiting', new Date().toISOString());
    expect(await work([[JSON.stringify({ webhook: id, delivery: first.id }), 'none']])).toEqual([]);
    const [last] = (await deliveries(id, { state: 'failed' })).deliveries as [Delivery];
    expect(last.attempts).toHaveLength(TRIES);
    expect(last.nextAt).toBeUndefined();
    // One that gets through says that all is well.
    answering((response) => void response.writeHead(200).end());
    await call('POST /api/webhooks/{webhook}/deliveries/{delivery}/replay', {
      params: { webhook: id, delivery: last.id },
    });
    await drain();
    expect((await shown(id)).failing).toBeUndefined();
    const again = (await deliveries(id)).deliveries;
    expect(again.map(({ state }) => state)).toEqual(['delivered', 'failed']);
    expect(again[0]!.payload).toBe(last.payload);
    expect(again[0]!.id).not.toBe(last.id);
  });

  it('whose message SQS hands out twice is tried again for as long as it waits', async () => {
    const { id } = await made();
    await tell('t1');
    const [row] = (await deliveries(id)).deliveries as [Delivery];
    const message = JSON.stringify({ webhook: id, delivery: row.id });
    const again = [{ itemIdentifier: 'm0' }];
    // The other copy is at it. SQS may take this one for all there is of the message: it must not go.
    expect(await takeDelivery({ kind: id, id: row.id }, Date.now())).toBe(true);
    expect(await work([[message, 'none']])).toEqual(again);
    expect(came).toEqual([]);
    // The other copy has tried, and there is time until the next.
    const attempt = { at: new Date().toISOString(), ms: 1, status: 500 };
    await noteAttempt({ kind: id, id: row.id }, attempt, 'waiting', new Date(Date.now() + 600_000).toISOString());
    expect(await work([[message, 'none']])).toEqual(again);
    expect(came).toEqual([]);
    expect((await deliveries(id)).deliveries[0]!.attempts).toHaveLength(1);
    // It got through: neither is needed any more.
    await noteAttempt({ kind: id, id: row.id }, attempt, 'delivered', null);
    expect(await work([[message, 'none']])).toEqual([]);
    expect(came).toEqual([]);
  });

  it.each<[string, number, string | undefined, number]>([
    ['at work', 1030, undefined, 31],
    ['too early', 0, new Date(1_600_000).toISOString(), 600],
    ['over since it was looked at', 900, new Date(999_000).toISOString(), 1],
  ])('that finds the other %s comes again when that may be over', (_, takenUntil, nextAt, seconds) => {
    const row = { takenUntil, ...(nextAt !== undefined && { nextAt }) } as DeliveryRow;
    expect(secondsUntilFree(row, 1_000_000)).toBe(seconds);
  });

  it.each<[string, (response: ServerResponse, request: IncomingMessage) => void, object]>([
    [
      'redirects',
      (response) => response.writeHead(302, { location: `${hooks.server.url}/else` }).end(),
      { status: 302, error: 'It redirects, which is not followed.' },
    ],
    ['breaks off', (_, request) => request.socket.destroy(), { error: expect.stringMatching(/./) }],
    ['says nothing', () => {}, { error: 'It did not answer within 0.3 s.' }],
    [
      'never ends',
      (response) => {
        response.writeHead(200);
        response.write('x');
      },
      { status: 200 },
    ],
  ])('that %s is not waited for', async (_, how, attempt) => {
    reaching.milliseconds = 300;
    const { id } = await made();
    answering(how);
    await tell('w1');
    await drain();
    expect(came).toHaveLength(1);
    expect((await deliveries(id)).deliveries[0]!.attempts).toMatchObject([attempt]);
  });

  it('that answers 410 is turned off, and what waits for it fails', async () => {
    const { id } = await made();
    answering((response) => void response.writeHead(410).end());
    await tell('g1');
    await tell('g2');
    await drain();
    expect(await shown(id)).toMatchObject({ enabled: false });
    expect((await deliveries(id, { state: 'failed' })).deliveries).toHaveLength(2);
    await tell('g3');
    await drain();
    expect((await deliveries(id)).deliveries).toHaveLength(2);
    const { status } = await call('POST /api/webhooks/{webhook}/test', { params: { webhook: id } });
    expect(status).toBe(409);
    const { json } = await call('PATCH /api/webhooks/{webhook}', { params: { webhook: id }, body: { enabled: true } });
    expect([json.enabled, json.failing]).toEqual([true, undefined]);
  });

  it('that was deleted is told nothing, also of what waited', async () => {
    const { id } = await made();
    await tell('x1');
    await call('DELETE /api/webhooks/{webhook}', { params: { webhook: id } });
    await drain();
    expect(came).toEqual([]);
  });

  it('is sent a test when an admin asks, and lists what was sent by pages', async () => {
    const { id } = await made();
    for (let n = 0; n < 3; n += 1) await call('POST /api/webhooks/{webhook}/test', { params: { webhook: id } });
    await drain();
    expect(came.map(({ body }) => JSON.parse(body).type)).toEqual(['webhook.test', 'webhook.test', 'webhook.test']);
    const first = await deliveries(id, { limit: '2' });
    const second = await deliveries(id, { limit: '2', cursor: first.cursor! });
    expect([first.deliveries.length, second.deliveries.length, second.cursor]).toEqual([2, 1, null]);
    // What is no cursor of this list is no first page, and no empty one.
    const { id: other } = await made();
    for (const [webhook, query] of [
      [id, { cursor: 'xyz' }],
      [id, { cursor: 'msg_0' }],
      [id, { cursor: first.cursor!, state: 'failed' }],
      [other, { cursor: first.cursor! }],
    ] as const) {
      const refused = await call('GET /api/webhooks/{webhook}/deliveries', { params: { webhook }, query });
      expect([refused.status, refused.json.errors?.[0].path]).toEqual([400, 'query.cursor']);
    }
  });

  it('message that is none waits for a person, and keeps the others from nothing', async () => {
    await made();
    const failures = await work([
      ['{"what": 1}', 'none'],
      [event('o1'), 'none'],
    ]);
    expect(failures).toEqual([{ itemIdentifier: 'm0' }]);
    await drain();
    expect(came).toHaveLength(1);
  });
});

it('waits no longer than SQS hides a message, with the time of a try before it', () => {
  // Of the twelve hours that count from when a message was received (Amazon SQS developer guide, "Visibility timeout").
  expect(Math.max(...WAITS)).toBeLessThan(12 * 3600 - 60);
});

describe('keeping webhooks', () => {
  it('is for admins', async () => {
    const uma = { sub: 'uma', groups: ['uploader'] };
    for (const [route, more] of [
      ['GET /api/webhooks', {}],
      ['POST /api/webhooks', { body: { url: 'https://hook.example/', types: ['video.ready'] } }],
      ['DELETE /api/webhooks/{webhook}', { params: { webhook: 'a'.repeat(12) } }],
    ] as const)
      expect((await callRoute(hooks.api, route, { as: uma, ...more })).status).toBe(403);
  });

  it.each([
    ['http://hook.example/'],
    ['https://hook.example:8443/'],
    ['https://me:secret@hook.example/'],
    ['https://127.0.0.1/'],
    ['https://169.254.169.254/latest'],
    ['https://[::1]/'],
    ['nowhere'],
  ])('refuses the address %s', async (url) => {
    delete process.env['WEBHOOK_PRIVATE'];
    const { status, json } = await call('POST /api/webhooks', { body: { url, types: ['video.ready'] } });
    process.env['WEBHOOK_PRIVATE'] = 'yes';
    expect([status, json.errors[0].path]).toEqual([400, 'body.url']);
  });

  it('sends nothing to a name that leads into a network of ours', async () => {
    const { id } = await made({ url: 'https://inside.sluice.example/' });
    delete process.env['WEBHOOK_PRIVATE'];
    reaching.options = {
      ca: TEST_CA,
      port: () => hooks.server.port,
      resolve: (_, done) => done(null, [{ address: '10.0.0.1', family: 4 }]),
    };
    await tell('p1');
    await drain();
    process.env['WEBHOOK_PRIVATE'] = 'yes';
    expect(came).toEqual([]);
    expect((await deliveries(id)).deliveries[0]!.attempts[0]!.error).toMatch(/public internet/);
  });

  it('has twenty at most', async () => {
    for (let n = 0; n < 20; n += 1) await made();
    const { status, json } = await call('POST /api/webhooks', {
      body: { url: `${hooks.server.url}/x`, types: ['video.ready'] },
    });
    expect([status, json.limit]).toEqual([409, { name: 'webhooks', value: 20 }]);
  });
});
