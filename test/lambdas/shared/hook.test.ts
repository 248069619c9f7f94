/** The entitlement hook over real sockets: the example of the docs answers it, and whatever is no answer lets nobody in. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { decodeJwt, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hook as exampleHook, rules } from '../../../docs/examples/hook-server.ts';
import { jwks } from '../../../lambdas/playback/key-pair.ts';
import { readToken } from '../../../lambdas/playback/token.ts';
import { decide, type EntitlementQuestion } from '../../../lambdas/shared/entitlement.ts';
import { Hook, type HookOptions } from '../../../lambdas/shared/hook.ts';
import { HOOK_KEPT } from '../../../lib/contract/hook.ts';
import { fileServer, TEST_CA, type FileServer } from '../../support/file-server.ts';
import { playbackSecret } from '../../support/secret.ts';

vi.hoisted(() => (process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT'));
// The example says whom it does not answer.
vi.spyOn(console, 'error').mockImplementation(() => {});
const { tokens, secret } = playbackSecret();
type Listener = (request: IncomingMessage, response: ServerResponse) => void;

let platform: FileServer;
let server: FileServer;
let inside: FileServer;
let plain: FileServer;
/** What the company's server does next. */
let behave: Listener = (_, response) => void response.end();
const says = (body: unknown, status = 200): Listener => {
  const sent = typeof body === 'string' ? body : JSON.stringify(body);
  return (_, response) => void response.writeHead(status, { 'content-type': 'application/json' }).end(sent);
};

beforeAll(async () => {
  platform = await fileServer((_, response) => void response.end(JSON.stringify(jwks(secret.tokens))));
  server = await fileServer((request, response) => behave(request, response), { tls: true });
  // What must never be reached, on the same port of another address of this machine.
  inside = await fileServer(says({ allowed: true }), { tls: true, host: '127.0.0.2', port: server.port });
  plain = await fileServer(says({ allowed: true }));
});
afterAll(() => Promise.all([platform, server, inside, plain].map((one) => one.close())));

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'hook.sluice.example': ['127.0.0.1'],
  'inside.sluice.example': ['127.0.0.2'],
  'both.sluice.example': ['127.0.0.1', '127.0.0.2'],
  'hook.elsewhere.example': ['127.0.0.1'],
};

/** 127.0.0.1 stands for a public address, and the test's port for 443. A machine may be busy: only silence is waited for briefly. */
const made = (over: Partial<HookOptions> = {}) =>
  new Hook({
    url: 'https://hook.sluice.example/entitled?team=1',
    publicUrl: platform.url,
    keys: async () => tokens,
    allowPrivate: false,
    ca: TEST_CA,
    refusal: (address) => (address === '127.0.0.1' ? undefined : 'loopback'),
    resolve: (host, done) => {
      const found = NAMES[host];
      if (found === undefined) return done(Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }), []);
      done(
        null,
        found.map((address) => ({ address, family: 4 })),
      );
    },
    port: () => server.port,
    milliseconds: 60_000,
    ...over,
  });

const question: EntitlementQuestion = {
  viewer: { subject: 'sam', groups: ['crew', 'subscribers'] },
  video: {
    id: 'a'.repeat(20),
    owner: 'olga',
    visibility: 'entitled',
    status: 'ready',
    tags: ['tour'],
    collections: new Set(['b', 'a']),
    origin: { device: '13912345678' },
  },
  grants: [],
  deviceViewers: ['sam'],
  from: { ip: '192.0.2.7', country: 'DE', site: 'https://page.example' },
  now: 1_800_000_000,
};

describe('the example of the docs', () => {
  it('checks who asks by our keys, is told what decides, and answers within limits', async () => {
    const told: unknown[] = [];
    behave = exampleHook(platform.url, (asked) => {
      told.push(asked);
      return rules(asked);
    });
    expect(await made().ask(question)).toEqual({ allowed: true, maxHeight: 720, maxSessions: 2, cacheSeconds: 60 });
    const word = expect.any(String) as string;
    const time = expect.any(Number) as number;
    expect(told).toEqual([
      {
        iss: platform.url,
        aud: 'sluice-hook',
        iat: time,
        exp: time,
        jti: word,
        sub: 'sam',
        groups: ['crew', 'subscribers'],
        video: {
          id: 'a'.repeat(20),
          owner: 'olga',
          visibility: 'entitled',
          tags: ['tour'],
          collections: ['a', 'b'],
          device: '13912345678',
        },
        from: { ip: '192.0.2.7', country: 'DE', site: 'https://page.example' },
        decision: { allowed: true, reason: 'device' },
      },
    ]);
    // Who is not signed in has no `sub`, and is let in by the platform's own decision or not at all.
    expect(await made().ask({ ...question, viewer: undefined })).toEqual({ allowed: false, reason: 'denied' });
    expect(told.at(-1)).not.toHaveProperty('sub');
    expect(server.asked.at(-1)).toMatchObject({ path: '/entitled?team=1', host: 'hook.sluice.example' });
  });

  it('lets whom it has no rule for watch as the platform would, within the same limits', async () => {
    behave = exampleHook(platform.url, rules);
    const everyone = { subject: '\neveryone', grantedBy: 'olga', createdAt: '2026-01-01T00:00:00.000Z' };
    const limits = { maxHeight: 360, maxSessions: 2, sites: ['https://page.example'], countries: { only: ['DE'] } };
    const grants: EntitlementQuestion['grants'] = [
      { ...everyone, videoId: 'tag:tour', effect: 'allow', expiresAt: 1_900_000_000, ...limits },
      { ...everyone, videoId: 'device:13912345678', effect: 'deny', ip: '192.0.2.8' },
    ];
    const asked = { ...question, viewer: { subject: 'zoe', groups: [] }, grants };
    // And of what is denied at another address the edge holds them to theirs.
    const answer = { allowed: true, reason: 'grant', ...limits, ip: '192.0.2.7' };
    const hook = await made().ask(asked);
    expect(hook).toEqual(answer);
    expect(decide({ ...asked, hook })).toMatchObject({ ...answer, reason: 'hook', country: 'DE' });
  });

  it('answers nobody else', async () => {
    behave = exampleHook(platform.url, () => ({ allowed: true }));
    const sign = (over: Record<string, unknown>, kid = tokens.current.kid, key = tokens.current.key) =>
      new SignJWT({ iss: platform.url, aud: 'sluice-hook', exp: Math.floor(Date.now() / 1000) + 60, ...over })
        .setProtectedHeader({ alg: 'ES256', kid })
        .sign(key);
    const send = async (body: string) => {
      const connection = await import('../../../lambdas/pull/connect.ts');
      const connector = new connection.Connector({ allowPrivate: true, ca: TEST_CA, keepAlive: false });
      const signal = AbortSignal.timeout(60_000);
      const answer = await connector.post(server.url, { type: 'application/jwt', body, signal });
      answer.resume();
      return answer.statusCode;
    };
    expect(await send(await sign({}))).toBe(200);
    const other = playbackSecret().tokens.current;
    for (const wrong of [
      await sign({ aud: 'sluice-play' }),
      await sign({ iss: 'https://elsewhere.example' }),
      await sign({ exp: Math.floor(Date.now() / 1000) - 120 }),
      await sign({}, other.kid, other.key),
      await sign({}, tokens.current.kid, other.key),
      '',
      'x'.repeat(1000),
    ])
      expect(await send(wrong)).toBe(401);
  });
});

describe('a question', () => {
  it('is no playback token, to whomever it was sent', async () => {
    let sent = '';
    const hear = async (request: IncomingMessage, response: ServerResponse) => {
      sent = await text(request);
      says({ allowed: true })(request, response);
    };
    behave = (request, response) => void hear(request, response);
    await made().ask(question);
    expect(decodeJwt(sent).aud).toBe('sluice-hook');
    await expect(readToken(tokens, sent, question.video.id!, ['manifest'])).rejects.toMatchObject({
      code: 'invalid-token',
    });
  });
});

describe('what is no answer lets nobody in', () => {
  const brief = { milliseconds: 300 };
  const cases: readonly (readonly [string, Listener, Partial<HookOptions>?])[] = [
    ['silence', () => {}, brief],
    ['an answer that begins and does not end', (_, response) => void response.write('{"allowed":'), brief],
    [
      'a slow drip',
      (_, response) => {
        response.write('{"allowed": true');
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
      },
      brief,
    ],
    ['500, whatever it says', says({ allowed: true }, 500)],
    ['201', says({ allowed: true }, 201)],
    ['a redirect', (_, response) => void response.writeHead(307, { location: plain.url }).end()],
    ['nothing', says('')],
    ['a page', says('<html>allowed</html>')],
    ['rubbish', (_, response) => void response.end(Buffer.from('ff00fe7b7d', 'hex'))],
    ['a list', says([true])],
    ['true', says(true)],
    ['a word for yes', says({ allowed: 'true' })],
    ['no word for yes', says({ maxHeight: 720 })],
    ['a limit that nobody knows', says({ allowed: true, minAge: 18 })],
    ['a limit out of bounds', says({ allowed: true, maxHeight: 1 })],
    ['a country that is none', says({ allowed: true, countries: { only: ['UK'] } })],
    ['a time to keep that is none', says({ allowed: true, cacheSeconds: -1 })],
    ['two answers', says('{"allowed": true}{"allowed": true}')],
    ['too much', says({ allowed: true, reason: 'x'.repeat(20_000) })],
    ['much too much', (_, response) => void response.end(Buffer.alloc(5_000_000, ' '))],
    ['headers without an end', (_, response) => void response.setHeader('x-long', 'x'.repeat(40_000)).end()],
    [
      'less than it says',
      (_, response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('{"allowed": true}', () => response.destroy());
      },
    ],
    ['a connection that breaks', (request) => void request.socket.destroy()],
  ];
  it.each(cases.map(([name, listener, over = {}]) => ({ name, listener, over })))(
    '$name',
    async ({ listener, over }) => {
      behave = listener;
      const before = server.asked.length;
      expect(await made(over).ask(question)).toBe('silent');
      // A machine that is very busy may not have come as far in that time.
      if (over !== brief) expect(server.asked.length - before).toBe(1);
      expect(plain.asked).toEqual([]);
    },
  );

  it.each([
    ['of this machine', 'https://127.0.0.2/x'],
    ['of the instance’s metadata', 'https://169.254.169.254/latest/meta-data/'],
    ['of this machine in other words', 'https://2130706434/x'],
    ['that leads into this machine', 'https://inside.sluice.example/x'],
    ['that leads here and there', 'https://both.sluice.example/x'],
    ['that leads nowhere', 'https://nowhere.sluice.example/x'],
    ['of another port', 'https://hook.sluice.example:8443/x'],
    ['without TLS', 'http://hook.sluice.example/x'],
    ['with a name in it', 'https://me@hook.sluice.example/x'],
    ['that the certificate is not for', 'https://hook.elsewhere.example/x'],
    ['that is none', 'x'],
  ])('an address %s', async (_, url) => {
    behave = says({ allowed: true });
    const before = server.asked.length;
    expect(await made({ url }).ask(question)).toBe('silent');
    expect([inside.asked, server.asked.length - before]).toEqual([[], 0]);
  });

  it('a certificate that nobody vouches for', async () => {
    behave = says({ allowed: true });
    expect(await made({ ca: '' }).ask(question)).toBe('silent');
  });

  it('a key that is not there to ask with', async () => {
    behave = says({ allowed: true });
    expect(await made({ keys: () => Promise.reject(new Error('no secret')) }).ask(question)).toBe('silent');
  });
});

describe('an answer', () => {
  it('is kept as long as it says, five minutes at most, for the same question alone', async () => {
    let now = 0;
    const hook = made({ now: () => now });
    const asked = async (over: Partial<EntitlementQuestion> = {}) => {
      const before = server.asked.length;
      await hook.ask({ ...question, ...over });
      return server.asked.length - before;
    };
    behave = says({ allowed: true, cacheSeconds: 10 });
    expect([await asked(), await asked()]).toEqual([1, 0]);
    for (const other of [
      { viewer: undefined },
      { viewer: { subject: 'sam', groups: ['crew'] } },
      { video: { ...question.video, id: 'b'.repeat(20) } },
      { video: { ...question.video, tags: [] } },
      { from: { ip: '192.0.2.8' } },
      // What the platform itself would say is another by then.
      { deviceViewers: [] },
    ])
      expect(await asked(other)).toBe(1);
    now = 9_999;
    expect(await asked()).toBe(0);
    now = 10_000;
    behave = says({ allowed: false, cacheSeconds: 1e9 });
    expect(await asked()).toBe(1);
    now += HOOK_KEPT * 1000 - 1;
    expect(await asked()).toBe(0);
    now += 1;
    expect(await asked()).toBe(1);
  });

  it('is not kept where it does not say so, and silence never is', async () => {
    const hook = made();
    behave = says({ allowed: true });
    await hook.ask(question);
    behave = says({ allowed: false });
    expect(await hook.ask(question)).toEqual({ allowed: false });
    behave = says('', 500);
    expect(await hook.ask(question)).toBe('silent');
    behave = says({ allowed: true });
    expect(await hook.ask(question)).toEqual({ allowed: true });
  });

  it('counts for the address, the countries and the pages that it names', () => {
    const reason = (hook: object) => decide({ ...question, hook: { allowed: true, ...hook } }).reason;
    expect(reason({ ip: '192.0.2.7', sites: ['https://page.example'] })).toBe('hook');
    expect(reason({ ip: '192.0.2.8' })).toBe('vetoed');
    expect(reason({ countries: { only: ['DE'] } })).toBe('hook');
    expect(reason({ countries: { except: ['DE'] } })).toBe('vetoed');
    expect(reason({ sites: ['https://other.example'] })).toBe('vetoed');
  });
});
