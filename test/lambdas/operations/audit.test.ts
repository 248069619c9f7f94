/** Who changed what: written by the handlers as they are deployed, on the engine, and read back as admins do. */
import { generateKeyPairSync } from 'node:crypto';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { rowOf, type Done } from '../../../lambdas/shared/audit.ts';
import { dynamo } from '../../../lambdas/shared/clients.ts';
import { grantId } from '../../../lambdas/shared/grant-id.ts';
import { logger } from '../../../lambdas/shared/logger.ts';
import { routes, type RouteKey } from '../../../lib/contract/api.ts';
import { auditId, MOST_SAID, type AuditEntry } from '../../../lib/contract/audit.ts';
import { AUDITED, UNAUDITED } from '../../../lib/contract/audited.ts';
import type { Route } from '../../../lib/contract/route.ts';
import { callRoute, startHandlerEngine } from '../engine.ts';
import { loggedOf } from '../logged.ts';

const ADA = { sub: 'ada', groups: ['admin'] };
const UMA = { sub: 'uma', groups: ['uploader'] };
const VIDEO = 'a'.repeat(20);

it('holds each call by which a signed-in person changes something, and none but those', () => {
  const changing = Object.entries<Route>(routes).filter(
    ([key, { auth }]) => auth === 'user' && !key.startsWith('GET '),
  );
  const said = new Set([...Object.keys(AUDITED), ...Object.keys(UNAUDITED)]);
  expect(changing.map(([key]) => key).filter((key) => !said.has(key))).toEqual([]);
  expect([...said].filter((key) => routes[key as RouteKey].auth !== 'user')).toEqual([]);
  expect(Object.keys(AUDITED).filter((key) => key in UNAUDITED)).toEqual([]);
});

describe('a row', () => {
  const NOW = Date.parse('2026-03-04T05:06:07.089Z');
  const done = (route: RouteKey, more: Partial<Done>): Done => ({
    route,
    by: 'uma',
    params: {},
    query: {},
    body: undefined,
    answer: undefined,
    requestId: 'r1',
    ...more,
  });

  it('says who, when, what to and what was set', () => {
    const body = { visibility: 'public', tags: ['a', 'b'], title: 'x'.repeat(900) };
    expect(rowOf(done('PATCH /api/videos/{id}', { params: { id: VIDEO }, body }), NOW, 30)).toEqual({
      day: '2026-03-04',
      id: auditId(NOW, 'r1'),
      at: '2026-03-04T05:06:07.089Z',
      by: 'uma',
      route: 'PATCH /api/videos/{id}',
      about: `video:${VIDEO}`,
      said: { visibility: 'public', tags: 'a, b', title: 'x'.repeat(MOST_SAID) },
      requestId: 'r1',
      expiresAt: Math.floor(NOW / 1000) + 30 * 86_400,
    });
  });

  it.each<[unknown, unknown]>([
    [['dawn'], 'dawn'],
    [[], 'none'],
    [null, 'none'],
    [{ only: ['DE', 'AT'] }, 'only: DE, AT'],
    [
      { filename: 'f.mp4', token: 'abc', sourceUrl: 'https://x.example/?sig=abc' },
      'filename: f.mp4, token: set, sourceUrl: set',
    ],
    [
      [
        { number: 1, live: 'never' },
        { number: 2, live: 'always' },
      ],
      'number: 1, live: never; number: 2, live: always',
    ],
    [Array.from({ length: 100 }, (_, i) => `tag ${i}`), expect.stringMatching(/^100: tag 0, tag 1, .+…$/)],
    [{ a: { b: { c: [1, 2] } } }, 'a: b: c: 2 of them'],
    [{ text: ['x'.repeat(150), 'y'.repeat(150)] }, `text: 2: ${'x'.repeat(150)}, ${'y'.repeat(38)}…`],
  ])('says of %j what is in it, in so many characters at most, and no secret of it', (value, said) => {
    const row = rowOf(done('PATCH /api/videos/{id}', { params: { id: VIDEO }, body: { tags: value } }), NOW, 30);
    expect(row.said).toEqual({ tags: said });
    expect(String(row.said!['tags']).length).toBeLessThanOrEqual(MOST_SAID);
  });

  it('goes no deeper than three things within one another, however deep a body is', () => {
    const tags: unknown = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);
    const row = rowOf(done('PATCH /api/videos/{id}', { params: { id: VIDEO }, body: { tags } }), NOW, 30);
    expect(row.said).toEqual({ tags: '1 of them' });
  });

  const grant = grantId({ videoId: 'device:13800000001', subject: 'vera' });
  it.each<[RouteKey, Partial<Done>, string | undefined, object | undefined]>([
    ['DELETE /api/entitlements/{grant}', { params: { grant } }, 'device:13800000001', { subject: 'person:vera' }],
    [
      'POST /api/entitlements',
      { body: { resource: 'tag:new', subject: 'everyone', effect: 'deny' } },
      'tag:new',
      { resource: 'tag:new', subject: 'everyone', effect: 'deny' },
    ],
    [
      'POST /api/collections',
      { body: { title: 'c' }, answer: { id: 'abcdefghijkl' } },
      'collection:abcdefghijkl',
      { title: 'c' },
    ],
    [
      'POST /api/keys',
      { body: { name: 'shop', jwk: { d: 'q' } }, answer: { kid: 'k1' } },
      'key:k1',
      { name: 'shop', jwk: 'set' },
    ],
    ['DELETE /api/sessions/{subject}', { params: { subject: 'vera' } }, 'person:vera', { subject: 'vera' }],
    [
      'POST /api/s3/multipart',
      { body: { filename: 'f.mp4' }, answer: { key: `uploads/${VIDEO}/source`, uploadId: 'u' } },
      `video:${VIDEO}`,
      { filename: 'f.mp4' },
    ],
    [
      'POST /api/s3/multipart',
      {
        body: {
          filename: 'f.mp4',
          metadata: {
            title: 'Dawn',
            tags: ['a', 'b'],
            link: 'https://x.example/?sig=abc',
            cookies: { session: 'abc' },
          },
        },
        answer: { key: `uploads/${VIDEO}/source`, uploadId: 'u' },
      },
      `video:${VIDEO}`,
      { filename: 'f.mp4', metadata: 'title: Dawn, tags: a, b, others: 2' },
    ],
    [
      'GET /api/s3/params',
      { query: { filename: 'f.mp4' }, answer: { fields: { key: `uploads/${VIDEO}/source` } } },
      `video:${VIDEO}`,
      undefined,
    ],
    [
      'POST /api/videos',
      { body: { sourceUrl: 'https://x.example/?sig=abc' }, answer: { id: VIDEO } },
      `video:${VIDEO}`,
      { sourceUrl: 'set' },
    ],
    [
      'POST /api/videos/{id}/links',
      { params: { id: VIDEO }, body: { name: 'press', password: 'hunter22', expiresIn: 300 } },
      `video:${VIDEO}`,
      { name: 'press', password: 'set', expiresIn: 300 },
    ],
  ])('of %s names what it was done to, and no secret', (route, more, about, said) => {
    const row = rowOf(done(route, more), NOW, 30);
    expect([row.about, row.said]).toEqual([about, said]);
  });
});

describe('on the engine', () => {
  let stop: () => Promise<void>;
  let operations: typeof import('../../../lambdas/operations/handler.ts').handler;
  let sharing: typeof import('../../../lambdas/sharing/handler.ts').handler;
  beforeAll(async () => {
    stop = await startHandlerEngine({
      STUCK_MINUTES: '120',
      SLICING_PLACES: '3',
      TAKES_DEVICES: 'yes',
      DEPLOYMENT: 'sluice-prod',
      ALARM_IDS: '[]',
      ISSUER: 'https://issuer.test',
      CLIENT_ID: 'console',
    });
    ({ handler: operations } = await import('../../../lambdas/operations/handler.ts'));
    ({ handler: sharing } = await import('../../../lambdas/sharing/handler.ts'));
  });
  afterAll(() => stop());
  afterEach(() => vi.restoreAllMocks());

  const read = async (query: Record<string, string> = {}) => {
    const { status, json } = await callRoute(operations, 'GET /api/audit', { as: ADA, query });
    expect(status).toBe(200);
    return json as { entries: AuditEntry[]; cursor: string | null };
  };
  /** All of a list, page by page. */
  const whole = async (query: Record<string, string>) => {
    const all: AuditEntry[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await read({ ...query, ...(cursor !== undefined && { cursor }) });
      all.push(...page.entries);
      ({ cursor } = page);
    }
    return all;
  };

  it('is for admins', async () => {
    expect((await callRoute(operations, 'GET /api/audit', { as: UMA })).status).toBe(403);
  });

  it('has a change when it is made, and nothing of one that was refused', async () => {
    const made = await callRoute(sharing, 'POST /api/collections', { as: UMA, body: { title: 'Tests' } });
    const refused = await callRoute(sharing, 'POST /api/keys', { as: UMA, body: { name: 'x', jwk: {} } });
    expect([made.status, refused.status]).toEqual([201, 400]);
    const about = `collection:${made.json.id}`;
    const [entry, ...others] = await whole({ by: 'uma' });
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ by: 'uma', did: 'made a collection', about, said: { title: 'Tests' } });
    expect(await whole({ about })).toEqual([entry]);
    expect(await whole({ about, by: 'ada' })).toEqual([]);
    expect((await read()).entries).toContainEqual(entry);
  });

  it('keeps what was called how of what is gone, and says where nothing was there any more', async () => {
    const collections = 'DELETE /api/collections/{collection}';
    const made = await callRoute(sharing, 'POST /api/collections', { as: UMA, body: { title: 'Bygone' } });
    const params = { collection: made.json.id };
    for (const time of [1, 2]) {
      const { status } = await callRoute(sharing, collections, { as: UMA, params });
      expect([time, status]).toEqual([time, 204]);
    }
    expect(await loggedOf(`collection:${made.json.id}`)).toEqual([
      { did: 'deleted a collection', said: { title: 'Bygone' } },
      { did: 'deleted a collection, which changed nothing' },
      { did: 'made a collection', said: { title: 'Bygone' } },
    ]);
    const key = {
      name: 'our shop',
      jwk: generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
    };
    const { kid } = (await callRoute(sharing, 'POST /api/keys', { as: ADA, body: key })).json;
    for (const _ of [1, 2]) await callRoute(sharing, 'DELETE /api/keys/{kid}', { as: ADA, params: { kid } });
    expect(await loggedOf(`key:${kid}`)).toMatchObject([
      { did: 'registered a key' },
      { did: 'took a key back', said: { name: 'our shop' } },
      { did: 'took a key back, which changed nothing' },
    ]);
  });

  it('answers a change that it cannot write down, and says so in the log of the function', async () => {
    const told = vi.spyOn(logger, 'error').mockImplementation(() => {});
    vi.stubEnv('AUDIT_TABLE', 'none-such');
    const { status } = await callRoute(sharing, 'POST /api/collections', { as: UMA, body: { title: 'Lost' } });
    vi.unstubAllEnvs();
    expect(status).toBe(201);
    expect(told.mock.calls).toEqual([
      ['not in the audit log', expect.objectContaining({ by: 'uma', route: 'POST /api/collections' })],
    ]);
  });

  it('lists all that is kept, the newest first, over pages and over days on which nothing was done', async () => {
    const times = [3, 3, 50, 150, 151, 399].map((days, i) => Date.now() - days * 86_400_000 - i);
    for (const [i, at] of times.entries())
      await dynamo.send(
        new PutCommand({
          TableName: process.env['AUDIT_TABLE'],
          Item: rowOf(
            {
              route: 'PATCH /api/devices/{id}',
              by: 'otto',
              params: { id: `${i}` },
              query: {},
              body: {},
              answer: {},
              requestId: `q${i}`,
            },
            at,
            400,
          ),
        }),
      );
    const ids = times.map((at, i) => auditId(at, `q${i}`));
    expect((await whole({ limit: '2' })).filter(({ by }) => by === 'otto').map(({ id }) => id)).toEqual(ids);
    expect((await whole({ limit: '2', by: 'otto' })).map(({ id }) => id)).toEqual(ids);
  });

  it('refuses a cursor that is none, or of another list', async () => {
    const { cursor } = (await read({ limit: '1' })) as { cursor: string };
    await read({ limit: '2', cursor });
    for (const query of [{ cursor: 'abc' }, { cursor: auditId(Date.now(), 'q0') }, { cursor, by: 'otto' }]) {
      const { status, json } = await callRoute(operations, 'GET /api/audit', { as: ADA, query });
      expect([status, json.errors?.[0].path]).toEqual([400, 'query.cursor']);
    }
    const eve = { ...ADA, sub: 'eve' };
    expect((await callRoute(operations, 'GET /api/audit', { as: eve, query: { cursor } })).status).toBe(400);
  });
});
