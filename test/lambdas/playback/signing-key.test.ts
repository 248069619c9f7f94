/** The function of the keys, on a real engine, with a CloudFormation answer address that really listens. */
import { createPublicKey, sign, verify } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CloudFrontClient,
  CreateKeyGroupCommand,
  CreatePublicKeyCommand,
  ListKeyGroupsCommand,
  ListPublicKeysCommand,
} from '@aws-sdk/client-cloudfront';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { makePair, makeSecret, readSecret } from '../../../lambdas/playback/key-pair.ts';
import { KNOWN_SECONDS, LIVES } from '../../../lambdas/playback/key-ring.ts';
import { signingSecret, type SigningSecret } from '../../../lib/contract/signing.ts';
import { engineEnvironment, startEngine, type Engine } from '../../../local/engine.ts';

const GROUP = 'test-Keys-us-east-1';
const RANDOM = 'k3Jd;)random';

let engine: Engine;
let server: Server;
let url: string;
let SecretId: string;
let failures = 0;
let answers: { body: Record<string, unknown>; type: string | undefined }[] = [];
let logged = '';
let secrets: SecretsManagerClient;
let cloudFront: CloudFrontClient;
let handler: (event: unknown) => Promise<unknown>;

beforeAll(async () => {
  engine = await startEngine({ log: () => {} });
  for (const [name, value] of Object.entries(engineEnvironment(engine.endpoint))) vi.stubEnv(name, value);
  // The logger then writes, through the console that is spied on.
  vi.stubEnv('POWERTOOLS_DEV', 'true');
  vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'INFO');
  secrets = new SecretsManagerClient({});
  cloudFront = new CloudFrontClient({});
  const made = await secrets.send(new CreateSecretCommand({ Name: `keys-${process.pid}`, SecretString: RANDOM }));
  SecretId = made.ARN!;
  vi.stubEnv('SIGNING_SECRET', SecretId);
  vi.stubEnv('KEY_GROUP', GROUP);
  vi.stubEnv('KEY_DAYS', '90');
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (failures > 0) {
        failures -= 1;
        response.writeHead(503).end();
        return;
      }
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
      answers.push({ body, type: request.headers['content-type'] });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  ({ handler } = await import('../../../lambdas/playback/signing-key.ts'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  server.close();
  await engine.close();
});
beforeEach(async () => {
  await put(RANDOM);
  [failures, answers, logged] = [0, [], ''];
  const keep = (...parts: unknown[]) => void (logged += parts.map(String).join(' '));
  for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, name).mockImplementation(keep);
});
afterEach(async () => {
  vi.useRealTimers();
  await send('Delete');
  expect(await keys()).toEqual([]);
  vi.restoreAllMocks();
});

const put = (SecretString: string) => secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
const text = async () => (await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString!;
const held = async (): Promise<SigningSecret> => signingSecret.parse(JSON.parse(await text()));
const keys = async () => (await cloudFront.send(new ListPublicKeysCommand({}))).PublicKeyList?.Items ?? [];
const groups = async () =>
  ((await cloudFront.send(new ListKeyGroupsCommand({}))).KeyGroupList?.Items ?? []).map(({ KeyGroup }) => KeyGroup!);
const items = async () => (await groups()).find((one) => one.KeyGroupConfig?.Name === GROUP)?.KeyGroupConfig?.Items;
/** The clock of the function alone: what waits, waits as ever. */
const at = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: seconds * 1000 });
const soon = () => Math.floor(Date.now() / 1000);

async function send(RequestType: string, over: object = {}): Promise<Record<string, unknown>> {
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
const rotate = (how?: 'next' | 'lost') => handler(how === undefined ? {} : { rotate: how });

describe('at a deploy', () => {
  it('makes P-256 pairs and a key group of two, and tells CloudFormation the group alone', async () => {
    const answer = await send('Create');
    const secret = await held();
    const [group] = await groups();
    expect(answer).toEqual({
      Status: 'SUCCESS',
      StackId: 'stack',
      RequestId: 'request',
      LogicalResourceId: 'Pair',
      PhysicalResourceId: 'sluice-signing-key',
      Data: { KeyGroupId: group!.Id },
    });
    expect(answers[0]!.type ?? '').toBe('');
    expect(group!.KeyGroupConfig).toMatchObject({
      Name: GROUP,
      Items: [secret.media.current.id, secret.media.next.id],
    });
    for (const { id, publicKey, privateKey } of [secret.media.current, secret.media.next]) {
      expect(createPublicKey(publicKey).asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
      expect(verify('sha256', Buffer.from('x'), publicKey, sign('sha256', Buffer.from('x'), privateKey))).toBe(true);
      expect((await keys()).find((one) => one.Id === id)?.EncodedKey?.trim()).toBe(publicKey.trim());
    }
    expect(Buffer.from(secret.tokenKey, 'base64url')).toHaveLength(32);
    expect(secret.hs256Until).toBeUndefined();
  });

  it('keeps everything when Create is retried and on Update, also in the middle of a rotation', async () => {
    const first = await send('Create');
    at((await held()).media.next.since + KNOWN_SECONDS);
    await rotate('next');
    const before = await text();
    expect(await send('Create')).toEqual(first);
    const updated = await send('Update', { PhysicalResourceId: 'sluice-signing-key' });
    expect(updated).toMatchObject({ PhysicalResourceId: 'sluice-signing-key', Data: first['Data'] });
    expect(await text()).toBe(before);
    expect(await items()).toHaveLength(3);
  });

  it('goes on with the pair and the public key of versions before, which CloudFormation made', async () => {
    const { privateKey, publicKey } = makePair();
    const { tokenKey } = makeSecret(0);
    const config = { CallerReference: 'old', Name: 'old', EncodedKey: publicKey };
    const { PublicKey } = await cloudFront.send(new CreatePublicKeyCommand({ PublicKeyConfig: config }));
    await cloudFront.send(
      new CreateKeyGroupCommand({ KeyGroupConfig: { Name: 'the old group', Items: [PublicKey!.Id!] } }),
    );
    await put(JSON.stringify({ privateKey, publicKey, tokenKey }));
    expect(await send('Update', { PhysicalResourceId: 'sluice-signing-key' })).toMatchObject({ Status: 'SUCCESS' });
    const secret = await held();
    // Where an update that is rolled back looks for them.
    expect(secret).toMatchObject({ privateKey, publicKey, tokenKey });
    expect(secret.media.current).toMatchObject({ privateKey, publicKey, id: PublicKey!.Id });
    expect(await items()).toEqual([PublicKey!.Id, secret.media.next.id]);
    expect(secret.hs256Until! - Date.now() / 1000).toBeGreaterThan(29 * 86_400);
    const once = await text();
    await send('Update', { PhysicalResourceId: 'sluice-signing-key' });
    expect(await text()).toBe(once);
    // A key that another group holds is not ours to remove.
    expect(await send('Delete')).toMatchObject({ Status: 'SUCCESS' });
    expect((await keys()).map(({ Id }) => Id)).toContain(PublicKey!.Id);
    const old = (await groups()).find((one) => one.KeyGroupConfig?.Name === 'the old group')!;
    await dropGroup(old.Id!, PublicKey!.Id!);
  });

  it('never puts new keys over damaged ones', async () => {
    await send('Create');
    const { media, ...others } = await held();
    const damaged = JSON.stringify({ ...others, media: { ...media, current: { ...media.current, privateKey: 'x' } } });
    await put(damaged);
    expect(await send('Update')).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringContaining('AWSPREVIOUS') as string,
    });
    expect(await text()).toBe(damaged);
  });

  it('reports a failure with a reason that holds nothing of the secret', async () => {
    await send('Create');
    await secrets.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
    const answer = await send('Update');
    await secrets.send(new RestoreSecretCommand({ SecretId }));
    expect(answer).toMatchObject({ Status: 'FAILED', Reason: "InvalidRequestException: see the function's log" });
    expect(answer).not.toHaveProperty('Data');
    expect(logged).toContain('custom resource failed');
    const { tokenKey } = await held();
    for (const said of [JSON.stringify(answers), logged]) {
      expect(said).not.toContain(tokenKey);
      expect(said).not.toContain('PRIVATE KEY');
    }
  });

  it('tries again when its answer is not taken', async () => {
    failures = 1;
    expect(await send('Create')).toMatchObject({ Status: 'SUCCESS' });
  });
});

describe('afterwards', () => {
  it('does nothing before it is due, and lets the next keys sign when it is', async () => {
    await send('Create');
    const first = await held();
    at(first.media.current.since + 90 * 86_400 - 60);
    await rotate();
    expect(await held()).toEqual(first);
    at(first.media.current.since + 90 * 86_400);
    const report = await rotate();
    const second = await held();
    for (const ring of ['media', 'tokens'] as const) {
      const { privateKey, publicKey, id } = second[ring].current;
      expect({ privateKey, publicKey, id }).toEqual({
        privateKey: first[ring].next.privateKey,
        publicKey: first[ring].next.publicKey,
        id: first[ring].next.id,
      });
      expect(second[ring].previous).toEqual([
        { id: first[ring].current.id, publicKey: first[ring].current.publicKey, until: soon() + LIVES[ring] },
      ]);
    }
    expect(await text()).not.toContain(JSON.stringify(first.media.current.privateKey).slice(1, -1));
    expect(await items()).toEqual([second.media.current.id, second.media.next.id, first.media.current.id]);
    expect(report).toMatchObject({ media: { signs: { id: first.media.next.id } } });
    expect(JSON.stringify(report) + logged).not.toMatch(/PRIVATE KEY/);
    // A week and an hour later the last one leaves group and account.
    at(soon() + LIVES.media);
    await rotate();
    expect(await items()).toEqual([second.media.current.id, second.media.next.id]);
    expect((await keys()).map(({ Id }) => Id).toSorted()).toEqual((await items())!.toSorted());
  });

  it('is asked for at any time, but never before the next key is known everywhere', async () => {
    await send('Create');
    const first = await held();
    expect(await rotate('next')).toMatchObject({ refused: expect.stringContaining('ask again') as string });
    expect(await held()).toEqual(first);
    at(first.media.next.since + KNOWN_SECONDS);
    expect(await rotate('next')).not.toHaveProperty('refused');
    expect((await held()).media.current.id).toBe(first.media.next.id);
  });

  it('ends all keys at once when they are lost', async () => {
    await send('Create');
    const first = await held();
    await rotate('lost');
    const second = await held();
    const had = [first.media.current.id, first.media.next.id];
    expect(await items()).toEqual([second.media.current.id, second.media.next.id]);
    for (const id of had) expect((await keys()).map(({ Id }) => Id)).not.toContain(id);
    expect(second.media.previous).toEqual([]);
    expect(second.tokens.previous).toEqual([]);
    expect(second.tokenKey).not.toBe(first.tokenKey);
  });

  it('finishes what a run that broke off left: a key without a secret, a group without the key', async () => {
    await send('Create');
    const first = await held();
    const EncodedKey = makePair().publicKey;
    const config = { CallerReference: `${GROUP}-left`, Name: `${GROUP}-left`, EncodedKey };
    const { PublicKey } = await cloudFront.send(new CreatePublicKeyCommand({ PublicKeyConfig: config }));
    // The next one is in the secret, and not yet in the group.
    const next = makePair();
    const known = { CallerReference: `${GROUP}-new`, Name: `${GROUP}-new`, EncodedKey: next.publicKey };
    const { PublicKey: made } = await cloudFront.send(new CreatePublicKeyCommand({ PublicKeyConfig: known }));
    const media = { ...first.media, next: { ...next, id: made!.Id!, since: first.media.next.since } };
    await put(JSON.stringify({ ...first, media }));
    at(soon() + KNOWN_SECONDS);
    expect(await rotate()).toMatchObject({ media: { next: { id: made!.Id } } });
    expect(await items()).toEqual([first.media.current.id, made!.Id]);
    expect((await held()).media.next.since).toBe(soon());
    expect((await keys()).map(({ Id }) => Id)).not.toContain(PublicKey!.Id);
  });

  it('is asked for nothing else', async () => {
    await send('Create');
    for (const event of [{ rotate: 'now' }, { delete: true }, null])
      await expect(handler(event)).rejects.toThrow(/Invalid|Unrecognized/);
  });
});

describe('a secret', () => {
  const made = makeSecret(1000);
  const named = <T extends { id: string }>(key: T, id: string): T => ({ ...key, id });
  const media = { ...made.media, current: named(made.media.current, 'K1'), next: named(made.media.next, 'K2') };
  const whole = { ...made, media };
  const say = (over: object) => JSON.stringify({ ...whole, ...over });
  const withNext = (ring: 'media' | 'tokens', over: object) =>
    say({ [ring]: { ...whole[ring], next: { ...whole[ring].next, ...over } } });
  it('is taken as it is when it is whole', () => expect(readSecret(say({}), 2000)).toEqual(whole));
  it.each([
    ['nothing', undefined],
    ['no JSON', 'x'],
    ['a number by chance', '7'],
  ])('is yet to be made of %s', (_, value) => expect(readSecret(value, 2000)).toBeUndefined());
  it.each([
    ['a public key of another pair', withNext('media', { publicKey: makePair().publicKey })],
    ['a short token key', say({ tokenKey: 'AAAA' })],
    ['a broken private key', withNext('media', { privateKey: 'x' })],
    ['a key that CloudFront has not named', withNext('media', { id: '' })],
    ['tokens of another pair', withNext('tokens', { publicKey: makePair().publicKey })],
    ['tokens by another name', withNext('tokens', { id: 'x' })],
    ['nothing that is known', '{}'],
  ])('is damaged with %s', (_, value) => expect(() => readSecret(value, 2000)).toThrow(/AWSPREVIOUS/));
});

async function dropGroup(id: string, key: string): Promise<void> {
  const { DeleteKeyGroupCommand, DeletePublicKeyCommand, GetKeyGroupCommand, GetPublicKeyCommand } =
    await import('@aws-sdk/client-cloudfront');
  const group = await cloudFront.send(new GetKeyGroupCommand({ Id: id }));
  await cloudFront.send(new DeleteKeyGroupCommand({ Id: id, IfMatch: group.ETag }));
  const { ETag } = await cloudFront.send(new GetPublicKeyCommand({ Id: key }));
  await cloudFront.send(new DeletePublicKeyCommand({ Id: key, IfMatch: ETag }));
}
