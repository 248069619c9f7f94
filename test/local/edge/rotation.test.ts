/**
 * The whole turn of the keys with viewers attached: the function that ships, on a real engine, and an edge that follows the
 * engine's key group. The functions' and the edge's clock is set; all else takes the time it takes.
 */
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CloudFrontClient, ListKeyGroupsCommand } from '@aws-sdk/client-cloudfront';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { KNOWN_SECONDS, LIVES } from '../../../lambdas/playback/key-ring.ts';
import { engineClient, engineEnvironment, startEngine, type Engine } from '../../../local/engine.ts';
import { watchKeyGroup, type WatchedKeys } from '../../../local/edge/key-groups.ts';
import { startEdge, type Edge } from '../../../local/edge/server.ts';
import { behaviour, UNCACHED } from './fixture.ts';

const GROUP = 'rotation-Keys-us-east-1';
const BUCKET = `rotation-${process.pid}`;
const DAY = 86_400;
const START = Math.floor(Date.now() / 1000);

let engine: Engine;
let keys: WatchedKeys;
let edge: Edge;
let rotate: (command?: { rotate?: 'next' | 'lost' }) => Promise<unknown>;
let loadSigner: typeof import('../../../lambdas/shared/signing.ts').loadSigner;
const said: string[] = [];

/** Seconds since the start, for the functions and the edge. */
const at = (seconds: number) => vi.setSystemTime((START + seconds) * 1000);

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: START * 1000 });
  engine = await startEngine({ log: () => {} });
  for (const [name, value] of Object.entries(engineEnvironment(engine.endpoint))) vi.stubEnv(name, value);
  const s3 = new S3Client({ forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'vod/v1/r1/video/00001.m4s', Body: 'a segment' }));
  const secret = new CreateSecretCommand({ Name: `rotation-${process.pid}`, SecretString: 'random' });
  const { ARN } = await new SecretsManagerClient({}).send(secret);
  vi.stubEnv('SIGNING_SECRET', ARN);
  vi.stubEnv('KEY_GROUP', GROUP);
  vi.stubEnv('KEY_DAYS', '90');
  vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'SILENT');
  const { handler } = await import('../../../lambdas/playback/signing-key.ts');
  rotate = (command = {}) => handler(command);
  await rotate();

  const { region, credentials } = engineClient(engine.endpoint);
  const { KeyGroupList } = await new CloudFrontClient({}).send(new ListKeyGroupsCommand({}));
  const group = KeyGroupList!.Items!.find(({ KeyGroup }) => KeyGroup?.KeyGroupConfig?.Name === GROUP)!;
  keys = await watchKeyGroup({
    engineEndpoint: engine.endpoint,
    region,
    credentials,
    groupId: group.KeyGroup!.Id!,
    log: (line) => said.push(line),
    interval: 50,
  });
  edge = await startEdge({
    config: {
      distributionId: 'EDIST',
      domainName: 'edist.cloudfront.net',
      behaviours: [behaviour({ trustedKeys: keys.keys, cachePolicy: UNCACHED })],
      origins: {
        origin: {
          kind: 's3',
          bucket: BUCKET,
          grants: [{ actions: ['s3:GetObject'], resources: [`arn:aws:s3:::${BUCKET}/*`] }],
          denials: [],
          readTimeout: 30,
        },
      },
      defaultRootObject: '',
      errorTtls: new Map(),
    },
    engineEndpoint: engine.endpoint,
    apiBase: engine.endpoint,
    credentials,
    port: 0,
    log: () => {},
    pollInvalidations: false,
  });
  vi.stubEnv('PUBLIC_URL', edge.url);
  ({ loadSigner } = await import('../../../lambdas/shared/signing.ts'));
});
afterAll(async () => {
  await keys.stop();
  await edge.close();
  await engine.close();
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

/** Somebody who begins to watch now, with a signature of the longest there is. */
async function viewer() {
  const query = (await loadSigner()).sign(
    '/vod/v1/r1/video/00001.m4s',
    new Date(Date.now() + (LIVES.media - 3600) * 1000),
  );
  const statuses: number[] = [];
  return {
    key: /Key-Pair-Id=(\w+)/.exec(query)![1]!,
    statuses,
    fetch: async () => {
      const answer = await fetch(`${edge.url}/vod/v1/r1/video/00001.m4s?${query}`);
      await answer.arrayBuffer();
      statuses.push(answer.status);
      return answer.status;
    },
  };
}
type Viewer = Awaited<ReturnType<typeof viewer>>;

/** Lets viewers fetch one segment after another while `work` is done. */
async function during(viewers: readonly Viewer[], work: () => Promise<unknown>): Promise<void> {
  const done = new AbortController();
  const watching = viewers.map(async (one) => {
    while (!done.signal.aborted) await one.fetch();
  });
  try {
    await work();
  } finally {
    done.abort();
    await Promise.all(watching);
  }
}
const holds = async (count: number) =>
  await expect.poll(() => keys.keys.size, { timeout: 60_000, interval: 20 }).toBe(count);

it(
  'breaks no viewer: those from before play on, those from then on play by the next key',
  { timeout: 180_000 },
  async () => {
    at(90 * DAY - 3600);
    const before = await viewer();
    const [first] = keys.keys.keys();
    expect(before.key).toBe(first);
    await during([before], async () => {
      at(90 * DAY - 60);
      await rotate();
      expect(keys.keys.size).toBe(2);
    });
    // Who begins just before the turn is the last to leave.
    const last = await viewer();
    at(90 * DAY);
    const late = await viewer();
    await during([last, late], async () => {
      await rotate();
      await holds(3);
    });
    // A process that has read the secret minutes ago signs by the last key until it reads again.
    const stale = await viewer();
    expect(stale.key).toBe(first);
    at(90 * DAY + 301);
    const next = await viewer();
    expect(next.key).not.toBe(first);
    await during([last, late, stale, next], () => rotate());
    at(90 * DAY + LIVES.media - 3600 - 1);
    const middle = await viewer();
    await during([late, stale, next, middle], () => rotate());
    expect([await last.fetch(), middle.key]).toEqual([403, next.key]);
    last.statuses.pop();
    for (const one of [before, last, late, stale, next, middle])
      expect([one.key, one.statuses.length > 0, one.statuses.filter((status) => status !== 200)]).toEqual([
        one.key,
        true,
        [],
      ]);

    // A week and an hour after the turn the first key is out; what it signed had ended.
    at(90 * DAY + LIVES.media + 1);
    await during([middle], async () => {
      await rotate();
      await holds(2);
    });
    expect([...keys.keys.keys()]).not.toContain(first);
    expect(middle.statuses.filter((status) => status !== 200)).toEqual([]);
    expect(await late.fetch()).toBe(403);

    // By command, and once more: nobody is cut off either.
    const [, second] = [...keys.keys.keys()];
    await during([middle], async () => {
      await rotate({ rotate: 'next' });
      await holds(3);
      at(90 * DAY + LIVES.media + 1 + KNOWN_SECONDS);
      await rotate({ rotate: 'next' });
      await holds(4);
    });
    expect(middle.statuses.filter((status) => status !== 200)).toEqual([]);
    expect((await viewer()).key).not.toBe(second);
    console.log(`keys took turns 3 times under ${said.length} states of the group, and no viewer was refused`);
  },
);

it('ends every signature at once when keys are lost', { timeout: 120_000 }, async () => {
  const one = await viewer();
  expect(await one.fetch()).toBe(200);
  await rotate({ rotate: 'lost' });
  await expect.poll(one.fetch, { timeout: 60_000 }).toBe(403);
  at(90 * DAY + LIVES.media + 1 + KNOWN_SECONDS + 301);
  expect(await (await viewer()).fetch()).toBe(200);
});
