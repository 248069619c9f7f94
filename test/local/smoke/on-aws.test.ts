/** What the smoke run asks of AWS besides deploying, against the engine's own services: the shape of each call. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { awsRequest, AwsRequestError } from '../../../local/aws-request.ts';
import { engineEnvironment, startEngine, type Engine } from '../../../local/engine.ts';
import { inventory, removal } from '../../../local/inventory.ts';
import { leftovers } from '../../../local/smoke/leftovers.ts';
import { onAws, openAccount, type AwsRun } from '../../../local/smoke/on-aws.ts';
import { stackFacts } from '../../../local/smoke/stacks.ts';
import type { Deployed } from '../../../local/smoke/where.ts';

/** Of the engine, whoever asks. */
const ACCOUNT = '000000000000';

let engine: Engine;
let account: AwsRun;
beforeAll(async () => {
  engine = await startEngine({ log: () => {} });
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = engineEnvironment(engine.endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', AWS_ACCESS_KEY_ID);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', AWS_SECRET_ACCESS_KEY);
  account = await openAccount(ACCOUNT, 'us-east-1', engine.endpoint);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await engine?.close();
});

const where = () =>
  onAws(
    account,
    undefined,
    () => {},
    () => {},
    new AbortController().signal,
  );
const deployed = (...resources: readonly (readonly [type: string, logicalId: string, id: string])[]): Deployed => ({
  outputs: {},
  resources: new Map(resources.map(([type, logicalId, id]) => [`sluice-smoke-vod/${logicalId}`, { type, id }])),
  updated: '',
  url: 'https://example.invalid',
  devices: { host: 'example.invalid', control: 808 },
});
const json = async (service: string, target: string, body: object): Promise<Record<string, Record<string, string>>> =>
  JSON.parse((await awsRequest(account.access, { service, target, json: body })) || '{}') as never;

it('goes on in the account that was named, and in no other', async () => {
  expect(account.account).toBe(ACCOUNT);
  await expect(openAccount('123456789012', 'us-east-1', engine.endpoint)).rejects.toThrow(
    'these credentials are of account 000000000000, not of 123456789012: nothing was done',
  );
});

it('makes an admin in the user pool, or takes the token it was given', async () => {
  const cognito = (action: string, body: object) =>
    json('cognito-idp', `AWSCognitoIdentityProviderService.${action}`, body);
  const { UserPool } = await cognito('CreateUserPool', { PoolName: 'sluice-smoke' });
  const UserPoolId = UserPool!['Id']!;
  await cognito('CreateGroup', { UserPoolId, GroupName: 'admin' });
  const person = await where().admin(deployed(['AWS::Cognito::UserPool', 'AuthUsers', UserPoolId]));
  expect(person).toMatchObject({
    name: 'smoke@example.com',
    password: expect.stringMatching(/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*\W).{12,}$/),
  });
  const listed = await awsRequest(account.access, {
    service: 'cognito-idp',
    target: 'AWSCognitoIdentityProviderService.ListUsersInGroup',
    json: { UserPoolId, GroupName: 'admin' },
  });
  expect(listed).toContain('smoke@example.com');
  await expect(where().admin(deployed())).rejects.toThrow(/--token/);
  const given = onAws(
    account,
    'a-token',
    () => {},
    () => {},
    new AbortController().signal,
  );
  expect(await given.admin(deployed())).toEqual({ token: 'a-token' });
});

it("reads the limit of open files from the task's log", async () => {
  const logGroupName = 'sluice-smoke-live-IngestLogs';
  await json('logs', 'Logs_20140328.CreateLogGroup', { logGroupName });
  await json('logs', 'Logs_20140328.CreateLogStream', { logGroupName, logStreamName: 'ingest/1' });
  const facts = deployed(['AWS::Logs::LogGroup', 'IngestLogs1234', logGroupName]);
  expect(await where().openFiles(facts)).toBeUndefined();
  await json('logs', 'Logs_20140328.PutLogEvents', {
    logGroupName,
    logStreamName: 'ingest/1',
    logEvents: [
      {
        timestamp: Date.now(),
        message: '{"level":"info","message":"listening","openFiles":{"soft":65536,"hard":65536}}',
      },
      { timestamp: Date.now(), message: '{"level":"info","message":"something else"}' },
    ],
  });
  expect(await where().openFiles(facts)).toEqual({ soft: 65_536, hard: 65_536 });
});

it('says what is left by name or because a stack held it, and how it goes', async () => {
  await json('dynamodb', 'DynamoDB_20120810.CreateTable', {
    TableName: 'sluice-smoke-vod-StorageVideos1',
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  for (const QueueName of ['sluice-smoke-ingest-1', 'somebody-elses', 'held'])
    await json('sqs', 'AmazonSQS.CreateQueue', { QueueName });
  const { ARN } = (await json('secretsmanager', 'secretsmanager.CreateSecret', {
    Name: 'SigningKeySecret-1',
    SecretString: 'x',
  })) as unknown as { ARN: string };
  const all = await inventory(account.access);
  expect(all.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['table', 'queue', 'log group', 'user pool']));
  const left = await leftovers(where(), new Set(['https://sqs.us-east-1.amazonaws.com/000000000000/held', ARN]));
  expect(left.map(({ kind, name }) => `${kind} ${name.split('/').at(-1)}`).sort()).toEqual([
    'log group sluice-smoke-live-IngestLogs',
    'queue held',
    'queue sluice-smoke-ingest-1',
    'secret SigningKeySecret-1',
    'table sluice-smoke-vod-StorageVideos1',
  ]);
  expect(left.find(({ kind }) => kind === 'table')?.remove).toBe(
    'aws dynamodb delete-table --table-name sluice-smoke-vod-StorageVideos1',
  );
  expect(all.map(removal).filter((line) => line.includes('{}'))).toEqual([]);
});

it('knows stacks that are not there, and passes on what a service refuses', async () => {
  const client = new CloudFormationClient({ ...account.access });
  expect(await stackFacts(client, ['sluice-smoke-vod'])).toEqual({ outputs: {}, resources: new Map(), updated: '' });
  await expect(
    json('logs', 'Logs_20140328.PutLogEvents', { logGroupName: 'no-such', logStreamName: 'x', logEvents: [] }),
  ).rejects.toThrow(AwsRequestError);
});
