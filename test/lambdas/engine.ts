/**
 * Handlers against a real engine: buckets and tables as the template declares them, and calls shaped as the HTTP API
 * shapes them. `AWS_ENDPOINT_URL` names another engine than the local one.
 */
import { CreateTableCommand, DynamoDBClient, type CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Template } from 'aws-cdk-lib/assertions';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { ApiEvent } from '../../lambdas/shared/http.ts';
import type { RouteKey } from '../../lib/contract/api.ts';
import { engineEnvironment, startEngine } from '../../local/engine.ts';
import { Devices } from '../../lib/constructs/devices.ts';
import { Insight } from '../../lib/constructs/insight.ts';
import { Presence } from '../../lib/constructs/presence.ts';
import { SigningKey } from '../../lib/constructs/signing-key.ts';
import { Webhooks } from '../../lib/constructs/webhooks.ts';
import { stageScope } from '../lib/constructs/stage.ts';

/** Tables by the logical id they have in the template. */
const TABLES = {
  StorageVideos: 'VIDEOS_TABLE',
  StorageUploads: 'UPLOADS_TABLE',
  StorageEntitlements: 'ENTITLEMENTS_TABLE',
  StorageCollections: 'COLLECTIONS_TABLE',
  StorageKeys: 'KEYS_TABLE',
  StorageLinks: 'LINKS_TABLE',
  RevocationRecords: 'REVOCATIONS_TABLE',
  StorageSessions: 'SESSIONS_TABLE',
  StorageAudit: 'AUDIT_TABLE',
  DevicesRegistrations: 'DEVICES_TABLE',
  DevicesPositions: 'POSITIONS_TABLE',
  DevicesAlarms: 'ALARMS_TABLE',
  DevicesFleet: 'FLEET_TABLE',
  WebhooksRows: 'WEBHOOKS_TABLE',
  InsightHeatmaps: 'HEATMAPS_TABLE',
  PresenceRows: 'PRESENCE_TABLE',
} as const;

/** Starts the engine, makes buckets and tables under names of this run, and sets the environment handlers read. */
export async function startHandlerEngine(environment: Readonly<Record<string, string>>): Promise<() => Promise<void>> {
  const engine = await startEngine({ log: () => {} });
  const run = `t${process.pid}-${Date.now().toString(36)}`;
  Object.assign(process.env, engineEnvironment(engine.endpoint), {
    SOURCE_BUCKET: `${run}-sources`,
    MEDIA_BUCKET: `${run}-media`,
    ...Object.fromEntries(Object.values(TABLES).map((name) => [name, `${run}-${name.toLowerCase()}`])),
    EVENT_BUS: 'default',
    SLICING_COST: JSON.stringify({
      preset: 'veryfast',
      memoryMiB: 10_240,
      chunkMemoryMiB: 3008,
      maxDollarsPerVideo: 25,
    }),
    GROUPS_CLAIM: 'groups',
    AUDIT_DAYS: '400',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    PUBLIC_URL: 'https://video.example',
    ...environment,
  });
  const s3 = new S3Client({ forcePathStyle: true });
  for (const bucket of ['SOURCE_BUCKET', 'MEDIA_BUCKET'])
    await s3.send(new CreateBucketCommand({ Bucket: process.env[bucket] }));
  const { QueueUrl } = await new SQSClient({}).send(
    new CreateQueueCommand({ QueueName: `${run}-revocation.fifo`, Attributes: { FifoQueue: 'true' } }),
  );
  process.env['REVOCATION_QUEUE'] = QueueUrl;
  const endings = await new SQSClient({}).send(new CreateQueueCommand({ QueueName: `${run}-endings` }));
  process.env['ENDING_QUEUE'] = endings.QueueUrl;
  const posts = await new SQSClient({}).send(new CreateQueueCommand({ QueueName: `${run}-posts` }));
  process.env['POSTS_QUEUE'] = posts.QueueUrl;
  const { stack, ...props } = stageScope();
  new Devices(stack, 'Devices', { ...props, signingKey: new SigningKey(stack, 'SigningKey', props.config) });
  new Webhooks(stack, 'Webhooks', { ...props, tables: [props.storage.videos] });
  new Insight(stack, 'Insight', props);
  new Presence(stack, 'Presence', props);
  const tables = Template.fromStack(stack).findResources('AWS::DynamoDB::Table');
  const dynamo = new DynamoDBClient({});
  for (const [id, { Properties }] of Object.entries(tables)) {
    const variable = Object.entries(TABLES).find(([name]) => id.startsWith(name))?.[1];
    if (variable === undefined) throw new Error(`a table the tests do not know: ${id}`);
    const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, BillingMode } =
      Properties as CreateTableCommandInput;
    await dynamo.send(
      new CreateTableCommand({
        TableName: process.env[variable],
        KeySchema,
        AttributeDefinitions,
        BillingMode,
        ...(GlobalSecondaryIndexes && { GlobalSecondaryIndexes }),
      }),
    );
  }
  return engine.close;
}

export interface Call {
  readonly as?: { readonly sub: string; readonly groups?: unknown } | undefined;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const ISSUER = 'https://issuer.test';

/** A token with these claims; behind the authorizer nobody looks at its signature again. */
export const bearerOf = (claims: object): string =>
  `Bearer e30.${Buffer.from(JSON.stringify({ iss: ISSUER, ...claims })).toString('base64url')}.c2ln`;

/** Claims as API Gateway hands them over: all text, a list as `[video admin]`. */
export const authorized = (claims: object): Record<string, string> =>
  Object.fromEntries(Object.entries({ iss: ISSUER, ...claims }).map(([name, value]) => [name, asText(value)]));
const asText = (value: unknown): string => (Array.isArray(value) ? `[${value.map(asText).join(' ')}]` : String(value));

/** Calls one route of a stage's handler; the answer's JSON, if it has any, is parsed. */
export async function callRoute(
  handler: (event: ApiEvent) => Promise<APIGatewayProxyStructuredResultV2>,
  route: RouteKey,
  { as, params, query, body }: Call,
): Promise<{
  status: number; // oxlint-disable-next-line typescript/no-explicit-any -- the tests look into every shape of answer
  json: any;
  headers: Record<string, unknown>;
}> {
  const answer = await handler({
    version: '2.0',
    routeKey: route,
    headers: as ? { authorization: bearerOf(as) } : {},
    ...(params && { pathParameters: params }),
    ...(query && { queryStringParameters: query }),
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    isBase64Encoded: false,
    requestContext: { requestId: 'test', ...(as && { authorizer: { jwt: { claims: authorized(as), scopes: [] } } }) },
  } as unknown as ApiEvent);
  return {
    status: answer.statusCode ?? 0,
    json: answer.body ? JSON.parse(answer.body) : undefined,
    headers: answer.headers ?? {},
  };
}
