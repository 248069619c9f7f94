import { describe, expect, it } from 'vitest';
import { changedRequest, functionEvent, functionResponse } from '../../../local/edge/function-event.ts';
import { FunctionError, runViewerRequest, type FunctionEvent } from '../../../local/edge/functions.ts';
import type { EdgeConfig } from '../../../local/edge/config.ts';
import type { ViewerRequest } from '../../../local/edge/forward.ts';
import { parseCookies, parseTarget } from '../../../local/edge/target.ts';

const config = { distributionId: 'E1', domainName: 'd1.cloudfront.net' } as EdgeConfig;

function request(
  url = '/a%20b?x=1&x=2&y',
  headers: Record<string, string> = { host: 'h', accept: '*/*' },
): ViewerRequest {
  const target = parseTarget(url);
  return {
    method: 'GET',
    path: target.path,
    viewerPath: target.path,
    query: target.query,
    headers: new Headers(headers),
    cookies: parseCookies('a=1; b=2; a=3'),
    host: 'h',
    ip: '127.0.0.1',
    requestId: 'id',
  };
}

const event = (): FunctionEvent => functionEvent(config, request());
const run = (code: string, given = event()) => runViewerRequest({ name: 'f', code }, given);
/** What an expression is worth inside the function. */
const inside = (expression: string) => {
  const code = `function handler(event) { event.request.uri = '/' + String(${expression}); return event.request; }`;
  return (run(code).result as { uri: string }).uri.slice(1);
};

describe('the event', () => {
  it('has the shape of version 1.0', () => {
    expect(event()).toEqual({
      version: '1.0',
      context: {
        distributionDomainName: 'd1.cloudfront.net',
        distributionId: 'E1',
        eventType: 'viewer-request',
        requestId: 'id',
      },
      viewer: { ip: '127.0.0.1' },
      request: {
        method: 'GET',
        uri: '/a%20b',
        querystring: { x: { value: '1', multiValue: [{ value: '1' }, { value: '2' }] }, y: { value: '' } },
        headers: { host: { value: 'h' }, accept: { value: '*/*' } },
        cookies: { a: { value: '1', multiValue: [{ value: '1' }, { value: '3' }] }, b: { value: '2' } },
      },
    });
  });
});

describe('what a function changes', () => {
  const change = (code: string) => {
    const { result } = run(`function handler(event) { var request = event.request; ${code}; return request; }`);
    return changedRequest(request(), result as Parameters<typeof changedRequest>[1]);
  };

  it('leaves an untouched request as it was, to the byte', () => {
    const { headers: before, ...rest } = request();
    const { headers: after, ...same } = change('');
    expect(same).toEqual({
      ...rest,
      cookies: [
        ['a', '1'],
        ['a', '3'],
        ['b', '2'],
      ],
    });
    expect([...after]).toEqual([...before]);
  });

  it('takes a new path, query, header and cookie', () => {
    const changed = change(
      `request.uri = '/n/../new'; request.querystring = { q: { value: '2' } }; request.headers['x-a'] = { value: 'b' }; request.cookies = { c: { value: '1' } }`,
    );
    expect(changed.path).toBe('/new');
    expect(changed.query).toEqual([{ name: 'q', raw: 'q=2' }]);
    expect(changed.headers.get('x-a')).toBe('b');
    expect(changed.cookies).toEqual([['c', '1']]);
  });

  it.each([
    [`request.headers.host = { value: 'evil' }`, 'read-only'],
    [`delete request.headers.host`, 'read-only'],
    [`request.headers['x-edge-location'] = { value: '1' }`, 'may not set'],
    [`request.headers['x-a'] = { value: 'a\\nb' }`, 'no header can be'],
    [`request.uri = '/a?b=1'`, 'bad uri'],
  ])('refuses %s', (code, message) => {
    expect(() => change(code)).toThrow(FunctionError);
    expect(() => change(code)).toThrow(message);
  });

  it('reads bodies as text or base64, and several cookies of one name', () => {
    const answer = (response: string) =>
      functionResponse(
        run(`function handler() { return { statusCode: 200, ${response} } }`).result as Parameters<
          typeof functionResponse
        >[0],
      );
    expect(String(answer(`body: 'hi'`).body)).toBe('hi');
    expect(String(answer(`body: { encoding: 'base64', data: 'aGk=' }`).body)).toBe('hi');
    const cookies = `cookies: { a: { value: '1', attributes: 'Path=/', multiValue: [{ value: '1', attributes: 'Path=/' }, { value: '2' }] } }`;
    expect(answer(cookies).headers.getSetCookie()).toEqual(['a=1; Path=/', 'a=2']);
  });
});

describe('the sandbox', () => {
  it.each([
    'typeof process',
    'typeof fetch',
    'typeof setTimeout',
    'typeof globalThis.global',
    'typeof WebAssembly',
    'typeof SharedArrayBuffer',
    'typeof Buffer',
    'typeof __host',
    'typeof __event',
    'typeof structuredClone',
    'typeof URL',
    'typeof queueMicrotask',
  ])('%s is undefined', (expression) => {
    expect(inside(expression)).toBe('undefined');
  });

  it.each([
    `eval('1')`,
    `new Function('return 1')()`,
    `(function(){}).constructor('return process')()`,
    `console.log.constructor('return process')()`,
    `require.constructor('return process')()`,
    `globalThis.constructor.constructor('return process')()`,
    `require('fs')`,
    `require('constructor')`,
  ])('%s fails', (expression) => {
    expect(() => inside(expression)).toThrow(FunctionError);
  });

  it('is strict', () => {
    expect(() => run('function handler(event) { undeclared = 1; return event.request; }')).toThrow('undeclared');
  });

  it('offers console, base64, hashes and query strings', () => {
    expect(run(`function handler(event) { console.log('a', 1, { b: 2 }); return event.request; }`).logs).toEqual([
      'a 1 {"b":2}',
    ]);
    expect(inside(`atob(btoa('hi'))`)).toBe('hi');
    expect(inside(`require('crypto').createHash('sha256').update('abc').digest('hex')`)).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    const fox = `require('crypto').createHmac('md5', 'key').update('The quick brown fox ').update('jumps over the lazy dog')`;
    expect(inside(`${fox}.digest('hex')`)).toBe('80070713463e7749b90c2dc24911e275');
    expect(inside(`JSON.stringify(require('querystring').parse('a=1&a=2&b=%20'))`)).toBe('{"a":["1","2"],"b":" "}');
  });

  it('reads its key value store by the cloudfront module', () => {
    const store = {
      values: new Map([
        ['a', 'one'],
        ['empty', ''],
        ['j', '{"b":[1]}'],
      ]),
      created: new Date(0),
      updated: new Date(5000),
    };
    const read = (expression: string, given: typeof store | undefined = store) => {
      const code = `import cf from 'cloudfront';
        const kvs = cf.kvs();
        async function handler(event) { const value = await ${expression}; event.request.uri = '/' + JSON.stringify(value); return event.request; }`;
      return (runViewerRequest({ name: 'f', code }, event(), given).result as { uri: string }).uri.slice(1);
    };
    expect(read(`kvs.get('a')`)).toBe('"one"');
    expect(read(`kvs.get('empty')`)).toBe('""');
    expect(read(`kvs.get('j', { format: 'json' })`)).toBe('{"b":[1]}');
    expect(read(`kvs.exists('a')`)).toBe('true');
    expect(read(`kvs.exists('b')`)).toBe('false');
    expect(read(`kvs.count()`)).toBe('3');
    expect(read(`kvs.meta()`)).toBe(
      '{"creationDateTime":"1970-01-01T00:00:00.000Z","lastUpdatedDateTime":"1970-01-01T00:00:05.000Z","keyCount":3}',
    );
    expect(() => read(`kvs.get('b')`)).toThrow('no key b');
    expect(() => read(`kvs.get('a', { format: 'bytes' })`)).toThrow('not played');
    const nothing = `import cf from 'cloudfront';
      async function handler(event) { await cf.kvs().exists('a'); return event.request; }`;
    expect(() => run(nothing)).toThrow(FunctionError);
  });

  it('waits for a promise, but not for one that never settles', () => {
    expect(
      (
        run(`async function handler(event) { await null; event.request.uri = '/async'; return event.request; }`)
          .result as { uri: string }
      ).uri,
    ).toBe('/async');
    expect(() => run('async function handler() { await new Promise(function () {}); }')).toThrow('never settles');
    expect(() => run('async function handler() { throw new Error("late"); }')).toThrow('late');
  });

  it('stops loops, also in a promise', () => {
    expect(() => run('function handler() { for (;;); }')).toThrow(/timed out/);
    expect(() => run('async function handler() { await null; for (;;); }')).toThrow(/timed out/);
  });

  it('gives a function that a busy machine did not run another time, and none to one that computes', () => {
    let stalls = 0;
    class Stalling extends Map<string, string> {
      override has(key: string): boolean {
        // The thread stands, and computes nothing.
        if ((stalls += 1) === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
        return super.has(key);
      }
    }
    const store = { values: new Stalling([['a', '/one']]), created: new Date(0), updated: new Date(0) };
    const reads = (then: string) =>
      runViewerRequest(
        {
          name: 'f',
          code: `import cf from 'cloudfront';
            async function handler(event) { event.request.uri = await cf.kvs().get('a'); ${then}; return event.request; }`,
        },
        event(),
        store,
      );
    expect((reads('').result as { uri: string }).uri).toBe('/one');
    expect(stalls).toBe(2);
    stalls = 0;
    expect(() => reads('for (;;)')).toThrow(/timed out/);
  });

  it('keeps nothing from one run to the next', () => {
    const code = `var count = 0; function handler(event) { count++; event.request.uri = '/' + count; return event.request; }`;
    expect([run(code), run(code)].map(({ result }) => (result as { uri: string }).uri)).toEqual(['/1', '/1']);
  });
});
