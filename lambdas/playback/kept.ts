/** Texts that never change once they are written, of those this process has read lately. A right is never kept. */

/** Characters that are kept at most: some dozen playlists of four hours each, in a function of 1 GiB. */
const MOST = 32 * 1024 * 1024;

export class Kept {
  readonly #most: number;
  readonly #texts = new Map<string, string>();
  #held = 0;

  constructor(most = MOST) {
    this.#most = most;
  }

  get(key: string): string | undefined {
    const text = this.#texts.get(key);
    if (text !== undefined) {
      // The latest is the last one of the map.
      this.#texts.delete(key);
      this.#texts.set(key, text);
    }
    return text;
  }

  /** Those not asked for the longest make room. One that is too long by itself is not kept. */
  set(key: string, text: string): void {
    this.#drop(key);
    if (text.length > this.#most) return;
    this.#texts.set(key, text);
    this.#held += text.length;
    for (const oldest of this.#texts.keys()) {
      if (this.#held <= this.#most) return;
      this.#drop(oldest);
    }
  }

  clear(): void {
    this.#texts.clear();
    this.#held = 0;
  }

  #drop(key: string): void {
    this.#held -= this.#texts.get(key)?.length ?? 0;
    this.#texts.delete(key);
  }
}
