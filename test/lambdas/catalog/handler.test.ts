import { CloudFrontClient, CreateDistributionCommand, ListInvalidationsCommand } from '@aws-sdk/client-cloudfront';
import {
  ListMultipartUploadsCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newVideoId } from '../../../lambdas/upload/draft.ts';
import { buildOpenApi } from '../../../lambdas/catalog/openapi.ts';
import type { RouteKey } from '../../../lib/contract/api.ts';
import type { Plan } from '../../../lib/contract/plan.ts';
import { deviceOwner, deviceVideoRecord } from '../../../lib/contract/device-video.ts';
import { chunkResultKey, positionsKey, runKey, servedPositionsKey, sourceKey } from '../../../lib/contract/keys.ts';
import { UNACCEPTED_MORE_DAYS, UNACCEPTED_TAGGING } from '../../../lib/contract/upload.ts';
import { video, type VideoRecord } from '../../../lib/contract/video.ts';
import { planSlicing } from '../../../lambdas/slicing/plan.ts';
import { OPTIONS } from '../slicing/options.ts';
import { callRoute, startHandlerEngine, type Call } from '../engine.ts';
import { playbackSecret } from '../../support/secret.ts';
import { aRecord } from './record.ts';

const consoleConfig = {
  issuer: 'https://issuer.example',
  clientId: 'console',
  scope: 'openid',
  groupsClaim: 'groups',
  upload: { maxBytes: 1000, partBytes: 100, types: ['video/*'], maxInFlight: 2 },
};

let close = async () => {};
let handler: typeof import('../../../lambdas/catalog/handler.ts').handler;
let remove: typeof import('../../../lambdas/catalog/remove.ts').handler;
let expire: typeof import('../../../lambdas/catalog/expire.ts').handler;
let s3: S3Client;
let sqs: SQSClient;
let states: SFNClient;
let table: DynamoDBDocumentClient;

beforeAll(async () => {
  close = await startHandlerEngine({
    CONSOLE_CONFIG: JSON.stringify(consoleConfig),
    EXPIRE_DAYS: '7',
    SOURCES_GO: 'no',
    PUBLIC_URL: 'https://videos.example',
  });
  s3 = new S3Client({ forcePathStyle: true });
  sqs = new SQSClient({});
  states = new SFNClient({});
  table = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `removals-${process.pid}` }));
  const { ARN } = await new SecretsManagerClient({}).send(
    new CreateSecretCommand({ Name: `signing-${process.pid}`, SecretString: playbackSecret().text }),
  );
  const { stateMachineArn } = await states.send(
    new CreateStateMachineCommand({
      name: `slicing-${process.pid}`,
      roleArn: 'arn:aws:iam::000000000000:role/states',
      definition: JSON.stringify({ StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 600, End: true } } }),
    }),
  );
  const { Distribution } = await new CloudFrontClient({}).send(
    new CreateDistributionCommand({
      DistributionConfig: {
        CallerReference: `test-${process.pid}`,
        Comment: '',
        Enabled: true,
        Origins: {
          Quantity: 1,
          Items: [{ Id: 'o', DomainName: 'o.example', S3OriginConfig: { OriginAccessIdentity: '' } }],
        },
        DefaultCacheBehavior: { TargetOriginId: 'o', ViewerProtocolPolicy: 'https-only' },
      },
    }),
  );
  Object.assign(process.env, {
    REMOVAL_QUEUE: QueueUrl,
    SIGNING_SECRET: ARN,
    STATE_MACHINE_ARN: stateMachineArn,
    SIGNATURE_HOURS: '12',
    DISTRIBUTION_ID: Distribution!.Id,
  });
  ({ handler } = await import('../../../lambdas/catalog/handler.ts'));
  ({ handler: remove } = await import('../../../lambdas/catalog/remove.ts'));
  ({ handler: expire } = await import('../../../lambdas/catalog/expire.ts'));
}, 180_000);
afterAll(async () => close());

/** Of a run of two chunks, as probe stores it. */
const planOf = (id: string, execution: string) => {
  const info = {
    container: 'mov,mp4',
    bytes: 1,
    duration: 12,
    video: {
      index: 0,
      codec: 'h264',
      duration: 12,
      width: 640,
      height: 360,
      rotation: 0 as const,
      frameRate: 30,
      bitDepth: 8,
      interlaced: false,
      rgb: false,
    },
    audio: [],
  };
  const source = { bucket: 'b', key: sourceKey(id), info };
  const starts = [0, 6];
  const laid = starts.map((start, index) => ({ index, start, duration: 6, firstSegment: index + 1, segments: 1 }));
  const table = {
    timescale: 30_000,
    chunks: laid,
    starts,
    seconds: 12,
    bytes: starts.map(() => 1000),
    copied: undefined,
  };
  return planSlicing({ videoId: id, revision: 1, execution, source }, OPTIONS, table).plan;
};

const call = (route: RouteKey, options: Call) => callRoute(handler, route, options);
const ada = { sub: 'ada', groups: ['admin'] };
let olga = { sub: '', groups: [''] };
let sam: Call['as'] & { groups: string[] } = { sub: '', groups: [] };
let turn = 0;
beforeEach(() => {
  turn++;
  olga = { sub: `olga-${turn}`, groups: ['uploader'] };
  sam = { sub: `sam-${turn}`, groups: [] };
});

async function stored(changes: Partial<VideoRecord> = {}): Promise<VideoRecord> {
  const record = aRecord({ id: newVideoId(), owner: olga.sub, ...changes });
  await table.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record }));
  return record;
}
const list = (as: Call['as'], query: Record<string, string> = {}) => call('GET /api/videos', { as, query });
const get = (as: Call['as'], id: string) => call('GET /api/videos/{id}', { as, params: { id } });
const patch = (as: Call['as'], id: string, body: unknown) =>
  call('PATCH /api/videos/{id}', { as, params: { id }, body });
const del = (as: Call['as'], id: string) =>
  call('DELETE /api/videos/{id}', { as, params: { id }, query: { now: 'true' } });
const grantsOf = (as: Call['as'], id: string) => call('GET /api/videos/{id}/grants', { as, params: { id } });
const grant = (as: Call['as'], id: string, subject: string, body: unknown = {}) =>
  call('PUT /api/videos/{id}/grants/{subject}', { as, params: { id, subject }, body });
const revoke = (as: Call['as'], id: string, subject: string) =>
  call('DELETE /api/videos/{id}/grants/{subject}', { as, params: { id, subject } });
const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
const ids = (answer: { json: { videos: { id: string }[] } }) => answer.json.videos.map(({ id }) => id);
const NOT_FOUND = { status: 404, json: { code: 'not-found' } };
const FORBIDDEN = { status: 403, json: { code: 'forbidden' } };

/** Takes what is in the queue. */
async function messages(): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: process.env['REMOVAL_QUEUE'],
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 0,
      }),
    );
    if (Messages.length === 0) return bodies;
    for (const { Body, ReceiptHandle } of Messages) {
      bodies.push(Body!);
      await sqs.send(new DeleteMessageCommand({ QueueUrl: process.env['REMOVAL_QUEUE'], ReceiptHandle }));
    }
  }
}
const work = (...bodies: string[]) =>
  remove({ Records: bodies.map((body, index) => ({ messageId: String(index), body })) } as unknown as SQSEvent);

describe('the list', () => {
  it('shows the owner their own, newest first, page by page, and nothing deleted or expired', async () => {
    const made: string[] = [];
    for (let day = 10; day < 17; day++) made.push((await stored({ createdAt: `2026-01-${day}T00:00:00.000Z` })).id);
    await stored({ status: 'deleted', createdAt: '2026-02-01T00:00:00.000Z' });
    await stored({ status: 'uploading', expiresAt: 1_000_000_000 });
    await stored({ owner: sam.sub });
    const seen: string[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const answer = await list(olga, { limit: '3', ...(cursor !== null && { cursor }) });
      expect(answer.status).toBe(200);
      seen.push(...ids(answer));
      ({ cursor } = answer.json);
    } while (cursor !== null && ++pages < 10);
    expect(seen).toEqual(made.toReversed());
    expect(pages).toBe(2);
  });

  it('filters by status, tag and text', async () => {
    const sea = await stored({ tags: ['sea'], title: 'At the Sea', createdAt: '2026-01-03T00:00:00.000Z' });
    const failed = await stored({ status: 'failed', filename: 'SEA.mov' });
    expect(ids((await list(olga, { tag: 'sea' })) as never)).toEqual([sea.id]);
    expect(ids((await list(olga, { status: 'failed' })) as never)).toEqual([failed.id]);
    expect(ids((await list(olga, { q: 'sea' })) as never)).toEqual([sea.id, failed.id]);
    expect(ids((await list(olga, { q: 'sea', status: 'deleted' })) as never)).toEqual([]);
  });

  it("shows admins everybody's, or one subject's", async () => {
    const [hers, his] = [await stored({ createdAt: '2030-01-01T00:00:00.000Z' }), await stored({ owner: sam.sub })];
    expect(ids((await list(ada, { limit: '1' })) as never)).toEqual([hers.id]);
    expect(ids((await list(ada, { owner: sam.sub })) as never)).toEqual([his.id]);
    expect(await list(sam, { owner: olga.sub })).toMatchObject(FORBIDDEN);
  });

  it.each([{ cursor: 'x' }, { limit: '0' }, { limit: '101' }, { limit: 'many' }, { status: 'lost' }])(
    'refuses %j',
    async (query) => {
      expect(await list(olga, query)).toMatchObject({ status: 400, json: { code: 'invalid-request' } });
    },
  );

  it('has a list of tags, of every video and not of one page: one’s own, or for admins everybody’s', async () => {
    const tags = async (as: Call['as']) => (await call('GET /api/tags', { as, params: {} })).json as unknown;
    expect(await tags(olga)).toEqual({ tags: [], isWhole: true });
    await stored({ tags: [`old-${turn}`], createdAt: '2020-01-01T00:00:00.000Z' });
    for (let i = 0; i < 30; i += 1) await stored({ tags: ['new'] });
    await stored({ tags: ['gone'], status: 'deleted' });
    await stored({ tags: ['his'], owner: sam.sub });
    expect(await tags(olga)).toEqual({
      tags: [
        { tag: 'new', videos: 30 },
        { tag: `old-${turn}`, videos: 1 },
      ],
      isWhole: true,
    });
    expect(await tags(sam)).toEqual({ tags: [{ tag: 'his', videos: 1 }], isWhole: true });
    expect(await tags(ada)).toMatchObject({ tags: expect.arrayContaining([{ tag: `old-${turn}`, videos: 1 }]) });
    expect(await call('GET /api/tags', { as: undefined, params: {} })).toMatchObject({ status: 401 });
  });

  it('nobody without a token', async () => {
    expect(await list(undefined)).toMatchObject({ status: 401, json: { code: 'unauthorized' } });
  });
});

describe('one video', () => {
  it('is shown as the API describes it, its poster signed for that one file', async () => {
    const record = await stored({ revision: 2, hasPoster: true });
    const { status, json } = await get(olga, record.id);
    expect(status).toBe(200);
    expect(video.strict().parse(json)).toEqual(json);
    const url = new URL(json.posterUrl, 'https://videos.example');
    expect(url.pathname).toBe(`/vod/${record.id}/r2/poster.jpg`);
    expect(url.searchParams.get('Key-Pair-Id')).toBe('KTEST');
    const policy = Buffer.from(
      url.searchParams.get('Policy')!.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'),
      'base64',
    );
    const [statement] = JSON.parse(policy.toString()).Statement;
    expect(statement.Resource).toBe(`https://videos.example/vod/${record.id}/r2/poster.jpg`);
    const seconds = statement.Condition.DateLessThan['AWS:EpochTime'] - Date.now() / 1000;
    expect(seconds).toBeGreaterThan(3500);
    expect(seconds).toBeLessThanOrEqual(7200);
    expect((await get(olga, record.id)).json.posterUrl).toBe(json.posterUrl);
  });

  it('tells its owner and admins what it costs, and who may only watch it not', async () => {
    const cost = { engine: 'encode', estimate: 0.5, actual: null, monthly: 0.1, priced: '2026-11-28' } as const;
    const record = await stored({ visibility: 'public', cost });
    expect((await get(olga, record.id)).json.cost).toEqual(cost);
    expect((await get(ada, record.id)).json.cost).toEqual(cost);
    expect((await get(sam, record.id)).json).toMatchObject({ id: record.id });
    expect((await get(sam, record.id)).json.cost).toBeUndefined();
  });

  it('has no poster before there is one', async () => {
    expect((await get(olga, (await stored()).id)).json.posterUrl).toBeNull();
  });

  it('is there for whoever may watch it, and nobody else', async () => {
    const { id } = await stored({ visibility: 'entitled' });
    expect(await get(sam, id)).toMatchObject(NOT_FOUND);
    expect((await get(ada, id)).status).toBe(200);
    await grant(olga, id, sam.sub);
    expect((await get(sam, id)).status).toBe(200);
    await patch(olga, id, { visibility: 'private' });
    expect(await get(sam, id)).toMatchObject(NOT_FOUND);
    await patch(olga, id, { visibility: 'public' });
    expect((await get(sam, id)).status).toBe(200);
  });

  it.each(['x', 'A'.repeat(20), '../../etc/passwd'])('the id %j is refused', async (id) => {
    expect(await get(olga, id)).toMatchObject({ status: 400, json: { code: 'invalid-request' } });
  });
});

describe('changing a video', () => {
  it('changes what a person may change, and keeps the rest', async () => {
    const record = await stored();
    const body = { title: 'New', description: 'd', tags: ['a', 'b'], visibility: 'public' };
    const { status, json } = await patch(olga, record.id, body);
    expect(status).toBe(200);
    expect(json).toMatchObject({ ...body, owner: olga.sub, status: 'ready', createdAt: record.createdAt });
    expect((await get(olga, record.id)).json).toEqual(json);
  });

  it.each([
    ['an unknown field', { status: 'ready' }],
    ['an id', { id: 'b'.repeat(20) }],
    ['an empty title', { title: '' }],
    ['a long title', { title: 'x'.repeat(201) }],
    ['21 tags', { tags: Array.from({ length: 21 }, String) }],
    ['an unknown visibility', { visibility: 'friends' }],
    ['a list', []],
  ])('refuses %s', async (_, body) => {
    const { id } = await stored();
    expect(await patch(olga, id, body)).toMatchObject({ status: 400, json: { code: 'invalid-request' } });
  });

  it('only the owner and admins; only admins hand it over, and not while it is being uploaded', async () => {
    const { id } = await stored();
    expect(await patch(sam, id, { title: 'mine' })).toMatchObject(NOT_FOUND);
    await patch(olga, id, { visibility: 'public' });
    expect(await patch(sam, id, { title: 'mine' })).toMatchObject(FORBIDDEN);
    expect(await patch(olga, id, { owner: sam.sub })).toMatchObject(FORBIDDEN);
    expect(await patch(ada, id, { owner: sam.sub })).toMatchObject({ status: 200, json: { owner: sam.sub } });
    expect(ids((await list(sam)) as never)).toEqual([id]);
    const { id: arriving } = await stored({ status: 'uploading' });
    expect(await patch(ada, arriving, { owner: sam.sub })).toMatchObject({ status: 409, json: { code: 'conflict' } });
  });
});

describe('grants', () => {
  it('are put, listed, replaced and taken back, safely repeated', async () => {
    const { id } = await stored({ visibility: 'entitled' });
    const first = await grant(olga, id, 'auth0|gus', { expiresIn: 3600 });
    expect(first).toMatchObject({ status: 200, json: { videoId: id, subject: 'auth0|gus', grantedBy: olga.sub } });
    expect(first.json.expiresAt - Date.now() / 1000).toBeGreaterThan(3590);
    const second = await grant(ada, id, 'auth0|gus');
    expect(second.json).toMatchObject({ grantedBy: 'ada' });
    expect(second.json.expiresAt).toBeUndefined();
    await grant(olga, id, sam.sub);
    expect((await grantsOf(olga, id)).json.grants).toHaveLength(2);
    for (let time = 0; time < 2; time++) expect((await revoke(olga, id, sam.sub)).status).toBe(204);
    expect((await grantsOf(olga, id)).json.grants).toEqual([second.json]);
  });

  it('that are over are neither listed nor counted', async () => {
    const { id } = await stored({ visibility: 'entitled' });
    const over = {
      videoId: id,
      subject: sam.sub,
      grantedBy: olga.sub,
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: 1_000_000_000,
    };
    await table.send(new PutCommand({ TableName: process.env['ENTITLEMENTS_TABLE'], Item: over }));
    expect((await grantsOf(olga, id)).json.grants).toEqual([]);
    expect(await get(sam, id)).toMatchObject(NOT_FOUND);
  });

  it('are for owner and admins to see and change', async () => {
    const { id } = await stored({ visibility: 'public' });
    expect(await grantsOf(sam, id)).toMatchObject(FORBIDDEN);
    expect(await grant(sam, id, sam.sub)).toMatchObject(FORBIDDEN);
    expect(await revoke(sam, id, 'gus')).toMatchObject(FORBIDDEN);
    expect(await grant(olga, id, 'gus', { expiresIn: 59 })).toMatchObject({ status: 400 });
  });
});

describe('captions', () => {
  const SRT = '1\n00:00:01,000 --> 00:00:02,000\nGrüße\n';
  const add = (as: Call['as'], id: string, body: unknown) =>
    call('POST /api/videos/{id}/texts', { as, params: { id }, body });
  const change = (as: Call['as'], id: string, text: string, body: unknown) =>
    call('PATCH /api/videos/{id}/texts/{track}', { as, params: { id, track: text }, body });
  const drop = (as: Call['as'], id: string, text: string) =>
    call('DELETE /api/videos/{id}/texts/{track}', { as, params: { id, track: text } });
  const keys = async (id: string) => {
    const command = new ListObjectsV2Command({ Bucket: process.env['MEDIA_BUCKET'], Prefix: `vod/${id}/` });
    return ((await s3.send(command)).Contents ?? []).map(({ Key }) => Key!.replace(/^vod\/[^/]+\//, ''));
  };

  it('are added as WebVTT, named after their language, changed and removed, safely repeated', async () => {
    const { id } = await stored({ status: 'ready', duration: 61.25 });
    const first = await add(olga, id, { text: SRT, language: 'ger' });
    expect(first.status).toBe(201);
    const [german] = first.json.texts;
    expect(german).toEqual({ id: german.id, language: 'de', label: 'Deutsch', origin: 'added', cues: 1 });
    expect(await keys(id)).toEqual([`text/${german.id}.m3u8`, `text/${german.id}.vtt`]);
    const { Body, ContentType } = await s3.send(
      new GetObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key: `vod/${id}/text/${german.id}.vtt` }),
    );
    expect(ContentType).toBe('text/vtt; charset=utf-8');
    expect(await Body!.transformToString()).toContain('00:00:01.000 --> 00:00:02.000\nGrüße\n');

    // No two have one name.
    const second = await add(ada, id, { text: `WEBVTT\n\n${SRT.slice(2).replaceAll(',', '.')}`, language: 'de' });
    expect(second.json.texts.map(({ label }: { label: string }) => label)).toEqual(['Deutsch', 'Deutsch 2']);
    const named = await change(olga, id, german.id, { language: 'pt-br', label: 'Legendas "1"' });
    expect(named).toMatchObject({ status: 200, json: { texts: [{ language: 'pt-BR', label: 'Legendas ’1’' }, {}] } });
    expect((await get(olga, id)).json.texts).toEqual(named.json.texts);

    for (let twice = 0; twice < 2; twice += 1) {
      const left = await drop(olga, id, german.id);
      expect(left.json.texts.map(({ label }: { label: string }) => label)).toEqual(['Deutsch 2']);
      expect((await keys(id)).filter((key) => key.includes(german.id))).toEqual([]);
    }
    expect(await change(olga, id, german.id, { label: 'x' })).toMatchObject(NOT_FOUND);
  });

  it('of many hands at once are all kept', async () => {
    const { id } = await stored({ status: 'playable', duration: 10 });
    const codes = ['de', 'fr', 'nl'];
    const answers = await Promise.all(codes.map((language) => add(olga, id, { text: SRT, language })));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    const { texts } = (await get(olga, id)).json;
    expect(texts.map(({ language }: { language: string }) => language).toSorted()).toEqual(codes);
    expect(await keys(id)).toHaveLength(6);
  });

  it('inside the file take the place of those of the run before; what people added and named stays', async () => {
    const track = (id: string, label: string, origin: 'file' | 'added') => ({ id, label, origin, cues: 1 });
    const texts = [track('r1s2', 'Deutsch', 'file'), track('abc', 'Français', 'added')];
    const { id } = await stored({ status: 'playable', duration: 10, texts });
    const { publishTexts } = await import('../../../lambdas/slicing/texts.ts');
    const source = { info: { texts: [{ index: 2, codec: 'mov_text', language: 'nl' }] } };
    const plan = { videoId: id, revision: 2, source } as unknown as Plan;
    const cues = (start: number) => [{ index: 2, cues: [{ start, end: start + 1, text: `at ${start}` }] }];
    const results = [
      { index: 1, renditions: [], texts: cues(5) },
      { index: 0, renditions: [], texts: cues(1) },
    ];
    await publishTexts(plan, results, 10);
    const labels = async () =>
      (await get(olga, id)).json.texts.map((one: { id: string; label: string }) => `${one.id} ${one.label}`);
    expect(await labels()).toEqual(['r2s2 Nederlands', 'abc Français']);
    const { Body } = await s3.send(
      new GetObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key: `vod/${id}/text/r2s2.vtt` }),
    );
    expect((await Body!.transformToString()).match(/^at .*/gm)).toEqual(['at 1', 'at 5']);
    // A step that is tried again changes nothing of what was named meanwhile.
    await change(olga, id, 'r2s2', { label: 'Vlaams' });
    await publishTexts(plan, results, 10);
    expect(await labels()).toEqual(['r2s2 Vlaams', 'abc Français']);
    await del(olga, id);
    await expect(publishTexts({ ...plan, revision: 3 }, results, 10)).resolves.toBeUndefined();
  });

  it('that cannot be read are refused by their line, and nothing is stored', async () => {
    const { id } = await stored({ status: 'ready', duration: 10 });
    for (const [body, path, message] of [
      [{ text: `${SRT}\n2\n0:01 -> 0:02\nx`, language: 'de' }, 'body.text', /^line 6: expected times/],
      [{ text: SRT, language: 'zxx' }, 'body.language', /no language/],
      [{ text: SRT, language: 'de', label: '   ' }, 'body.label', /blank/],
      [{ text: 'x'.repeat(400_001), language: 'de' }, 'body.text', /400000/],
    ] as const) {
      const answer = await add(olga, id, body);
      expect(answer).toMatchObject({ status: 400, json: { code: 'invalid-request', errors: [{ path }] } });
      expect(answer.json.errors[0].message).toMatch(message);
    }
    expect(await keys(id)).toEqual([]);
  });

  it('are for owner and admins, of a video that can be played, and of so many', async () => {
    const { id } = await stored({ status: 'ready', duration: 10, visibility: 'public' });
    expect(await add(sam, id, { text: SRT, language: 'de' })).toMatchObject(FORBIDDEN);
    expect(await drop(sam, id, 'abc')).toMatchObject(FORBIDDEN);
    expect(await change(sam, id, 'abc', {})).toMatchObject(FORBIDDEN);
    const early = await stored({ status: 'probed', duration: 10 });
    expect(await add(olga, early.id, { text: SRT, language: 'de' })).toMatchObject({
      status: 409,
      json: { code: 'not-ready' },
    });
    const texts = Array.from({ length: 50 }, (_, i) => ({
      id: `t${i}`,
      label: `${i}`,
      origin: 'added' as const,
      cues: 1,
    }));
    const full = await stored({ status: 'ready', duration: 10, texts });
    expect(await add(olga, full.id, { text: SRT, language: 'de' })).toMatchObject({
      status: 409,
      json: { code: 'conflict', limit: { name: 'texts', value: 50 } },
    });
    expect(await keys(full.id)).toEqual([]);
  });
});

describe('deleting', () => {
  it('hides it at once, is safe to repeat, and removes everything', async () => {
    // What others deleted is theirs.
    await messages();
    const record = await stored({ visibility: 'public', revision: 1 });
    const { id } = record;
    const { executionArn } = await states.send(
      new StartExecutionCommand({ stateMachineArn: process.env['STATE_MACHINE_ARN'], name: `run-${id}`, input: '{}' }),
    );
    const Bucket = process.env['SOURCE_BUCKET'];
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: `uploads/${id}/source` }));
    await stored({
      ...record,
      slicing: { execution: `run-${id}`, revision: 1 },
      upload: { kind: 'multipart', id: UploadId!, slot: 1 },
    });
    await table.send(
      new PutCommand({
        TableName: process.env['UPLOADS_TABLE'],
        Item: { owner: olga.sub, slot: 1, videoId: id, expiresAt: 2_000_000_000 },
      }),
    );
    await grant(olga, id, sam.sub);
    const other = await stored();
    const media = process.env['MEDIA_BUCKET'];
    const put = (bucket: string | undefined, Key: string) =>
      s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }));
    await put(Bucket, `uploads/${id}/source`);
    // More than one page of a listing.
    await Promise.all(Array.from({ length: 1005 }, (_, n) => put(media, `vod/${id}/r1/video/720p/${n}.m4s`)));
    await put(media, `work/${id}/r1/chunk-00000.json`);
    await put(media, positionsKey(id));
    await put(media, `vod/${other.id}/r1/poster.jpg`);
    for (const one of [id, other.id])
      for (const row of ['h#2026-11-29T08#', 'd#2026-11-28', 'heat'])
        await table.send(
          new PutCommand({ TableName: process.env['HEATMAPS_TABLE'], Item: { what: `vod/${one}`, row, version: 1 } }),
        );

    expect((await del(olga, id)).status).toBe(204);
    expect(await get(olga, id)).toMatchObject(NOT_FOUND);
    expect(ids((await list(olga)) as never)).toEqual([other.id]);
    expect((await del(olga, id)).status).toBe(204);
    expect(await del(sam, id)).toMatchObject(NOT_FOUND);

    const [message, again, ...more] = await messages();
    expect(JSON.parse(message!)).toEqual({ videoId: id, step: 'remove' });
    expect([again, more]).toEqual([message, []]);
    expect(await work(message!)).toEqual({ batchItemFailures: [] });

    expect(await objects(Bucket, `uploads/${id}`)).toBe(0);
    expect(await objects(media, `vod/${id}`)).toBe(0);
    expect(await objects(media, `work/${id}`)).toBe(0);
    expect(await objects(media, `tracks/${id}`)).toBe(0);
    expect(await objects(media, `vod/${other.id}`)).toBe(1);
    const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
    expect(Uploads.map(({ Key }) => Key)).not.toContain(`uploads/${id}/source`);
    for (const name of ['VIDEOS_TABLE', 'UPLOADS_TABLE', 'ENTITLEMENTS_TABLE']) {
      const { Items = [] } = await table.send(new ScanCommand({ TableName: process.env[name] }));
      expect(JSON.stringify(Items)).not.toContain(id);
    }
    const { Items: counted = [] } = await table.send(new ScanCommand({ TableName: process.env['HEATMAPS_TABLE'] }));
    const kept = counted.map(({ what }) => String(what)).filter((what) => !what.startsWith('gone '));
    expect(kept).toEqual(Array.from({ length: 3 }, () => `vod/${other.id}`));
    expect((await states.send(new DescribeExecutionCommand({ executionArn }))).status).toBe('ABORTED');
    // The cached copies are a message of their own; the sweep comes in 15 minutes.
    const left = await messages();
    expect(left.map((body) => JSON.parse(body))).toEqual([{ step: 'invalidate', videoIds: [id] }]);
    const { readTakedown } = await import('../../../lambdas/shared/takedown.ts');
    const state = async () => (await readTakedown(id))?.takedown;
    expect(await state()).toEqual({ owner: olga.sub, askedAt: expect.any(String), removedAt: expect.any(String) });
    expect(await work(left[0]!)).toEqual({ batchItemFailures: [] });
    const { InvalidationList } = await new CloudFrontClient({}).send(
      new ListInvalidationsCommand({ DistributionId: process.env['DISTRIBUTION_ID'] }),
    );
    expect(InvalidationList?.Items?.length).toBeGreaterThan(0);
    expect((await del(olga, id)).status).toBe(204);
    // Some seconds later CloudFront is asked whether it is done.
    const invalidation = InvalidationList!.Items![0]!.Id!;
    const until = Math.floor(Date.now() / 1000) + 60;
    expect(await work(JSON.stringify({ step: 'look', invalidation, videoIds: [id], until }))).toEqual({
      batchItemFailures: [],
    });
    expect(await state()).toMatchObject({ emptiedAt: expect.any(String) });

    // An encoder that was still running writes once more; the sweep that comes later finds it.
    expect(await work(again!)).toEqual({ batchItemFailures: [] });
    await put(media, `vod/${id}/r1/video/720p/late.m4s`);
    expect(await work(JSON.stringify({ videoId: id, step: 'sweep' }))).toEqual({ batchItemFailures: [] });
    expect(await objects(media, `vod/${id}`)).toBe(0);
  }, 60_000);

  it('while it is sliced counts in its month what tasks have measured, and goes on where nobody can read that', async () => {
    await messages();
    const [month, microdollars] = [209901, 5_000_000];
    const counted = async () => {
      const Key = { owner: 'slicing dollars', slot: month };
      const { Item } = await table.send(new GetCommand({ TableName: process.env['UPLOADS_TABLE'], Key }));
      return Number(Item?.['microdollars'] ?? 0);
    };
    const execution = 'run';
    const cost = { engine: 'encode' as const, estimate: 5, actual: null, monthly: 0, priced: '2026-11-28' };
    const used = { gbSeconds: 1000, invocations: 1, transitions: 0, puts: 0, gets: 0, writes: 0, normalizedMinutes: 0 };
    const chunks = [0, 1].map((index) => ({
      index,
      start: index * 6,
      duration: 6,
      firstSegment: index + 1,
      segments: 1,
    }));
    for (const readable of [true, false]) {
      const record = await stored({
        status: 'probed',
        slicing: { execution, revision: 1 },
        spend: { execution, month, microdollars },
        cost,
        chunksDone: new Set([0]),
      });
      const plan = planOf(record.id, execution);
      const before = await counted();
      await table.send(
        new PutCommand({
          TableName: process.env['UPLOADS_TABLE'],
          Item: { owner: 'slicing dollars', slot: month, microdollars: before + microdollars },
        }),
      );
      const Bucket = process.env['MEDIA_BUCKET'];
      const Body = readable ? JSON.stringify({ plan, chunks }) : 'x';
      await s3.send(new PutObjectCommand({ Bucket, Key: runKey(record.id, 1), Body }));
      const result = JSON.stringify({ index: 0, used, renditions: [] });
      await s3.send(new PutObjectCommand({ Bucket, Key: chunkResultKey(record.id, 1, 0), Body: result }));
      expect((await del(olga, record.id)).status).toBe(204);
      expect(await work(...(await messages()))).toEqual({ batchItemFailures: [] });
      expect(await objects(Bucket, `work/${record.id}`)).toBe(0);
      // A thousand GiB-seconds, a call and seven transitions; or what was estimated.
      const gbSecond = process.arch === 'arm64' ? 13.3334 : 16.6667;
      const expected = readable ? Math.ceil(1000 * gbSecond + 0.2 + 7 * 25) : microdollars;
      expect((await counted()) - before).toBe(expected);
    }
  });

  it('looks again until its upload form has ended', async () => {
    const { formEnd } = await import('../../../lambdas/catalog/remove.ts');
    const createdAt = new Date(Date.now() - 3600_000).toISOString();
    const made = await stored({ status: 'deleted', upload: { kind: 'form', slot: 0 }, createdAt });
    const parts = await stored({ status: 'deleted', upload: { kind: 'multipart', id: 'x', slot: 0 }, createdAt });
    // Twelve hours: the longest a form can be signed for, whatever the configuration says.
    const until = formEnd(made)!;
    expect(until).toBe(Math.floor(Date.parse(createdAt) / 1000) + 12 * 3600);
    expect(formEnd(parts)).toBeUndefined();
    await work(JSON.stringify({ step: 'remove', videoId: made.id }));
    const Bucket = process.env['SOURCE_BUCKET'];
    const sweep = async (message: object) => {
      await s3.send(new PutObjectCommand({ Bucket, Key: `uploads/${made.id}/form`, Body: 'x' }));
      const before = await delayed();
      await work(JSON.stringify({ step: 'sweep', videoId: made.id, published: false, ...message }));
      expect(await objects(Bucket, `uploads/${made.id}`)).toBe(0);
      return (await delayed()) - before;
    };
    expect(await sweep({ until })).toBe(1);
    expect(await sweep({ until: Math.floor(Date.now() / 1000) - 1 })).toBe(0);
    expect(await sweep({})).toBe(0);
  });

  it('has the edge refuse it before anything of it is removed', async () => {
    await messages();
    const { id } = await stored({ status: 'deleted', revision: 1, duration: 100_000 });
    const media = process.env['MEDIA_BUCKET'];
    await s3.send(new PutObjectCommand({ Bucket: media, Key: `vod/${id}/r1/poster.jpg`, Body: 'x' }));
    const message = JSON.stringify({ step: 'remove', videoId: id });
    const queue = process.env['REVOCATION_QUEUE'];
    process.env['REVOCATION_QUEUE'] = `${queue}-gone`;
    const { batchItemFailures } = await work(message).finally(() => (process.env['REVOCATION_QUEUE'] = queue));
    expect(batchItemFailures).toHaveLength(1);
    expect(await objects(media, `vod/${id}`)).toBe(1);

    expect(await work(message)).toEqual({ batchItemFailures: [] });
    expect(await objects(media, `vod/${id}`)).toBe(0);
    const { Item } = await table.send(
      new GetCommand({ TableName: process.env['REVOCATIONS_TABLE'], Key: { key: `v:${id}` } }),
    );
    // As long as the longest signature of a video of that length.
    expect(Number(Item?.['until']) - Number(Item?.['at'])).toBeGreaterThanOrEqual(103_600);
    // Nobody was ever given a signature for what was not published.
    const never = await stored({ status: 'deleted' });
    expect(await work(JSON.stringify({ step: 'remove', videoId: never.id }))).toEqual({ batchItemFailures: [] });
    const { Items = [] } = await table.send(new ScanCommand({ TableName: process.env['REVOCATIONS_TABLE'] }));
    expect(JSON.stringify(Items)).not.toContain(never.id);
  });

  it('takes the keys of an encrypted video before what they open', async () => {
    await messages();
    const { id } = await stored({ status: 'deleted', revision: 2, encryption: 'aes-128', keySegments: 50 });
    const media = process.env['MEDIA_BUCKET'];
    const paths = ['r1/video/720p/00001.key', 'r2/audio/main/00001.key', 'r2/video/720p/00002.key'];
    for (const path of [...paths, 'r2/audio/main/00001.m4s', 'r2/video/720p/00001.m4s'])
      await s3.send(new PutObjectCommand({ Bucket: media, Key: `vod/${id}/${path}`, Body: 'x' }));
    const { s3: client } = await import('../../../lambdas/shared/clients.ts');
    const removed: string[] = [];
    client.middlewareStack.add(
      (following) => async (args) => {
        const { Delete } = args.input as { Delete?: { Objects: { Key: string }[] } };
        removed.push(...(Delete?.Objects ?? []).map(({ Key }) => Key.slice(`vod/${id}/`.length)));
        return following(args);
      },
      { step: 'initialize', name: 'noter' },
    );
    const message = JSON.stringify({ step: 'remove', videoId: id });
    expect(await work(message).finally(() => client.middlewareStack.remove('noter'))).toEqual({
      batchItemFailures: [],
    });
    expect(removed.slice(0, 3).toSorted()).toEqual(paths);
    expect(removed).toHaveLength(5);
    expect(await objects(media, `vod/${id}`)).toBe(0);
  });

  it('never removes a video that is not marked as deleted', async () => {
    const { id } = await stored();
    await s3.send(
      new PutObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key: `vod/${id}/r1/poster.jpg`, Body: 'x' }),
    );
    await work(JSON.stringify({ videoId: id, step: 'remove' }), JSON.stringify({ videoId: id, step: 'sweep' }));
    expect(await objects(process.env['MEDIA_BUCKET'], `vod/${id}`)).toBe(1);
    expect((await get(olga, id)).status).toBe(200);
  });

  it("is for owner and admins; nothing there is nothing to do; another's private video is not revealed", async () => {
    const { id } = await stored();
    expect(await del(sam, id)).toMatchObject(NOT_FOUND);
    await patch(olga, id, { visibility: 'public' });
    expect(await del(sam, id)).toMatchObject(FORBIDDEN);
    expect((await get(olga, id)).status).toBe(200);
    expect((await del(ada, id)).status).toBe(204);
    expect((await del(olga, newVideoId())).status).toBe(204);
  });

  it('a message that fails comes again; the others of its batch do not', async () => {
    const { id } = await stored({ status: 'deleted' });
    expect(
      await work('not JSON', JSON.stringify({ videoId: id, step: 'remove' }), '{"videoId":"x","step":"remove"}'),
    ).toEqual({
      batchItemFailures: [{ itemIdentifier: '0' }, { itemIdentifier: '2' }],
    });
  });
});

describe('titles, descriptions and tags', () => {
  it('are changed so often in an hour by a person, and by admins as often as they like', async () => {
    const { changesRow, countRewording, MOST_CHANGES } = await import('../../../lambdas/catalog/rewording.ts');
    const hour = Math.floor(Date.now() / 3_600_000);
    const used = (at: number, changes: number) =>
      table.send(
        new PutCommand({
          TableName: process.env['UPLOADS_TABLE'],
          Item: { ...changesRow({ subject: olga.sub }, at), changes, expiresAt: (at + 1) * 3600 },
        }),
      );
    // This hour's and the next one's, which may have begun.
    for (const at of [hour, hour + 1]) await used(at, MOST_CHANGES);
    const { id } = await stored({ title: 'Sea', tags: ['old'] });
    for (const change of [{ title: 'Seas' }, { description: 'Waves' }, { tags: [] }]) {
      const refused = await patch(olga, id, change);
      expect(refused).toMatchObject({
        status: 429,
        json: { code: 'too-many-changes', limit: { value: MOST_CHANGES } },
      });
    }
    expect((await patch(olga, id, { title: 'Sea', tags: ['old'], visibility: 'public' })).status).toBe(200);
    expect((await patch(ada, id, { title: 'Ocean' })).json).toMatchObject({ title: 'Ocean', tags: ['old'] });

    const viewer = { subject: olga.sub, groups: [] };
    await used(hour + 5, MOST_CHANGES - 1);
    await countRewording(viewer, (hour + 5) * 3600);
    await expect(countRewording(viewer, (hour + 6) * 3600 - 61)).rejects.toThrow('Go on in 2 min.');
    await countRewording(viewer, (hour + 6) * 3600);
  });
});

describe('a video of a device', () => {
  const vera = { sub: 'vera', groups: [] };
  let device = '';
  beforeEach(() => {
    device = `138${String(turn).padStart(8, '0')}`;
  });

  const register = (viewers: readonly string[]) =>
    table.send(new PutCommand({ TableName: process.env['DEVICES_TABLE'], Item: { id: device, viewers } }));
  const forget = () => table.send(new DeleteCommand({ TableName: process.env['DEVICES_TABLE'], Key: { id: device } }));
  const TRACK = { type: 'FeatureCollection', thinned: false, features: [] };
  const putTrack = (Key: string) =>
    s3.send(new PutObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key, Body: JSON.stringify(TRACK) }));
  const positions = (as: Call['as'], id: string) => call('GET /api/videos/{id}/positions', { as, params: { id } });

  function made(kind: 'clip' | 'incident', retentionDays?: number): VideoRecord {
    const { expiresAt: _, ...record } = deviceVideoRecord({
      id: newVideoId(),
      owner: kind === 'incident' ? deviceOwner(device) : olga.sub,
      title: `${device}: overspeed`,
      filename: `${device}-1.mp4`,
      type: 'video/mp4',
      origin: { kind, device, channel: 1, from: '2026-11-04T12:00:00.000Z', alarm: 'alarm001' },
      visibility: kind === 'incident' ? 'entitled' : 'private',
      now: Date.now(),
      expireSeconds: 60,
      ...(retentionDays !== undefined && { retentionDays }),
    });
    return { ...record, status: 'ready' };
  }

  it('is seen by the viewers that the device has when asked, and by none once it is gone', async () => {
    await register(['vera']);
    const { id } = await stored(made('incident', 30));
    expect(await get(vera, id)).toMatchObject({ status: 200, json: { id, origin: { device } } });
    expect(await get(sam, id)).toMatchObject(NOT_FOUND);
    await register([sam.sub]);
    expect(await get(vera, id)).toMatchObject(NOT_FOUND);
    expect(await get(sam, id)).toMatchObject({ status: 200 });
    expect(await del(sam, id)).toMatchObject(FORBIDDEN);
    await forget();
    expect(await get(sam, id)).toMatchObject(NOT_FOUND);
    expect(await get(ada, id)).toMatchObject({ status: 200, json: { origin: { device } } });
    expect((await grant(ada, id, sam.sub)).status).toBe(200);
    expect((await get(sam, id)).status).toBe(200);
  });

  it('is nobody’s by a row that a task of an earlier version wrote, which is on no list either', async () => {
    await register([]);
    const { id } = await stored(made('incident'));
    const Item = {
      videoId: id,
      subject: 'vera',
      grantedBy: deviceOwner(device),
      createdAt: '2026-01-01T00:00:00.000Z',
    };
    await table.send(new PutCommand({ TableName: process.env['ENTITLEMENTS_TABLE'], Item }));
    expect(await get(vera, id)).toMatchObject(NOT_FOUND);
    expect((await grantsOf(ada, id)).json).toEqual({ grants: [] });
    await grant(ada, id, 'vera');
    expect((await get(vera, id)).status).toBe(200);
  });

  it('is not owned, nor listed, by a person who is called what its device is', async () => {
    const { id } = await stored(made('incident'));
    const namesake = { sub: deviceOwner(device), groups: ['uploader'] };
    expect((await list(namesake)).json).toEqual({ videos: [], cursor: null });
    expect(await get(namesake, id)).toMatchObject(NOT_FOUND);
    expect(await del(namesake, id)).toMatchObject(NOT_FOUND);
  });

  it('tells who may only watch neither the device nor the place', async () => {
    await register(['vera']);
    const description = '31.230416, 121.473701 at 42.5 km/h';
    const incident = await stored({ ...made('incident'), description, visibility: 'public' });
    const clip = await stored({ ...made('clip'), visibility: 'public' });
    for (const { id } of [incident, clip]) {
      const seen = await get(sam, id);
      expect(seen.status).toBe(200);
      expect(JSON.stringify(seen.json)).not.toContain(device);
      expect(JSON.stringify(seen.json)).not.toMatch(/31\.23|origin|alarm001/);
      for (const as of [vera, ada]) expect((await get(as, id)).json).toMatchObject({ origin: { device } });
    }
    expect((await get(vera, incident.id)).json).toMatchObject({ description });
    const written = await stored({ ...made('incident'), description: 'At the gate', visibility: 'public' });
    expect((await get(sam, written.id)).json).toMatchObject({ description: 'At the gate', owner: 'device' });
    expect((await get(olga, clip.id)).json).toMatchObject({ origin: { device } });
  });

  it('is found by what is shown of it alone, where others share it', async () => {
    await register([]);
    const description = '31.230416, 121.473701 at 42.5 km/h';
    const { id } = await stored({ ...made('clip'), description, visibility: 'entitled' });
    await grant(olga, id, sam.sub);
    const found = async (as: Call['as'], q: string, more: Record<string, string> = {}) =>
      ids(await list(as, { q, ...more }));
    for (const q of [device, device.slice(0, 4), '31', '230416', 'km', `overspeed ${device}`]) {
      expect([q, await found(sam, q, { shared: '1' })]).toEqual([q, []]);
      expect([q, await found(olga, q)]).toEqual([q, [id]]);
    }
    for (const q of ['overspeed', 'device', 'clip'])
      expect([q, await found(sam, q, { shared: '1' })]).toEqual([q, [id]]);
  });

  it.each([
    ['apart from its renditions', positionsKey],
    ['beside them, as clips of earlier versions', servedPositionsKey],
  ])('has its places %s, for admins and the viewers of the device now', async (_, keyOf) => {
    await register(['vera', olga.sub]);
    const { id } = await stored({ ...made('clip'), visibility: 'public' });
    await putTrack(keyOf(id));
    for (const as of [vera, olga, ada]) expect(await positions(as, id)).toMatchObject({ status: 200, json: TRACK });
    expect((await positions(vera, id)).headers['content-type']).toBe('application/geo+json');
    expect(await positions(sam, id)).toMatchObject(FORBIDDEN);
    expect((await positions(undefined, id)).status).toBe(401);
    await register([]);
    for (const as of [vera, olga]) expect(await positions(as, id)).toMatchObject(FORBIDDEN);
    await forget();
    for (const as of [vera, olga]) expect(await positions(as, id)).toMatchObject(FORBIDDEN);
    expect((await positions(ada, id)).status).toBe(200);
    await patch(olga, id, { visibility: 'entitled' });
    await grant(olga, id, sam.sub);
    expect(await positions(sam, id)).toMatchObject(FORBIDDEN);
    await revoke(olga, id, sam.sub);
    expect(await positions(sam, id)).toMatchObject(NOT_FOUND);
  });

  it('has no places where none are kept, and a video of no device never', async () => {
    await register(['vera']);
    const incident = await stored(made('incident'));
    expect(await positions(vera, incident.id)).toMatchObject(NOT_FOUND);
    const upload = await stored();
    await putTrack(positionsKey(upload.id));
    expect(await positions(olga, upload.id)).toMatchObject(NOT_FOUND);
  });

  it('goes with its retention, whole, and a clip stays', async () => {
    await register(['vera']);
    const media = process.env['MEDIA_BUCKET'];
    const day = (ahead: number) => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);
    const over = await stored({ ...made('incident'), removeOn: day(-2) });
    const today = await stored({ ...made('incident'), removeOn: day(0) });
    const kept = await stored(made('incident', 1));
    const clip = await stored(made('clip'));
    for (const as of [vera, ada]) expect(await get(as, today.id)).toMatchObject(NOT_FOUND);
    expect((await get(vera, kept.id)).json).toMatchObject({ removeOn: day(2) });
    for (const { id } of [over, kept, clip])
      await s3.send(new PutObjectCommand({ Bucket: media, Key: `vod/${id}/r1/poster.jpg`, Body: 'x' }));
    await messages();
    await expire();
    const found = await messages();
    expect(found.map((text) => (JSON.parse(text) as { videoId: string }).videoId).toSorted()).toEqual(
      [over.id, today.id].toSorted(),
    );
    expect(await work(...found)).toEqual({ batchItemFailures: [] });
    expect(await objects(media, `vod/${over.id}`)).toBe(0);
    for (const { id } of [kept, clip]) expect(await objects(media, `vod/${id}`)).toBe(1);
    await messages();
    await expire();
    expect(await messages()).toEqual([]);
  });

  it('goes however long its day is over, and stays where that is no date', async () => {
    await register(['vera']);
    const old = await stored({ ...made('incident'), removeOn: '2020-02-29' });
    const odd = await stored({ ...made('incident'), removeOn: '2020-soon' });
    expect((await list(ada)).status).toBe(200);
    expect((await get(vera, odd.id)).status).toBe(200);
    await messages();
    await expire();
    const found = (await messages()).join();
    expect(found).toContain(old.id);
    expect(found).not.toContain(odd.id);
  });

  it('whose removal was lost is handed over again the next day', async () => {
    const { id } = await stored({
      ...made('incident'),
      status: 'deleted',
      removeOn: new Date(Date.now() - 5 * 86_400_000).toISOString().slice(0, 10),
    });
    await messages();
    await expire();
    expect((await messages()).join()).toContain(id);
  });
});

it('tells the console what it needs, and everybody how the API looks', async () => {
  expect(await call('GET /api/config', {})).toMatchObject({ status: 200, json: consoleConfig });
  const { status, json } = await call('GET /api/openapi.json', {});
  expect(status).toBe(200);
  expect(json).toEqual(JSON.parse(JSON.stringify(buildOpenApi())));
});

async function delayed(): Promise<number> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: process.env['REMOVAL_QUEUE'], AttributeNames: ['All'] }),
  );
  return Number(Attributes?.['ApproximateNumberOfMessagesDelayed']);
}

async function objects(Bucket: string | undefined, Prefix: string): Promise<number> {
  const { KeyCount = 0 } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
  return KeyCount;
}

describe('the tag of what nobody accepted, once a day', () => {
  const slicing = { execution: 'of-before', revision: 1 };
  const source = async (changes: Partial<VideoRecord>): Promise<string> => {
    const { id } = await stored(changes);
    await s3.send(
      new PutObjectCommand({
        Bucket: process.env['SOURCE_BUCKET'],
        Key: sourceKey(id),
        Body: 'x',
        Tagging: UNACCEPTED_TAGGING,
      }),
    );
    return id;
  };
  const tagged = async (id: string): Promise<boolean> => {
    const { TagSet = [] } = await s3.send(
      new GetObjectTaggingCommand({ Bucket: process.env['SOURCE_BUCKET'], Key: sourceKey(id) }),
    );
    return TagSet.length > 0;
  };

  it.each(['probed', 'playable', 'ready', 'failed'] as const)(
    'goes from a source that slicing of before has taken: %s',
    async (status) => {
      const createdAt = daysAgo(7 + UNACCEPTED_MORE_DAYS);
      const id = await source({ status, slicing, createdAt });
      await expire();
      expect(await tagged(id)).toBe(false);
    },
  );

  it('stays at what no run has, and at what goes anyway', async () => {
    const waiting = await source({ status: 'uploading', createdAt: daysAgo(1) });
    const arrived = await source({ status: 'uploaded', createdAt: daysAgo(1) });
    const deleted = await source({ status: 'deleted', slicing, createdAt: daysAgo(1) });
    await expire();
    for (const id of [waiting, arrived, deleted]) expect(await tagged(id)).toBe(true);
  });

  it('is asked for however many there are, also of those whose source is gone', async () => {
    // A page of a query is 1 MiB.
    const description = 'x'.repeat(60_000);
    await stored({ slicing, createdAt: daysAgo(9) });
    for (let n = 0; n < 20; n += 1) await stored({ slicing, description, createdAt: daysAgo(8) });
    const last = await source({ slicing, createdAt: daysAgo(0.01) });
    await expire();
    expect(await tagged(last)).toBe(false);
  });
});
