/**
 * Ten thousand viewers, whose reports go to a real broker by two executions at a time and by some that are ended half way, while the
 * broker goes away and comes back: each session is in one partition, whole, and in order once what came twice is left out.
 */
import { Worker } from 'node:worker_threads';
import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { SFNClient } from '@aws-sdk/client-sfn';
import { Admin, ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { simulate, videoNumber } from '../../bench/events/viewers.ts';
import { erasuresOf, kafkaKey, kafkaRecord, kafkaRecords, type KafkaRecord } from '../../lib/contract/kafka.ts';
import type { Report } from '../../lib/contract/player-events.ts';
import { engineClient, engineEnvironment, startEngine, type Engine } from '../../local/engine.ts';
import { DEAD_LETTERS, deadLetters, redrive } from '../../local/redrive.ts';
import { startBroker, whyNoBroker, type Broker } from '../support/kafka/broker.ts';
import { eventOf, Fifo } from './fifo.ts';

const VIEWERS = 10_000;
const POSTS = 2;
const KILLED = 12;
const TOPIC = 'reports';
const HOUR = Math.floor(Date.now() / 3_600_000) * 3600 - 3600;

const missing = whyNoBroker();
if (missing !== undefined) console.warn(`nothing is sent to a broker of Kafka: ${missing}`);

const viewer = (number: number, posts = POSTS): readonly Report[] =>
  simulate({ number, what: videoNumber(number % 100), began: HOUR + (number % 3600), posts, seconds: 600 }).reports;

describe.skipIf(missing !== undefined)('reports to a broker of Kafka', () => {
  let broker: Broker;
  let engine: Engine;
  let admin: Admin;
  let handler: (event: SQSEvent) => Promise<SQSBatchResponse>;
  const queues = { own: '', dead: '' };
  const sqs = () => new SQSClient({});

  beforeAll(async () => {
    [broker, engine] = await Promise.all([startBroker(), startEngine({ log: () => {} })]);
    Object.assign(process.env, engineEnvironment(engine.endpoint), { POWERTOOLS_LOG_LEVEL: 'SILENT' });
    admin = new Admin({ clientId: 'tests', bootstrapBrokers: [broker.at.plain] });
    await admin.createTopics({ topics: [TOPIC], partitions: 6, replicas: 1 });
    for (const name of ['own', 'dead'] as const) {
      const Attributes = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };
      const made = await sqs().send(new CreateQueueCommand({ QueueName: `${name}-${process.pid}.fifo`, Attributes }));
      queues[name] = made.QueueUrl!;
    }
    process.env['KAFKA'] = JSON.stringify({ brokers: [broker.at.plain], topic: TOPIC, tls: false, sasl: 'none' });
    process.env['KAFKA_DEAD_QUEUE'] = queues.dead;
    ({ handler } = await import('../../lambdas/insight/kafka/handler.ts'));
  }, 600_000);
  afterAll(async () => {
    await admin?.close().catch(() => {});
    await Promise.all([broker?.close(), engine?.close()]);
  });

  const endedHalfWay = (event: SQSEvent, answered: boolean): Promise<number> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('killed.ts', import.meta.url), { workerData: { event, answered } });
      worker.once('exit', resolve);
      worker.once('error', reject);
    });

  it('keeps ten thousand sessions in order, whatever is ended half way', async () => {
    const sessions = Array.from({ length: VIEWERS }, (_, number) => viewer(number));
    const queue = new Fifo();
    // As they come: everybody's first post, then everybody's second one. A tenth is posted twice.
    for (let post = 0; post < POSTS; post += 1)
      for (const [number, reports] of sessions.entries()) {
        const report = reports[post]!;
        queue.send(report.session, report);
        if (number % 10 === 0) queue.send(report.session, report);
      }
    let [batches, killed, down] = [0, 0, 0];
    const worker = async () => {
      for (let taken = queue.receive(); taken.length > 0; taken = queue.receive()) {
        batches += 1;
        const event = eventOf(taken);
        if (batches % 150 === 0 && killed < KILLED) {
          killed += 1;
          expect(await endedHalfWay(event, killed % 2 === 0)).toBe(3);
          queue.settle(taken, new Set(taken.map(({ messageId }) => messageId)));
          continue;
        }
        const { batchItemFailures } = await handler(event);
        if (batchItemFailures.length > 0) down += 1;
        queue.settle(taken, new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)));
      }
    };
    const work = Promise.all([worker(), worker()]);
    const half = setInterval(() => batches > 900 && restart(), 20);
    const restart = () => {
      clearInterval(half);
      restarted = (async () => {
        await broker.stop();
        await broker.start();
      })();
    };
    let restarted: Promise<void> | undefined;
    await work;
    await restarted;
    expect([killed, restarted !== undefined, down > 0]).toEqual([KILLED, true, true]);

    const read = await broker.read(TOPIC);
    const found = new Map<string, { partitions: Set<number>; records: KafkaRecord[]; numbers: Set<number> }>();
    for (const { partition, key, value, timestamp } of read) {
      const record = kafkaRecord.parse(value);
      expect([key, timestamp]).toEqual([record.session, record.receivedAt]);
      const one = found.get(key) ?? { partitions: new Set(), records: [], numbers: new Set() };
      found.set(key, one);
      one.partitions.add(partition);
      // As a reader does it who wants each once.
      if (one.numbers.has(record.sequence)) continue;
      one.numbers.add(record.sequence);
      one.records.push(record);
    }
    expect(found.size).toBe(VIEWERS);
    expect(new Set([...found.values()].flatMap(({ partitions }) => [...partitions])).size).toBe(6);
    for (const reports of sessions) {
      const { partitions, records } = found.get(reports[0]!.session)!;
      expect(partitions.size).toBe(1);
      expect(records).toEqual(
        reports.flatMap(kafkaRecords).map((record) => JSON.parse(JSON.stringify(record)) as unknown),
      );
    }
    console.log(
      `${read.length} records of ${VIEWERS} sessions by ${batches} batches, ${killed} ended half way, ${down} in vain`,
    );
  }, 600_000);

  const limit = async (topic: string, value: string) =>
    admin.incrementalAlterConfigs({
      resources: [
        {
          resourceType: ConfigResourceTypes.TOPIC,
          resourceName: topic,
          configs: [{ name: 'max.message.bytes', configOperation: IncrementalAlterConfigOperationTypes.SET, value }],
        },
      ],
    });
  const waiting = async (QueueUrl: string) => {
    const { Messages = [] } = await sqs().send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 0,
        MessageSystemAttributeNames: ['MessageGroupId'],
      }),
    );
    return Messages;
  };

  it('sets aside what no broker takes, alone, and sends it when it is redriven', async () => {
    const [large, ...small] = [20_001, 20_002, 20_003].map((number) => viewer(number, 1)[0]!);
    // So many numbers by chance that they do not pack.
    const watched = Array.from({ length: 60 }, (_, at): [number, number] => {
      const from = at * 100 + Math.floor(Math.random() * 99);
      return [from, from + 1];
    });
    const events = Array.from({ length: 60 }, () => ({
      type: 'heartbeat' as const,
      at: HOUR * 1000,
      watched,
      again: [],
    }));
    const tooLarge: Report = {
      ...large!,
      units: [
        {
          sequence: 0,
          events: events.map((one, at) => ({ ...one, at: one.at + Math.floor(Math.random() * 1e9) + at })),
        },
      ],
    };
    await limit(TOPIC, '900');
    const queue = new Fifo();
    for (const report of [small[0]!, tooLarge, small[1]!]) queue.send(report.session, report);
    expect(await handler(eventOf(queue.receive()))).toEqual({ batchItemFailures: [] });
    const sessions = async () => (await broker.read(TOPIC)).map(({ key }) => key);
    const before = await sessions();
    expect(before).toEqual(expect.arrayContaining(small.map(({ session }) => session)));
    expect(before).not.toContain(tooLarge.session);
    const [dead, ...more] = await waiting(queues.dead);
    expect(more).toEqual([]);
    expect(dead!.Attributes).toMatchObject({ MessageGroupId: tooLarge.session });

    await limit(TOPIC, '1048588');
    const id = DEAD_LETTERS.get('kafka')!;
    const urls: Record<string, string> = { [id]: queues.dead, [id.replace('Dead', '')]: queues.own };
    const options = engineClient(engine.endpoint);
    const clients = { sqs: sqs(), states: new SFNClient(options), access: options };
    const letters = deadLetters(
      'kafka',
      (type, wanted) => (type === 'AWS::SQS::Queue' ? urls[wanted] : undefined),
      clients,
    )!;
    const failure = (_: unknown, error: unknown) => expect.unreachable(String(error));
    const { signal } = new AbortController();
    expect(
      await redrive(clients.sqs, letters, { most: 10, perSecond: 100, signal, progress: () => {}, failure }),
    ).toEqual({
      sent: 1,
      failed: 0,
    });
    const back = await waiting(queues.own);
    const redriven = back.map(({ MessageId, Body, Attributes }) => ({
      messageId: MessageId!,
      body: Body!,
      group: Attributes!['MessageGroupId']!,
    }));
    expect(await handler(eventOf(redriven))).toEqual({ batchItemFailures: [] });
    expect(await sessions()).toContain(tooLarge.session);
  }, 300_000);

  it('sets aside what cannot be read, alone, and of two of one session sends the other', async () => {
    const { QueueUrl } = await sqs().send(
      new CreateQueueCommand({
        QueueName: `unread-${process.pid}.fifo`,
        Attributes: { FifoQueue: 'true', ContentBasedDeduplication: 'true' },
      }),
    );
    const [first, second] = viewer(30_001);
    const queue = new Fifo();
    queue.send(first!.session, { ...first, device: 'toaster' });
    queue.send(first!.session, second);
    const before = (await messagesIn(queues.dead)) + (await messagesIn(QueueUrl!));
    expect(await handler(eventOf(queue.receive()))).toEqual({ batchItemFailures: [] });
    expect(await messagesIn(queues.dead)).toBe(before + 1);
    const numbers = (await broker.read(TOPIC))
      .filter(({ key }) => key === first!.session)
      .map(({ value }) => (value as KafkaRecord).sequence);
    expect(numbers).toEqual([1]);
  }, 120_000);

  it('tells in each session, behind what was posted in it, that its viewer was erased', async () => {
    const [first] = viewer(40_001, 1);
    const queue = new Fifo();
    queue.send(first!.session, first);
    const erasures = erasuresOf(first!.viewer!, Date.now(), [first!.session]);
    for (const erasure of erasures) queue.send(kafkaKey(erasure), erasure);
    for (let taken = queue.receive(); taken.length > 0; taken = queue.receive()) {
      expect(await handler(eventOf(taken))).toEqual({ batchItemFailures: [] });
      queue.settle(taken, new Set());
    }
    const read = await broker.read(TOPIC);
    const of = (wanted: string) => read.filter(({ key }) => key === wanted).map(({ value }) => value);
    expect(of(first!.session)).toEqual([expect.objectContaining({ sequence: 0 }), erasures[1]]);
    expect(of(first!.viewer!)).toEqual([erasures[0]]);
  }, 120_000);

  const messagesIn = async (QueueUrl: string) => {
    const { Attributes } = await sqs().send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
    );
    return Number(Attributes!['ApproximateNumberOfMessages']);
  };
});
