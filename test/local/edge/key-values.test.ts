/** A store of the engine, written by its API, read by a function at the edge. */
import { CloudFrontClient, CreateKeyValueStoreCommand } from '@aws-sdk/client-cloudfront';
import { DescribeKeyValueStoreCommand, UpdateKeysCommand } from '@aws-sdk/client-cloudfront-keyvaluestore';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { storeClient } from '../../../lambdas/revocation/client.ts';
import { engineClient, startEngine, type Engine } from '../../../local/engine.ts';
import { behaviour, play } from './fixture.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine({ log: () => {} });
}, 600_000);
afterAll(() => engine.close());

const PATIENCE = { timeout: 30_000 };

it('is in effect some moments after it was written, also what is beyond a page of the API', async () => {
  const cloudFront = new CloudFrontClient(engineClient(engine.endpoint));
  const Name = `t${process.pid}`;
  const { KeyValueStore } = await cloudFront.send(new CreateKeyValueStoreCommand({ Name }));
  const KvsARN = KeyValueStore!.ARN!;
  const client = storeClient({ ...engineClient(engine.endpoint) });
  const code = `import cf from 'cloudfront';
    const kvs = cf.kvs();
    async function handler(event) {
      const there = await kvs.exists(event.request.uri.slice(1));
      const count = await kvs.count();
      return there ? { statusCode: 403, headers: { 'x-count': { value: String(count) } } } : event.request;
    }`;
  await using playground = await play(
    (_, res) => void res.writeHead(200, { 'content-length': 0 }).end(),
    { behaviours: [behaviour({ viewerRequest: { name: 'gate', code, store: KvsARN } })] },
    { engineEndpoint: engine.endpoint },
  );
  const ask = async (path: string) => (await playground.get(path)).status;
  expect(await ask('/k1')).toBe(200);

  const put = async (keys: readonly string[], Deletes: readonly string[] = []) => {
    const { ETag: IfMatch } = await client.send(new DescribeKeyValueStoreCommand({ KvsARN }));
    const Puts = keys.map((Key) => ({ Key, Value: '1' }));
    await client.send(new UpdateKeysCommand({ KvsARN, IfMatch, Puts, Deletes: Deletes.map((Key) => ({ Key })) }));
  };
  for (let page = 0; page < 3; page++) await put(Array.from({ length: 50 }, (_, i) => `k${page * 50 + i}`));
  await expect.poll(() => ask('/k149'), PATIENCE).toBe(403);
  expect((await playground.get('/k1')).headers.get('x-count')).toBe('150');
  await put([], ['k1']);
  await expect.poll(() => ask('/k1'), PATIENCE).toBe(200);
  expect(await ask('/k2')).toBe(403);
});
