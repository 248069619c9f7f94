/** What devices are told to connect to: our public name, or one of its IPv4 addresses, since many devices know no names. */
import { Resolver, lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';

/** Milliseconds an answer of the name servers is used. */
const KEPT_MS = 60_000;

export class PublicHost {
  readonly #name: string;
  readonly #resolve: boolean;
  #addresses: Promise<readonly string[]> = Promise.resolve([]);
  #at = -Infinity;

  constructor(name: string, resolve: boolean) {
    this.#name = name;
    this.#resolve = resolve && !isIPv4(name);
  }

  /** Another of the addresses each time. The name itself while it cannot be resolved. */
  async get(): Promise<string> {
    if (!this.#resolve) return this.#name;
    const now = performance.now();
    if (now - this.#at > KEPT_MS) {
      this.#at = now;
      const before = this.#addresses;
      // Whoever asks meanwhile waits for it, too.
      this.#addresses = addressesOf(this.#name).then((found) => (found.length > 0 ? found : before));
    }
    const addresses = await this.#addresses;
    return addresses[Math.floor(Math.random() * addresses.length)] ?? this.#name;
  }
}

async function addressesOf(name: string): Promise<string[]> {
  try {
    return await new Resolver({ timeout: 2000, tries: 2 }).resolve4(name);
  } catch {
    // Names that only the hosts file knows.
    return lookup(name, { family: 4, all: true }).then(
      (all) => all.map(({ address }) => address),
      () => [],
    );
  }
}
