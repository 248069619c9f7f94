/**
 * GET with a range, or POST, to a server that somebody named and that may be anybody's. A name is resolved once for each
 * connection, every address it has is checked, and the connection goes to one that was checked: there is no second look-up
 * that could say something else. Redirects of a GET are followed here, each checked like the first address; those of a POST never.
 */
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { checkedUrl, literal } from './address.ts';
import { Interrupted, PullFailed } from './failure.ts';
import { notPublic } from './networks.ts';

type Resolve = (host: string, done: (error: Error | null, addresses: readonly LookupAddress[]) => void) => void;

export interface ConnectOptions {
  /** As `upload.pullPrivate`. */
  readonly allowPrivate: boolean;
  /** Whether connections stay open for what is asked next. */
  readonly keepAlive?: boolean;
  /** How names are resolved, whose certificates are trusted, what is refused, and which port 443 is. For tests only. */
  readonly resolve?: Resolve;
  readonly ca?: string;
  readonly refusal?: (address: string) => string | undefined;
  readonly port?: () => number;
}

/** Redirects that are followed; more is a circle. */
const REDIRECTS = 5;
/** Milliseconds without a sign of life: until connected and answered, and between any two bytes. */
const SILENCE = 30_000;
const MAX_HEADER_BYTES = 16 * 1024;

interface Asked {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Of a POST. */
  readonly body?: string | Buffer;
}

interface Posted {
  readonly type: string;
  readonly accept?: string;
  readonly body: string | Buffer;
  /** Beside those that say what the message is. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

const REFUSED = 'SLUICE_REFUSED';
const resolveAll: Resolve = (host, done) => systemLookup(host, { all: true }, done);

export class Connector {
  readonly #allowPrivate: boolean;
  readonly #refusal: (address: string) => string | undefined;
  readonly #port: (() => number) | undefined;
  readonly #agents: { readonly 'https:': HttpsAgent; readonly 'http:': HttpAgent };

  constructor({ allowPrivate, keepAlive = true, resolve = resolveAll, ca, refusal = notPublic, port }: ConnectOptions) {
    this.#allowPrivate = allowPrivate;
    this.#port = port;
    this.#refusal = allowPrivate ? () => undefined : refusal;
    const options = { keepAlive, maxSockets: keepAlive ? 16 : Infinity, lookup: this.#lookup(resolve) };
    this.#agents = {
      'https:': new HttpsAgent({ ...options, ...(ca !== undefined && { ca }) }),
      'http:': new HttpAgent(options),
    };
  }

  /** To be called at the end: connections stay open otherwise. */
  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  /** The answer of whoever has the file, its body unread. `range`: first and last byte. Throws PullFailed and Interrupted. */
  async get(
    address: string,
    range: readonly [number, number],
    { ifRange, signal }: { readonly ifRange?: string | undefined; readonly signal?: AbortSignal } = {},
  ): Promise<IncomingMessage> {
    const headers = {
      accept: '*/*',
      'accept-encoding': 'identity',
      'user-agent': 'Sluice',
      range: `bytes=${range[0]}-${range[1]}`,
      ...(ifRange !== undefined && { 'if-range': ifRange }),
    };
    let url = checkedUrl(address, { allowPrivate: this.#allowPrivate });
    for (let hop = 0; hop <= REDIRECTS; hop += 1) {
      const answer = await this.#ask(url, { headers, signal });
      const { location } = answer.headers;
      if (!REDIRECT.has(answer.statusCode ?? 0) || location === undefined) return answer;
      // Its body is nothing to us, and may be endless.
      answer.destroy();
      url = checkedUrl(location, { allowPrivate: this.#allowPrivate }, url);
    }
    throw new PullFailed('source-answer', `The address redirects more than ${REDIRECTS} times.`);
  }

  /** The answer of that address itself, its body unread. Throws PullFailed, Interrupted, and what ended `signal`. */
  async post(
    address: string,
    { type, accept = 'application/json', body, headers: more, signal }: Posted,
  ): Promise<IncomingMessage> {
    const headers = {
      ...more,
      accept,
      'accept-encoding': 'identity',
      'user-agent': 'Sluice',
      'content-type': type,
      'content-length': String(Buffer.byteLength(body)),
    };
    return await this.#ask(checkedUrl(address, { allowPrivate: this.#allowPrivate }), { headers, signal, body });
  }

  async #ask(url: URL, { headers, signal, body }: Asked): Promise<IncomingMessage> {
    // A host that is an address itself is never looked up.
    const host = literal(url.hostname);
    const reason = isIP(host) === 0 ? undefined : this.#refusal(host);
    if (reason !== undefined) throw refusedHost(reason);
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const agent = this.#agents[url.protocol as 'https:' | 'http:'];
    return await new Promise<IncomingMessage>((resolve, reject) => {
      const request = send(url, {
        method: body === undefined ? 'GET' : 'POST',
        headers,
        agent,
        maxHeaderSize: MAX_HEADER_BYTES,
        timeout: SILENCE,
        ...(signal && { signal }),
        ...(this.#port && { port: this.#port(), headers: { ...headers, host: url.host } }),
      });
      request.once('socket', (socket) => this.#checkPeer(socket));
      request.once('timeout', () => request.destroy(new Interrupted('said nothing for too long')));
      request.once('error', (error) => reject(signal?.aborted ? (signal.reason as Error) : explained(error)));
      request.once('response', (answer) => {
        // Who reads the body hears of it; who does not must not be ended by it.
        answer.on('error', () => undefined);
        resolve(answer);
      });
      request.end(body);
    });
  }

  /** Every address of the name must be public: who has one of each kind is trying something. The first one is connected to. */
  #lookup(resolve: Resolve): LookupFunction {
    return (host, options, callback) => {
      resolve(host, (error, addresses) => {
        if (error !== null) return callback(error, '', 0);
        const reason =
          addresses.length === 0 ? 'nowhere' : addresses.map(({ address }) => this.#refusal(address)).find(Boolean);
        if (reason !== undefined) return callback(Object.assign(new Error(reason), { code: REFUSED }), '', 0);
        const [first] = addresses;
        return options.all === true ? callback(null, [...addresses]) : callback(null, first!.address, first!.family);
      });
    };
  }

  /** Whom we are connected to, once more, before a byte is sent. */
  #checkPeer(socket: Socket): void {
    const check = () => {
      const reason = this.#refusal(socket.remoteAddress ?? '');
      if (reason !== undefined) socket.destroy(Object.assign(new Error(reason), { code: REFUSED }));
    };
    if (socket.connecting) socket.once('connect', check);
    else check();
  }
}

/** 300 and 304 are no redirects to follow. */
const REDIRECT = new Set([301, 302, 303, 307, 308]);

const refusedHost = (reason: string, cause?: unknown) =>
  new PullFailed('source-address', `Only hosts of the public internet are reached; this one leads to ${reason}.`, {
    cause,
  });

/** What will not be better in a minute. */
function explained(error: Error & { code?: string }): Error {
  const { code = '' } = error;
  if (error instanceof Interrupted || error instanceof PullFailed) return error;
  if (code === REFUSED) return refusedHost(error.message, error);
  if (code === 'ENOTFOUND') {
    return new PullFailed('source-unreachable', 'No host of that name is known. Look at the address again.', {
      cause: error,
    });
  }
  if (code === 'HPE_HEADER_OVERFLOW' || code.startsWith('HPE_')) {
    return new PullFailed('source-answer', 'The address does not answer as a web server does.', { cause: error });
  }
  if (/CERT|SIGNATURE|ERR_TLS|EPROTO|ERR_SSL/.test(code)) {
    return new PullFailed('source-certificate', `The certificate of that host cannot be trusted (${code}).`, {
      cause: error,
    });
  }
  return new Interrupted(`could not be reached (${code || 'the connection broke'})`, { cause: error });
}
