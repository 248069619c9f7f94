import { afterEach, describe, expect, it, vi } from 'vitest';
import { call, pathOf } from '../../../web/src/api/client.ts';
import { ApiProblem, isTransient, problemOf } from '../../../web/src/api/problem.ts';
import { withToken, type Fetch } from '../../../web/src/api/token-fetch.ts';

const ORIGIN = 'https://video.example';
afterEach(() => vi.unstubAllGlobals());

describe('paths', () => {
  it('fills and escapes parameters, and leaves out what is not asked', () => {
    expect(pathOf('PUT /api/videos/{id}/grants/{subject}', { id: 'v', subject: 'a/b@c d' })).toBe(
      '/api/videos/v/grants/a%2Fb%40c%20d',
    );
    expect(pathOf('GET /api/videos', {}, { q: '', tag: undefined, limit: 24, status: 'ready' })).toBe(
      '/api/videos?limit=24&status=ready',
    );
    expect(() => pathOf('GET /api/videos/{id}')).toThrow(TypeError);
  });
});

describe('answers', () => {
  it('sends JSON and reads JSON; an empty answer is undefined', async () => {
    const seen: [string, RequestInit | undefined][] = [];
    vi.stubGlobal('fetch', async (url: string, init?: RequestInit) => {
      seen.push([url, init]);
      return init?.method === 'DELETE' ? new Response(null, { status: 204 }) : Response.json({ title: 'x' });
    });
    expect(await call('PATCH /api/videos/{id}', { params: { id: 'v' }, body: { title: 'x' } })).toEqual({ title: 'x' });
    expect(await call('DELETE /api/videos/{id}', { params: { id: 'v' } })).toBeUndefined();
    expect(seen[0]![1]!.body).toBe('{"title":"x"}');
    expect(seen.map(([, init]) => init?.method)).toEqual(['PATCH', 'DELETE']);
  });

  it('turns a problem document into its own sentence, and anything else into one of ours', async () => {
    const limit = { name: 'upload.maxSizeGiB', value: 5, unit: 'bytes' };
    const problem = problemOf(413, JSON.stringify({ code: 'too-large', detail: 'Too much.', limit, requestId: 'r' }));
    expect(problem).toMatchObject({ status: 413, code: 'too-large', message: 'Too much.', requestId: 'r', limit });
    expect(problemOf(502, '<html>').message).toMatch(/stumbled/);
    expect(problemOf(400, '{"limit":"no"}').limit).toBeUndefined();
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    await expect(call('GET /api/config', {})).rejects.toMatchObject({ code: 'unreachable', status: 0 });
  });

  it('tries again only what may have passed', () => {
    expect([0, 429, 500, 503].map((status) => isTransient(new ApiProblem(status, {})))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect([400, 401, 404].map((status) => isTransient(new ApiProblem(status, {})))).toEqual([false, false, false]);
    expect(isTransient(new Error('ours'))).toBe(false);
  });
});

describe('the access token', () => {
  function wrapped(token: string | undefined, answer = new Response('{}')) {
    const sent: (string | null)[] = [];
    const refused = vi.fn();
    const inner: Fetch = async (_, init) => {
      sent.push(new Headers(init?.headers).get('authorization'));
      return answer.clone();
    };
    return { fetch: withToken(inner, { token: async () => token, refused }, ORIGIN), sent, refused };
  }

  it('goes with calls to our API and nowhere else', async () => {
    const { fetch, sent } = wrapped('t');
    for (const url of [
      '/api/videos',
      `${ORIGIN}/api/s3/params`,
      new URL('/api/config', ORIGIN),
      new Request(`${ORIGIN}/api/videos`),
    ]) {
      await fetch(url);
    }
    expect(sent.splice(0)).toEqual(Array(4).fill('Bearer t'));
    for (const url of [
      '/vod/x/poster.jpg',
      '/apis',
      '/api/play/x/main.m3u8?token=playback',
      'https://bucket.s3.example/api/x',
      'https://video.example.evil.test/api/',
      'http://video.example/api/videos',
      '//evil.test/api/videos',
    ]) {
      await fetch(url);
    }
    expect(sent).toEqual(Array(7).fill(null));
  });

  it('leaves a header that is there, and keeps the others', async () => {
    const inner = vi.fn<Fetch>(async () => new Response('{}'));
    const fetch = withToken(inner, { token: async () => 't', refused: () => {} }, ORIGIN);
    await fetch('/api/x', { headers: { authorization: 'Bearer own', 'content-type': 'application/json' } });
    const headers = new Headers(inner.mock.calls[0]![1]!.headers);
    expect([headers.get('authorization'), headers.get('content-type')]).toEqual(['Bearer own', 'application/json']);
  });

  it('says when it was refused, but not when none was sent', async () => {
    const no = new Response('{}', { status: 401 });
    const signedIn = wrapped('t', no);
    await signedIn.fetch('/api/videos');
    expect(signedIn.refused).toHaveBeenCalledOnce();
    const anonymous = wrapped(undefined, no);
    await anonymous.fetch('/api/play/x/main.m3u8');
    expect(anonymous.refused).not.toHaveBeenCalled();
  });
});
