/** Over real sockets: what a name leads to is checked, and what was checked is what is connected to. */
import type { LookupAddress } from 'node:dns';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Connector } from '../../../lambdas/pull/connect.ts';
import { fileServer, serveRanges, TEST_CA, type FileServer } from '../../support/file-server.ts';

const film = Buffer.from('a film');
let good: FileServer;
let secret: FileServer;
const open: Connector[] = [];

beforeAll(async () => {
  good = await fileServer(
    (request, response) => {
      if (request.url === '/film.mp4') return serveRanges(film)(request, response);
      const target = decodeURIComponent(request.url?.replace('/to/', '') ?? '');
      response.writeHead(302, { location: target }).end();
    },
    { tls: true },
  );
  // What must never be reached, on the same port of another address of this machine.
  secret = await fileServer(serveRanges(Buffer.from('secret')), { tls: true, host: '127.0.0.2', port: good.port });
});
afterAll(async () => {
  for (const connector of open) connector.close();
  await Promise.all([good.close(), secret.close()]);
});

type Answers = Record<string, readonly string[] | readonly (readonly string[])[]>;

/**
 * Names and what they resolve to, one after another where there are several. 127.0.0.1 stands for a public address here,
 * and the port of the test for 443; all else is as it is.
 */
function connector(names: Answers, ca: string | undefined = TEST_CA) {
  const lookups: string[] = [];
  const made = new Connector({
    allowPrivate: false,
    ...(ca !== undefined && { ca }),
    refusal: (address) => (address === '127.0.0.1' ? undefined : 'loopback'),
    resolve: (host, done) => {
      const list = names[host] ?? [];
      const turn = lookups.filter((one) => one === host).length;
      lookups.push(host);
      const found = (Array.isArray(list[0]) ? list[Math.min(turn, list.length - 1)] : list) as readonly string[];
      if (found.length === 0) return done(Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }), []);
      done(
        null,
        found.map((address): LookupAddress => ({ address, family: 4 })),
      );
    },
    port: () => good.port,
  });
  open.push(made);
  return { get: (url: string) => made.get(url, [0, 3]), lookups };
}

const body = async (answer: AsyncIterable<Buffer>) => {
  const chunks = [];
  for await (const chunk of answer) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

describe('a pull connects', () => {
  it('to a name whose address is public, by https, with its name and range', async () => {
    const { get, lookups } = connector({ 'media.sluice.example': ['127.0.0.1'] });
    const answer = await get('https://media.sluice.example/film.mp4');
    expect(answer.statusCode).toBe(206);
    expect(await body(answer)).toBe('a fi');
    expect(good.asked.at(-1)).toEqual({ path: '/film.mp4', range: 'bytes=0-3', host: 'media.sluice.example' });
    expect(lookups).toEqual(['media.sluice.example']);
  });

  it('never to one that has another address, even beside a public one', async () => {
    for (const addresses of [['127.0.0.2'], ['127.0.0.1', '127.0.0.2'], ['127.0.0.2', '127.0.0.1'], ['::1']]) {
      const { get } = connector({ 'inside.sluice.example': addresses });
      await expect(get('https://inside.sluice.example/x')).rejects.toMatchObject({
        name: 'PullFailed',
        code: 'source-address',
        message: expect.stringContaining('loopback') as unknown,
      });
    }
    expect(secret.asked).toEqual([]);
  });

  it('to the address that was checked: a name that changes between two answers is asked once for a connection', async () => {
    const { get, lookups } = connector({ 'rebinding.sluice.example': [['127.0.0.1'], ['127.0.0.2']] });
    const first = await get('https://rebinding.sluice.example/film.mp4');
    expect(await body(first)).toBe('a fi');
    expect(lookups).toEqual(['rebinding.sluice.example']);
    // The next connection asks again, and is refused: the first one, kept open, must not be in its way.
    const second = connector({ 'rebinding.sluice.example': [['127.0.0.2']] });
    await expect(second.get('https://rebinding.sluice.example/film.mp4')).rejects.toMatchObject({
      code: 'source-address',
    });
    expect(secret.asked).toEqual([]);
  });

  it('looks at whom it is connected to once more, should a resolver say one thing and the socket another', async () => {
    let asked = 0;
    const made = new Connector({
      allowPrivate: false,
      ca: TEST_CA,
      // Public when it is looked up, and not when it is connected.
      refusal: () => (++asked > 1 ? 'loopback' : undefined),
      resolve: (_, done) => done(null, [{ address: '127.0.0.2', family: 4 }]),
      port: () => good.port,
    });
    open.push(made);
    await expect(made.get('https://late.sluice.example/x', [0, 3])).rejects.toMatchObject({ code: 'source-address' });
    expect(secret.asked).toEqual([]);
  });

  it('follows redirects, each checked as the first address was', async () => {
    const names = { 'media.sluice.example': ['127.0.0.1'], 'inside.sluice.example': ['127.0.0.2'] };
    const to = (target: string) => `https://media.sluice.example/to/${encodeURIComponent(target)}`;
    const { get } = connector(names);
    expect(await body(await get(to(to('/film.mp4'))))).toBe('a fi');
    for (const target of [
      'https://inside.sluice.example/x',
      'https://127.0.0.2/x',
      'https://2130706434/x',
      'https://[::1]/x',
      'https://[::ffff:127.0.0.2]/x',
      'http://media.sluice.example/film.mp4',
      'https://user:secret@media.sluice.example/film.mp4',
      'https://media.sluice.example:8443/film.mp4',
      'file:///etc/passwd',
      to('https://169.254.169.254/latest/meta-data/'),
    ])
      await expect(get(to(target)), target).rejects.toMatchObject({ name: 'PullFailed', code: 'source-address' });
    expect(secret.asked).toEqual([]);
  });

  it('ends a circle of redirects', async () => {
    const { get } = connector({ 'media.sluice.example': ['127.0.0.1'] });
    const before = good.asked.length;
    await expect(get('https://media.sluice.example/to/%2Fto%2F')).rejects.toMatchObject({ code: 'source-answer' });
    expect(good.asked.length - before).toBe(6);
  });

  it('says of a host that is not known, a certificate that is not trusted, a name that is not on it, and nobody there', async () => {
    const { get } = connector({ 'media.elsewhere.example': ['127.0.0.1'] });
    await expect(get('https://nowhere.sluice.example/x')).rejects.toMatchObject({ code: 'source-unreachable' });
    await expect(get('https://media.elsewhere.example/film.mp4')).rejects.toMatchObject({ code: 'source-certificate' });
    const plain = connector({ 'media.sluice.example': ['127.0.0.1'] }, '');
    await expect(plain.get('https://media.sluice.example/film.mp4')).rejects.toMatchObject({
      code: 'source-certificate',
    });
  });
});
