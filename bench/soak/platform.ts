/** One ingest task as a process of its own, with the local engine's tables, buckets, queues and events behind it. */
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateEventBusCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { bundleIngest } from '../../lib/constructs/ingest-image.ts';
import { deviceRecord, mediaKeyOf } from '../../lib/contract/device.ts';
import { engineClient, freePort, startEngine } from '../../local/engine.ts';
import { fileOf, Program } from '../ingest/pinned.ts';
import type { ServerUsage } from '../ingest/server.ts';
import { BUCKET, imageEnvironment, SOURCE_BUCKET, TABLES, taskEnvironment } from '../ingest/task.ts';

export interface Ports {
  readonly control: number;
  readonly media: number;
  readonly attachments: number;
  readonly health: number;
}

export interface Platform {
  readonly ports: Ports;
  readonly dynamo: DynamoDBDocumentClient;
  readonly s3: S3Client;
  usage(): Promise<ServerUsage>;
  /** Has the task collect its garbage. */
  settle(): Promise<void>;
  /** The task hands everything over and ends what it does; it can still be asked what it has counted. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** Partition and sort key, as lib/constructs/device-tables.ts and storage.ts have them. */
const KEYS = {
  DEVICES_TABLE: ['id'],
  POSITIONS_TABLE: ['track', 'start'],
  ALARMS_TABLE: ['device', 'at'],
  FLEET_TABLE: ['kind', 'id'],
  VIDEOS_TABLE: ['id'],
} as const;

/** `scratch`: an empty folder for the task's bundle. */
export async function startPlatform(scratch: string, log: (line: string) => void): Promise<Platform> {
  const engine = await startEngine({ log });
  const client = engineClient(engine.endpoint);
  const base = new DynamoDBClient(client);
  const s3 = new S3Client({ ...client, forcePathStyle: true });
  const events = new EventBridgeClient(client);
  let task: Program | undefined;
  const close = async () => {
    await task?.end();
    for (const one of [base, s3, events]) one.destroy();
    await engine.close();
  };
  try {
    for (const [variable, keys] of Object.entries(KEYS))
      await base.send(
        new CreateTableCommand({
          TableName: TABLES[variable as keyof typeof KEYS],
          KeySchema: keys.map((AttributeName, i) => ({ AttributeName, KeyType: i === 0 ? 'HASH' : 'RANGE' })),
          AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
          BillingMode: 'PAY_PER_REQUEST',
        }),
      );
    for (const Bucket of [BUCKET, SOURCE_BUCKET]) await s3.send(new CreateBucketCommand({ Bucket }));
    const [control, media, attachments, health] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    const ports = { control, media, attachments, health };
    const environment = taskEnvironment({
      endpoint: engine.endpoint,
      s3: engine.endpoint,
      ports,
      announce: { media, attachments },
    });
    await events.send(new CreateEventBusCommand({ Name: environment['EVENT_BUS'] }));
    bundleIngest(scratch, fileOf('server.ts'));
    const running = new Program(`${scratch}/main.mjs`, { env: { ...imageEnvironment(), ...environment } });
    task = running;
    await running.ask({ do: 'ports' });
    return {
      ports,
      dynamo: DynamoDBDocumentClient.from(base),
      s3,
      usage: () => running.ask<ServerUsage>({ do: 'usage' }),
      settle: () => running.ask({ do: 'settle' }),
      drain: () => running.ask({ do: 'drain' }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** As the API registers them: channel 1 streams always. */
export async function register(platform: Platform, ids: readonly string[], sound: boolean): Promise<void> {
  const now = new Date().toISOString();
  for (const id of ids) {
    const Item = deviceRecord.parse({
      id,
      kind: 'device',
      name: id,
      timeZone: 'Asia/Shanghai',
      channels: [{ number: 1, name: 'Channel 1', live: 'always', stream: 'main', sound }],
      retentionDays: 30,
      viewers: [],
      mediaKey: mediaKeyOf(id),
      createdAt: now,
      createdBy: 'bench',
      updatedAt: now,
      online: false,
      streams: {},
      watched: {},
    });
    await platform.dynamo.send(new PutCommand({ TableName: TABLES.DEVICES_TABLE, Item }));
  }
}
