/**
 * Custom resource: makes the playback key pair once and puts it into its secret. The private half never leaves this
 * function but for Secrets Manager; CloudFormation is told the public half only.
 */
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { required } from '../../lib/contract/env.ts';
import { customResource } from '../shared/custom-resource.ts';
import { makeKeyPair, readKeyPair } from './key-pair.ts';

const client = new SecretsManagerClient({});

/** Create and Update alike keep a pair that is already there: a retried Create must not orphan a key in use. */
export const handler = customResource('sluice-signing-key', async ({ RequestType }) => {
  if (RequestType === 'Delete') return {};
  const SecretId = required('SIGNING_SECRET');
  const kept = readKeyPair(await currentValue(SecretId));
  if (kept) return { PublicKey: kept.publicKey };
  const made = makeKeyPair();
  await client.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(made) }));
  return { PublicKey: made.publicKey };
});

/** Undefined when the secret has no value yet. */
async function currentValue(SecretId: string): Promise<string | undefined> {
  try {
    return (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}
