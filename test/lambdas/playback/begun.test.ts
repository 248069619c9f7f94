/** What only who may begin, or goes on, is given, against the engine: expanded playlists, and a ladder that waits for its first viewer. */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { CreateStateMachineCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Watching } from '../../../lib/contract/session.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { ticketIn } from '../../../lib/contract/ticket.ts';
import { pathOf } from '../../../web/src/shared/signature.ts';
import { startFleet, type Fleet } from '../devices/fleet.ts';
import { authorized, bearerOf } from '../engine.ts';
import { MEDIA_PLAYLIST, record } from './fixture.ts';

let fleet: Fleet;
let handler: typeof import('../../../lambdas/playback/handler.ts').handler;
let id: string;
let count = 0;

beforeAll(async () => {
  fleet = await startFleet();
  const { stateMachineArn } = await new SFNClient({}).send(
    new CreateStateMachineCommand({
      name: `begun-${process.pid}`,
      roleArn: 'arn:aws:iam::000000000000:role/states',
      definition: JSON.stringify({ StartAt: 'Done', States: { Done: { Type: 'Succeed' } } }),
    }),
  );
  process.env['STATE_MACHINE_ARN'] = stateMachineArn;
  ({ handler } = await import('../../../lambdas/playback/handler.ts'));
}, 600_000);
afterAll(() => fleet.close());
beforeEach(() => {
  count += 1;
  id = `begun${String(count).padStart(15, '0')}`;
});

const put = (over: Partial<VideoRecord> = {}) =>
  fleet.put('VIDEOS_TABLE', record({ id, visibility: 'entitled', ...over }));
const give = (subject: string, over: object = {}) =>
  fleet.put('ENTITLEMENTS_TABLE', {
    videoId: id,
    subject,
    grantedBy: 'olga',
    createdAt: new Date().toISOString(),
    ...over,
  });
const putObject = (path: string, Body: string) =>
  fleet.s3.send(new PutObjectCommand({ Bucket: process.env['MEDIA_BUCKET']!, Key: `vod/${id}/r3/${path}`, Body }));
const OLGA = 'olga';
const [ONE, TWO] = ['one', 'two'].map((name) => name.padEnd(16, '0')) as [string, string];

interface Asked {
  readonly as?: string;
  readonly query?: Record<string, string>;
  readonly params?: Record<string, string>;
  readonly headers?: Record<string, string>;
}
async function ask(routeKey: string, { as, query, params, headers }: Asked = {}) {
  const isPlayer = routeKey.includes('/api/play/');
  const claims = as === undefined ? undefined : { sub: as };
  const answer = await handler({
    routeKey,
    pathParameters: { id, ...params },
    queryStringParameters: query,
    headers: { ...headers, ...(claims && { authorization: isPlayer ? await fleet.bearer(as!) : bearerOf(claims) }) },
    requestContext: { requestId: 'test', ...(claims && { authorizer: { jwt: { claims: authorized(claims) } } }) },
  } as never);
  const text = answer.body ?? '';
  const json = text.startsWith('{') ? (JSON.parse(text) as { code?: string; detail?: string }) : undefined;
  return { status: answer.statusCode, text, json, headers: answer.headers ?? {} };
}
const main = (asked: Asked = {}) => ask('GET /api/play/{id}/main.m3u8', asked);

describe('an expanded playlist', () => {
  beforeEach(() => putObject('video/720p.m3u8', MEDIA_PLAYLIST));
  const params = { kind: 'video', playlist: '720p.m3u8' };
  const media = (token: string, headers = {}, method = 'GET') =>
    ask(`${method} /api/play/{id}/{kind}/{playlist}`, { query: { token }, params, headers });
  const begin = async (as?: string, session?: string) => {
    const { text } = await main({ ...(as && { as }), query: { expand: '1', ...(session && { session }) } });
    return /\/video\/720p\.m3u8\?token=(\S+)/.exec(text)![1]!;
  };
  const ticketOf = ({ text }: { text: string }) => ticketIn(pathOf(text)!, `vod/${id}/`)!;
  const sessions = async () => {
    const { json } = await ask('GET /api/videos/{id}/sessions', { as: OLGA });
    return (json as unknown as { sessions: Watching[] }).sessions;
  };

  test.each([
    ['signed in, and not counted', 'sam', {}, undefined],
    ['and renewing', 'sam', {}, ONE],
    ['and counted', 'sam', { maxSessions: 2 }, undefined],
    ['counted and renewing', 'sam', { maxSessions: 2 }, ONE],
    ['of somebody unknown', undefined, {}, undefined],
    ['of somebody unknown who renews', undefined, {}, ONE],
  ] as const)('goes on until its session is ended: %s', async (_, person, limits, session) => {
    // Places are a person's, of all videos.
    const as = person && `${person} ${count}`;
    await put();
    await give(as ?? '\neveryone', limits);
    const [token, other] = [await begin(as, session), await begin(as, session && TWO)];
    const first = await media(token);
    expect([first.status, (await media(other)).status]).toEqual([200, 200]);
    const [name] = ticketOf(first).split('.');
    await vi.waitFor(async () => expect((await sessions()).map((one) => one.session)).toContain(name), {
      timeout: 30_000,
      interval: 100,
    });
    await ask('DELETE /api/videos/{id}/sessions/{session}', { as: OLGA, params: { session: name! } });
    const ended = { code: 'session-ended', detail: 'The owner of the video has ended this playback.' };
    expect(await media(token)).toMatchObject({ status: 410, json: ended });
    // Whatever it has, and however it asks.
    expect((await media(token, { 'if-none-match': String(first.headers['etag']) })).status).toBe(410);
    expect((await media(token, {}, 'HEAD')).status).toBe(410);
    expect((await media(other)).status).toBe(200);
  });

  test('is not given to who has said goodbye', async () => {
    await put();
    await give('sam');
    const token = await begin('sam', ONE);
    const ticket = ticketOf(await media(token));
    await ask('POST /api/play/{id}/goodbye', { query: { session: ONE, ticket } });
    expect(await media(token)).toMatchObject({ status: 410, json: { code: 'session-ended' } });
  });
});

describe('a ladder that waits for its first viewer', () => {
  const started = async () => {
    const stateMachineArn = process.env['STATE_MACHINE_ARN']!;
    const { executions = [] } = await new SFNClient({}).send(new ListExecutionsCommand({ stateMachineArn }));
    return executions.map(({ name }) => name!).filter((name) => name.startsWith(id));
  };
  const stateNow = async () => (await fleet.get('VIDEOS_TABLE', { id }))!['ladder'] as object | undefined;
  /** Only the tallest rung is there. */
  const waiting = (): Partial<VideoRecord> => {
    const { renditions } = record();
    return {
      renditions: renditions.filter(({ name }) => name === '1080p' || name === 'main'),
      later: [
        { name: '720p', width: 1280, height: 720 },
        { name: '360p', width: 640, height: 360 },
      ],
      ladderPlan: JSON.stringify({ source: { bucket: 'sources', key: `uploads/${id}` } }),
      slicing: { execution: id, revision: 3 },
    };
  };
  const ROUTES = ['/api/play/{id}/main.m3u8', '/api/play/{id}/manifest.mpd'] as const;
  beforeEach(async () => {
    await put(waiting());
    await putObject('manifest.mpd', '<MPD/>');
  });

  test('is asked for by who plays, and by HEAD by nobody, who is told the same', async () => {
    for (const route of ROUTES) expect((await ask(`HEAD ${route}`, { as: OLGA })).status).toBe(200);
    const head = await ask(`HEAD ${ROUTES[0]}`, { as: OLGA });
    expect([await started(), await stateNow()]).toEqual([[], undefined]);
    const { status, text } = await main({ as: OLGA });
    expect(status).toBe(200);
    // That it will grow.
    expect(text).toContain('"io.sluice.grows",VALUE="YES"');
    expect(head.text).toContain('"io.sluice.grows",VALUE="YES"');
    expect([await started(), await stateNow()]).toEqual([[`${id}-ladder-3-1`], expect.objectContaining({ tries: 1 })]);
  });

  test('is not asked for by who is told that they watch as much as they may, or were sent away', async () => {
    const sam = { as: `sam ${count}`, query: { session: ONE } };
    const other = id;
    await give(sam.as, { maxSessions: 1 });
    await give('tim');
    // What they watch has its ladder.
    id = `${other.slice(0, 4)}x${other.slice(5)}`;
    await put();
    await give(sam.as, { maxSessions: 1 });
    expect((await main(sam)).status).toBe(200);
    id = other;
    for (const route of ROUTES)
      for (const query of [{}, { session: ONE }])
        expect(await ask(`GET ${route}`, { as: sam.as, query })).toMatchObject({
          status: 409,
          json: { code: 'too-many-sessions' },
        });
    expect([await started(), await stateNow()]).toEqual([[], undefined]);

    await put();
    const tim = { as: 'tim', query: { session: TWO } };
    const { text } = await main(tim);
    const session = ticketIn(pathOf(text)!, `vod/${id}/`)!.split('.')[0]!;
    await vi.waitFor(
      async () => {
        await ask('DELETE /api/videos/{id}/sessions/{session}', { as: OLGA, params: { session } });
        expect((await main(tim)).status).toBe(410);
      },
      { timeout: 30_000, interval: 100 },
    );
    await put(waiting());
    for (const route of ROUTES)
      expect(await ask(`GET ${route}`, tim)).toMatchObject({ status: 410, json: { code: 'session-ended' } });
    expect([await started(), await stateNow()]).toEqual([[], undefined]);
  });

  test('is asked for by who may watch nothing of what is there, and told by HEAD what GET says', async () => {
    await give('low', { maxHeight: 720 });
    const head = await ask(`HEAD ${ROUTES[0]}`, { as: 'low' });
    expect([head.status, await started()]).toEqual([409, []]);
    expect(await main({ as: 'low' })).toMatchObject({ status: 409, json: { code: 'not-ready' } });
    expect(await started()).toHaveLength(1);
  });
});
