/**
 * No log says what somebody could get in by. Last of the stack's tests, so it reads the logs of all of them: the functions' in the
 * engine, the edge's and start's, the ingest task's. It hands out one of everything itself, and has each refused, too.
 */
import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keyIdOf } from '../../lambdas/shared/content-key.ts';
import * as backend from '../../docs/examples/mint-token.ts';
import { awsRequest } from '../../local/aws-request.ts';
import { Client } from '../../local/client.ts';
import { engineClient } from '../../local/engine.ts';
import { Secrets } from '../support/leaks.ts';
import { makeVideo } from '../support/media.ts';
import { runningStack, seenOfStack } from '../stack.ts';

const stack = await runningStack();
const tokenOf = (wanted: string) => stack.users.find(({ name }) => name === wanted)!.token;
const [ada, uma, nobody] = [
  new Client(stack.url, tokenOf('ada')),
  new Client(stack.url, tokenOf('uma')),
  new Client(stack.url),
];
const aws = async <T>(service: string, target: string, json: object): Promise<T> =>
  JSON.parse(await awsRequest(engineClient(stack.engine), { service, target, json })) as T;
const secrets = new Secrets();
let folder: string;
let id: string;
/** The same film, its segments encrypted, and its samples. */
let sealed: string;
let licensed: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-logs-'));
  const film = join(folder, 'film.mp4');
  await makeVideo(stack.ffmpegFolder, film, { seconds: 3, size: '320x180' });
  id = await uma.upload(film, { name: 'film.mp4', metadata: { visibility: 'entitled' } });
  const encrypted = (encryption: string) =>
    uma.upload(film, { name: `${encryption}.mp4`, metadata: { visibility: 'entitled', encryption } });
  [sealed, licensed] = [await encrypted('aes-128'), await encrypted('cbcs')];
  for (const one of [id, sealed, licensed]) await uma.ready(one);
}, 300_000);
afterAll(async () => {
  for (const one of [id, sealed, licensed]) await uma.fetch('DELETE', `/api/videos/${one}?now=true`);
  await rm(folder, { recursive: true, force: true });
});

/** A request to the edge; what it takes and what it is answered is known from then on. */
async function ask(
  client: Client,
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
) {
  const all = { ...client.headers, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers };
  const address = new URL(path, stack.url).href;
  secrets.addRequest(address, all);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(address, { method, headers: all, ...(body !== undefined && { body: text }) });
  const said = await answer.text();
  secrets.addAnswer(said, answer.headers.getSetCookie());
  return { status: answer.status, text: said, answer };
}

/** Each of a kind that opens the video: by query. */
async function tokens(): Promise<{ token: string; end: () => Promise<unknown> }[]> {
  const json = async (asked: ReturnType<typeof ask>) => JSON.parse((await asked).text) as Record<string, string>;
  const minted = await json(ask(uma, 'POST', `/api/videos/${id}/tokens`, { body: {} }));
  const link = await json(ask(uma, 'POST', `/api/videos/${id}/links`, { body: { name: 'logs' } }));
  const key = await backend.makeKey();
  secrets.add(String(key.d));
  const { kid } = await json(ask(ada, 'POST', '/api/keys', { body: { name: 'logs', jwk: backend.publicHalf(key) } }));
  const theirs = await backend.mintToken(key, id, 'somebody');
  return [
    { token: minted['token']!, end: () => ask(uma, 'DELETE', `/api/videos/${id}/sessions`) },
    { token: link['token']!, end: () => ask(uma, 'DELETE', `/api/videos/${id}/links/${link['id']}`) },
    { token: theirs, end: () => ask(ada, 'DELETE', `/api/keys/${kid}`) },
  ];
}

it('hands out one of everything, and refuses each that is bent, late or out of place', async () => {
  const bent = (text: string) => `${text.slice(0, -6)}${text.at(-6) === 'A' ? 'B' : 'A'}${text.slice(-5)}`;
  for (const { token, end } of await tokens()) {
    const main = (query: string) => ask(nobody, 'GET', `/api/play/${id}/main.m3u8?${query}`);
    const opened = await main(`token=${token}`);
    expect(opened.status, opened.text).toBe(200);
    for (const way of ['expand=1', 'cookies=1', 'session=of-a-player-of-ours', 'format=dash'])
      await main(`token=${token}&${way}`);
    await ask(nobody, 'GET', `/api/play/${id}/storyboard.vtt?token=${token}`);
    const expanded = await main(`token=${token}&expand=1`);
    for (const [path] of expanded.text.matchAll(/\/api\/play\/\S+?token=[\w.-]+/g)) {
      await ask(nobody, 'GET', path);
      await ask(nobody, 'GET', bent(path));
      await ask(nobody, 'GET', path.replace(id, 'b'.repeat(20)));
    }
    const signed = /VALUE="(Policy=[^"]+)"/.exec(opened.text)![1]!;
    const playlist = /^(\/vod\/\S+\.m3u8)/m.exec(opened.text)![1]!;
    expect((await ask(nobody, 'GET', `${playlist}?${signed}`)).status).toBe(200);
    for (const wrong of [bent(signed), signed.replace('Policy=', 'Policy=A'), `${signed}&${signed}`])
      expect((await ask(nobody, 'GET', `${playlist}?${wrong}`)).status).toBe(403);
    await ask(nobody, 'GET', `/vod/${id}/..%2f${'c'.repeat(20)}?${signed}`);
    const { answer: withCookies } = await main(`token=${token}&cookies=1`);
    const cookie = withCookies.headers
      .getSetCookie()
      .map((line) => line.split(';', 1)[0]!)
      .join('; ');
    for (const sent of [cookie, bent(cookie)]) await ask(nobody, 'GET', playlist, { headers: { cookie: sent } });

    for (const wrong of [bent(token), token.slice(0, -9), `${token}.${token}`, `${token}%00`, token.toUpperCase()])
      expect((await main(`token=${wrong}`)).status).toBeGreaterThanOrEqual(400);
    await main(`token=${token}&token=${bent(token)}`);
    await ask(nobody, 'GET', `/api/play/${'d'.repeat(20)}/main.m3u8?token=${token}`);
    await ask(nobody, 'GET', `/api/nothing/${token}?token=${token}`);
    await ask(nobody, 'GET', `/v/${id}?token=${token}`);
    for (const authorization of [
      `Bearer ${token}`,
      `Bearer ${bent(uma.headers['authorization']!)}`,
      `Basic ${token}`,
      token,
    ])
      await ask(nobody, 'GET', `/api/play/${id}/main.m3u8`, { headers: { authorization } });
    // Where something else is expected, broken bodies included.
    for (const body of [{ token, name: token, expiresIn: token }, `{"token":"${token}"`, `"${token}"`]) {
      await ask(uma, 'POST', `/api/videos/${id}/tokens`, { body });
      await ask(uma, 'POST', `/api/videos/${id}/links`, { body });
      await ask(ada, 'POST', '/api/keys', { body });
      await ask(ada, 'POST', '/api/entitlements', { body });
    }
    await end();
    await main(`token=${token}`);
  }
  const upload = JSON.parse(
    (
      await ask(uma, 'POST', '/api/s3/multipart', {
        body: { filename: 'a.mp4', type: 'video/mp4', metadata: { size: 10 } },
      })
    ).text,
  ) as { key: string; uploadId: string };
  const part = `/api/s3/multipart/${encodeURIComponent(upload.uploadId)}`;
  const key = `key=${encodeURIComponent(upload.key)}`;
  const { text } = await ask(uma, 'GET', `${part}/1?${key}`);
  const { url } = JSON.parse(text) as { url: string };
  secrets.addRequest(url);
  await fetch(bent(url), { method: 'PUT', body: 'x' });
  await ask(uma, 'DELETE', `${part}?${key}`);
  const { text: download } = await ask(uma, 'GET', `/api/videos/${id}/download`);
  secrets.addRequest((JSON.parse(download) as { url?: string }).url ?? '');
}, 180_000);

it('gives keys and licences, and refuses them by what is bent, over or for something else', async () => {
  const bent = (text: string) => `${text.slice(0, -6)}${text.at(-6) === 'A' ? 'B' : 'A'}${text.slice(-5)}`;
  const bytes = async (path: string) => {
    const answer = await fetch(new URL(path, stack.url));
    expect(answer.status, path).toBe(200);
    return Buffer.from(await answer.arrayBuffer());
  };
  const addKey = (key: Buffer) => {
    expect(key).toHaveLength(16);
    for (const form of ['hex', 'base64', 'base64url', 'latin1'] as const) secrets.add(key.toString(form));
  };
  const opened = async (video: string) =>
    (await ask(uma, 'GET', `/api/play/${video}/main.m3u8?session=logs-of-${video}`)).text;

  const main = await opened(sealed);
  const signed = /VALUE="(Policy=[^"]+)"/.exec(main)![1]!;
  const list = /^(\/vod\/\S+\/video\/\S+\.m3u8)/m.exec(main)![1]!;
  const { text: media } = await ask(nobody, 'GET', `${list}?${signed}`);
  const key = new URL(/#EXT-X-KEY:METHOD=AES-128,URI="([^"?]+)/.exec(media)![1]!, new URL(list, stack.url)).pathname;
  addKey(await bytes(`${key}?${signed}`));
  for (const wrong of [bent(signed), `${signed}A`])
    expect((await ask(nobody, 'GET', `${key}?${wrong}`)).status).toBe(403);
  expect((await ask(nobody, 'GET', key)).status).toBe(403);

  const token = /NAME="licence",VALUE="token=([^"]+)"/.exec(await opened(licensed))![1]!;
  secrets.add(token);
  addKey(await bytes(`/api/play/${licensed}/licence?token=${token}`));
  const path = (given: string, video = licensed) => `/api/play/${video}/licence?token=${given}`;
  const kids = [keyIdOf(licensed, 1).toString('base64url')];
  const licence = await ask(nobody, 'POST', path(token), { body: { kids, type: 'temporary' } });
  expect(licence.status, licence.text).toBe(200);
  for (const wrong of [bent(token), `${token}.${token}`, token.slice(0, -9)])
    expect((await ask(nobody, 'POST', path(wrong), { body: { kids } })).status).toBeGreaterThanOrEqual(400);
  for (const body of [{ kids: [token] }, `{"kids":["${token}"`, { kids: [keyIdOf(licensed, 2).toString('base64url')] }])
    expect((await ask(nobody, 'POST', path(token), { body })).status).toBeGreaterThanOrEqual(400);
  for (const [method, asked] of [
    ['POST', path(token, id)],
    ['GET', path(token, id)],
    ['POST', `/api/play/${licensed}/licence/widevine?token=${token}`],
    ['POST', `/api/play/${licensed}/licence/${token}?token=${token}`],
    ['GET', `/api/play/${licensed}/main.m3u8?token=${token}`],
  ] as const)
    expect(
      (await ask(nobody, method, asked, method === 'POST' ? { body: { kids } } : {})).status,
    ).toBeGreaterThanOrEqual(400);
  await ask(uma, 'DELETE', `/api/videos/${licensed}/sessions`);
  expect((await ask(nobody, 'POST', path(token), { body: { kids } })).status).toBeGreaterThanOrEqual(400);
}, 180_000);

it('and no log of the whole run says one', async () => {
  for (const { token } of stack.users) secrets.add(token);
  for (const secret of await ownSecrets()) for (const line of secret.split('\n')) secrets.add(line);
  const seen = await seenOfStack();
  for (const secret of seen?.secrets ?? []) secrets.add(secret);

  const functions = await functionLogs();
  const said = functions.flatMap(({ lines }) => lines);
  const task = seen?.taskLog === undefined ? [] : (await readFile(seen.taskLog, 'utf8')).split('\n');
  const all = [...said, ...(seen?.lines ?? []), ...task];
  // They are the logs: each call that was made above is in them, and the others have theirs.
  const playback = functions.find(({ name }) => name.includes('PlaybackManifest'))!;
  expect(playback.lines.filter((line) => line.startsWith('START')).length).toBeGreaterThan(60);
  if (seen) {
    expect(seen.lines.join('\n')).toContain('not covered');
    expect(task.join('\n')).toContain('listening');
  }
  // Nor any bytes as such, which a key would be.
  expect(all.filter((line) => line.includes('"type":"Buffer"')).map((line) => line.slice(0, 500))).toEqual([]);
  expect(secrets.leaksIn(all).map((line) => line.slice(0, 500))).toEqual([]);

  // Whoever wrote one of them would be found out.
  const planted = [...secrets.all].map((secret) => JSON.stringify({ level: 'ERROR', message: `refused ${secret}` }));
  expect(planted.length).toBeGreaterThanOrEqual(50);
  expect(secrets.leaksIn([...all.slice(0, 1000), ...planted])).toHaveLength(planted.length);
  console.log(
    `log scan: ${all.length} lines of ${functions.length} functions, the edge and the ingest task; none says one of ${planted.length} secrets`,
  );
}, 600_000);

/** What the stack keeps for itself: every secret of the engine, as text. */
async function ownSecrets(): Promise<string[]> {
  const { SecretList } = await aws<{ SecretList: { ARN: string }[] }>(
    'secretsmanager',
    'secretsmanager.ListSecrets',
    {},
  );
  expect(SecretList.length).toBeGreaterThan(0);
  const values = await Promise.all(
    SecretList.map(({ ARN }) =>
      aws<{ SecretString?: string }>('secretsmanager', 'secretsmanager.GetSecretValue', { SecretId: ARN }),
    ),
  );
  return values.flatMap(({ SecretString }) => textsIn(JSON.parse(SecretString ?? 'null')));
}

/** Private halves and keys of our own: what is public of a pair may be in a log. */
function textsIn(value: unknown, name = ''): string[] {
  if (typeof value === 'string') return /private|tokenKey|secret/i.test(name) ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => textsIn(one, key));
}

/** Lines of every function. One page has so many; the next begins where it ended. */
async function functionLogs(): Promise<{ name: string; lines: string[] }[]> {
  const PAGE = 10_000;
  interface Page {
    events: { timestamp: number; message: string }[];
  }
  const { logGroups } = await aws<{ logGroups: { logGroupName: string }[] }>(
    'logs',
    'Logs_20140328.DescribeLogGroups',
    {},
  );
  // One after the other: the engine looks through each of them as a whole.
  const functions = [];
  for (const { logGroupName } of logGroups) {
    const lines: string[] = [];
    for (let startTime = 0, isMore = true; isMore;) {
      const asked = { logGroupName, startTime, limit: PAGE };
      const { events } = await aws<Page>('logs', 'Logs_20140328.FilterLogEvents', asked);
      for (const { message } of events) lines.push(message);
      isMore = events.length === PAGE;
      startTime = Math.max(events.at(-1)?.timestamp ?? 0, startTime + 1);
    }
    functions.push({ name: logGroupName, lines });
  }
  return functions;
}
