/**
 * Where the local issuer keeps sessions, codes and tokens: in memory, until they expire or the process ends. `Adapter` is
 * oidc-provider's interface for it; its models find what they stored by id, a session also by its uid, and take back all
 * that came of one grant.
 */
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

/** Entries of all kinds: a local run has hundreds, and whatever asks for more loses the oldest. */
const MOST = 10_000;

interface Entry {
  readonly payload: AdapterPayload;
  /** Milliseconds of the clock. */
  readonly expires: number;
}

/** Each call has a store of its own, which its models share. `now`: milliseconds. */
export function memoryStore(now: () => number = Date.now): AdapterFactory {
  /** Oldest first. */
  const entries = new Map<string, Entry>();
  const get = (key: string): AdapterPayload | undefined => {
    const entry = entries.get(key);
    if (entry === undefined || entry.expires > now()) return entry?.payload;
    entries.delete(key);
    return undefined;
  };

  return (model: string): Adapter => {
    const key = (id: string) => `${model}:${id}`;
    const findBy = async (matches: (payload: AdapterPayload) => boolean) => {
      const found = [...entries].find(([name, { payload }]) => name.startsWith(key('')) && matches(payload));
      return found && get(found[0]);
    };
    return {
      upsert: async (id, payload, expiresIn) => {
        // Anew at the end, so that what is in use is not the oldest.
        entries.delete(key(id));
        entries.set(key(id), { payload, expires: expiresIn === undefined ? Infinity : now() + expiresIn * 1000 });
        if (entries.size <= MOST) return;
        for (const name of entries.keys()) get(name);
        if (entries.size > MOST) entries.delete(entries.keys().next().value!);
      },
      find: async (id) => get(key(id)),
      findByUid: (uid) => findBy((payload) => payload.uid === uid),
      findByUserCode: (userCode) => findBy((payload) => payload.userCode === userCode),
      consume: async (id) => {
        const payload = get(key(id));
        if (payload !== undefined) payload.consumed = Math.floor(now() / 1000);
      },
      destroy: async (id) => void entries.delete(key(id)),
      revokeByGrantId: async (grantId) => {
        for (const [name, { payload }] of entries) {
          if (name.startsWith(key('')) && payload.grantId === grantId) entries.delete(name);
        }
      },
    };
  };
}
