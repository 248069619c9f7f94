/** A fleet on the engine: one task's queue and lease, an issuer, and a device of its own for each test. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { newRecord } from '../../../lambdas/devices/records.ts';
import { newDevice } from '../../../lib/contract/device.ts';
import { checkSignature } from '../../../local/edge/signature.ts';
import { parseTarget } from '../../../local/edge/target.ts';
import { startHandlerEngine } from '../engine.ts';
import { playbackSecret } from '../../support/secret.ts';

export const TASK = 'task0001';

export async function startFleet() {
  const { text, trusted, tokens } = playbackSecret('KTEST');
  const pair = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: '1', alg: 'RS256', use: 'sig' };
  const server = createServer((request, response) => {
    const body = request.url === '/jwks' ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/jwks` };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const closeEngine = await startHandlerEngine({
    PUBLIC_URL: 'https://videos.example',
    ISSUER: issuer,
    AUDIENCE: 'console',
    CLIENT_ID: 'console-client',
    SIGNATURE_HOURS: '12',
    TOKEN_MINUTES: '60',
    ON_DEMAND_MINUTES: '10',
    START_SECONDS: '20',
    RETENTION_DAYS: '30',
  });
  const sqs = new SQSClient({});
  const table = DynamoDBDocumentClient.from(new DynamoDBClient({}), {
    marshallOptions: { removeUndefinedValues: true },
  });
  const queue = async (name: string) =>
    (await sqs.send(new CreateQueueCommand({ QueueName: `${name}-${process.pid}` }))).QueueUrl!;
  const [taskQueue, clipQueue] = [await queue('task'), await queue('clips')];
  const { ARN } = await new SecretsManagerClient({}).send(
    new CreateSecretCommand({ Name: `playback-${process.pid}`, SecretString: text }),
  );
  Object.assign(process.env, { CLIP_QUEUE: clipQueue, SIGNING_SECRET: ARN });

  const put = (variable: string, Item: Record<string, unknown>) =>
    table.send(new PutCommand({ TableName: process.env[variable], Item }));
  const get = async (variable: string, Key: Record<string, string>) =>
    (await table.send(new GetCommand({ TableName: process.env[variable], Key, ConsistentRead: true }))).Item;
  const lease = (task: string, seconds = 600, queueUrl = taskQueue) => {
    const now = Math.floor(Date.now() / 1000);
    const row = { startedAt: new Date().toISOString(), draining: false, connections: 0, streams: 0 };
    const times = { leaseUntil: now + seconds, expiresAt: now + 86_400 };
    return put('FLEET_TABLE', { kind: 'task', id: task, queueUrl, ...times, ...row });
  };
  await lease(TASK);
  // Leases are read every few seconds only, so the dead one is there before anything reads them.
  await lease('dead0001', -1);

  /** What has been sent to a queue since the last look. */
  const sent = async (QueueUrl = taskQueue): Promise<Record<string, unknown>[]> => {
    const found: Record<string, unknown>[] = [];
    for (;;) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 3600 }),
      );
      if (Messages.length === 0) return found;
      found.push(...Messages.map(({ Body }) => JSON.parse(Body!) as Record<string, unknown>));
    }
  };

  return {
    s3: new S3Client({ forcePathStyle: true }),
    sqs,
    taskQueue,
    clipQueue,
    /** Of playback tokens. */
    tokens,
    put,
    get,
    sent,
    device: (id: string) => new TestDevice(id, table),
    bearer: async (sub: string, groups: readonly string[] = []) =>
      `Bearer ${await new SignJWT({
        groups,
        sub,
        iss: issuer,
        aud: 'console',
        exp: Math.floor(Date.now() / 1000) + 600,
      })
        .setProtectedHeader({ alg: 'RS256', kid: '1' })
        .sign(pair.privateKey)}`,
    /** An ID token as the console gets it beside the access token. */
    idToken: async (claims: Record<string, unknown>, header: Record<string, unknown> = {}) =>
      await new SignJWT({ iss: issuer, aud: 'console-client', exp: Math.floor(Date.now() / 1000) + 600, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: '1', ...header })
        .sign(pair.privateKey),
    /** CloudFront's verdict on a path with its query, `secondsFromNow`; undefined: served. */
    refusal: (url: string, secondsFromNow = 0, cookies: readonly (readonly [string, string])[] = []) =>
      checkSignature(
        {
          scheme: 'https',
          host: 'videos.example',
          target: parseTarget(url),
          cookies,
          ip: '203.0.113.5',
          now: Date.now() / 1000 + secondsFromNow,
        },
        trusted,
      ),
    close: async () => {
      server.close();
      await closeEngine();
    },
  };
}
export type Fleet = Awaited<ReturnType<typeof startFleet>>;

/** Writes a record's state as a task does it: attribute by attribute. */
class TestDevice {
  readonly id: string;
  readonly #table: DynamoDBDocumentClient;

  constructor(id: string, table: DynamoDBDocumentClient) {
    this.id = id;
    this.#table = table;
  }

  /** As the API would register it: a front camera on demand, a cabin one that always streams, one that never does. */
  async register(viewers: readonly string[] = ['vera']): Promise<void> {
    const channels = [
      { number: 1, name: 'Front', live: 'on-demand' },
      { number: 2, name: 'Cabin', live: 'always', stream: 'sub' },
      { number: 3, name: 'Driver', live: 'never' },
    ];
    const Item = newRecord(newDevice.parse({ id: this.id, channels, viewers }), 'ada', 30, Date.now());
    await this.#table.send(new PutCommand({ TableName: process.env['DEVICES_TABLE'], Item }));
  }

  async set(path: string, value: unknown): Promise<void> {
    const names = path.split('.');
    await this.#table.send(
      new UpdateCommand({
        TableName: process.env['DEVICES_TABLE'],
        Key: { id: this.id },
        UpdateExpression: `SET ${names.map((_, i) => `#n${i}`).join('.')} = :value`,
        ConditionExpression: 'attribute_exists(id)',
        ExpressionAttributeNames: Object.fromEntries(names.map((name, i) => [`#n${i}`, name])),
        ExpressionAttributeValues: { ':value': value },
      }),
    );
  }

  async connect(task = TASK): Promise<void> {
    const now = new Date().toISOString();
    const state = { online: true, task, session: 's1', connectedAt: now, lastSeenAt: now };
    for (const [name, value] of Object.entries(state)) await this.set(name, value);
  }

  async stream(channel: number, state: string, over: object = {}): Promise<void> {
    await this.set(`streams.${channel}`, { state, since: new Date().toISOString(), task: TASK, ...over });
  }
}
