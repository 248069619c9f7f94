import { GetObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  ListExecutionsCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RouteKey } from '../../../lib/contract/api.ts';
import { probeTask } from '../../../lib/contract/slicing.ts';
import { callRoute, startHandlerEngine, type Call } from '../engine.ts';

const MiB = 1024 ** 2;
const maxInFlight = 5;
const maxBytes = 12 * MiB;

let close = async () => {};
let handler: typeof import('../../../lambdas/upload/handler.ts').handler;
let s3: S3Client;

beforeAll(async () => {
  close = await startHandlerEngine({
    UPLOAD_LIMITS: JSON.stringify({
      maxBytes,
      types: ['video/*'],
      maxInFlight,
      urlSeconds: 600,
      expireSeconds: 86_400,
    }),
    PULL_RULES: JSON.stringify({ allowPrivate: false, buckets: [] }),
  });
  const { stateMachineArn } = await new SFNClient({}).send(
    new CreateStateMachineCommand({
      name: `slicing-${process.pid}`,
      roleArn: 'arn:aws:iam::000000000000:role/states',
      definition: JSON.stringify({ StartAt: 'Done', States: { Done: { Type: 'Succeed' } } }),
    }),
  );
  process.env['STATE_MACHINE_ARN'] = stateMachineArn;
  ({ handler } = await import('../../../lambdas/upload/handler.ts'));
  s3 = new S3Client({ forcePathStyle: true });
}, 180_000);
afterAll(async () => close());

let person = 0;
/** Everybody has places of their own, so a test's person is nobody else's. */
const somebody = () => ({ sub: `person-${++person}`, groups: ['uploader'] });
type Person = ReturnType<typeof somebody>;

const call = (route: RouteKey, options: Call) => callRoute(handler, route, options);
const MULTIPART = '/api/s3/multipart/{uploadId}';
const create = (as: Call['as'], body: Record<string, unknown> = {}) =>
  call('POST /api/s3/multipart', { as, body: { filename: 'a.mp4', type: 'video/mp4', ...body } });

interface Started {
  readonly as: Person;
  readonly uploadId: string;
  readonly key: string;
  readonly videoId: string;
}
async function start(as = somebody()): Promise<Started> {
  const { status, json } = await create(as);
  expect(status).toBe(200);
  return { as, ...json };
}
const of = ({ as, uploadId, key }: Started) => ({ as, params: { uploadId }, query: { key } });
const sign = (upload: Started, partNumber: string) =>
  call(`GET ${MULTIPART}/{partNumber}`, { ...of(upload), params: { uploadId: upload.uploadId, partNumber } });
async function send(
  upload: Started,
  part: number,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<{ PartNumber: number; ETag: string }> {
  const { json } = await sign(upload, String(part));
  const answer = await fetch(json.url, { method: 'PUT', body: bytes });
  expect(answer.status).toBe(200);
  return { PartNumber: part, ETag: answer.headers.get('etag')!.replaceAll('"', '') };
}
const complete = (upload: Started, parts: unknown) =>
  call(`POST ${MULTIPART}/complete`, { ...of(upload), body: { parts } });
const abort = (upload: Started) => call(`DELETE ${MULTIPART}`, of(upload));
const record = async (videoId: string) => (await import('../../../lambdas/shared/videos.ts')).readVideo(videoId);
const placesOf = async (as: Person) => {
  const { Items = [] } = await new DynamoDBClient({}).send(
    new ScanCommand({ TableName: process.env['UPLOADS_TABLE'] }),
  );
  return Items.filter((item) => item['owner']?.S === as.sub).length;
};
const multipartKeys = async () => {
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: process.env['SOURCE_BUCKET'] }));
  return Uploads.map((upload) => upload.Key);
};

describe('an upload in parts', () => {
  it('goes create, sign, PUT, list, complete, and leaves the file as it was', async () => {
    const upload = await start();
    expect(upload.key).toBe(`uploads/${upload.videoId}/source`);
    expect(await record(upload.videoId)).toMatchObject({ status: 'uploading', owner: upload.as.sub, title: 'a' });
    const file = [randomBytes(5 * MiB), randomBytes(1234)] as const;
    const parts = [await send(upload, 1, file[0]), await send(upload, 2, file[1])];
    const listed = await call(`GET ${MULTIPART}`, of(upload));
    expect(listed.json.map((part: { PartNumber: number; Size: number }) => [part.PartNumber, part.Size])).toEqual([
      [1, 5 * MiB],
      [2, 1234],
    ]);

    const done = await complete(upload, parts);
    expect(done).toMatchObject({ status: 200, json: { key: upload.key, videoId: upload.videoId } });
    expect(done.json.location).toContain(upload.key);
    const stored = await s3.send(new GetObjectCommand({ Bucket: process.env['SOURCE_BUCKET'], Key: upload.key }));
    expect(Buffer.concat(file).equals(Buffer.from(await stored.Body!.transformToByteArray()))).toBe(true);
    const video = await record(upload.videoId);
    expect(video).toMatchObject({ status: 'uploaded', bytes: { source: 5 * MiB + 1234 } });
    expect(video?.expiresAt).toBeUndefined();
    expect(await placesOf(upload.as)).toBe(0);

    expect(await complete(upload, parts)).toEqual(done);
    expect(await call(`GET ${MULTIPART}`, of(upload))).toMatchObject({ status: 410, json: { code: 'upload-gone' } });
    expect(await sign(upload, '1')).toMatchObject({ status: 410 });
    expect(await abort(upload)).toMatchObject({ status: 410 });
    expect(await record(upload.videoId)).toMatchObject({ status: 'uploaded' });
  });

  it('begun again by the same key is the same upload, also by two calls at a time, and takes one place', async () => {
    const as = somebody();
    const metadata = { idempotencyKey: randomUUID() };
    const all = await Promise.all([1, 2, 3].map(() => create(as, { metadata })));
    const [first] = all;
    expect(all.map(({ status, json }) => [status, json])).toEqual(all.map(() => [200, first!.json]));
    expect(await create(as, { metadata })).toEqual(first);
    expect(await placesOf(as)).toBe(1);
    expect((await multipartKeys()).filter((key) => key === first!.json.key)).toHaveLength(1);
    // Which place each call chooses is chance: what it leaves is seen over many.
    for (let i = 0; i < 10; i++) {
      const twice = somebody();
      const again = { metadata: { idempotencyKey: randomUUID() } };
      await Promise.all([create(twice, again), create(twice, again)]);
      expect(await placesOf(twice)).toBe(1);
    }

    const other = somebody();
    expect((await create(other, { metadata })).json.videoId).not.toBe(first!.json.videoId);
    const upload = { as, ...first!.json } as Started;
    const part = await send(upload, 1, randomBytes(100));
    expect(await complete(upload, [part])).toMatchObject({ status: 200 });
    // An answer that was lost so late is still the same: what is done with it says that it is finished.
    expect(await create(as, { metadata })).toEqual(first);
    expect(await call(`GET ${MULTIPART}`, of(upload))).toMatchObject({ status: 410, json: { code: 'upload-gone' } });
    expect(await placesOf(as)).toBe(0);
  });

  it('is begun with the tag that acceptance takes off', async () => {
    const { s3: used } = await import('../../../lambdas/shared/clients.ts');
    const sent: unknown[] = [];
    // What is sent: the engine keeps no tags of uploads in parts.
    used.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (commandName === 'CreateMultipartUploadCommand') sent.push(args.input);
          return await next(args);
        },
      { step: 'initialize', name: 'watch' },
    );
    const { key } = await start();
    used.middlewareStack.remove('watch');
    expect(sent).toMatchObject([{ Key: key, Tagging: 'state=unaccepted' }]);
  });

  it('completing after an earlier call died behind S3 still succeeds', async () => {
    const upload = await start();
    const parts = [await send(upload, 1, randomBytes(10))];
    const { completeUpload, listParts } = await import('../../../lambdas/upload/source.ts');
    await completeUpload(upload.key, upload.uploadId, (await listParts(upload.key, upload.uploadId))!);
    expect(await complete(upload, parts)).toMatchObject({ status: 200 });
    expect(await record(upload.videoId)).toMatchObject({ status: 'uploaded', bytes: { source: 10 } });
  });

  it('completing starts the slicing run by name, once however often it is called', async () => {
    const upload = await start();
    const parts = [await send(upload, 1, randomBytes(10))];
    for (let time = 0; time < 2; time++) expect(await complete(upload, parts)).toMatchObject({ status: 200 });
    const stateMachineArn = process.env['STATE_MACHINE_ARN']!;
    const states = new SFNClient({});
    const { executions = [] } = await states.send(new ListExecutionsCommand({ stateMachineArn }));
    const own = executions.filter(({ name }) => name === upload.videoId);
    expect(own).toHaveLength(1);
    const { input } = await states.send(new DescribeExecutionCommand({ executionArn: own[0]!.executionArn }));
    const task = probeTask.parse({ execution: upload.videoId, event: JSON.parse(input!) });
    expect(task.event.detail).toEqual({
      bucket: { name: process.env['SOURCE_BUCKET'] },
      object: { key: upload.key },
    });
  });

  it('completing succeeds where no run can be started: the event of the bucket starts it', async () => {
    const arn = process.env['STATE_MACHINE_ARN'];
    const upload = await start();
    const parts = [await send(upload, 1, randomBytes(10))];
    process.env['STATE_MACHINE_ARN'] = `${arn}-gone`;
    const { status } = await complete(upload, parts).finally(() => (process.env['STATE_MACHINE_ARN'] = arn));
    expect(status).toBe(200);
    expect(await record(upload.videoId)).toMatchObject({ status: 'uploaded' });
  });

  it('signs many parts at once', async () => {
    const upload = await start();
    const { json } = await call(`GET ${MULTIPART}/batch`, {
      ...of(upload),
      query: { key: upload.key, partNumbers: '1,2,10000' },
    });
    expect(Object.keys(json.presignedUrls)).toEqual(['1', '2', '10000']);
    expect((await fetch(json.presignedUrls['10000'], { method: 'PUT', body: 'x' })).status).toBe(200);
  });

  it('aborting forgets it, twice over', async () => {
    const upload = await start();
    await send(upload, 1, randomBytes(10));
    for (let time = 0; time < 2; time++) expect(await abort(upload)).toMatchObject({ status: 200, json: {} });
    expect(await record(upload.videoId)).toBeUndefined();
    expect(await multipartKeys()).not.toContain(upload.key);
    expect(await placesOf(upload.as)).toBe(0);
    expect(await sign(upload, '1')).toMatchObject({ status: 404, json: { code: 'not-found' } });
  });
});

describe('a small upload by form', () => {
  const params = (as: Call['as'], query: Record<string, string> = {}) =>
    call('GET /api/s3/params', { as, query: { filename: 'a b.mp4', type: 'video/mp4', ...query } });
  const post = async (
    json: { url: string; fields: Record<string, string> },
    body: Blob,
    changes: Record<string, string> = {},
  ) => {
    const form = new FormData();
    for (const [name, value] of Object.entries({ ...json.fields, ...changes })) form.set(name, value);
    form.set('file', body);
    return (await fetch(json.url, { method: 'POST', body: form })).status;
  };

  it('takes the file at the key the server chose, and reads its metadata', async () => {
    const as = somebody();
    const { status, json } = await params(as, {
      'metadata[name]': 'Our day',
      'metadata[visibility]': 'public',
      'metadata[relativePath]': 'null',
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      method: 'POST',
      expires: 600,
      fields: { 'Content-Type': 'video/mp4', success_action_status: '201' },
    });
    expect(await post(json, new Blob(['hello']))).toBe(201);
    const id = json.fields.key.split('/')[1];
    // Beside the source, which no form may write; and marked as not accepted.
    expect(json.fields.key).toBe(`uploads/${id}/form`);
    expect(json.fields.tagging).toContain('<Key>state</Key><Value>unaccepted</Value>');
    expect(await record(id)).toMatchObject({ title: 'Our day', visibility: 'public', upload: { kind: 'form' } });
    const stored = await s3.send(new GetObjectCommand({ Bucket: process.env['SOURCE_BUCKET'], Key: json.fields.key }));
    expect(await stored.Body!.transformToString()).toBe('hello');
  });

  it.each([
    ['an empty file', new Blob([]), {}],
    ['a file over the limit', new Blob([new Uint8Array(maxBytes + 1)]), {}],
    ['another key', new Blob(['x']), { key: 'uploads/other' }],
    ['another type', new Blob(['x']), { 'Content-Type': 'text/html' }],
    ['another tag', new Blob(['x']), { tagging: '<Tagging><TagSet/></Tagging>' }],
  ])('S3 refuses %s', async (_, body, changes) => {
    const { json } = await params(somebody());
    const status = await post(json, body, changes);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    const { Contents = [] } = await s3.send(
      new ListObjectsV2Command({ Bucket: process.env['SOURCE_BUCKET'], Prefix: json.fields.key }),
    );
    expect(Contents).toEqual([]);
  });
});

describe('whose upload it is', () => {
  it.each([
    ['another uploader', { sub: 'eve', groups: ['uploader'] }],
    ['an admin', { sub: 'ada', groups: ['admin'] }],
    ['a viewer', { sub: 'vic' }],
  ])('%s is told it does not exist, and changes nothing', async (_, other) => {
    const upload = await start();
    const part = await send(upload, 1, randomBytes(10));
    const theirs: Started = { ...upload, as: other as Person };
    const answers = [
      await call(`GET ${MULTIPART}`, of(theirs)),
      await sign(theirs, '1'),
      await call(`GET ${MULTIPART}/batch`, { ...of(theirs), query: { key: upload.key, partNumbers: '1' } }),
      await complete(theirs, [part]),
      await abort(theirs),
    ];
    for (const { status, json } of answers) expect([status, json.code]).toEqual([404, 'not-found']);
    expect(await record(upload.videoId)).toMatchObject({ status: 'uploading' });
    expect(await complete(upload, [part])).toMatchObject({ status: 200 });
  });

  it("a key or an upload id that is not this upload's is refused", async () => {
    const [mine, other] = [await start(), await start()];
    for (const wrong of [
      { ...mine, key: other.key },
      { ...mine, uploadId: other.uploadId },
      { ...mine, key: 'uploads/../secret' },
      { ...mine, key: `${mine.key}/../x` },
    ]) {
      expect(await sign(wrong, '1')).toMatchObject({ status: 404 });
    }
  });

  it('a viewer may not upload, and nobody may without a token', async () => {
    expect(await create({ sub: 'vic', groups: [] })).toMatchObject({ status: 403, json: { code: 'forbidden' } });
    expect(await create(undefined)).toMatchObject({ status: 401, json: { code: 'unauthorized' } });
  });
});

describe('bad input', () => {
  it.each(['0', '10001', '3abc', '-1', '1.5', '', '%31', '99999999999'])('the part number %j', async (part) => {
    const answer = await sign(await start(), part);
    expect(answer).toMatchObject({ status: 400, json: { code: 'invalid-request' } });
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.json.detail).toContain('must be a whole number from 1 to 10000');
  });

  it.each([
    ['no parts', []],
    ['part 0', [{ PartNumber: 0, ETag: 'x' }]],
    ['part 10001', [{ PartNumber: 10_001, ETag: 'x' }]],
    ['no tag', [{ PartNumber: 1 }]],
    ['no list', 'all of them'],
  ])('completing with %s', async (_, parts) => {
    expect(await complete(await start(), parts)).toMatchObject({ status: 400, json: { code: 'invalid-request' } });
  });

  it('completing with missing or wrong parts says which, and the upload goes on', async () => {
    const upload = await start();
    const parts = [await send(upload, 1, randomBytes(5 * MiB)), await send(upload, 2, randomBytes(10))];
    for (const claimed of [
      parts.slice(0, 1),
      [...parts, { PartNumber: 3, ETag: 'x' }],
      [{ ...parts[0], ETag: 'x' }, parts[1]],
    ])
      expect(await complete(upload, claimed)).toMatchObject({ status: 400, json: { code: 'missing-parts' } });
    expect(await complete(upload, parts)).toMatchObject({ status: 200 });
  });

  it('a part too small for S3 is refused with the limit', async () => {
    const upload = await start();
    const parts = [await send(upload, 1, randomBytes(10)), await send(upload, 2, randomBytes(10))];
    expect(await complete(upload, parts)).toMatchObject({ status: 400, json: { limit: { value: 5 * MiB } } });
  });

  it.each([
    ['0 bytes', [0], 400, 'empty-file'],
    ['more than the limit', [6 * MiB, 6 * MiB, 1], 413, 'too-large'],
  ])('a file of %s is refused at the end and forgotten', async (_, sizes, status, code) => {
    const upload = await start();
    const parts = [];
    for (const [index, size] of sizes.entries()) parts.push(await send(upload, index + 1, randomBytes(size)));
    expect(await complete(upload, parts)).toMatchObject({ status, json: { code } });
    expect(await record(upload.videoId)).toBeUndefined();
    expect(await multipartKeys()).not.toContain(upload.key);
    expect(await placesOf(upload.as)).toBe(0);
  });

  it.each([
    ['a type not taken', { filename: 'a.png', type: 'image/png' }, 415, 'unsupported-type'],
    ['a size over the limit', { metadata: { size: maxBytes + 1 } }, 413, 'too-large'],
    ['no file name', { filename: '' }, 400, 'invalid-request'],
    ['a file name of 1025 characters', { filename: 'x'.repeat(1025) }, 400, 'invalid-request'],
  ])('%s leaves nothing behind', async (_, body, status, code) => {
    const as = somebody();
    const before = await multipartKeys();
    expect(await create(as, body)).toMatchObject({ status, json: { code } });
    expect(await multipartKeys()).toEqual(before);
    expect(await placesOf(as)).toBe(0);
  });

  it('a body that is not JSON', async () => {
    expect(await call('POST /api/s3/multipart', { as: somebody(), body: '{"filename"' })).toMatchObject({
      status: 400,
      json: { code: 'invalid-request', detail: 'body: is not JSON in UTF-8' },
    });
  });
});

describe('many at once', () => {
  it('of 200, exactly as many as the limit get in, and the others leave nothing', async () => {
    const as = somebody();
    const before = new Set(await multipartKeys());
    const answers = await Promise.all(Array.from({ length: 200 }, () => create(as)));
    const started = answers.filter((answer) => answer.status === 200);
    const refused = answers.filter((answer) => answer.status === 429);
    expect([started.length, refused.length]).toEqual([maxInFlight, 200 - maxInFlight]);
    expect(refused[0]?.json).toMatchObject({
      code: 'too-many-uploads',
      limit: { value: maxInFlight, unit: 'uploads' },
    });
    const left = (await multipartKeys()).filter((key) => !before.has(key));
    expect(new Set(left)).toEqual(new Set(started.map((answer) => answer.json.key)));
    expect(left).toHaveLength(maxInFlight);
    expect(await placesOf(as)).toBe(maxInFlight);

    expect(await abort({ as, ...started[0]!.json })).toMatchObject({ status: 200 });
    expect((await create(as)).status).toBe(200);
    expect((await create(as)).status).toBe(429);
  }, 60_000);

  it('a place whose time is over can be taken again, and its former holder cannot free it', async () => {
    const { takeSlot, freeSlot } = await import('../../../lambdas/shared/slots.ts');
    const [owner, past, future] = [somebody().sub, 1_000_000_000, Math.floor(Date.now() / 1000) + 600];
    const [former, next] = ['f'.repeat(20), 'n'.repeat(20)];
    expect(await takeSlot({ owner, videoId: former, expiresAt: past }, 1)).toBe(0);
    expect(await takeSlot({ owner, videoId: next, expiresAt: future }, 1)).toBe(0);
    await freeSlot({ id: former, owner, upload: { kind: 'multipart', slot: 0 } });
    expect(await takeSlot({ owner, videoId: former, expiresAt: future }, 1)).toBeUndefined();
    await freeSlot({ id: next, owner, upload: { kind: 'multipart', slot: 0 } });
    expect(await takeSlot({ owner, videoId: former, expiresAt: future }, 1)).toBe(0);
  });
});

it('steps are undone in reverse, and the first error is the one reported', async () => {
  const { allOrNothing } = await import('../../../lambdas/upload/begin.ts');
  const undone: string[] = [];
  const steps = allOrNothing(async (undo) => {
    undo.push(async () => undone.push('place'));
    undo.push(async () => {
      undone.push('multipart');
      throw new Error('cannot be undone');
    });
    undo.push(async () => undone.push('record'));
    throw new Error('the first');
  });
  await expect(steps).rejects.toThrow('the first');
  expect(undone).toEqual(['record', 'multipart', 'place']);
});

it('when the record cannot be written, neither place nor parts stay', async () => {
  const as = somebody();
  const before = await multipartKeys();
  const table = process.env['VIDEOS_TABLE'];
  process.env['VIDEOS_TABLE'] = 'no-such-table';
  const answer = await create(as);
  process.env['VIDEOS_TABLE'] = table;
  expect(answer).toMatchObject({ status: 500, json: { code: 'internal' } });
  expect(JSON.stringify(answer.json)).not.toContain('no-such-table');
  expect(await multipartKeys()).toEqual(before);
  expect(await placesOf(as)).toBe(0);
});
