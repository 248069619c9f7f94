/** The console's uploader against the upload handler on a real engine, over a network that loses what it is told to lose. */
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RouteKey } from '../../../lib/contract/api.ts';
import { sourceKey } from '../../../lib/contract/keys.ts';
import { Line, StorageProblem, type Trouble } from '../../../web/src/upload/line.ts';
import type { Upload } from '../../../web/src/upload/rows.ts';
import { missingParts, partBytesFor } from '../../../web/src/upload/send.ts';
import { Uploads, type Kept, type Taken } from '../../../web/src/upload/uploads.ts';
import { callRoute, startHandlerEngine } from '../../lambdas/engine.ts';

const MiB = 1024 ** 2;
/** Other tests may have the machine. */
const SOON = { timeout: 60_000, interval: 20 };
const PART = 5 * MiB;
const network = globalThis.fetch;
const as = { sub: 'uma', groups: ['uploader'] };

let close = async () => {};
let handler: typeof import('../../../lambdas/upload/handler.ts').handler;
let videos: typeof import('../../../lambdas/shared/videos.ts');

/** What happens to the next calls of a route, one after another: no way there, no way back, or an answer of its own. */
type Fault = 'no way there' | 'no way back' | number;
const faults = new Map<string, Fault[]>();
/** Routes that were reached, and parts S3 took. */
let reached: string[] = [];
let parts: number[] = [];

const MULTIPART = '/api/s3/multipart';
function routeOf(
  method: string,
  path: string,
): { route: RouteKey | 'GET /api/videos/{id}'; params: Record<string, string> } {
  const [, , , , uploadId, last] = path.split('/').map(decodeURIComponent);
  if (path.startsWith('/api/videos/')) return { route: 'GET /api/videos/{id}', params: { id: path.split('/')[3]! } };
  if (uploadId === undefined) return { route: `POST ${MULTIPART}` as RouteKey, params: {} };
  if (last === undefined) return { route: `${method} ${MULTIPART}/{uploadId}` as RouteKey, params: { uploadId } };
  if (last === 'complete') return { route: `POST ${MULTIPART}/{uploadId}/complete`, params: { uploadId } };
  return { route: `GET ${MULTIPART}/{uploadId}/{partNumber}`, params: { uploadId, partNumber: last } };
}

async function answer(input: string, init: RequestInit = {}): Promise<Response> {
  init.signal?.throwIfAborted();
  const url = new URL(input, 'https://console.example');
  // The console's look whether anybody answers at all.
  if (url.pathname === '/api/config') return Response.json({});
  const { route, params } = routeOf(init.method ?? 'GET', url.pathname);
  const fault = faults.get(route)?.shift();
  if (fault === 'no way there') throw new TypeError('Failed to fetch');
  if (typeof fault === 'number') return Response.json({ title: 'no' }, { status: fault });
  reached.push(route);
  const body = typeof init.body === 'string' ? (JSON.parse(init.body) as unknown) : undefined;
  const query = Object.fromEntries(url.searchParams);
  const { status, json } =
    route === 'GET /api/videos/{id}'
      ? await find(params['id']!)
      : await callRoute(handler, route, { as, params, query, body });
  if (fault === 'no way back') throw new TypeError('Failed to fetch');
  return json === undefined ? new Response(null, { status }) : Response.json(json, { status });
}

/** Of the catalog's answer what an uploader looks at. */
async function find(id: string) {
  const video = await videos.readVideo(id);
  if (video === undefined || video.status === 'deleted') return { status: 404, json: { code: 'not-found' } };
  return { status: 200, json: { id, status: video.status } as unknown };
}

const putFaults: Fault[] = [];
async function put(url: string, part: Blob, signal: AbortSignal, progress: (bytes: number) => void): Promise<void> {
  const fault = putFaults.shift();
  if (fault === 'no way there') throw new StorageProblem(0);
  if (typeof fault === 'number') throw new StorageProblem(fault);
  const { status } = await network(url, { method: 'PUT', body: part, signal }).catch(() => ({ status: 0 }));
  if (status === 200) parts.push(Number(new URL(url).searchParams.get('partNumber')));
  if (fault === 'no way back') throw new StorageProblem(0);
  if (status !== 200) throw new StorageProblem(status);
  progress(part.size);
}

beforeAll(async () => {
  close = await startHandlerEngine({
    UPLOAD_LIMITS: JSON.stringify({
      maxBytes: 100 * MiB,
      types: ['video/*'],
      maxInFlight: 50,
      urlSeconds: 600,
      expireSeconds: 86_400,
    }),
    PULL_RULES: JSON.stringify({ allowPrivate: false, buckets: [] }),
  });
  const { stateMachineArn } = await new SFNClient({}).send(
    new CreateStateMachineCommand({
      name: `sending-${process.pid}`,
      roleArn: 'arn:aws:iam::000000000000:role/states',
      definition: JSON.stringify({ StartAt: 'Done', States: { Done: { Type: 'Succeed' } } }),
    }),
  );
  process.env['STATE_MACHINE_ARN'] = stateMachineArn;
  ({ handler } = await import('../../../lambdas/upload/handler.ts'));
  videos = await import('../../../lambdas/shared/videos.ts');
  vi.stubGlobal('fetch', answer);
}, 180_000);
afterAll(async () => {
  vi.unstubAllGlobals();
  await close();
});
beforeEach(() => {
  faults.clear();
  putFaults.length = 0;
  reached = [];
  parts = [];
});

/** A browser's memory, which outlives the page. */
function memory() {
  const kept = new Map<string, Omit<Kept, 'person'>>();
  const files = new Map<string, Blob>();
  return {
    kept,
    files,
    store: {
      load: async () =>
        [...kept.values()].map((upload) => ({ upload: { ...upload, person: 'uma' }, file: files.get(upload.id) })),
      put: async (upload: Omit<Kept, 'person'>) => void kept.set(upload.id, upload),
      keep: async (id: string, file: Blob) => void files.set(id, file),
      forget: async (id: string) => {
        kept.delete(id);
        files.delete(id);
      },
    },
  };
}

const open: Uploads[] = [];
afterAll(() => open.forEach((uploads) => uploads.close()));

/** A page, with the troubles that it told of. */
async function page({ store } = memory()) {
  const troubles: Trouble[] = [];
  const line = new Line({ events: new EventTarget(), isOnline: () => true });
  let known: Uploads | undefined;
  const uploads = await Uploads.open({
    way: { line, put },
    store,
    partBytes: PART,
    changed: () => {
      for (const { trouble } of known?.list() ?? []) if (trouble && troubles.at(-1) !== trouble) troubles.push(trouble);
    },
    listChanged: () => {},
  });
  known = uploads;
  open.push(uploads);
  const only = (): Upload => uploads.list()[0]!;
  return {
    uploads,
    only,
    troubles,
    arrives: async () => await expect.poll(() => only().state, SOON).toBe('arrived'),
  };
}

const file = (bytes: number): { taken: Taken; content: Buffer } => {
  const content = randomBytes(bytes);
  const blob = new Blob([new Uint8Array(content)]);
  return { content, taken: { id: crypto.randomUUID(), name: 'a.mp4', type: 'video/mp4', modified: 1, file: blob } };
};

async function stored(id: string): Promise<Buffer> {
  const target = { Bucket: process.env['SOURCE_BUCKET'], Key: sourceKey(id) };
  const { Body } = await new S3Client({ forcePathStyle: true }).send(new GetObjectCommand(target));
  return Buffer.from(await Body!.transformToByteArray());
}

describe('a file arrives once and whole', () => {
  const ROUTES = {
    begin: `POST ${MULTIPART}`,
    sign: `GET ${MULTIPART}/{uploadId}/{partNumber}`,
    list: `GET ${MULTIPART}/{uploadId}`,
    complete: `POST ${MULTIPART}/{uploadId}/complete`,
  };
  const cases: [string, string, Fault[]][] = Object.entries(ROUTES).flatMap(([name, route]) =>
    (['no way there', 'no way back', 503] as const).map((fault): [string, string, Fault[]] => [
      `${name}: ${fault}`,
      route,
      [fault, fault],
    ]),
  );

  it.each(cases)('%s, twice', async (_, route, planted) => {
    const { uploads, only, arrives, troubles } = await page();
    faults.set(route, [...planted]);
    const { taken, content } = file(PART + 1000);
    uploads.add([taken]);
    await arrives();
    expect(troubles).toHaveLength(2);
    expect(new Set(troubles.map(({ kind }) => kind))).toEqual(
      new Set([typeof planted[0] === 'number' ? 'server' : 'unreachable']),
    );
    expect(only()).toMatchObject({ sent: content.length, trouble: undefined, error: undefined });
    expect((await stored(only().videoId!)).equals(content)).toBe(true);
    expect(await videos.readVideo(only().videoId!)).toMatchObject({ status: 'uploaded', title: 'a' });
    expect(parts).toEqual([1, 2]);
  });

  it.each(['no way there', 'no way back', 403, 500] as const)('part: %s', async (fault) => {
    const { uploads, only, arrives } = await page();
    putFaults.push(fault);
    const { taken, content } = file(PART + 1000);
    uploads.add([taken]);
    await arrives();
    expect((await stored(only().videoId!)).equals(content)).toBe(true);
  });

  it('is encrypted as was chosen for it, by the next visit too, and as the platform does it where nobody chose', async () => {
    const browser = memory();
    const first = await page(browser);
    faults.set(`POST ${MULTIPART}`, Array<Fault>(50).fill('no way there'));
    const [plain, chosen] = [file(10), file(20)];
    first.uploads.add([plain.taken, { ...chosen.taken, encryption: 'aes-128' }]);
    first.uploads.close();
    faults.clear();
    const { uploads } = await page(browser);
    await expect.poll(() => uploads.list().map(({ state }) => state), SOON).toEqual(['arrived', 'arrived']);
    const records = await Promise.all(uploads.list().map(({ videoId }) => videos.readVideo(videoId!)));
    const asked = records.map((record) => [record?.bytes.source, record?.encryption]);
    expect(asked.toSorted()).toEqual([
      [10, undefined],
      [20, 'aes-128'],
    ]);
  });

  it('also a small one, and one of exactly two parts', async () => {
    for (const bytes of [1, 2 * PART]) {
      const { uploads, only, arrives } = await page();
      const { taken, content } = file(bytes);
      uploads.add([taken]);
      await arrives();
      expect((await stored(only().videoId!)).equals(content)).toBe(true);
    }
  });
});

describe('a visit that ends', () => {
  it('is gone on with by the next: parts that are there are not sent again', async () => {
    const browser = memory();
    const first = await page(browser);
    const { taken, content } = file(2 * PART + 1000);
    first.uploads.add([taken]);
    await expect.poll(() => parts.length, SOON).toBeGreaterThanOrEqual(1);
    first.uploads.close();
    const before = [...parts];
    const second = await page(browser);
    await second.arrives();
    expect(parts.filter((part) => part === 1)).toHaveLength(1);
    expect(before[0]).toBe(1);
    expect((await stored(second.only().videoId!)).equals(content)).toBe(true);
    expect([browser.kept.size, browser.files.size]).toEqual([0, 0]);
  });

  it('right after the file was put together, finds that it is done', async () => {
    const browser = memory();
    const first = await page(browser);
    faults.set(`POST ${MULTIPART}/{uploadId}/complete`, ['no way back']);
    const { taken } = file(1000);
    first.uploads.add([taken]);
    await expect.poll(() => reached.filter((route) => route.endsWith('/complete')).length, SOON).toBe(1);
    first.uploads.close();
    const { videoId } = first.only();
    const second = await page(browser);
    await second.arrives();
    expect(second.only().videoId).toBe(videoId);
  });

  it('without the file, asks for it, takes no other, and goes on where it was', async () => {
    const browser = memory();
    const first = await page(browser);
    const { taken, content } = file(PART + 1000);
    // Does not get further than the first part.
    faults.set(`GET ${MULTIPART}/{uploadId}`, Array<Fault>(20).fill(500));
    first.uploads.add([taken]);
    await expect.poll(() => parts.length, SOON).toBe(2);
    first.uploads.close();
    faults.clear();
    browser.files.clear();
    expect(browser.kept.size).toBe(1);
    const second = await page(browser);
    expect(second.only().state).toBe('interrupted');
    second.uploads.add([{ ...taken, file: new Blob(['another']) }]);
    expect(second.only().state).toBe('interrupted');
    second.uploads.add([taken]);
    await second.arrives();
    expect((await stored(second.only().videoId!)).equals(content)).toBe(true);
    expect(parts.filter((part) => part === 1)).toHaveLength(1);
  });
});

/** The record of what was begun for a file, whether or not that was answered. */
async function recordOf({ id }: Taken) {
  const { videoIdOf } = await import('../../../lambdas/upload/draft.ts');
  return await videos.readVideo(videoIdOf('uma', id));
}
async function begunFor(taken: Taken): Promise<void> {
  await expect.poll(() => recordOf(taken), SOON).toMatchObject({ status: 'uploading' });
}

describe('what a person does', () => {
  it('cancelling while nothing gets through leaves no video behind, once something does', async () => {
    const { uploads, only } = await page();
    faults.set(`POST ${MULTIPART}`, ['no way back', 'no way there', 'no way there']);
    const { taken } = file(1000);
    uploads.add([taken]);
    await expect.poll(() => reached.length, SOON).toBe(1);
    uploads.act('remove', [only().id]);
    expect(uploads.list()).toEqual([]);
    const removed = `DELETE ${MULTIPART}/{uploadId}`;
    await expect.poll(() => reached.includes(removed), SOON).toBe(true);
    const { videoIdOf } = await import('../../../lambdas/upload/draft.ts');
    await expect.poll(() => videos.readVideo(videoIdOf('uma', taken.id)), SOON).toBeUndefined();
  });

  it('a cancelled upload is withdrawn by the next visit, though the browser did not keep the file', async () => {
    const browser = memory();
    const first = await page(browser);
    faults.set(`POST ${MULTIPART}`, ['no way back', ...Array<Fault>(50).fill('no way there')]);
    const { taken } = file(1000);
    first.uploads.add([taken]);
    await begunFor(taken);
    first.uploads.act('remove', [taken.id]);
    expect(first.uploads.list()).toEqual([]);
    expect(first.uploads.isUnfinished, 'what is to be withdrawn').toBe(true);
    first.uploads.close();
    browser.files.clear();
    faults.clear();

    const { uploads } = await page(browser);
    expect([uploads.list(), uploads.isUnfinished]).toEqual([[], true]);
    await expect.poll(() => uploads.isUnfinished, SOON).toBe(false);
    expect(await recordOf(taken)).toBeUndefined();
    expect(browser.kept.size).toBe(0);
  });

  it('also one whose beginning was answered to nobody, that is cancelled after a reload', async () => {
    const browser = memory();
    const first = await page(browser);
    faults.set(`POST ${MULTIPART}`, ['no way back', ...Array<Fault>(50).fill('no way there')]);
    const { taken } = file(1000);
    first.uploads.add([taken]);
    await begunFor(taken);
    first.uploads.act('pause', [taken.id]);
    first.uploads.close();
    faults.clear();
    const { uploads, only } = await page(browser);
    expect(only().state).toBe('paused');
    uploads.act('remove', [taken.id]);
    await expect.poll(() => uploads.isUnfinished, SOON).toBe(false);
    expect(await recordOf(taken)).toBeUndefined();
  });

  it('and one that was cancelled as the sign-in ended', async () => {
    const browser = memory();
    const first = await page(browser);
    faults.set(`POST ${MULTIPART}/{uploadId}/complete`, Array<Fault>(50).fill('no way there'));
    const { taken } = file(1000);
    first.uploads.add([taken]);
    await expect.poll(() => parts.length, SOON).toBe(1);
    const videoId = first.only().videoId!;
    const ended: Fault[] = [401];
    faults.set(`DELETE ${MULTIPART}/{uploadId}`, ended);
    first.uploads.act('remove', [taken.id]);
    await expect.poll(() => ended.length, SOON).toBe(0);
    // Time enough to forget it.
    await new Promise((resolve) => setTimeout(resolve, 200));
    first.uploads.close();
    expect(await videos.readVideo(videoId)).toMatchObject({ status: 'uploading' });
    const { uploads } = await page(browser);
    await expect.poll(() => uploads.isUnfinished, SOON).toBe(false);
    expect(await videos.readVideo(videoId)).toBeUndefined();
  });

  it('pausing stops it, and resuming sends only what is missing', async () => {
    const { uploads, only, arrives } = await page();
    const { taken, content } = file(3 * PART);
    uploads.add([taken]);
    await expect.poll(() => parts.length, SOON).toBeGreaterThanOrEqual(1);
    uploads.act('pause', [taken.id]);
    expect(only().state).toBe('paused');
    uploads.act('resume', [taken.id]);
    await arrives();
    expect(parts.filter((part) => part === 1)).toHaveLength(1);
    expect((await stored(only().videoId!)).equals(content)).toBe(true);
  });

  it('an upload that was removed meanwhile says so, and trying again sends it anew', async () => {
    const { uploads, only, arrives } = await page();
    const { taken } = file(1000);
    faults.set(`POST ${MULTIPART}/{uploadId}/complete`, ['no way there', 'no way there', 'no way there']);
    uploads.add([taken]);
    await expect.poll(() => parts.length, SOON).toBe(1);
    const { videoId } = only();
    const record = await videos.readVideo(videoId!);
    const params = { uploadId: record!.upload.id! };
    await callRoute(handler, `DELETE ${MULTIPART}/{uploadId}`, { as, params, query: { key: sourceKey(videoId!) } });
    await expect.poll(() => only().state, SOON).toBe('stopped');
    expect(only().error).toMatch(/removed meanwhile/);
    uploads.act('retry', [taken.id]);
    await arrives();
    expect(only().videoId).not.toBe(videoId);
  });

  it('what is refused for good stops at once, in the words of the API', async () => {
    const { uploads, only } = await page();
    const { taken } = file(10);
    uploads.add([{ ...taken, name: 'a.png', type: 'image/png' }]);
    await expect.poll(() => only().state, SOON).toBe('stopped');
    expect(only().error).toContain('image/png');
  });
});

describe('parts', () => {
  it('are missing where they are not there or not as long as they must be', () => {
    const there = [
      { PartNumber: 1, Size: 10 },
      { PartNumber: 2, Size: 9 },
    ];
    expect(missingParts(25, 10, there)).toEqual([
      { number: 2, from: 10, to: 20 },
      { number: 3, from: 20, to: 25 },
    ]);
    expect(missingParts(20, 10, [])).toHaveLength(2);
  });

  it('are 10,000 at most', () => {
    expect(partBytesFor(100, PART)).toBe(PART);
    expect(missingParts(10_000 * PART + 1, partBytesFor(10_000 * PART + 1, PART), [])).toHaveLength(10_000);
  });
});
