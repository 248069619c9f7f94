/** Runs CloudFront Functions (cloudfront-js-2.0) in a bare context: only what CloudFront offers, and a time limit. */
import { createHash, createHmac } from 'node:crypto';
import vm from 'node:vm';
import { z } from 'zod';
import type { EdgeFunction } from './config.ts';
import { asScript } from './function-rules.ts';
import type { StoreCopy } from './key-values.ts';

/** The function threw, timed out, or returned something CloudFront would not take: the viewer gets 503. */
export class FunctionError extends Error {
  override name = 'FunctionError';
}

const single = z.object({ value: z.string() });
const field = single.extend({ multiValue: z.array(single).optional() });
const cookie = single.extend({
  attributes: z.string().optional(),
  multiValue: z.array(single.extend({ attributes: z.string().optional() })).optional(),
});
export type Fields = Record<string, z.infer<typeof field>>;

const requestResult = z.object({
  uri: z.string().startsWith('/'),
  querystring: z.record(z.string(), field).default({}),
  headers: z.record(z.string(), field).default({}),
  cookies: z.record(z.string(), cookie).default({}),
});
const responseResult = z.object({
  statusCode: z.int().min(100).max(599),
  statusDescription: z.string().optional(),
  headers: z.record(z.string(), field).default({}),
  cookies: z.record(z.string(), cookie).default({}),
  body: z
    .union([z.string(), z.object({ encoding: z.enum(['text', 'base64']).default('text'), data: z.string() })])
    .optional(),
});
export type RequestResult = z.infer<typeof requestResult>;
export type ResponseResult = z.infer<typeof responseResult>;

/** `event` object of CloudFront Functions, version 1.0. */
export interface FunctionEvent {
  version: '1.0';
  context: {
    distributionDomainName: string;
    distributionId: string;
    eventType: 'viewer-request';
    requestId: string;
  };
  viewer: { ip: string };
  request: { method: string; uri: string; querystring: Fields; headers: Fields; cookies: Fields };
}

export interface FunctionRun {
  result: RequestResult | ResponseResult;
  /** Lines the function wrote with console.log. */
  logs: string[];
}

/** Milliseconds of wall clock after which a run is broken off. CloudFront gives about one of computing. */
const TIME_LIMIT = 1000;
/** Milliseconds of computing from which on that was the function's doing, and not that of a machine that ran something else. */
const COMPUTED = 100;

/**
 * A viewer-request function: the changed request, or a response that ends it. `store`: its key value store; undefined when
 * it has none or nothing is known of it, and then reading it fails. Throws `FunctionError`.
 */
export function runViewerRequest(fn: EdgeFunction, event: FunctionEvent, store?: StoreCopy): FunctionRun {
  const { state, value, logs } = run(fn, event, store);
  if (state === 'pending') throw new FunctionError(`function ${fn.name}: its promise never settles`);
  if (state === 'threw') throw new FunctionError(`function ${fn.name}: ${String(value)}`);
  try {
    return { result: isResponse(value) ? responseResult.parse(value) : requestResult.parse(value), logs };
  } catch (cause) {
    throw new FunctionError(`function ${fn.name} returned neither a request nor a response`, { cause });
  }
}

export const isResponse = (value: unknown): value is ResponseResult =>
  typeof value === 'object' && value !== null && 'statusCode' in value;

const outcome = z.object({
  state: z.enum(['pending', 'returned', 'threw']),
  value: z.unknown().optional(),
  logs: z.array(z.string()),
});

/**
 * Runs inside the context before the function. Takes away what V8 has and CloudFront's engine has not, and adds console,
 * atob, btoa and the modules crypto, querystring and cloudfront. `host` stays in this closure and exchanges strings only, so that no
 * object of ours is within the function's reach.
 */
const PRELUDE = `'use strict';
(() => {
  const host = globalThis.__host;
  const event = globalThis.__event;
  const lines = [];
  for (const name of ['__host', '__event', 'WebAssembly', 'SharedArrayBuffer', 'Atomics', 'Intl', 'FinalizationRegistry',
    'WeakRef', 'escape', 'unescape', 'gc', 'Iterator']) delete globalThis[name];
  const call = (...args) => {
    const answer = host(...args.map(String));
    if (answer === undefined) throw new TypeError('invalid argument');
    return answer;
  };
  const text = (value) => typeof value === 'string' ? value : JSON.stringify(value) ?? String(value);
  const write = (...values) => { lines.push(values.map(text).join(' ')); };
  globalThis.console = { log: write, error: write };
  globalThis.atob = (value) => call('atob', value);
  globalThis.btoa = (value) => call('btoa', value);
  const hash = (kind, algorithm, key) => {
    let data = '';
    return {
      update(more) { data += more; return this; },
      digest(encoding = 'hex') { return call(kind, algorithm, key, data, encoding); },
    };
  };
  const modules = {
    crypto: {
      createHash: (algorithm) => hash('hash', algorithm, ''),
      createHmac: (algorithm, key) => hash('hmac', algorithm, key),
    },
    querystring: {
      escape: encodeURIComponent,
      unescape: decodeURIComponent,
      parse: (query) => {
        const out = {};
        for (const piece of String(query).split('&')) {
          if (piece === '') continue;
          const [name, ...value] = piece.split('=');
          const key = decodeURIComponent(name.replaceAll('+', ' '));
          const one = decodeURIComponent(value.join('=').replaceAll('+', ' '));
          out[key] = key in out ? [].concat(out[key], one) : one;
        }
        return out;
      },
      stringify: (object) => Object.entries(object).flatMap(([name, value]) =>
        [].concat(value).map((one) => encodeURIComponent(name) + '=' + encodeURIComponent(one))).join('&'),
    },
  };
  const { stringify, parse } = JSON;
  const store = {
    get: async (key, options) => {
      const found = call('get', key);
      if (found === '') throw new Error('the key value store has no key ' + key);
      const format = options && options.format || 'string';
      if (format === 'string') return found.slice(1);
      if (format === 'json') return parse(found.slice(1));
      throw new TypeError('the format ' + format + ' is not played');
    },
    exists: async (key) => call('get', key) !== '',
    count: async () => parse(call('meta')).keyCount,
    meta: async () => parse(call('meta')),
  };
  modules.cloudfront = { kvs: () => store };
  globalThis.require = (name) => {
    if (!Object.hasOwn(modules, name)) throw new Error('Cannot find module "' + name + '"');
    return modules[name];
  };
  const state = { state: 'pending', value: undefined, logs: lines };
  const settle = (how) => (value) => { state.state = how; state.value = how === 'threw' ? String(value) : value; };
  Object.defineProperty(globalThis, '__edge', { value: {
    start: (handler) => {
      if (typeof handler !== 'function') throw new TypeError('there is no function named handler');
      const returned = handler(parse(event));
      if (returned && typeof returned.then === 'function') returned.then(settle('returned'), settle('threw'));
      else settle('returned')(returned);
    },
    outcome: () => stringify(state),
    module: globalThis.require,
  } });
})();`;
const prelude = new vm.Script(PRELUDE, { filename: 'edge-prelude.js' });

/** By the code of functions. */
const scripts = new Map<string, vm.Script>();

/**
 * CloudFront runs functions in strict mode, as modules. The handler is called in the same script so that one limit covers it
 * all. Throws what a parser throws.
 */
function scriptOf({ name, code }: EdgeFunction): vm.Script {
  const key = `${name}\n${code}`;
  const script =
    scripts.get(key) ??
    new vm.Script(
      `'use strict';${asScript(code, '__edge.module')}\n;__edge.start(typeof handler === 'undefined' ? undefined : handler);`,
      { filename: `${name}.js` },
    );
  scripts.set(key, script);
  return script;
}

/** Milliseconds that this thread has computed; before Node 23.9 all threads of the process. */
function computed(): number {
  const { user, system } = (process as Partial<NodeJS.Process>).threadCpuUsage?.() ?? process.cpuUsage();
  return (user + system) / 1000;
}

function run(fn: EdgeFunction, event: FunctionEvent, store: StoreCopy | undefined): z.infer<typeof outcome> {
  for (let left = COMPUTED; ;) {
    const before = computed();
    try {
      return runOnce(fn, event, store);
    } catch (cause) {
      left -= computed() - before;
      // What was hardly run has changed nothing, and is run anew.
      if (left > 0 && (cause as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') continue;
      throw new FunctionError(`function ${fn.name}: ${describe(cause)}`, { cause });
    }
  }
}

function runOnce(fn: EdgeFunction, event: FunctionEvent, store: StoreCopy | undefined): z.infer<typeof outcome> {
  // A fresh context each time: CloudFront shares no state between runs either.
  const global = vm.createContext(vm.constants.DONT_CONTEXTIFY, {
    codeGeneration: { strings: false, wasm: false },
    microtaskMode: 'afterEvaluate',
  });
  global['__host'] = (kind: string, ...given: [string, string, string, string]) =>
    kind === 'get' || kind === 'meta' ? storeCall(store, kind, given[0]) : hostCall(kind, ...given);
  global['__event'] = JSON.stringify(event);
  prelude.runInContext(global);
  scriptOf(fn).runInContext(global, { timeout: TIME_LIMIT });
  return outcome.parse(JSON.parse(String(vm.runInContext('__edge.outcome()', global, { timeout: TIME_LIMIT }))));
}

/** What the context may ask of us; undefined for what is not valid, never an exception or an object. */
function hostCall(kind: string, a: string, key: string, data: string, encoding: string): string | undefined {
  try {
    if (kind === 'atob') return atob(a);
    if (kind === 'btoa') return btoa(a);
    if (!['hex', 'base64', 'base64url'].includes(encoding) || !['md5', 'sha1', 'sha256'].includes(a)) return undefined;
    const hash = kind === 'hmac' ? createHmac(a, key) : createHash(a);
    return hash.update(data).digest(encoding as 'hex');
  } catch {
    return undefined;
  }
}

/** Of the store: a key's value behind a `=`, nothing where there is none; or what `meta()` answers, as JSON. */
function storeCall(store: StoreCopy | undefined, kind: 'get' | 'meta', key: string): string | undefined {
  if (store === undefined) return undefined;
  if (kind === 'get') return store.values.has(key) ? `=${store.values.get(key)}` : '';
  return JSON.stringify({
    creationDateTime: store.created.toISOString(),
    lastUpdatedDateTime: store.updated.toISOString(),
    keyCount: store.values.size,
  });
}

/** An error of the context is no `Error` of ours: read its text with care. */
function describe(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return 'threw something without a text';
  }
}
