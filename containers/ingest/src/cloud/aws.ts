/** The SDK's clients, for everything but segments and playlists. `AWS_ENDPOINT_URL` moves them by the SDK's own rule. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { ObjectStore } from './object-store.ts';

export interface Aws {
  readonly dynamo: DynamoDBDocumentClient;
  readonly events: EventBridgeClient;
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly store: ObjectStore;
  close(): void;
}

/** No call may hang: a device waits behind it. Milliseconds. */
const TIMEOUTS = { connectionTimeout: 3000, requestTimeout: 10_000, throwOnRequestTimeout: true };

export function connectAws(region: string, env: Readonly<Record<string, string | undefined>> = process.env): Aws {
  const common = { region, requestHandler: TIMEOUTS };
  const base = new DynamoDBClient(common);
  const dynamo = DynamoDBDocumentClient.from(base, { marshallOptions: { removeUndefinedValues: true } });
  const endpoint = env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'];
  const s3 = new S3Client({
    ...common,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    forcePathStyle: endpoint !== undefined,
  });
  const events = new EventBridgeClient(common);
  // A long poll takes 20 seconds by itself.
  const sqs = new SQSClient({ region, requestHandler: { ...TIMEOUTS, requestTimeout: 30_000 } });
  const store = new ObjectStore({ region, credentials: base.config.credentials, endpoint });
  const clients = [base, events, s3, sqs];
  return {
    dynamo,
    events,
    s3,
    sqs,
    store,
    close: () => {
      for (const client of clients) client.destroy();
      store.close();
    },
  };
}
