/** The edge's store: whole answers in memory, bounded by bytes, least recently used out first. */
import { invalidationMatches } from './glob.ts';

/** Bytes counted for an entry beside its body: headers, key, bookkeeping. */
const OVERHEAD = 1024;

/** A whole answer of an origin. Times are milliseconds since the epoch. */
export interface Entry {
  status: number;
  headers: Headers;
  body: Buffer;
  /** When the origin sent or confirmed it. */
  storedAt: number;
  freshUntil: number;
  /** Paths with query that name this object in invalidations: as asked for, and as a function rewrote it. */
  names: readonly string[];
}

export class Cache {
  readonly #entries = new Map<string, Entry>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
    return entry;
  }

  set(key: string, entry: Entry): void {
    this.delete(key);
    this.#entries.set(key, entry);
    this.#bytes += entry.body.length + OVERHEAD;
    for (const [oldest] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#bytes -= entry.body.length + OVERHEAD;
  }

  /** Drops what these invalidation paths name; answers how many entries that were. */
  invalidate(paths: readonly string[]): number {
    let dropped = 0;
    for (const [key, { names }] of this.#entries) {
      if (!isNamed(paths, names)) continue;
      this.delete(key);
      dropped++;
    }
    return dropped;
  }
}

/** Paths are compared percent-decoded where that is possible: `/a%20b` and `/a b` name the same object. */
export function isNamed(paths: readonly string[], names: readonly string[]): boolean {
  return paths.some((path) => names.some((name) => invalidationMatches(decoded(path), decoded(name))));
}

function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
