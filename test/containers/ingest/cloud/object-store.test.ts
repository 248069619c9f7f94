/** What is under way to an S3 that does not answer is bounded: each body put together of parts is a copy. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { MOST_JOINED, ObjectStore } from '../../../../containers/ingest/src/cloud/object-store.ts';

const MIB = 1024 * 1024;
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** Answers nothing before it is told to; then everything at once. */
async function silentServer() {
  const open = new Set<ServerResponse>();
  const seen = { bodies: new Map<string, number>(), most: 0, isSilent: true };
  const server = createServer((request, response) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => (bytes += chunk.length));
    request.on('end', () => {
      seen.bodies.set(request.url ?? '', bytes);
      if (!seen.isSilent) return void response.end();
      open.add(response);
      seen.most = open.size;
      return undefined;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const speak = () => {
    seen.isSilent = false;
    for (const response of open) response.end();
  };
  return { seen, speak, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function storeOf(endpoint: string): ObjectStore {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const store = new ObjectStore({
    region: 'us-east-1',
    credentials: () => Promise.resolve(credentials),
    endpoint,
    timeoutMs: 120_000,
  });
  ends.push(() => store.close());
  return store;
}

it('bodies of parts are under way up to so many bytes, the others after them, all whole', async () => {
  const { seen, speak, endpoint } = await silentServer();
  const store = storeOf(endpoint);
  const half = Buffer.alloc(MIB / 2, 1);
  const fit = MOST_JOINED / MIB;
  const names = Array.from({ length: fit + 30 }, (_, i) => `segment-${i}`);
  const answers = names.map((name) => store.put('bucket', name, [half, half], {}));
  await expect.poll(() => seen.most, { timeout: 30_000 }).toBe(fit);
  // Were there to be more, they would have come by now: these took no turn of theirs.
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(seen.most).toBe(fit);
  speak();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(names.map(() => 200));
  expect([...seen.bodies].toSorted()).toEqual(names.map((name) => [`/bucket/${name}`, MIB]).toSorted());
});

it('what is sealed is put in place of the body, made when it is its turn, and counts as a copy', async () => {
  const { seen, speak, endpoint } = await silentServer();
  const store = storeOf(endpoint);
  const fit = MOST_JOINED / MIB;
  let sealed = 0;
  const seal = (body: Buffer) => {
    sealed += 1;
    return body.subarray(0, 16);
  };
  const names = Array.from({ length: fit + 5 }, (_, i) => `sealed-${i}`);
  const answers = names.map((name) => store.put('bucket', name, [Buffer.alloc(MIB)], {}, seal));
  await expect.poll(() => seen.most, { timeout: 30_000 }).toBe(fit);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect([seen.most, sealed]).toEqual([fit, fit]);
  speak();
  await Promise.all(answers);
  expect([...seen.bodies].toSorted()).toEqual(names.map((name) => [`/bucket/${name}`, 16]).toSorted());
});

it('a body of one part is no copy, and one larger than all may be goes alone', async () => {
  const { seen, speak, endpoint } = await silentServer();
  const store = storeOf(endpoint);
  const large = Buffer.alloc(MOST_JOINED / 2 + 1);
  const whole = Array.from({ length: 60 }, (_, i) => store.put('bucket', `playlist-${i}`, [Buffer.alloc(MIB)], {}));
  await expect.poll(() => seen.most, { timeout: 30_000 }).toBe(60);
  const parts = ['a', 'b'].map((name) => store.put('bucket', name, [large, large], {}));
  await expect.poll(() => seen.bodies.get('/bucket/a'), { timeout: 30_000 }).toBe(2 * large.length);
  expect(seen.bodies.has('/bucket/b')).toBe(false);
  speak();
  await Promise.all([...whole, ...parts]);
  expect(seen.bodies.get('/bucket/b')).toBe(2 * large.length);
});
