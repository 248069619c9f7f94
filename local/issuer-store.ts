/** What the local issuer remembers of sessions, sign-ins and tokens: in memory, for as long as the process lives. */
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

interface Kept {
  readonly payload: AdapterPayload;
  /** Epoch ms. */
  readonly endsAt: number;
}

/** A store of its own for each provider, with a shelf for each kind of thing. */
export function memoryStore(now: () => number = Date.now): AdapterFactory {
  const shelves = new Map<string, Map<string, Kept>>();
  return (kind) => {
    const shelf = shelves.get(kind) ?? new Map<string, Kept>();
    shelves.set(kind, shelf);
    return new Shelf(shelf, now);
  };
}

class Shelf implements Adapter {
  readonly #kept: Map<string, Kept>;
  readonly #now: () => number;

  constructor(kept: Map<string, Kept>, now: () => number) {
    this.#kept = kept;
    this.#now = now;
  }

  /** `expiresIn`: seconds. */
  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const now = this.#now();
    for (const [other, { endsAt }] of this.#kept) if (endsAt <= now) this.#kept.delete(other);
    this.#kept.set(id, { payload, endsAt: expiresIn ? now + expiresIn * 1000 : Infinity });
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    return this.#first(([other]) => other === id);
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.#first(([, { payload }]) => payload.uid === uid);
  }

  async findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return this.#first(([, { payload }]) => payload.userCode === userCode);
  }

  async consume(id: string): Promise<void> {
    const found = this.#kept.get(id);
    if (found) found.payload.consumed = Math.floor(this.#now() / 1000);
  }

  async destroy(id: string): Promise<void> {
    this.#kept.delete(id);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    for (const [id, { payload }] of this.#kept) if (payload.grantId === grantId) this.#kept.delete(id);
  }

  #first(matches: (entry: [string, Kept]) => boolean): AdapterPayload | undefined {
    const now = this.#now();
    return [...this.#kept].find((entry) => entry[1].endsAt > now && matches(entry))?.[1].payload;
  }
}
