/**
 * Custom resource: makes the keys of playback once and puts them into their secret. Private halves never leave this function
 * but for Secrets Manager; CloudFormation is told the public half of the media's key only.
 */
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { required } from '../../lib/contract/env.ts';
import type { SigningSecret } from '../../lib/contract/signing.ts';
import { customResource, CustomResourceError } from '../shared/custom-resource.ts';
import { DamagedSecretError, makeSecret, readSecret } from './key-pair.ts';

const client = new SecretsManagerClient({});

/** Create and Update alike keep the keys that are already there: a retried Create must not orphan one in use. */
export const handler = customResource('sluice-signing-key', async ({ RequestType }) => {
  if (RequestType === 'Delete') return {};
  const SecretId = required('SIGNING_SECRET');
  const now = Math.floor(Date.now() / 1000);
  const written = await currentValue(SecretId);
  const secret = heldIn(written, now) ?? makeSecret(now);
  const text = JSON.stringify(secret);
  if (text !== written) await client.send(new PutSecretValueCommand({ SecretId, SecretString: text }));
  return { PublicKey: secret.publicKey };
});

function heldIn(written: string | undefined, now: number): SigningSecret | undefined {
  try {
    return readSecret(written, now);
  } catch (error) {
    throw error instanceof DamagedSecretError ? new CustomResourceError(error.message) : error;
  }
}

/** Undefined when the secret has no value yet. */
async function currentValue(SecretId: string): Promise<string | undefined> {
  try {
    return (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}
