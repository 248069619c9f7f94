/** AWS clients, one of each per process. `AWS_ENDPOINT_URL` moves them to a local engine by the SDK's own rule. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { tellStoreErrors } from './store-errors.ts';

/**
 * Checksums only where S3 demands them: a checksum of an empty body signed into an upload URL would make every real
 * part fail. Path style, since a local engine has no wildcard DNS.
 */
export const s3 = new S3Client({
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
  forcePathStyle: process.env['AWS_ENDPOINT_URL'] !== undefined,
});
tellStoreErrors(s3);

export const dynamo = DynamoDBDocumentClient.from(new DynamoDBClient({}), {
  marshallOptions: { removeUndefinedValues: true },
});
