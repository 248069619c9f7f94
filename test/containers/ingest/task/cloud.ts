/** The real engine with the template's tables, tasks against it (in this process, or as one that can be killed), and what they left there. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { connectAws, type Aws } from '../../../../containers/ingest/src/cloud/aws.ts';
import { readServerConfig } from '../../../../containers/ingest/src/common/config.ts';
import { Log } from '../../../../containers/ingest/src/common/log.ts';
import { startIngest, type Ingest, type Ports } from '../../../../containers/ingest/src/task/server.ts';
import { DEFAULT_RULES } from '../../../../lib/contract/alarm-rules.ts';
import { deviceRecord, mediaKeyOf, type Channel, type DeviceRecord } from '../../../../lib/contract/device.ts';
import { livePlaylistKey } from '../../../../lib/contract/live-keys.ts';
import { ingestOptions, type IngestOptions } from '../../../../lib/contract/ingest.ts';
import { command, type AnswerRow, type Command } from '../../../../lib/contract/commands.ts';
import { startHandlerEngine } from '../../../lambdas/engine.ts';

export const OPTIONS: IngestOptions = {
  ports: { control: 0, media: 0, attachments: 0, health: 0 },
  sharedPort: false,
  // What the load balancer would listen on.
  announce: { media: 1078, attachments: 7611, address: true },
  segmentSeconds: 2,
  playlistSeconds: 30,
  idleStopSeconds: 1,
  startSeconds: 5,
  stateSeconds: 0.5,
  positionSeconds: 0.5,
  drainSeconds: 10,
  unknownDays: 7,
  alarmRules: DEFAULT_RULES,
  requireAuthCode: false,
  sameNetwork: false,
  limits: {
    connections: 1000,
    connectionsPerAddress: 500,
    streams: 100,
    idleSeconds: 60,
    firstByteSeconds: 20,
    frameBytes: 2 * 1024 * 1024,
    streamBufferBytes: 8 * 1024 * 1024,
    bufferBytes: 512 * 1024 * 1024,
    attachmentBytes: 64 * 1024 * 1024,
    commandsPerSecond: 10,
    unknownPerMinute: 60,
    perDay: { files: 1000, bytes: 1024 * 1024 * 1024, encodes: 100, alarms: 5000 },
    positionsPerDay: 100_000,
    streamBytesPerSecond: 2_000_000,
  },
};

const time = z.number().positive();
const size = z.int().positive();
/** With times and sizes that no deployment may have: these tests would wait for them. */
export const testOptions = ingestOptions.extend({
  startSeconds: time,
  idleStopSeconds: time,
  stateSeconds: time,
  positionSeconds: time,
  limits: ingestOptions.shape.limits.extend({
    connections: size,
    idleSeconds: time,
    firstByteSeconds: time,
    frameBytes: size,
    bufferBytes: size,
    perDay: ingestOptions.shape.limits.shape.perDay.extend({ bytes: size }),
    streamBytesPerSecond: size,
    positionsPerDay: size,
  }),
});

type Overrides = Partial<Omit<IngestOptions, 'limits'>> & { readonly limits?: Partial<IngestOptions['limits']> };
const optionsWith = ({ limits, ...rest }: Overrides): IngestOptions => ({
  ...OPTIONS,
  ...rest,
  limits: { ...OPTIONS.limits, ...limits },
});

export interface Task {
  readonly id: string;
  readonly ports: Required<Ports>;
  readonly log: readonly string[];
  close(): Promise<void>;
}
export type OwnTask = Task & { readonly ingest: Ingest };
export type ChildTask = Task & { readonly process: ChildProcess };

export class Cloud {
  readonly #close: () => Promise<void>;
  readonly #tasks: Task[] = [];
  readonly s3 = new S3Client({ forcePathStyle: true });
  readonly sqs = new SQSClient({});
  readonly dynamo = DynamoDBDocumentClient.from(new DynamoDBClient({}));

  private constructor(close: () => Promise<void>) {
    this.#close = close;
  }

  static async start(): Promise<Cloud> {
    const close = await startHandlerEngine({
      PUBLIC_HOST: 'localhost',
      COMMAND_QUEUE_PREFIX: `ingest-${process.pid}-`,
      SERVICE_NAME: 'test',
      LISTEN_ADDRESS: '127.0.0.1',
    });
    return new Cloud(close);
  }

  async close(): Promise<void> {
    await Promise.all(this.#tasks.map((task) => task.close()));
    for (const client of [this.s3, this.sqs, this.dynamo]) client.destroy();
    await this.#close();
  }

  /** A task in this process. */
  async task(
    overrides: Overrides = {},
    aws: Aws = connectAws('us-east-1'),
    env: Readonly<Record<string, string>> = {},
    times: NonNullable<Parameters<typeof startIngest>[2]>['times'] = {},
  ): Promise<OwnTask> {
    const id = randomBytes(8).toString('hex');
    const log: string[] = [];
    const INGEST_OPTIONS = JSON.stringify(optionsWith(overrides));
    const config = readServerConfig({ ...process.env, INGEST_OPTIONS }, testOptions);
    const ingest = await startIngest(config, id, { aws, env, times, log: new Log({}, (line) => log.push(line)) });
    const task = { id, ingest, log, ports: ingest.ports as Required<Ports>, close: () => ingest.drain() };
    this.#tasks.push(task);
    return task;
  }

  /** A task as a process of its own, as it is shipped: so with times that a deployment may have. */
  async child(flags: readonly string[] = [], overrides: Overrides = {}): Promise<ChildTask> {
    const id = randomBytes(8).toString('hex');
    const entry = fileURLToPath(new URL('../../../../containers/ingest/src/task/main.ts', import.meta.url));
    const child = spawn(process.execPath, ['--no-warnings', ...flags, entry], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        TASK_ID: id,
        INGEST_OPTIONS: JSON.stringify(optionsWith({ stateSeconds: 5, positionSeconds: 5, ...overrides })),
      },
    });
    const log: string[] = [];
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const ports = await new Promise<Required<Ports>>((resolve, reject) => {
      let rest = '';
      child.stdout.on('data', (data: Buffer) => {
        const lines = (rest + data.toString()).split('\n');
        rest = lines.pop() ?? '';
        log.push(...lines);
        const up = lines.find((line) => line.includes('"message":"listening"'));
        if (up !== undefined) resolve((JSON.parse(up) as { ports: Required<Ports> }).ports);
      });
      void ended.then(() => reject(new Error(`the task ended:\n${log.join('\n')}`)));
    });
    const close = () => {
      child.kill('SIGKILL');
      return ended;
    };
    const task = { id, ports, log, process: child, close };
    this.#tasks.push(task);
    return task;
  }

  /** As the API registers it. */
  async register(id: string, channels: readonly Partial<Channel>[] = [], more: Partial<DeviceRecord> = {}) {
    const at = new Date().toISOString();
    const record = deviceRecord.parse({
      id,
      name: `Car ${id}`,
      timeZone: 'Asia/Shanghai',
      channels: channels.map((channel) => ({
        number: 1,
        name: 'Front',
        live: 'on-demand',
        stream: 'main',
        ...channel,
      })),
      retentionDays: 7,
      viewers: [],
      kind: 'device',
      mediaKey: mediaKeyOf(id),
      createdAt: at,
      createdBy: 'admin',
      updatedAt: at,
      online: false,
      streams: {},
      watched: {},
      ...more,
    });
    await this.dynamo.send(new PutCommand({ TableName: process.env['DEVICES_TABLE'], Item: record }));
    return record;
  }

  async record(id: string): Promise<DeviceRecord> {
    const { Item } = await this.dynamo.send(new GetCommand({ TableName: process.env['DEVICES_TABLE'], Key: { id } }));
    return deviceRecord.parse(Item);
  }

  async watchedUntil(id: string, channel: number, at: number): Promise<void> {
    await this.dynamo.send(
      new UpdateCommand({
        TableName: process.env['DEVICES_TABLE'],
        Key: { id },
        UpdateExpression: 'SET watched.#c = :at',
        ExpressionAttributeNames: { '#c': String(channel) },
        ExpressionAttributeValues: { ':at': new Date(at).toISOString() },
      }),
    );
  }

  async rows(table: string): Promise<Record<string, unknown>[]> {
    const { Items = [] } = await this.dynamo.send(new ScanCommand({ TableName: process.env[table] }));
    return Items;
  }

  async fleet(kind: string): Promise<Record<string, unknown>[]> {
    const { Items = [] } = await this.dynamo.send(
      new QueryCommand({
        TableName: process.env['FLEET_TABLE'],
        KeyConditionExpression: '#k = :k',
        ExpressionAttributeNames: { '#k': 'kind' },
        ExpressionAttributeValues: { ':k': kind },
      }),
    );
    return Items;
  }

  /** Sends a command to a task's queue, found as the API finds it; answers its request id. */
  async command(task: string, asked: Partial<Command> & Record<string, unknown>): Promise<string> {
    const requestId = randomBytes(10).toString('hex');
    const row = (await this.fleet('task')).find(({ id }) => id === task);
    const message = command.parse({ requestId, requestedAt: new Date().toISOString(), ...asked });
    await this.sqs.send(
      new SendMessageCommand({ QueueUrl: String(row?.['queueUrl']), MessageBody: JSON.stringify(message) }),
    );
    return requestId;
  }

  async answer(requestId: string): Promise<AnswerRow | undefined> {
    return (await this.fleet('answer')).find(({ id }) => id === requestId) as AnswerRow | undefined;
  }

  async object(
    key: string,
    bucket = process.env['MEDIA_BUCKET'],
  ): Promise<{ body: Buffer; metadata: Record<string, string> }> {
    const { Body, Metadata = {} } = await this.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return { body: Buffer.from(await Body!.transformToByteArray()), metadata: Metadata };
  }

  async keys(prefix: string, bucket = process.env['MEDIA_BUCKET']): Promise<string[]> {
    const { Contents = [] } = await this.s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
    return Contents.map(({ Key = '' }) => Key);
  }

  async playlist(device: string, channel: number): Promise<string> {
    return this.object(livePlaylistKey(device, channel)).then(
      ({ body }) => body.toString(),
      () => '',
    );
  }
}

/** Asks again until the answer will do; the last one is in the error. */
export async function until<T>(
  what: string,
  ask: () => Promise<T> | T,
  good: (value: T) => boolean,
  ms = 30_000,
): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await ask();
    if (good(value)) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not come to be: ${JSON.stringify(value)?.slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
