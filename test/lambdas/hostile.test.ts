/**
 * Hostile fields: each field of each route of the table, with each value that strangers send, by an admin and in shares by everybody else,
 * through the handlers as they are deployed and the engine behind them. Whatever comes: no answer is a fault of ours, a
 * refusal is a problem document that names the field, and what is taken is answered and read back as it was sent.
 */
import { createPublicKey } from 'node:crypto';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makePair } from '../../lambdas/playback/key-pair.ts';
import { mintToken } from '../../lambdas/playback/token.ts';
import { problems } from '../../lambdas/shared/errors.ts';
import type { ApiEvent, serve } from '../../lambdas/shared/http.ts';
import { problem, routes, type RouteKey } from '../../lib/contract/api.ts';
import { DASH_PATH, playlistPath, revisionPrefix, sourceKey, STORYBOARD_PATH } from '../../lib/contract/keys.ts';
import { channelPrefix, initPath, segmentPath } from '../../lib/contract/live-keys.ts';
import type { Route, Stage } from '../../lib/contract/route.ts';
import { startFleet, type Fleet } from './devices/fleet.ts';
import { BODIES, CREDENTIALS, HEADERS, OTHERS, TEXTS } from './hostile/values.ts';
import { fieldsOf, requestsOf, withField, type Known, type Request } from './hostile/requests.ts';
import { MEDIA_PLAYLIST, record } from './playback/fixture.ts';

/** No id of a device has letters after f. */
const VIDEO = 'hostilehostilehostil';
const DEVICE = '13800000001';
const COLLECTION = 'hostilehosti';
const FROM = Date.parse('2026-01-02T03:00:00Z');
const RECORDED = { start: FROM, duration: 4000, epoch: 1, sequence: 0, init: '0123456789abcdef', discontinuity: false };

type Person = { readonly sub: string; readonly groups: readonly string[] } | undefined;
const PEOPLE: Readonly<Record<string, Person>> = {
  admin: { sub: 'ada', groups: ['admin'] },
  owner: { sub: 'olga', groups: ['uploader'] },
  viewer: { sub: 'vera', groups: [] },
  stranger: { sub: 'sam', groups: ['uploader'] },
  nobody: undefined,
};

let fleet: Fleet;
let handlers: Record<Stage, ReturnType<typeof serve>>;
let known: Known;
let cases = 0;

beforeAll(async () => {
  fleet = await startFleet();
  const removals = await fleet.sqs.send(new CreateQueueCommand({ QueueName: `removals-hostile-${process.pid}` }));
  const downloads = await fleet.sqs.send(new CreateQueueCommand({ QueueName: `downloads-hostile-${process.pid}` }));
  const hooks = await fleet.sqs.send(new CreateQueueCommand({ QueueName: `hooks-hostile-${process.pid}` }));
  const pulls = await fleet.sqs.send(new CreateQueueCommand({ QueueName: `pulls-hostile-${process.pid}` }));
  Object.assign(process.env, {
    REMOVAL_QUEUE: removals.QueueUrl,
    PULL_QUEUE: pulls.QueueUrl,
    WEBHOOK_QUEUE: hooks.QueueUrl,
    TRASH_DAYS: '7',
    DOWNLOADS: 'owner',
    DOWNLOAD_QUEUE: downloads.QueueUrl,
    DEAD_LETTERS: JSON.stringify({ 'dead-letters-pulls': pulls.QueueUrl }),
    ALARM_IDS: '[]',
    DEPLOYMENT: 'sluice-test',
    STUCK_MINUTES: '120',
    SLICING_PLACES: '3',
    TAKES_DEVICES: 'yes',
    PULL_RULES: JSON.stringify({ allowPrivate: false, buckets: [] }),
    UPLOAD_LIMITS: JSON.stringify({
      maxBytes: 1e9,
      types: ['video/*'],
      maxInFlight: 1000,
      urlSeconds: 600,
      expireSeconds: 86_400,
    }),
    CONSOLE_CONFIG: JSON.stringify({
      issuer: 'https://issuer.example',
      clientId: 'console',
      scope: 'openid',
      groupsClaim: 'groups',
      live: true,
      upload: { maxBytes: 1000, partBytes: 100, types: ['video/*'], maxInFlight: 2 },
    }),
  });
  handlers = {
    upload: (await import('../../lambdas/upload/handler.ts')).handler,
    catalog: (await import('../../lambdas/catalog/handler.ts')).handler,
    sharing: (await import('../../lambdas/sharing/handler.ts')).handler,
    stills: (await import('../../lambdas/stills/handler.ts')).handler,
    playback: (await import('../../lambdas/playback/handler.ts')).handler,
    devices: (await import('../../lambdas/devices/handler.ts')).handler,
    live: (await import('../../lambdas/playback/live/handler.ts')).handler,
    operations: (await import('../../lambdas/operations/handler.ts')).handler,
    webhooks: (await import('../../lambdas/webhooks/handler.ts')).handler,
    events: (await import('../../lambdas/insight/events.ts')).handler,
    insight: (await import('../../lambdas/insight/handler.ts')).handler,
    presence: (await import('../../lambdas/presence/api.ts')).api,
  };
  const media = { Bucket: process.env['MEDIA_BUCKET'] };
  for (const name of ['1080p', '720p', '360p'])
    await fleet.s3.send(
      new PutObjectCommand({
        ...media,
        Key: `${revisionPrefix(VIDEO, 3)}${playlistPath('video', name)}`,
        Body: MEDIA_PLAYLIST,
      }),
    );
  const mpd = `${revisionPrefix(VIDEO, 3)}${DASH_PATH}`;
  await fleet.s3.send(new PutObjectCommand({ ...media, Key: mpd, Body: '<MPD/>' }));
  const list = `${revisionPrefix(VIDEO, 3)}${STORYBOARD_PATH}`;
  await fleet.s3.send(new PutObjectCommand({ ...media, Key: list, Body: 'WEBVTT\n' }));
  for (const path of [segmentPath(RECORDED), initPath(FROM, RECORDED.init)])
    await fleet.s3.send(new PutObjectCommand({ ...media, Key: `${channelPrefix(DEVICE, 1)}${path}`, Body: 'x' }));
  const viewer = { subject: 'vera', groups: [] };
  const point = createPublicKey(makePair().publicKey).export({ format: 'jwk' });
  known = {
    id: [VIDEO, DEVICE],
    key: [sourceKey(VIDEO)],
    uploadId: ['u'],
    // Text where it stands in a path or query, a number in a body.
    channel: ['1', 1],
    number: [1],
    // A moment, a day, or a collection.
    from: [new Date(FROM).toISOString(), '2026-01-02', COLLECTION],
    to: [new Date(FROM + 4000).toISOString(), '2026-01-03', 'hostileother'],
    token: [await mintToken(fleet.tokens, viewer, VIDEO, 'manifest', new Date(Date.now() + 3_600_000))],
    playlist: ['720p.m3u8'],
    file: ['720p.mp4'],
    metadata: [{ title: 'a title', name: 'a name', description: 'd', tags: 'a,b', visibility: 'private', size: 1 }],
    viewers: [['vera']],
    owner: ['olga'],
    partNumbers: ['1,2'],
    limit: ['2'],
    near: ['31.23,121.47'],
    within: ['500'],
    // There is none to go on from; what is none is sent as one.
    cursor: [undefined],
    timeZone: ['Asia/Shanghai'],
    track: ['abc123'],
    language: ['de'],
    text: ['00:00:01,000 --> 00:00:02,000\na cue'],
    resource: [`video:${VIDEO}`],
    subject: ['person:vera'],
    grant: [Buffer.from(JSON.stringify([`video:${VIDEO}`, 'person:vera'])).toString('base64url')],
    collection: [COLLECTION],
    parent: [undefined],
    cover: [VIDEO],
    videos: [[VIDEO]],
    notBefore: [1],
    expiresAt: [4_000_000_000],
    ip: ['192.0.2.1'],
    maxHeight: [720],
    only: [['DE', 'US']],
    except: [['US']],
    sites: [['https://page.example']],
    password: ['open sesame'],
    // Of a page of ours, and of a webhook.
    url: [`${process.env['PUBLIC_URL']}/v/${VIDEO}`],
    format: ['json'],
    start: ['3'],
    max_resolution: ['720p'],
    min_resolution: ['360p'],
    codecs: ['avc1,mp4a'],
    sourceUrl: ['https://media.sluice.example/film.mp4'],
    idToken: [await fleet.idToken({ sub: 'ada', name: 'Ada', email: 'ada@example.com', email_verified: true })],
    subjects: [['vera']],
    kid: ['A'.repeat(43)],
    kids: ['A'.repeat(22)],
    link: ['A'.repeat(16)],
    expiresIn: [600],
    session: ['0t4tv40ABCDEFGHIJKLMNOP'],
    ticket: ['0t4tv40ABCDEFGHIJKLMNOP.-.-.-'],
    webhook: ['hostilehooks'],
    delivery: ['msg_1767251289010_abc'],
    types: [['video.ready']],
    x: [point.x],
    y: [point.y],
  };
}, 600_000);
afterAll(async () => {
  console.log(`hostile fields: ${cases} cases held`);
  await fleet.close();
});

/** What the requests are about, as it was at first. */
async function reset(): Promise<void> {
  await fleet.put(
    'VIDEOS_TABLE',
    record({
      id: VIDEO,
      visibility: 'entitled',
      collections: new Set([COLLECTION]),
      hasStoryboard: true,
      texts: [{ id: 'abc123', language: 'de', label: 'Deutsch', origin: 'added', cues: 1 }],
    }),
  );
  await fleet.put('ENTITLEMENTS_TABLE', {
    videoId: VIDEO,
    subject: 'vera',
    grantedBy: 'olga',
    createdAt: new Date().toISOString(),
  });
  const at = new Date().toISOString();
  await fleet.put('COLLECTIONS_TABLE', {
    id: COLLECTION,
    root: COLLECTION,
    kind: 'collection',
    title: 'A collection',
    description: '',
    owner: 'olga',
    videos: [VIDEO],
    createdAt: at,
    updatedAt: at,
  });
  await fleet.put('WEBHOOKS_TABLE', {
    kind: 'webhooks',
    id: 'hostilehooks',
    url: 'https://hooks.sluice.example/',
    types: ['video.ready'],
    enabled: true,
    createdAt: at,
    createdBy: 'ada',
    secret: 'whsec_AAAA',
  });
  await fleet.put('WEBHOOKS_TABLE', {
    kind: 'hostilehooks',
    id: 'msg_1767251289010_abc',
    type: 'video.ready',
    at,
    state: 'failed',
    attempts: [],
    payload: '{}',
    expiresAt: 4_000_000_000,
  });
  await fleet.device(DEVICE).register();
  await fleet.device(DEVICE).connect();
}

interface Sent extends Partial<Request> {
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of a body of JSON. */
  readonly raw?: { readonly text: string; readonly base64?: boolean };
}
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly json: Record<string, unknown> | undefined;
}

const tokens = new Map<string, Promise<string>>();
const bearer = (as: NonNullable<Person>): Promise<string> => {
  const kept = tokens.get(as.sub) ?? fleet.bearer(as.sub, as.groups);
  tokens.set(as.sub, kept);
  return kept;
};

async function send(key: RouteKey, as: Person, { params, query, body, headers, raw }: Sent): Promise<Answer> {
  const { auth, stage } = routes[key] as Route;
  // The authorizer lets nobody reach these without a token.
  const mayBeAnonymous = auth !== 'user';
  const text = raw?.text ?? (body === undefined ? undefined : JSON.stringify(body));
  const answer = await handlers[stage]({
    version: '2.0',
    routeKey: key,
    headers: {
      ...(text !== undefined && { 'content-type': 'application/json' }),
      ...(as && { authorization: await bearer(as) }),
      ...headers,
    },
    pathParameters: params ?? {},
    queryStringParameters: query ?? {},
    ...(text !== undefined && { body: text }),
    isBase64Encoded: raw?.base64 ?? false,
    requestContext: {
      requestId: 'test',
      ...(as && !mayBeAnonymous && { authorizer: { jwt: { claims: { sub: as.sub, groups: as.groups }, scopes: [] } } }),
    },
  } as unknown as ApiEvent);
  const said = answer.body ?? '';
  return {
    status: answer.statusCode ?? 0,
    type: (answer.headers as Record<string, string> | undefined)?.['content-type'] ?? '',
    text: said,
    json: said.startsWith('{') || said.startsWith('[') ? (JSON.parse(said) as Record<string, unknown>) : undefined,
  };
}

const WORST = 64 * 1024;

/** Undefined when the answer is as it must be; else what is wrong with it. `field`: what was changed, where it was one. */
function fault(key: RouteKey, answer: Answer, field?: readonly string[]): string | undefined {
  const { status, type, json, text } = answer;
  const route = routes[key] as Route;
  // oEmbed's own word for a format that is not there.
  if ((status >= 500 && json?.['code'] !== 'format-unknown') || status < 200)
    return `status ${status}: ${text.slice(0, 300)}`;
  if (status < 400) {
    if (status !== route.status) return `status ${status} instead of ${route.status}`;
    const parsed = route.response?.safeParse(json);
    return parsed && !parsed.success ? `an answer that is not as described: ${parsed.error.message}` : undefined;
  }
  // A page says in words what went wrong, and nothing of what was sent.
  if (route.contentType?.startsWith('text/html') && type === route.contentType)
    return text.length > WORST || !text.isWellFormed() || text.includes('<script')
      ? `a bad page: ${text.slice(0, 300)}`
      : undefined;
  const parsed = problem.safeParse(json);
  if (!parsed.success || !type.startsWith('application/problem+json'))
    return `no problem document: ${text.slice(0, 300)}`;
  const { code, detail, errors } = parsed.data;
  if (!(code in problems) || !detail) return `a problem without code or detail: ${text.slice(0, 300)}`;
  if (text.length > WORST) return `a refusal of ${text.length} characters`;
  if (!text.isWellFormed()) return 'a refusal that is no text';
  if (code !== 'invalid-request' || field === undefined) return undefined;
  // The field, one it is part of, one of its parts, or the other end of a stretch that begins with it.
  const name = field.join('.').replace(/^params/, 'path');
  const named = (errors ?? []).some(({ path }) => {
    const full = path.startsWith('metadata.') ? `body.${path}` : path;
    return full === name || name.startsWith(`${full}.`) || full.startsWith(`${name}.`) || isOtherEnd(name, full);
  });
  return named ? undefined : `the field is not named: ${text.slice(0, 300)}`;
}

const isOtherEnd = (name: string, path: string): boolean => {
  const [a, b] = [name.split('.').at(-1)!, path.split('.').at(-1)!];
  return (a === 'from' && (b === 'to' || b === 'query' || b === 'body')) || (a === 'to' && b === 'query');
};

/** Where what a route takes is read back, by what it answered. */
const READ: Partial<Record<RouteKey, (answer: Record<string, unknown>) => readonly [RouteKey, string]>> = {
  'PATCH /api/videos/{id}': () => ['GET /api/videos/{id}', VIDEO],
  'POST /api/s3/multipart': ({ videoId }) => ['GET /api/videos/{id}', String(videoId)],
  'POST /api/devices/{id}/clips': ({ id }) => ['GET /api/videos/{id}', String(id)],
  'POST /api/devices': ({ id }) => ['GET /api/devices/{id}', String(id)],
  'PATCH /api/devices/{id}': () => ['GET /api/devices/{id}', DEVICE],
  'POST /api/collections': ({ id }) => ['GET /api/collections/{collection}', String(id)],
  'PATCH /api/collections/{collection}': () => ['GET /api/collections/{collection}', COLLECTION],
  'POST /api/entitlements': ({ id }) => ['GET /api/entitlements/{grant}', String(id)],
  'PUT /api/entitlements/{grant}': ({ id }) => ['GET /api/entitlements/{grant}', String(id)],
};

/** Undefined when each field that was sent is answered, and read back, as it was sent. */
async function changed(key: RouteKey, sent: Request, answer: Answer): Promise<string | undefined> {
  const route = routes[key] as Route;
  if (answer.status >= 300 || route.body === undefined || answer.json === undefined) return undefined;
  const wanted = route.body.parse(sent.body) as Record<string, unknown>;
  const read = READ[key]?.(answer.json);
  const found =
    read === undefined
      ? undefined
      : await send(read[0], PEOPLE['admin'], { params: { id: read[1], grant: read[1], collection: read[1] } });
  if (found !== undefined && found.status !== 200) return `read back: ${found.status} ${found.text.slice(0, 200)}`;
  const differs = (where: Record<string, unknown>) =>
    Object.keys(wanted).find(
      (name) => name !== 'type' && name in where && JSON.stringify(where[name]) !== JSON.stringify(wanted[name]),
    );
  const name = differs(answer.json) ?? (found?.json && differs(found.json));
  if (key === 'POST /api/devices')
    await send('DELETE /api/devices/{id}', PEOPLE['admin'], { params: { id: answer.json['id'] } });
  return name === undefined ? undefined : `${name} is not what was sent: ${JSON.stringify(wanted[name]).slice(0, 100)}`;
}

/** Requests that make something need a new one each time, and each person has few uploads. */
let made = 0;
function afresh(key: RouteKey, request: Request, field: readonly string[]): Request {
  if (key !== 'POST /api/devices' || field.join('.') === 'body.id' || typeof request.body !== 'object') return request;
  made += 1;
  return { ...request, body: { ...request.body, id: `139${String(made).padStart(8, '0')}` } };
}

/** An admin is sent every value, the others each their share of them: what a schema refuses it refuses to all. */
const share = (role: string, index: number): boolean =>
  role === 'admin' || (index + Object.keys(PEOPLE).indexOf(role)) % 3 === 0;

/** Runs what makes a case, a few at a time; what is wrong is said of all of them at once. */
async function hold(
  tries: readonly (readonly [string, () => Promise<string | undefined>])[],
  atOnce: number,
): Promise<void> {
  const wrong: string[] = [];
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < tries.length; i = next++) {
      const [name, attempt] = tries[i]!;
      const said = await attempt().catch((error: unknown) => `threw ${String(error)}`);
      if (said === undefined) cases += 1;
      else wrong.push(`${name}: ${said}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  expect(wrong.slice(0, 30)).toEqual([]);
}

it.each(Object.keys(routes) as RouteKey[])(
  '%s',
  async (key) => {
    await reset();
    const route = routes[key] as Route;
    const tries: (readonly [string, () => Promise<string | undefined>])[] = [];
    for (const [role, as] of Object.entries(PEOPLE)) {
      const add = (name: string, sent: Sent, field?: readonly string[]) =>
        tries.push([`${role}, ${name}`, async () => fault(key, await send(key, as, sent), field)]);
      for (const request of requestsOf(route, known)) {
        for (const field of fieldsOf(request)) {
          const [where] = field;
          if (field.length === 1) continue;
          const values = { ...TEXTS, ...(where === 'body' && OTHERS), 'nothing of it': undefined };
          for (const [index, [value, hostile]] of Object.entries(values).entries()) {
            if (!share(role, index)) continue;
            if (where === 'params' && hostile === undefined) continue;
            const sent = afresh(key, withField(request, field, hostile), field);
            tries.push([
              `${role}, ${field.join('.')}: ${value}`,
              async () => {
                const who =
                  as && route.stage === 'upload' && where === 'body' ? { ...as, sub: `${as.sub}-${made++ % 40}` } : as;
                const answer = await send(key, who, sent);
                return fault(key, answer, field) ?? (await changed(key, sent, answer));
              },
            ]);
          }
        }
        for (const [value, hostile] of Object.entries(TEXTS)) {
          add(`a field nobody knows: ${value}`, { ...request, query: { ...request.query, [hostile]: hostile } });
        }
        for (const [value, headers] of Object.entries(HEADERS)) add(`header: ${value}`, { ...request, headers });
      }
      const [request] = requestsOf(route, known);
      for (const [value, text] of route.body === undefined ? [] : Object.entries(BODIES)) {
        add(`body: ${value}`, { ...request, raw: { text } }, ['body']);
        const base64 = Buffer.from(text).toString('base64');
        add(`body in base64: ${value}`, { ...request, raw: { text: base64, base64: true } }, ['body']);
      }
      if (route.body !== undefined) {
        for (const bytes of ['c328', 'ff', '7b2274223a22eda080227d', ''])
          add(`body of bytes ${bytes}`, {
            ...request,
            raw: { text: Buffer.from(bytes, 'hex').toString('base64'), base64: true },
          });
      }
    }
    if (route.auth === 'optional') {
      const [request] = requestsOf(route, known);
      for (const [value, authorization] of Object.entries(CREDENTIALS))
        tries.push([
          `authorization: ${value}`,
          async () => fault(key, await send(key, undefined, { ...request, headers: { authorization } })),
        ]);
    }
    // What is changed and read back is one thing.
    await hold(tries, READ[key] ? 1 : 8);
  },
  600_000,
);

it('a subject of any text: a person, or nobody', { timeout: 600_000 }, async () => {
  await reset();
  const tries = (Object.keys(routes) as RouteKey[]).flatMap((key) => {
    const [request] = requestsOf(routes[key], known);
    return Object.entries(TEXTS).map(([value, sub]) => {
      const attempt = async () => fault(key, await send(key, { sub, groups: ['uploader'] }, request!));
      return [`${key}, subject: ${value}`, attempt] as const;
    });
  });
  await hold(tries, 8);
});

it('what a route takes as it stands is taken: the values differ in one field only', async () => {
  const refused: string[] = [];
  for (const key of Object.keys(routes) as RouteKey[]) {
    await reset();
    for (const request of requestsOf(routes[key], known)) {
      const { status, json } = await send(key, PEOPLE['admin'], afresh(key, request, []));
      if (json?.['code'] === 'invalid-request') refused.push(`${key}: ${status} ${JSON.stringify(json)}`);
    }
  }
  expect(refused).toEqual([]);
});
