/** The token for Amazon MSK, its signature made again by the steps of "Create a signed AWS API request" (IAM User Guide). */
import { createHash, createHmac } from 'node:crypto';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { expect, it } from 'vitest';
import { mskToken } from '../../../lambdas/insight/kafka/msk.ts';

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
/** With what base64 has and an address must not. */
const SESSION = 'FwoGZXIvYXdzE+Jr/w==';

it('is an address that MSK can check: whose, where, when and for how long', async () => {
  const { sha256 } = new SecretsManagerClient({ region: 'eu-west-1', credentials: KEYS }).config;
  const token = await mskToken({
    region: 'eu-west-1',
    credentials: { ...KEYS, sessionToken: SESSION },
    sha256,
    now: new Date('2026-11-29T12:00:00Z'),
  });
  expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
  const url = new URL(Buffer.from(token, 'base64url').toString());
  expect([url.protocol, url.host, url.pathname]).toEqual(['https:', 'kafka.eu-west-1.amazonaws.com', '/']);
  const { 'X-Amz-Signature': signature, 'User-Agent': agent, ...query } = Object.fromEntries(url.searchParams);
  expect(agent).toBe('sluice');
  expect(query).toEqual({
    Action: 'kafka-cluster:Connect',
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': 'AKIDEXAMPLE/20261129/eu-west-1/kafka-cluster/aws4_request',
    'X-Amz-Date': '20261129T120000Z',
    'X-Amz-Expires': '900',
    'X-Amz-Security-Token': SESSION,
    'X-Amz-SignedHeaders': 'host',
  });

  const sha = (text: string) => createHash('sha256').update(text).digest('hex');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const canonicalQuery = Object.entries(query)
    .map((pair) => pair.map((text) => encodeURIComponent(text)).join('='))
    .toSorted()
    .join('&');
  const canonical = ['GET', '/', canonicalQuery, `host:${url.host}`, '', 'host', sha('')].join('\n');
  const scope = '20261129/eu-west-1/kafka-cluster/aws4_request';
  const toSign = ['AWS4-HMAC-SHA256', '20261129T120000Z', scope, sha(canonical)].join('\n');
  const key = scope.split('/').reduce<string | Buffer>((made, part) => hmac(made, part), `AWS4${KEYS.secretAccessKey}`);
  expect(signature).toBe(hmac(key, toSign).toString('hex'));
});
