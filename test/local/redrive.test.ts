/** Dead letters are sent again on the engine: to their queue, once each, and never more than there were. */
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { engineClient, startEngine, type Engine } from '../../local/engine.ts';
import type { Find } from '../../local/deployment.ts';
import { DEAD_LETTERS, deadLetters, redrive, waiting, type Clients, type DeadLetters } from '../../local/redrive.ts';

let engine: Engine;
let clients: Clients;
let run = 0;
beforeAll(async () => {
  engine = await startEngine({ log: () => {} });
  const options = engineClient(engine.endpoint);
  clients = { sqs: new SQSClient(options), states: new SFNClient(options), access: options };
});
afterAll(() => engine?.close());
beforeEach(() => {
  run += 1;
});

async function queues(fifo: boolean): Promise<{ own: string; dead: string }> {
  const end = fifo ? '.fifo' : '';
  const make = async (name: string, Attributes: Record<string, string> = {}) =>
    (
      await clients.sqs.send(
        new CreateQueueCommand({
          QueueName: `${name}-${run}${end}`,
          Attributes: { ...Attributes, ...(fifo && { FifoQueue: 'true' }) },
        }),
      )
    ).QueueUrl!;
  const dead = await make('dead');
  const { Attributes } = await clients.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: dead, AttributeNames: ['QueueArn'] }),
  );
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: Attributes!['QueueArn'], maxReceiveCount: 3 });
  return { dead, own: await make('own', { RedrivePolicy }) };
}

function openAs(name: string, { own, dead }: { own: string; dead: string }): DeadLetters {
  const id = DEAD_LETTERS.get(name)!;
  const urls: Record<string, string> = { [id]: dead, [id.replace('Dead', '')]: own };
  const find: Find = (type, wanted) => (type === 'AWS::SQS::Queue' ? urls[wanted] : undefined);
  return deadLetters(name, find, clients)!;
}

async function receiveAll(url: string) {
  const found: { body: string; kind: string | undefined; group: string | undefined }[] = [];
  for (;;) {
    const { Messages = [] } = await clients.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: url,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 600,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['MessageGroupId'],
      }),
    );
    if (Messages.length === 0) return found;
    for (const { Body, MessageAttributes, Attributes } of Messages)
      found.push({
        body: Body!,
        kind: MessageAttributes?.['kind']?.StringValue,
        group: Attributes?.MessageGroupId,
      });
  }
}

const options = (most: number, more: Partial<Parameters<typeof redrive>[2]> = {}) => ({
  most,
  perSecond: 1000,
  signal: new AbortController().signal,
  progress: () => {},
  failure: () => {},
  ...more,
});

it('sends each once, as it was, and leaves no letter behind; it says how far it is', async () => {
  const { own, dead } = await queues(false);
  for (let n = 0; n < 23; n += 1)
    await clients.sqs.send(
      new SendMessageCommand({
        QueueUrl: dead,
        MessageBody: `{"n":${n}}`,
        MessageAttributes: { kind: { DataType: 'String', StringValue: 'k' } },
      }),
    );
  const letters = openAs('removals', { own, dead });
  expect(await waiting(clients.sqs, letters)).toBe(23);
  const told: number[] = [];
  const done = await redrive(clients.sqs, letters, options(23, { progress: (sent) => told.push(sent) }));
  expect(done).toEqual({ sent: 23, failed: 0 });
  expect(told.at(-1)).toBe(23);
  expect(told.length).toBeGreaterThan(2);
  expect(await waiting(clients.sqs, letters)).toBe(0);
  const arrived = await receiveAll(own);
  expect(arrived.map(({ body }) => body).toSorted()).toEqual(
    Array.from({ length: 23 }, (_, n) => `{"n":${n}}`).toSorted(),
  );
  expect(new Set(arrived.map(({ kind }) => kind))).toEqual(new Set(['k']));
});

it('sends no more than it was asked to, however many come in meanwhile', async () => {
  const { own, dead } = await queues(false);
  const put = (n: number) => clients.sqs.send(new SendMessageCommand({ QueueUrl: dead, MessageBody: String(n) }));
  for (let n = 0; n < 5; n += 1) await put(n);
  const letters = openAs('clips', { own, dead });
  const again: DeadLetters = {
    ...letters,
    // Fails at once, and is dead again.
    send: async (message) => {
      await letters.send(message);
      await put(100);
    },
  };
  expect(await redrive(clients.sqs, again, options(5))).toEqual({ sent: 5, failed: 0 });
  expect(await receiveAll(own)).toHaveLength(5);
  expect(await waiting(clients.sqs, letters)).toBe(5);
});

it('keeps what is not taken, and goes on with the others', async () => {
  const { own, dead } = await queues(false);
  for (const MessageBody of ['good', 'bad', 'fine'])
    await clients.sqs.send(new SendMessageCommand({ QueueUrl: dead, MessageBody }));
  const letters = openAs('pulls', { own, dead });
  const failures: unknown[] = [];
  const picky: DeadLetters = {
    ...letters,
    send: async (message) => {
      if (message.Body === 'bad') throw new Error('no');
      await letters.send(message);
    },
  };
  const done = await redrive(clients.sqs, picky, options(3, { failure: (message) => failures.push(message.Body) }));
  expect([done, failures]).toEqual([{ sent: 2, failed: 1 }, ['bad']]);
  expect((await receiveAll(own)).map(({ body }) => body).toSorted()).toEqual(['fine', 'good']);
  expect(await waiting(clients.sqs, letters)).toBe(1);
});

it('stops when it is told to, between two messages', async () => {
  const { own, dead } = await queues(false);
  for (let n = 0; n < 4; n += 1)
    await clients.sqs.send(new SendMessageCommand({ QueueUrl: dead, MessageBody: String(n) }));
  const letters = openAs('downloads', { own, dead });
  const stop = new AbortController();
  const stopping: DeadLetters = { ...letters, send: (message) => (stop.abort(), letters.send(message)) };
  expect(await redrive(clients.sqs, stopping, options(4, { signal: stop.signal }))).toEqual({ sent: 1, failed: 0 });
  expect(await receiveAll(own)).toHaveLength(1);
  expect(await waiting(clients.sqs, letters)).toBe(3);
});

it('starts the run that the event of a source was for, with that event', async () => {
  const { dead } = await queues(false);
  const event = JSON.stringify({ detail: { bucket: { name: 'b' }, object: { key: 'uploads/x/source' } } });
  await clients.sqs.send(new SendMessageCommand({ QueueUrl: dead, MessageBody: event }));
  const definition = JSON.stringify({ StartAt: 'A', States: { A: { Type: 'Pass', End: true } } });
  const roleArn = 'arn:aws:iam::000000000000:role/any';
  const { stateMachineArn } = await clients.states.send(
    new CreateStateMachineCommand({ name: 'slicing', definition, roleArn }),
  );
  const letters = deadLetters('sources', (type) => (type === 'AWS::SQS::Queue' ? dead : stateMachineArn), clients);
  expect(await redrive(clients.sqs, letters!, options(1))).toEqual({ sent: 1, failed: 0 });
  const { executions } = await clients.states.send(new ListExecutionsCommand({ stateMachineArn }));
  expect(executions).toHaveLength(1);
  const { input } = await clients.states.send(
    new DescribeExecutionCommand({ executionArn: executions![0]!.executionArn }),
  );
  expect(JSON.parse(input!)).toEqual(JSON.parse(event));
});

it('keeps the group of a queue in order, and is not taken for what was sent a moment ago', async () => {
  const { own, dead } = await queues(true);
  const message = { MessageBody: '{"step":"sweep"}', MessageGroupId: 'g', MessageDeduplicationId: 'once' };
  await clients.sqs.send(new SendMessageCommand({ QueueUrl: own, ...message }));
  await clients.sqs.send(new SendMessageCommand({ QueueUrl: dead, ...message }));
  const letters = openAs('revocations', { own, dead });
  expect(await redrive(clients.sqs, letters, options(1))).toEqual({ sent: 1, failed: 0 });
  const { Attributes } = await clients.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: own, AttributeNames: ['ApproximateNumberOfMessages'] }),
  );
  expect(Attributes!['ApproximateNumberOfMessages']).toBe('2');
  expect((await receiveAll(own))[0]).toMatchObject({ body: '{"step":"sweep"}', group: 'g' });
});
