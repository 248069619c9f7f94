/** What players post, through the handler as it is deployed, its queue, the fan-out and the count, on the engine. */
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
  type Message,
} from '@aws-sdk/client-sqs';
import { encodeCmcd } from '@svta/cml-cmcd';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ApiEvent } from '../../../lambdas/shared/http.ts';
import { KEYS_ROW } from '../../../lib/contract/heatmap.ts';
import { MAX_POST_BYTES, report, type Report } from '../../../lib/contract/player-events.ts';
import { sessionId, ticketText } from '../../../lib/contract/ticket.ts';
import { startHandlerEngine } from '../engine.ts';
import { ID } from '../playback/fixture.ts';

let close: () => Promise<void>;
let handler: (typeof import('../../../lambdas/insight/events.ts'))['handler'];
let spread: (event: SQSEvent) => Promise<SQSBatchResponse>;
let address: typeof import('../../../lambdas/shared/events-address.ts');
const sqs = () => new SQSClient({});
const NOW = Date.now();
const SESSION = sessionId(NOW - 120_000, 'AbCdEfGhIjKlMn09');
const consumers: string[] = [];

beforeAll(async () => {
  close = await startHandlerEngine({});
  for (const name of ['one', 'other']) {
    const { QueueUrl } = await sqs().send(new CreateQueueCommand({ QueueName: `${name}-${process.pid}` }));
    consumers.push(QueueUrl!);
  }
  process.env['CONSUMER_QUEUES'] = JSON.stringify(consumers);
  const ordered = { QueueName: `ordered-${process.pid}.fifo`, Attributes: { FifoQueue: 'true' } };
  process.env['KAFKA_QUEUE'] = (await sqs().send(new CreateQueueCommand(ordered))).QueueUrl;
  ({ handler } = await import('../../../lambdas/insight/events.ts'));
  ({ handler: spread } = await import('../../../lambdas/insight/spread.ts'));
  address = await import('../../../lambdas/shared/events-address.ts');
}, 600_000);
afterAll(async () => close());

const received = async (QueueUrl = process.env['POSTS_QUEUE']): Promise<Message[]> =>
  (await sqs().send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }))).Messages ?? [];
const taken = async (): Promise<Report[]> => (await received()).map(({ Body }) => report.parse(JSON.parse(Body!)));

let to: string;
beforeEach(async () => {
  const ticket = ticketText({ session: SESSION, subject: 'Ab-_4567890' });
  const url = new URL((await address.eventsUrl(`vod/${ID}`, ticket, new Date(NOW + 600_000)))!);
  expect(url.pathname).toBe('/api/events');
  expect(url.origin).toBe(process.env['PUBLIC_URL']);
  to = url.searchParams.get('to')!;
});

interface Post {
  readonly body: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly base64?: boolean;
}
const post = async ({ body, query = {}, headers = {}, base64 = false }: Post) => {
  const answer = await handler({
    version: '2.0',
    routeKey: 'POST /api/events',
    headers,
    queryStringParameters: { to, ...query },
    body: base64 ? Buffer.from(body).toString('base64') : body,
    isBase64Encoded: base64,
    requestContext: { requestId: 'test' },
  } as unknown as ApiEvent);
  return { status: answer.statusCode, body: answer.body === undefined ? '' : answer.body };
};

const ours = (over: object = {}) =>
  JSON.stringify({
    sequence: 0,
    now: NOW,
    events: [{ type: 'heartbeat', at: NOW - 1000, watched: [[0, 10]] }],
    ...over,
  });

describe('a post of our players', () => {
  it('is what its address says: the video, the session, and a pseudonym that is nobody’s name', async () => {
    const headers = { 'cloudfront-viewer-country': 'DE', 'cloudfront-is-mobile-viewer': 'true' };
    expect(await post({ body: ours(), headers, base64: true })).toEqual({ status: 204, body: '' });
    const [one, ...others] = await taken();
    expect(others).toEqual([]);
    expect(one).toMatchObject({
      what: `vod/${ID}`,
      session: SESSION,
      country: 'DE',
      device: 'mobile',
      units: [{ sequence: 0, events: [{ type: 'heartbeat', watched: [[0, 10]], again: [] }] }],
    });
    expect(one!.viewer).toMatch(/^[A-Za-z0-9_-]{11}$/);
    expect(one!.viewer).not.toBe('Ab-_4567890');
  });

  it('goes to Kafka’s queue as well, behind what its session posted before, and once', async () => {
    const inOrder = async () => {
      const { Messages = [] } = await sqs().send(
        new ReceiveMessageCommand({
          QueueUrl: process.env['KAFKA_QUEUE'],
          MaxNumberOfMessages: 10,
          MessageSystemAttributeNames: ['MessageGroupId'],
        }),
      );
      return Messages;
    };
    for (const { ReceiptHandle } of await inOrder())
      await sqs().send(new DeleteMessageCommand({ QueueUrl: process.env['KAFKA_QUEUE'], ReceiptHandle }));
    for (const sequence of [41, 42, 41, 43]) expect((await post({ body: ours({ sequence }) })).status).toBe(204);
    const messages = await inOrder();
    expect(messages.map(({ Attributes }) => Attributes!['MessageGroupId'])).toEqual([SESSION, SESSION, SESSION]);
    const reports = messages.map(({ Body }) => report.parse(JSON.parse(Body!)));
    expect(reports.map(({ units: [unit] }) => unit!.sequence)).toEqual([41, 42, 43]);
    // What is counted got them too, that one twice.
    const counted = (await taken()).map(({ units: [unit] }) => unit!.sequence);
    expect(counted.toSorted((a, b) => a - b)).toEqual([41, 41, 42, 43]);
  });

  it('says nothing of seconds that its video has not, where its address says how many it has', async () => {
    const ticket = ticketText({ session: SESSION, subject: 'Ab-_4567890' });
    const url = new URL((await address.eventsUrl(`vod/${ID}`, ticket, new Date(NOW + 600_000), 8.5))!);
    const query = { to: url.searchParams.get('to')! };
    expect((await post({ body: ours({ sequence: 7 }), query })).status).toBe(204);
    const [one] = (await taken()) as [Report];
    expect(one).toMatchObject({ session: SESSION, units: [{ sequence: 7, events: [{ watched: [[0, 9]] }] }] });
  });

  it('has its times by our clock, however wrong the player’s is', async () => {
    const wrong = Date.parse('2031-01-01T00:00:00Z');
    await post({
      body: ours({
        now: wrong,
        events: [
          { type: 'start', at: wrong - 20_000 },
          { type: 'seek', at: wrong + 3_600_000, to: 3 },
          { type: 'seek', at: 0, to: 4 },
        ],
      }),
    });
    const [{ units, receivedAt, began }] = (await taken()) as [Report];
    expect(units[0]!.events.map(({ at }) => at)).toEqual([receivedAt - 20_000, receivedAt, (began - 60) * 1000]);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{"sequence": 0'],
    ['no events', ours({ events: [] })],
    ['more than a post holds', ours({ events: Array.from({ length: 201 }, () => ({ type: 'start', at: NOW })) })],
    ['an event nobody knows', ours({ events: [{ type: 'dance', at: NOW }] })],
    ['a field nobody knows', ours({ viewer: 'olga' })],
    ['seconds that end before they begin', ours({ events: [{ type: 'heartbeat', at: NOW, watched: [[5, 5]] }] })],
    ['a place no video has', ours({ events: [{ type: 'heartbeat', at: NOW, watched: [[0, 172_801]] }] })],
    ['a rendition that is markup', ours({ events: [{ type: 'rendition', at: NOW, rendition: '<script>' }] })],
    ['a number beyond those of a session', ours({ sequence: 10_000 })],
  ])('of %s is refused, and nothing is sent on', async (_, body) => {
    const { status, body: said } = await post({ body });
    expect(status).toBe(400);
    expect(JSON.parse(said)).toMatchObject({ code: 'invalid-request' });
    expect(await received()).toEqual([]);
  });

  it('is refused where it is no text', async () => {
    const answer = await handler({
      version: '2.0',
      routeKey: 'POST /api/events',
      headers: {},
      queryStringParameters: { to },
      body: Buffer.from([0xff, 0xfe, 0x00]).toString('base64'),
      isBase64Encoded: true,
      requestContext: { requestId: 'test' },
    } as unknown as ApiEvent);
    expect(answer.statusCode).toBe(400);
  });

  it('is refused where it is too large', async () => {
    expect((await post({ body: ' '.repeat(MAX_POST_BYTES + 1) })).status).toBe(413);
  });
});

describe('an address', () => {
  it('is good for what it was made for and nothing else: each bent byte is refused', async () => {
    const bent = [
      ...Array.from(to, (letter, at) => `${to.slice(0, at)}${letter === 'A' ? 'B' : 'A'}${to.slice(at + 1)}`),
      to.slice(0, -1),
      `${to}A`,
      to.split('.').slice(0, -1).join('.'),
      `.${to}`,
    ].filter((one) => one !== to);
    for (const one of bent)
      expect([one, (await post({ body: ours(), query: { to: one } })).status]).toEqual([one, 401]);
    expect(await received()).toEqual([]);
  });

  it('ends an hour after the signature, and a day and an hour after the session began', async () => {
    const keys = await (await import('../../../lambdas/shared/insight-keys.ts')).ensureInsightKeys();
    const seconds = Math.floor(NOW / 1000);
    const { addressFor, partBegan, countedAs } = await import('../../../lib/contract/events-address.ts');
    const what = `vod/${ID}`;
    const short = addressFor({ what, session: SESSION, viewer: undefined }, seconds + 600, seconds);
    expect(short.until).toBe(seconds + 600 + 3600);
    const text = address.eventsToken(keys, short);
    expect(address.readEventsToken(keys, text, short.until)).toEqual(short);
    expect(address.readEventsToken(keys, text, short.until + 1)).toBeUndefined();
    const began = partBegan(short);
    const long = addressFor({ what, session: SESSION, viewer: undefined }, seconds + 999_999, seconds);
    expect(long.until).toBe(began + 90_000);
    // A wall that shows a channel for weeks is another view each day.
    const later = addressFor(
      { what: 'live/13800000001/1', session: SESSION, viewer: undefined },
      seconds + 999_999,
      began + 3 * 86_400,
    );
    expect(later).toMatchObject({ part: 3, until: began + 4 * 86_400 + 3600 });
    expect([countedAs(later), partBegan(later)]).toEqual([`${SESSION}-3`, began + 3 * 86_400]);
    expect(address.readEventsToken(keys, address.eventsToken(keys, later), seconds)).toEqual(later);
  });

  it('keeps nobody from watching where the keys cannot be read', async () => {
    const table = process.env['HEATMAPS_TABLE'];
    const { vi } = await import('vitest');
    vi.resetModules();
    process.env['HEATMAPS_TABLE'] = 'no-such-table';
    const fresh = await import('../../../lambdas/shared/events-address.ts');
    const ticket = ticketText({ session: SESSION });
    expect(await fresh.eventsUrl(`vod/${ID}`, ticket, new Date(NOW + 1000))).toBeUndefined();
    process.env['HEATMAPS_TABLE'] = table;
    expect(await fresh.eventsUrl(`vod/${ID}`, ticket, new Date(NOW + 1000))).toContain('/api/events?to=');
  });

  it('and each pseudonym is another one once the keys were deleted', async () => {
    const { dynamo } = await import('../../../lambdas/shared/clients.ts');
    const { vi } = await import('vitest');
    await dynamo.send(new DeleteCommand({ TableName: process.env['HEATMAPS_TABLE'], Key: KEYS_ROW }));
    vi.resetModules();
    const fresh = await import('../../../lambdas/shared/insight-keys.ts');
    expect(await fresh.insightKeys()).toBeUndefined();
    const other = await import('../../../lambdas/insight/events.ts');
    const refused = await other.handler({
      routeKey: 'POST /api/events',
      headers: {},
      queryStringParameters: { to },
      body: ours(),
      requestContext: {},
    } as unknown as ApiEvent);
    expect(refused.statusCode).toBe(401);
    const [a, b] = await Promise.all([fresh.ensureInsightKeys(), fresh.ensureInsightKeys()]);
    expect(a).toEqual(b);
    const before = await (
      await import('../../../lambdas/shared/events-address.ts')
    ).eventsUrl(`vod/${ID}`, ticketText({ session: SESSION, subject: 'Ab-_4567890' }), new Date(NOW + 600_000));
    expect(before).not.toContain(to);
  });
});

describe('reports of CMCD version 2', () => {
  const line = (fields: object) =>
    encodeCmcd({ v: 2, sid: 'abc', cid: 'x', ...fields }, { version: 2, reportingMode: 'event' });
  const sent = [
    line({ e: 'ps', sta: 's', ts: NOW - 40_000, sn: 0 }),
    line({ e: 'ps', sta: 'p', ts: NOW - 39_000, sn: 1, pt: 0, msd: 420 }),
    line({ e: 't', sta: 'p', ts: NOW - 29_000, sn: 2, pt: 10_000, br: [3000] }),
    line({ e: 'ps', sta: 'r', ts: NOW - 27_000, sn: 3, pt: 12_000 }),
    line({ e: 'ps', sta: 'p', ts: NOW - 25_000, sn: 4, pt: 12_000 }),
    line({ e: 'ps', sta: 'k', ts: NOW - 24_000, sn: 5, pt: 100_000 }),
    line({ e: 'e', sta: 'f', ts: NOW - 1000, sn: 6, ec: ['networkError'] }),
    line({ e: 'ps', sta: 'q', ts: NOW, sn: 7, pt: 100_000 }),
  ];
  const kinds = (one: Report) =>
    one.units.map(({ sequence, events }) => [sequence - 100_000, ...events.map(({ type }) => type)]);

  it('say what a player did, whatever the type and the order of its lines', async () => {
    expect(
      (await post({ body: `${sent.toReversed().join('\r\n')}\n`, headers: { 'content-type': 'application/cmcd' } }))
        .status,
    ).toBe(204);
    const [one] = (await taken()) as [Report];
    expect(kinds(one)).toEqual(
      [
        [0, 'start'],
        [1, 'first-frame'],
        [2, 'heartbeat'],
        [3, 'heartbeat'],
        [4, 'stall'],
        [6, 'error'],
        [7, 'end'],
      ].toSpliced(5, 0, [5, 'heartbeat', 'seek']),
    );
    const events = one.units.flatMap((unit) => unit.events);
    expect(events.filter(({ type }) => type === 'heartbeat')).toMatchObject([
      { watched: [[0, 10]], kbps: 3000 },
      { watched: [[10, 12]] },
      { watched: [[12, 13]] },
    ]);
    expect(events.find(({ type }) => type === 'stall')).toMatchObject({ lasted: 2000 });
    expect(events.find(({ type }) => type === 'error')).toMatchObject({ kind: 'network', fatal: true });
    expect(events.find(({ type }) => type === 'end')).toMatchObject({ reason: 'left' });
  });

  it('that come alone were watched for as long as their player waits between two', async () => {
    await post({ body: line({ e: 't', sta: 'p', ts: NOW, sn: 9, pt: 70_000 }) });
    await post({ body: line({ e: 't', sta: 'p', ts: NOW, sn: 10, pt: 80_000 }), query: { every: '10' } });
    const watched = (await taken()).flatMap(({ units }) => units.flatMap(({ events }) => events));
    expect(watched).toMatchObject([{ watched: [[40, 70]] }, { watched: [[70, 80]] }]);
  });

  it('say where they are by a key of ours, too, where their player says nothing', async () => {
    const body = [
      `e=ps,sn=1,sta=p,ts=${NOW - 9000},io.sluice-pt=61000`,
      `e=t,sn=2,sta=p,ts=${NOW},io.sluice-pt=70000`,
    ].join('\n');
    await post({ body });
    const watched = (await taken()).flatMap(({ units }) => units.flatMap(({ events }) => events));
    expect(watched).toMatchObject([{ type: 'heartbeat', watched: [[61, 70]] }]);
  });

  it('of which nothing is counted are taken, so that they are not sent again', async () => {
    expect((await post({ body: line({ e: 'rr', ts: NOW, sn: 11, url: 'https://x/y' }) })).status).toBe(204);
    expect(await received()).toEqual([]);
  });

  it.each([
    ['no number', 'e=t,ts=1,sta=p'],
    ['no event', 'sn=1,ts=1'],
    ['a number that is text', 'e=t,sn="1",ts=1'],
    ['what is no dictionary', '\u0000\u0001'],
    ['a line without an end', `e=t,sn=1,ts=1,com.example-x="${'a'.repeat(9000)}"`],
    ['more than a post holds', Array.from({ length: 201 }, (_, sn) => `e=t,sn=${sn},ts=1`).join('\n')],
  ])('of %s are refused', async (_, body) => {
    expect((await post({ body })).status).toBe(400);
  });
});

it('posts go to each consumer in bundles, and one that cannot be read fails alone', async () => {
  await post({ body: ours() });
  await post({ body: ours({ sequence: 1 }) });
  const posts = await received();
  expect(posts).toHaveLength(2);
  const Records = [
    ...posts.map(({ Body }, index) => ({ messageId: `m${index}`, body: Body })),
    { messageId: 'bad', body: '{}' },
  ];
  expect(await spread({ Records } as unknown as SQSEvent)).toEqual({ batchItemFailures: [{ itemIdentifier: 'bad' }] });
  for (const queue of consumers) {
    const [bundle, ...others] = await received(queue);
    expect(others).toEqual([]);
    const { reports } = JSON.parse(bundle!.Body!) as { reports: Report[] };
    expect(reports.map(({ units }) => units[0]!.sequence)).toEqual([0, 1]);
  }
});
