/**
 * Whether logs say a secret: one that is known, whole or in part, or what only a secret looks like. Pure. Text is looked at in words,
 * so that thousands of secrets and megabytes of lines take a second.
 */

/** Characters of a word by which it is known, and that a word of a secret has at least. Ids are shorter. */
const KNOWN_BY = 16;
const LEAST = 20;

const SEPARATORS = /[^A-Za-z0-9_~-]+/;

/** What stands before or within any secret of ours, with something behind it: an explanation of `?token=` is none. */
const LOOKS_LIKE =
  /(?:Signature|Policy|token|X-Amz-Credential|X-Amz-Security-Token)=[\w%~+-]|eyJ[\w-]{8}|Bearer [\w-]|-----BEGIN [A-Z ]*PRIVATE/;

/** Names of what opens something in a query. */
const IN_QUERY = ['token', 'Signature', 'Policy', 'code', 'X-Amz-Signature', 'X-Amz-Security-Token'];

export class Secrets {
  readonly #words = new Set<string>();
  readonly #all = new Set<string>();

  get all(): ReadonlySet<string> {
    return this.#all;
  }

  /** Short words of it are nobody's secret. What has no other word is not kept. */
  add(secret: string): void {
    const words = wordsOf(secret).filter((word) => word.length >= LEAST);
    if (words.length === 0) return;
    this.#all.add(secret);
    for (const word of words) this.#words.add(word.slice(0, KNOWN_BY));
  }

  /** All that an address and headers say: of a request, or where something is handed out. */
  addRequest(address: string, headers: Readonly<Record<string, string | readonly string[] | undefined>> = {}): void {
    const query = new URLSearchParams(address.slice(address.indexOf('?') + 1));
    for (const name of IN_QUERY) for (const value of query.getAll(name)) this.add(value);
    const { authorization, cookie } = headers;
    if (typeof authorization === 'string') this.add(authorization.replace(/^\w+ /, ''));
    for (const one of String(cookie ?? '').split(';')) this.add(one.slice(one.indexOf('=') + 1));
  }

  /** All that an answer hands out, whatever it is: each address with a query, each token, each cookie. */
  addAnswer(text: string, setCookies: readonly string[] = []): void {
    for (const [, value] of text.replaceAll('&amp;', '&').matchAll(/(?:Signature|Policy|token)=([\w.~-]+)/g))
      this.add(value!);
    for (const [, value] of text.matchAll(/"(?:token|secret|d)":"([^"]+)"/g)) this.add(value!);
    for (const line of setCookies) this.add(line.split(';', 1)[0]!.replace(/^[^=]*=/, ''));
  }

  /** The lines that say one. */
  leaksIn(lines: Iterable<string>): string[] {
    const leaks: string[] = [];
    for (const line of lines) if (this.#isLeak(line)) leaks.push(line);
    return leaks;
  }

  #isLeak(line: string): boolean {
    return (
      LOOKS_LIKE.test(line) ||
      wordsOf(line).some((word) => word.length >= KNOWN_BY && this.#words.has(word.slice(0, KNOWN_BY)))
    );
  }
}

/** A line end that JSON writes as two characters ends a word, too. */
const wordsOf = (text: string): string[] => text.replaceAll(/\\[nrt]/g, ' ').split(SEPARATORS);
