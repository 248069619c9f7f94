/**
 * Signatures of media addresses while somebody plays. Playlists bring one with them, which ends whatever is on show; so the
 * next one is asked for in time, and put into every address that is fetched from then on. Nothing is loaded anew.
 */
import { ticketIn } from '../../../lib/contract/ticket.ts';
import { hasCode, problemOf, type ApiProblem } from '../api/problem.ts';
import { apiPath } from '../api/token-fetch.ts';

/**
 * Milliseconds until the next signature is asked for: after two thirds of its life, so that there is time for several
 * tries. `setTimeout` counts to 2^31 at most.
 */
export const renewIn = (end: number, now: number): number =>
  Math.min(2 ** 31 - 1, Math.max(1000, ((end - now) * 2) / 3));

/**
 * The address a player asks for with the newest signature in place of the one that came with its manifest, and with that
 * one's ticket: a session that was given up for silent may be another one now. Only below `prefix`, which the signature is
 * for; everything else is left alone.
 */
export function resigned(address: string, base: string, prefix: string, query: string | undefined): string {
  const url = new URL(address, base);
  if (query === undefined || url.origin !== new URL(base).origin || !url.pathname.startsWith(prefix)) return address;
  url.search = query;
  const path = pathOf(query);
  if (path?.startsWith(prefix)) url.pathname = path + url.pathname.slice(prefix.length).replace(/^s\/[^/]*\//, '');
  return url.href;
}

/** CloudFront's custom policy in the first signature of a text, in its own base64. Undefined: there is none. */
function policyOf(text: string): string | undefined {
  const policy = /[?&"]?Policy=([A-Za-z0-9~_-]+)/.exec(text)?.[1];
  if (policy === undefined) return undefined;
  try {
    return atob(policy.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'));
  } catch {
    return undefined;
  }
}

/** When the first signature in a text ends, epoch ms. Undefined: there is none. */
export function endOf(text: string): number | undefined {
  const seconds = /"AWS:EpochTime":(\d{1,12})/.exec(policyOf(text) ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/** Path below which the first signature in a text opens everything, from `/` to `/`. Undefined: there is none. */
export const pathOf = (text: string): string | undefined =>
  /"Resource":"https?:\/\/[^/"]+(\/[^"*?]*\/)\*"/.exec(policyOf(text) ?? '')?.[1];

/** The signature that a playlist of ours defines for all addresses below it. */
export const definedIn = (playlist: string): string | undefined =>
  /^#EXT-X-DEFINE:NAME="auth",VALUE="([^"]*)"/m.exec(playlist)?.[1];

/** A playlist with a signature in it, and what the server's clock said (epoch ms). */
interface Read {
  readonly text: string;
  readonly date: number | undefined;
}

/** ms between two tries after one that failed. */
const AGAIN = 5_000;

interface SignatureOptions {
  /** What the signature is for: path of addresses, from `/` to `/`. */
  readonly prefix: string;
  /** Fetches the playlist that defines the next one; throws when that is refused or does not come. */
  readonly read: () => Promise<Read>;
  /** The session is over, or may not begin, and why. Nothing more is asked for. */
  readonly over?: (why: ApiProblem) => void;
  /** Address of the page. */
  readonly base: string;
  /** Epoch ms by this machine's clock. */
  readonly clock?: () => number;
}

export class Signature {
  readonly #options: SignatureOptions;
  readonly #clock: () => number;
  #query: string | undefined;
  /** When it was first seen, and when it ends: epoch ms by the server's clock. */
  #since = 0;
  #end = 0;
  /** By how much the server's clock is ahead of this machine's, ms. */
  #ahead = 0;
  #renewal: Promise<boolean> | undefined;
  #notBefore = 0;
  #isOver = false;
  #failure: unknown;

  constructor(options: SignatureOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
  }

  /** Of the session, as its signature says it. */
  get ticket(): string | undefined {
    const path = this.#query === undefined ? undefined : pathOf(this.#query);
    return path === undefined ? undefined : ticketIn(path, this.#options.prefix.slice(1));
  }

  /** Whether it was said why there will be no other. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Why the last one that was asked for did not come; undefined: it came. */
  get failure(): unknown {
    return this.#failure;
  }

  get #now(): number {
    return this.#clock() + this.#ahead;
  }

  /** What a server's answer says of its clock. */
  heard(date: string | null): void {
    const at = Date.parse(date ?? '');
    if (!Number.isNaN(at)) this.#ahead = at - this.#clock();
  }

  /** The address to fetch instead of `address`. It waits only where the signature that is there has ended already. */
  async address(address: string): Promise<string> {
    const { prefix, base } = this.#options;
    const url = new URL(address, base);
    if (url.origin !== new URL(base).origin || !url.pathname.startsWith(prefix)) return address;
    const end = endOf(url.search);
    // Of a playlist that was read later, by whomever.
    if (end !== undefined && end > this.#end) this.#take(url.search.slice(1), end);
    const left = this.#end - this.#now;
    if (this.#query !== undefined && left <= 0) await this.renew();
    else if (this.#query !== undefined && left < (this.#end - this.#since) / 3) void this.renew();
    return resigned(address, base, prefix, this.#query);
  }

  /** Asks for the next one, once however many want it. Resolves to whether there is one. */
  renew(): Promise<boolean> {
    if (this.#isOver || this.#clock() < this.#notBefore) return Promise.resolve(false);
    return (this.#renewal ??= this.#read().finally(() => (this.#renewal = undefined)));
  }

  async #read(): Promise<boolean> {
    try {
      const { text, date } = await this.#options.read();
      if (date !== undefined) this.#ahead = date - this.#clock();
      const query = definedIn(text);
      const end = query === undefined ? undefined : endOf(query);
      if (query === undefined || end === undefined) throw new TypeError('a playlist without a signature');
      this.#take(query, end);
      this.#failure = undefined;
      return true;
    } catch (error) {
      this.#failure = error;
      this.#notBefore = this.#clock() + AGAIN;
      if (isOver(error) || isLost(error)) {
        this.#isOver = true;
        this.#options.over?.(error as ApiProblem);
      }
      return false;
    }
  }

  #take(query: string, end: number): void {
    this.#query = query;
    this.#since = this.#now;
    this.#end = end;
  }
}

/** Whether a refusal says that a session is over, or that no other may begin now: asking again by itself would not help. */
export const isOver = (error: unknown): boolean => hasCode(error, 'session-ended', 'too-many-sessions');

/** Whether a refusal says that the right to watch is gone: it was taken back, has ended, or what is watched is no more. */
export const isLost = (error: unknown): boolean =>
  hasCode(error, 'forbidden', 'not-found', 'link-ended', 'link-expired', 'link-unknown', 'site-refused');

/** Reads a playlist of our API for `Signature`; `fetch` adds the token. */
export async function readFrom(path: string): Promise<Read> {
  const answer = await fetch(path);
  if (!answer.ok) throw problemOf(answer.status, await answer.text());
  const date = Date.parse(answer.headers.get('date') ?? '');
  return { text: await answer.text(), date: Number.isNaN(date) ? undefined : date };
}

/** What an answer said that hls.js takes for a failure: of a playlist of ours, why. */
export const refusedText = ({ networkDetails }: { readonly networkDetails?: unknown }): string => {
  const details = (networkDetails ?? {}) as Readonly<
    Partial<Record<'response' | 'responseText' | 'responseType', unknown>>
  >;
  // Of a licence: there is no text to ask for where bytes were.
  if (details.responseType === 'arraybuffer')
    return details.response instanceof ArrayBuffer ? new TextDecoder().decode(details.response) : '';
  return typeof details.responseText === 'string' ? details.responseText : '';
};

/** How hls.js opens its requests: playlists of our API with the access token, media with the newest signature. */
export const openedBy =
  (signature: Signature, token: (() => Promise<string | undefined>) | undefined) =>
  async (xhr: XMLHttpRequest, url: string): Promise<void> => {
    if (apiPath(url, location.origin) === undefined) {
      xhr.open('GET', await signature.address(url), true);
      return;
    }
    const value = await token?.();
    xhr.open('GET', url, true);
    if (value !== undefined) xhr.setRequestHeader('authorization', `Bearer ${value}`);
    xhr.addEventListener('load', () => signature.heard(xhr.getResponseHeader('date')), { once: true });
  };
