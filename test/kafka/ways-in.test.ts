/** Every way in that can be configured, to a real broker that holds each to it; and that nothing is sent by a lesser way. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Admin } from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KafkaProducer, optionsOf } from '../../lambdas/insight/kafka/producer.ts';
import { simulate, videoNumber } from '../../bench/events/viewers.ts';
import { bundle } from '../../lib/constructs/bundle.ts';
import {
  KAFKA_SCHEMA,
  kafkaRecord,
  type KafkaRecord,
  type KafkaSecret,
  type KafkaSettings,
} from '../../lib/contract/kafka.ts';
import { output } from '../../lib/process.ts';
import { startBroker, USER, whyNoBroker, type Broker } from '../support/kafka/broker.ts';

const TOPIC = 'reports';
const missing = whyNoBroker();
if (missing !== undefined) console.warn(`no way into a broker of Kafka is tried: ${missing}`);

const recordOf = (session: string): KafkaRecord => ({
  schema: KAFKA_SCHEMA,
  session,
  sequence: 0,
  what: 'vod/aaaaaaaaaaaaaaaaaaaa',
  began: 1_795_939_200,
  viewer: undefined,
  receivedAt: 1_795_939_260_000,
  country: 'DE',
  device: 'tv',
  events: [{ type: 'seek', at: 1_795_939_250_000, from: 1, to: 2 }],
});

describe.skipIf(missing !== undefined)('a broker of Kafka', () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startBroker();
    const admin = new Admin({ clientId: 'tests', bootstrapBrokers: [broker.at.plain] });
    await admin.createTopics({ topics: [TOPIC], partitions: 2, replicas: 1 });
    await admin.close();
  }, 600_000);
  afterAll(() => broker?.close());

  type Given = Pick<KafkaSettings, 'tls' | 'sasl'> & { readonly at: keyof Broker['at']; readonly topic?: string };
  const send = async (session: string, { at, topic = TOPIC, ...given }: Given, secret: KafkaSecret = {}, sasl = {}) => {
    const settings: KafkaSettings = { brokers: [broker.at[at]], topic, ...given };
    const producer = new KafkaProducer(settings, async () => ({ ...optionsOf(settings, secret), ...sasl }));
    try {
      await producer.send([recordOf(session)]);
    } finally {
      await producer.close();
    }
  };
  /** All that an error says, causes included. */
  const why = async (sending: Promise<void>): Promise<string> => {
    const error = await sending.then(
      () => expect.unreachable('it was sent'),
      (thrown: unknown) => thrown,
    );
    const texts = ({ message, cause, errors = [] }: Error & { errors?: Error[] }): string[] => [
      message,
      ...[...errors, cause].flatMap((one) => (one instanceof Error ? texts(one) : [])),
    ];
    return texts(error as Error).join('\n');
  };
  /** In one order: of what is in different partitions none is promised. */
  const sent = async () => (await broker.read(TOPIC)).map(({ key }) => key).toSorted();
  /** RFC 7519, "Unsecured JWTs": this broker takes them for what MSK would sign. */
  const unsigned = (claims: object) =>
    [{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');

  it('is let in by TLS, by each mechanism of SASL, and in the clear where that is asked for', async () => {
    const { ca } = broker;
    await send('clear', { at: 'plain', tls: false, sasl: 'none' });
    await send('tls', { at: 'tls', tls: true, sasl: 'none' }, { ca });
    for (const sasl of ['plain', 'scram-sha-256', 'scram-sha-512'] as const)
      await send(sasl, { at: 'sasl', tls: true, sasl }, { ca, ...USER });
    const now = Math.floor(Date.now() / 1000);
    const token = `${unsigned({ sub: 'sluice', iat: now, exp: now + 300 })}.`;
    await send('iam', { at: 'oauth', tls: true, sasl: 'iam' }, { ca }, { sasl: { mechanism: 'OAUTHBEARER', token } });
    expect(await sent()).toEqual(['clear', 'iam', 'plain', 'scram-sha-256', 'scram-sha-512', 'tls']);
    expect((await broker.read(TOPIC)).find(({ key }) => key === 'tls')).toEqual({
      partition: expect.any(Number) as number,
      timestamp: 1_795_939_260_000,
      key: 'tls',
      value: {
        schema: 1,
        session: 'tls',
        sequence: 0,
        what: 'vod/aaaaaaaaaaaaaaaaaaaa',
        began: 1_795_939_200,
        receivedAt: 1_795_939_260_000,
        country: 'DE',
        device: 'tv',
        events: [{ type: 'seek', at: 1_795_939_250_000, from: 1, to: 2 }],
      },
    });
  }, 120_000);

  it('gets what the function sends as it is deployed: from its package, with nothing else there', async () => {
    const { reports } = simulate({ number: 7, what: videoNumber(7), began: 1_795_939_200, posts: 2, seconds: 600 });
    const Records = reports.map((report, at) => ({
      messageId: `m${at}`,
      body: JSON.stringify(report),
      attributes: { MessageGroupId: report.session },
    }));
    const folder = await mkdtemp(join(tmpdir(), 'sluice-package-'));
    try {
      bundle({ entry: 'insight/kafka/handler.ts' }, folder, '');
      const script = `import { handler } from ${JSON.stringify(pathToFileURL(join(folder, 'index.mjs')).href)};
        console.log(JSON.stringify(await handler(${JSON.stringify({ Records })})));
        process.exit();`;
      const { stdout } = await output(process.execPath, ['--input-type=module', '-e', script], {
        maxBytes: 2 ** 20,
        timeoutMs: 60_000,
        env: {
          AWS_REGION: 'us-east-1',
          KAFKA: JSON.stringify({ brokers: [broker.at.plain], topic: TOPIC, tls: false, sasl: 'none' }),
          KAFKA_DEAD_QUEUE: 'http://127.0.0.1:9/dead.fifo',
        },
      });
      expect(JSON.parse(stdout.toString().trim().split('\n').at(-1)!)).toEqual({ batchItemFailures: [] });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    const mine = (await broker.read(TOPIC)).filter(({ key }) => key === reports[0]!.session);
    expect(mine.map(({ value }) => kafkaRecord.parse(value).sequence)).toEqual([0, 1]);
  }, 120_000);

  it('is sent nothing by a lesser way than was asked for, nor where it is not the one that was meant', async () => {
    const { ca } = broker;
    const before = await sent();
    const wrong = { ...USER, password: 'another' };
    // Its certificate is signed by nobody whom this machine knows.
    expect(await why(send('x', { at: 'tls', tls: true, sasl: 'none' }))).toMatch(/self-signed certificate/);
    expect(await why(send('x', { at: 'plain', tls: true, sasl: 'none' }, { ca }))).toMatch(/TLS|SSL|ECONNRESET|closed/);
    expect(await why(send('x', { at: 'tls', tls: false, sasl: 'none' }))).toMatch(/TLS|closed/);
    expect(await why(send('x', { at: 'sasl', tls: true, sasl: 'none' }, { ca }))).toMatch(/SASL|closed/);
    for (const sasl of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
      expect(await why(send('x', { at: 'sasl', tls: true, sasl }, { ca, ...wrong }))).toMatch(/uthentication/);
      expect(await why(send('x', { at: 'sasl', tls: true, sasl }, { ca }))).toMatch(/no username or no password/);
    }
    // A token of MSK's is for MSK: no other broker takes it.
    expect(await why(send('x', { at: 'oauth', tls: true, sasl: 'iam' }, { ca }))).toMatch(/uthentication|token/);
    expect(await why(send('x', { at: 'plain', tls: false, sasl: 'none', topic: 'missing' }))).toMatch(/topic/);
    expect(await sent()).toEqual(before);
  }, 240_000);
});
