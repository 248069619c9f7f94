/** What one person may keep, against a real engine: however many uploads begin at once, no more are let in than fit. */
import { randomBytes, randomUUID } from 'node:crypto';
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RouteKey } from '../../../lib/contract/api.ts';
import { checkFits } from '../../../lambdas/upload/quota.ts';
import { largest } from '../../../lambdas/upload/storage.ts';
import { problemOf } from '../problem.ts';
import { callRoute, startHandlerEngine, type Call } from '../engine.ts';

const MiB = 1024 ** 2;
const quotaBytes = 20 * MiB;
let close = async () => {};
let handler: typeof import('../../../lambdas/upload/handler.ts').handler;
let storage: typeof import('../../../lambdas/shared/storage.ts');
let videos: typeof import('../../../lambdas/shared/videos.ts');

beforeAll(async () => {
  close = await startHandlerEngine({
    UPLOAD_LIMITS: JSON.stringify({
      maxBytes: 100 * MiB,
      types: ['video/*'],
      maxInFlight: 30,
      urlSeconds: 600,
      expireSeconds: 86_400,
      quotaBytes,
    }),
    PULL_RULES: JSON.stringify({ allowPrivate: false, buckets: [] }),
  });
  const { stateMachineArn } = await new SFNClient({}).send(
    new CreateStateMachineCommand({
      name: `quota-${process.pid}`,
      roleArn: 'arn:aws:iam::000000000000:role/states',
      definition: JSON.stringify({ StartAt: 'Done', States: { Done: { Type: 'Succeed' } } }),
    }),
  );
  process.env['STATE_MACHINE_ARN'] = stateMachineArn;
  ({ handler } = await import('../../../lambdas/upload/handler.ts'));
  storage = await import('../../../lambdas/shared/storage.ts');
  videos = await import('../../../lambdas/shared/videos.ts');
}, 180_000);
afterAll(async () => close());

let person = 0;
const somebody = () => ({ sub: `keeper-${++person}`, groups: ['uploader'] });
const call = (route: RouteKey, options: Call) => callRoute(handler, route, options);
const begin = (as: Call['as'], size?: number, idempotencyKey?: string) =>
  call('POST /api/s3/multipart', {
    as,
    body: {
      filename: 'a.mp4',
      type: 'video/mp4',
      metadata: { ...(size !== undefined && { size }), ...(idempotencyKey !== undefined && { idempotencyKey }) },
    },
  });
const of = (as: Call['as']) => call('GET /api/storage', { as });
const REFUSED = { status: 409, json: { code: 'over-quota', limit: { name: 'upload.quotaGiB', unit: 'GiB' } } };

/** Sends one part of so many bytes and completes it; answers that answer and the video's id. */
async function send(as: ReturnType<typeof somebody>, announced: number | undefined, bytes: number) {
  const { json } = await begin(as, announced);
  const of = { as, params: { uploadId: json.uploadId as string }, query: { key: json.key as string } };
  const signed = await call('GET /api/s3/multipart/{uploadId}/{partNumber}', {
    ...of,
    params: { ...of.params, partNumber: '1' },
  });
  const put = await fetch(signed.json.url as string, { method: 'PUT', body: randomBytes(bytes) });
  const parts = [{ PartNumber: 1, ETag: put.headers.get('etag')!.replaceAll('"', '') }];
  const done = await call('POST /api/s3/multipart/{uploadId}/complete', { ...of, body: { parts } });
  return { done, id: json.videoId as string };
}

describe('a quota', () => {
  it('counts what is kept and what is announced, and refuses by name and limit what does not fit', async () => {
    const as = somebody();
    const { done, id } = await send(as, 8 * MiB, 8 * MiB);
    expect(done.status).toBe(200);
    expect((await of(as)).json).toEqual({ bytes: 8 * MiB, videos: 1, uploading: 0, quotaBytes });
    expect((await begin(as, 7 * MiB)).status).toBe(200);
    const refused = await begin(as, 6 * MiB);
    expect(refused).toMatchObject(REFUSED);
    expect(refused.json.detail).toBe(
      'You keep 15.7 MB of the 21.0 MB that you may, uploads under way and the trash included: 5.2 MB are left, and this file has 6.3 MB. Delete something for good, and try again.',
    );
    expect((await of(as)).json).toMatchObject({ uploading: 7 * MiB });
    // To the last byte; then also for what nobody knows the size of.
    expect((await begin(as, 5 * MiB)).status).toBe(200);
    expect(await begin(as)).toMatchObject(REFUSED);
    expect(await call('POST /api/videos', { as, body: { sourceUrl: 'https://a.example/b.mp4' } })).toMatchObject(
      REFUSED,
    );
    const form = { filename: 'f.mp4', type: 'video/mp4' };
    expect(await call('GET /api/s3/params', { as, query: form })).toMatchObject(REFUSED);
    // What is removed is room again.
    await storage.deleteVideo((await videos.readVideo(id))!);
    expect((await of(as)).json).toMatchObject({ bytes: 0, videos: 0, uploading: 12 * MiB });
    expect((await begin(as, 8 * MiB)).status).toBe(200);
    expect((await begin(somebody(), quotaBytes)).status).toBe(200);
    expect(await begin(somebody(), quotaBytes + 1)).toMatchObject(REFUSED);
  });

  it('holds when more arrives than was announced, or nobody announced it', async () => {
    const as = somebody();
    for (const announced of [1, undefined]) {
      const { done, id } = await send(as, announced, quotaBytes + 1);
      expect(done).toMatchObject(REFUSED);
      expect(await videos.readVideo(id)).toBeUndefined();
    }
    expect((await of(as)).json).toEqual({ bytes: 0, videos: 0, uploading: 0, quotaBytes });
  });

  it('of twelve that begin at once, lets in as many as fit', async () => {
    const as = somebody();
    const answers = await Promise.all(Array.from({ length: 12 }, () => begin(as, 6 * MiB)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(3);
    expect(statuses.filter((status) => ![200, 409].includes(status))).toEqual([]);
    expect((await of(as)).json).toMatchObject({ uploading: 18 * MiB });
    // One that was begun is begun again, whatever room there is.
    const [other, key] = [somebody(), randomUUID()];
    const twice = await Promise.all([begin(other, 15 * MiB, key), begin(other, 15 * MiB, key)]);
    expect(twice.map(({ status }) => status)).toEqual([200, 200]);
    expect((await of(other)).json).toMatchObject({ uploading: 15 * MiB });
  });
});

it.each([
  [
    { kept: 11_811_160, held: 0, bytes: 141_000_000 },
    '11.8 MB of the 128.8 MB',
    '117.0 MB are left, and this file has 141.0 MB',
  ],
  // Digits until the file is more than what is left.
  [
    { kept: 28_849_018, held: 0, bytes: 100_000_001 },
    '28.849018 MB of the 128.849018 MB',
    '100.000000 MB are left, and this file has 100.000001 MB',
  ],
  [{ kept: 128_000_000, held: 800_000, bytes: 5_000_000 }, '128.8 MB of the 128.8 MB', '49.0 kB are left'],
  [{ kept: 900, held: 200_000_000, bytes: 1 }, '200.0 MB of the 128.8 MB', 'nothing is left, and this file has 1 B'],
  [{ kept: 128_849_018, held: 0, bytes: undefined }, '128.8 MB of the 128.8 MB', 'nothing is left. Delete'],
])('%j is told so that the numbers say why', async (asked, kept, left) => {
  const { detail } = (await problemOf(() => checkFits(asked, 128_849_018))) as { detail: string };
  expect(detail).toContain(`You keep ${kept} that you may, uploads`);
  expect(detail).toContain(`included: ${left}`);
});

it('admins are told who keeps the most, and of all together; others of themselves alone', async () => {
  const as = somebody();
  await send(as, 3 * MiB, 3 * MiB);
  const { json } = await of({ sub: 'ada', groups: ['admin'] });
  expect(json.owners).toContainEqual({ owner: as.sub, bytes: 3 * MiB, videos: 1 });
  expect(json.total.bytes).toBeGreaterThanOrEqual(3 * MiB);
  expect((await of(as)).json).not.toHaveProperty('owners');
  const row = (subject: string, bytes: number, videos = 1) =>
    ({ id: subject, kind: 'storage', subject, createdAt: '', bytes, videos, version: 1 }) as const;
  expect(largest([row('b', 5), row('a', 5), row('c', 9), row('gone', 0, 0)], 2)).toEqual({
    owners: [
      { owner: 'c', bytes: 9, videos: 1 },
      { owner: 'a', bytes: 5, videos: 1 },
    ],
    total: { bytes: 19, videos: 3 },
  });
});

it.each([
  [{ kept: 0, held: 0, bytes: 10 }, 10, true],
  [{ kept: 4, held: 5, bytes: 1 }, 10, true],
  [{ kept: 4, held: 5, bytes: 2 }, 10, false],
  [{ kept: 11, held: 0, bytes: 0 }, 10, false],
  [{ kept: 5, held: 4, bytes: undefined }, 10, true],
  [{ kept: 5, held: 5, bytes: undefined }, 10, false],
])('%j within %d: %s', async (asked, quota, fits) => {
  if (fits) expect(checkFits(asked, quota)).toBeUndefined();
  else expect((await problemOf(() => checkFits(asked, quota))).code).toBe('over-quota');
});
