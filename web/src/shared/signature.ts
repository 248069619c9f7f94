/**
 * Signatures of media addresses while somebody plays. Playlists bring one with them, which ends whatever is on show; so the
 * next one is asked for in time, and put into every address that is fetched from then on. Nothing is loaded anew.
 */
import { apiPath } from '../api/token-fetch.ts';

/**
 * Milliseconds until the next signature is asked for: after two thirds of its life, so that there is time for several
 * tries. `setTimeout` counts to 2^31 at most.
 */
export const renewIn = (end: number, now: number): number =>
  Math.min(2 ** 31 - 1, Math.max(1000, ((end - now) * 2) / 3));

/**
 * The address a player asks for with the newest signature in place of the one that came with its manifest. Only below
 * `prefix`, which the signature is for; everything else is left alone.
 */
export function resigned(address: string, base: string, prefix: string, query: string | undefined): string {
  const url = new URL(address, base);
  if (query === undefined || url.origin !== new URL(base).origin || !url.pathname.startsWith(prefix)) return address;
  url.search = query;
  return url.href;
}

/** When the first signature in a text ends, epoch ms: CloudFront's custom policy, in its own base64. Undefined: there is none. */
export function endOf(text: string): number | undefined {
  const policy = /[?&"]?Policy=([A-Za-z0-9~_-]+)/.exec(text)?.[1];
  if (policy === undefined) return undefined;
  try {
    const json = atob(policy.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'));
    const seconds = /"AWS:EpochTime":(\d{1,12})/.exec(json)?.[1];
    return seconds === undefined ? undefined : Number(seconds) * 1000;
  } catch {
    return undefined;
  }
}

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

  constructor(options: SignatureOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
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
    if (this.#clock() < this.#notBefore) return Promise.resolve(false);
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
      return true;
    } catch {
      this.#notBefore = this.#clock() + AGAIN;
      return false;
    }
  }

  #take(query: string, end: number): void {
    this.#query = query;
    this.#since = this.#now;
    this.#end = end;
  }
}

/** Reads a playlist of our API for `Signature`; `fetch` adds the token. */
export async function readFrom(path: string): Promise<Read> {
  const answer = await fetch(path);
  if (!answer.ok) throw new TypeError(`HTTP ${answer.status}`);
  const date = Date.parse(answer.headers.get('date') ?? '');
  return { text: await answer.text(), date: Number.isNaN(date) ? undefined : date };
}

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
