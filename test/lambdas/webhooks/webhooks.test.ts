/** Webhooks on the engine, told over real sockets; what comes is checked by the specification's own library. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import { Webhook as Verifier } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { reaching } from '../../../lambdas/webhooks/attempt.ts';
import { noteAttempt } from '../../../lambdas/webhooks/rows.ts';
import { TRIES, WAITS, type Delivery } from '../../../lib/contract/webhook.ts';
import { callRoute, startHandlerEngine } from '../engine.ts';
import { fileServer, TEST_CA, type FileServer } from '../../support/file-server.ts';

const ADA = { sub: 'ada', groups: ['admin'] };
const VIDEO = 'a'.repeat(20);
const sqs = () => new SQSClient({});

interface Came {
  readonly headers: Record<string, string>;
  readonly body: string;
}

let stop: () => Promise<void>;
let server: FileServer;
let api: typeof import('../../../lambdas/webhooks/handler.ts').handler;
let deliver: typeof import('../../../lambdas/webhooks/deliver.ts').handler;
const came: Came[] = [];
let answer: (response: ServerResponse, request: IncomingMessage) => void;

beforeAll(async () => {
  stop = await startHandlerEngine({ WEBHOOK_PRIVATE: 'yes' });
  const { QueueUrl } = await sqs().send(new CreateQueueCommand({ QueueName: `hooks-${process.pid}` }));
  process.env['WEBHOOK_QUEUE'] = QueueUrl;
  ({ handler: api } = await import('../../../lambdas/webhooks/handler.ts'));
  ({ handler: deliver } = await import('../../../lambdas/webhooks/deliver.ts'));
  server = await fileServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      came.push({ headers: request.headers as Record<string, string>, body: Buffer.concat(chunks).toString() });
      answer(response, request);
    });
  });
});
afterAll(async () => {
  await server.close();
  await stop();
});
beforeEach(() => {
  came.length = 0;
  answer = (response) => void response.writeHead(204).end();
});
afterEach(async () => {
  Object.assign(reaching, { options: {}, milliseconds: 15_000 });
  const { json } = await call('GET /api/webhooks', {});
  for (const { id } of json.webhooks) await call('DELETE /api/webhooks/{webhook}', { params: { webhook: id } });
  await drain();
});

const call = (route: Parameters<typeof callRoute>[1], more: Omit<Parameters<typeof callRoute>[2], 'as'>) =>
  callRoute(api, route, { as: ADA, ...more });

async function made(body: Record<string, unknown> = {}): Promise<{ id: string; secret: string }> {
  const { status, json } = await call('POST /api/webhooks', {
    body: { url: `${server.url}/hook`, types: ['video.ready'], ...body },
  });
  expect(status).toBe(201);
  return json;
}

/** Works on all that the queue has now; how many of it are to come again. */
async function drain(): Promise<number> {
  let again = 0;
  for (;;) {
    const { Messages = [] } = await sqs().send(
      new ReceiveMessageCommand({ QueueUrl: process.env['WEBHOOK_QUEUE'], MaxNumberOfMessages: 10 }),
    );
    if (Messages.length === 0) return again;
    const failed = await work(Messages.map((one) => [one.Body!, one.ReceiptHandle!]));
    again += failed.length;
    const done = Messages.filter((_, i) => !failed.some(({ itemIdentifier }) => itemIdentifier === `m${i}`));
    for (const { ReceiptHandle } of done)
      await sqs().send(new DeleteMessageCommand({ QueueUrl: process.env['WEBHOOK_QUEUE'], ReceiptHandle }));
  }
}
const work = async (messages: readonly (readonly [body: string, receipt: string])[]) => {
  const Records = messages.map(([body, receiptHandle], i) => ({ messageId: `m${i}`, body, receiptHandle }));
  return (await deliver({ Records } as unknown as SQSEvent)).batchItemFailures;
};

const event = (id: string, detail: object = {}, source = 'sluice.video') =>
  JSON.stringify({
    version: '0',
    id,
    source,
    'detail-type': 'ready',
    time: '2026-05-06T07:08:09Z',
    detail: { videoId: VIDEO, owner: 'uma', status: 'ready', at: '2026-05-06T07:08:09.010Z', duration: 60, ...detail },
  });
const tell = (id: string, detail?: object, source?: string) => work([[event(id, detail, source), 'none']]);

const deliveries = async (webhook: string, query: Record<string, string> = {}) => {
  const { json } = await call('GET /api/webhooks/{webhook}/deliveries', { params: { webhook }, query });
  return json as { deliveries: Delivery[]; cursor: string | null };
};
const shown = async (webhook: string) =>
  (await call('GET /api/webhooks', {})).json.webhooks.find(({ id }: { id: string }) => id === webhook);

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
      data: { videoId: VIDEO, owner: 'uma', duration: 60 },
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
    for (const name of ['t1', 't2']) await tell(name, { status: 'trashed', at: first });
    await tell('t3', { status: 'restored', at: second });
    await tell('t4', { status: 'trashed', at: third });
    await tell('t5', { status: 'deleted', at: third });
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
    answer = (response) => void response.writeHead(500).end('no');
    await tell('f1');
    expect(await drain()).toBe(1);
    const [first] = (await deliveries(id)).deliveries as [Delivery];
    expect(first).toMatchObject({ state: 'waiting', attempts: [{ status: 500, error: 'It did not answer 2xx.' }] });
    expect(Date.parse(first.nextAt!) - Date.parse(first.attempts[0]!.at)).toBe(WAITS[0] * 1000);
    expect((await shown(id)).failing).toBe(first.attempts[0]!.at);
    const { Attributes } = await sqs().send(
      new GetQueueAttributesCommand({
        QueueUrl: process.env['WEBHOOK_QUEUE'],
        AttributeNames: ['ApproximateNumberOfMessagesNotVisible'],
      }),
    );
    expect(Attributes!['ApproximateNumberOfMessagesNotVisible']).toBe('1');
    for (let n = 1; n < TRIES - 1; n += 1)
      await noteAttempt({ kind: id, id: first.id }, first.attempts[0]!, 'waiting', first.nextAt!);
    expect(await work([[JSON.stringify({ webhook: id, delivery: first.id }), 'none']])).toEqual([]);
    const [last] = (await deliveries(id, { state: 'failed' })).deliveries as [Delivery];
    expect(last.attempts).toHaveLength(TRIES);
    expect(last.nextAt).toBeUndefined();
    // One that gets through says that all is well.
    answer = (response) => void response.writeHead(200).end();
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

  it.each<[string, (response: ServerResponse, request: IncomingMessage) => void, object]>([
    [
      'redirects',
      (response) => response.writeHead(302, { location: `${server.url}/else` }).end(),
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
    answer = how;
    await tell('w1');
    await drain();
    expect(came).toHaveLength(1);
    expect((await deliveries(id)).deliveries[0]!.attempts).toMatchObject([attempt]);
  });

  it('that answers 410 is turned off, and what waits for it fails', async () => {
    const { id } = await made();
    answer = (response) => void response.writeHead(410).end();
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
      expect((await callRoute(api, route, { as: uma, ...more })).status).toBe(403);
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
      port: () => server.port,
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
      body: { url: `${server.url}/x`, types: ['video.ready'] },
    });
    expect([status, json.limit]).toEqual([409, { name: 'webhooks', value: 20 }]);
  });
});
