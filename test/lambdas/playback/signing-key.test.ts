/** The handler against a Secrets Manager and a CloudFormation answer address that really listen. */
import { createPublicKey, sign, verify } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { makePair, makeSecret, readSecret } from '../../../lambdas/playback/key-pair.ts';
import { signingSecret } from '../../../lib/contract/signing.ts';

let server: Server;
let url: string;
let secret: string | undefined;
let refuse = false;
let failures = 0;
let answers: { body: Record<string, unknown>; type: string | undefined }[] = [];
let logged = '';

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
      if (request.method === 'PUT') {
        if (failures > 0) {
          failures -= 1;
          response.writeHead(503).end();
          return;
        }
        answers.push({ body, type: request.headers['content-type'] });
        response.end();
        return;
      }
      const action = String(request.headers['x-amz-target']).split('.')[1];
      const fail = (type: string) => response.writeHead(400).end(JSON.stringify({ __type: type, message: 'no' }));
      if (refuse) fail('AccessDeniedException');
      else if (action === 'PutSecretValue') {
        secret = String(body['SecretString']);
        response.end('{}');
      } else if (secret === undefined) fail('ResourceNotFoundException');
      else response.end(JSON.stringify({ SecretString: secret }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubEnv('AWS_ENDPOINT_URL', url);
  vi.stubEnv('POWERTOOLS_DEV', 'true'); // the logger then writes through the console that is spied on
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'x');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'x');
  vi.stubEnv('SIGNING_SECRET', 'arn:aws:secretsmanager:us-east-1:000000000000:secret:s');
});
afterAll(() => {
  vi.unstubAllEnvs();
  server.close();
});
beforeEach(() => {
  [secret, refuse, failures, answers, logged] = [undefined, false, 0, [], ''];
  const keep = (...parts: unknown[]) => void (logged += parts.map(String).join(' '));
  for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, name).mockImplementation(keep);
});
afterEach(() => void vi.restoreAllMocks());

async function send(RequestType: string, over: object = {}): Promise<Record<string, unknown>> {
  const { handler } = await import('../../../lambdas/playback/signing-key.ts');
  await handler({
    RequestType,
    ResponseURL: `${url}/answer`,
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Pair',
    ResourceProperties: {},
    ...over,
  });
  return answers.at(-1)!.body;
}

describe('the key pair resource', () => {
  it('makes a P-256 pair and tells CloudFormation only the public half', async () => {
    const answer = await send('Create');
    const pair = signingSecret.parse(JSON.parse(secret!));
    expect(answer).toEqual({
      Status: 'SUCCESS',
      StackId: 'stack',
      RequestId: 'request',
      LogicalResourceId: 'Pair',
      PhysicalResourceId: 'sluice-signing-key',
      Data: { PublicKey: pair.publicKey },
    });
    expect(answers[0]!.type ?? '').toBe('');
    expect(createPublicKey(pair.publicKey).asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
    expect(verify('sha256', Buffer.from('x'), pair.publicKey, sign('sha256', Buffer.from('x'), pair.privateKey))).toBe(
      true,
    );
    expect(Buffer.from(pair.tokenKey, 'base64url')).toHaveLength(32);
    expect(pair.hs256Until).toBeUndefined();
  });

  it('keeps the pair when Create is retried and on Update', async () => {
    const first = await send('Create');
    const held = secret;
    expect(await send('Create')).toEqual(first);
    const updated = await send('Update', { PhysicalResourceId: 'sluice-signing-key' });
    expect(updated).toMatchObject({ PhysicalResourceId: 'sluice-signing-key', Data: first['Data'] });
    expect(secret).toBe(held);
  });

  it('replaces what is no key pair, such as the random text a new secret starts with', async () => {
    secret = 'k3Jd;)random';
    expect(await send('Create')).toMatchObject({ Status: 'SUCCESS' });
    expect(readSecret(secret, 0)).toBeDefined();
  });

  it('gives what an earlier version wrote keys for tokens, and leaves its pair as it is', async () => {
    const { privateKey, publicKey, tokenKey } = makeSecret(0);
    secret = JSON.stringify({ privateKey, publicKey, tokenKey });
    expect(await send('Update', { PhysicalResourceId: 'sluice-signing-key' })).toMatchObject({
      Status: 'SUCCESS',
      Data: { PublicKey: publicKey },
    });
    const held = signingSecret.parse(JSON.parse(secret));
    expect(held).toMatchObject({ privateKey, publicKey, tokenKey });
    expect(held.hs256Until! - Date.now() / 1000).toBeGreaterThan(29 * 86_400);
    const once = secret;
    await send('Update', { PhysicalResourceId: 'sluice-signing-key' });
    expect(secret).toBe(once);
  });

  it('never puts new keys over damaged ones', async () => {
    secret = JSON.stringify({ ...makeSecret(0), privateKey: 'x' });
    const held = secret;
    expect(await send('Update')).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringContaining('AWSPREVIOUS') as string,
    });
    expect(secret).toBe(held);
  });

  it('leaves everything alone on Delete', async () => {
    await send('Create');
    const held = secret;
    expect(await send('Delete', { PhysicalResourceId: 'older' })).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: 'older',
      Data: {},
    });
    expect(secret).toBe(held);
  });

  it('reports a failure with a reason that holds nothing of the secret', async () => {
    secret = JSON.stringify(makeSecret(0));
    refuse = true;
    const answer = await send('Create');
    expect(answer).toMatchObject({ Status: 'FAILED', Reason: "AccessDeniedException: see the function's log" });
    expect(answer).not.toHaveProperty('Data');
    expect(logged).toContain('custom resource failed');
    refuse = false;
    await send('Create');
    const pair = signingSecret.parse(JSON.parse(secret));
    for (const text of [JSON.stringify(answers), logged]) {
      expect(text).not.toContain(pair.tokenKey);
      expect(text).not.toContain('PRIVATE KEY');
    }
  });

  it('tries again when its answer is not taken', async () => {
    failures = 1;
    expect(await send('Create')).toMatchObject({ Status: 'SUCCESS' });
  });
});

describe('a secret', () => {
  const whole = makeSecret(1000);
  const text = (over: object) => JSON.stringify({ ...whole, ...over });
  const withToken = (over: object) => text({ tokens: { ...whole.tokens, next: { ...whole.tokens.next, ...over } } });
  it('is taken as it is when it is whole', () => expect(readSecret(text({}), 2000)).toEqual(whole));
  it.each([
    ['nothing', undefined],
    ['no JSON', 'x'],
    ['a number by chance', '7'],
  ])('is yet to be made of %s', (_, value) => expect(readSecret(value, 2000)).toBeUndefined());
  it.each([
    ['a public key of another pair', text({ publicKey: makePair().publicKey })],
    ['a short token key', text({ tokenKey: 'AAAA' })],
    ['a broken private key', text({ privateKey: 'x' })],
    ['tokens of another pair', withToken({ publicKey: makePair().publicKey })],
    ['tokens by another name', withToken({ id: 'x' })],
    ['nothing that is known', '{}'],
  ])('is damaged with %s', (_, value) => expect(() => readSecret(value, 2000)).toThrow(/AWSPREVIOUS/));
});
