/**
 * One tab uploads, the others show it. Who holds the lock sends; the others hand it their files and what a person does, and
 * hear how far it is. When that tab is closed, the next one has the lock and goes on with what was kept.
 */
import type { Upload } from './rows.ts';
import type { Act, Taken } from './uploads.ts';

type Message =
  /** A tab came, and asks how far it is. */
  | { readonly kind: 'who' }
  /** From the tab that sends. `begins`: it has just become that one, and may not have heard what was said before. */
  | { readonly kind: 'uploads'; readonly uploads: readonly Upload[]; readonly begins: boolean }
  | { readonly kind: 'add'; readonly files: readonly Taken[] }
  | { readonly kind: 'act'; readonly act: Act; readonly ids: readonly string[] };

/** What the tab that sends does with them. */
export interface Sender {
  readonly list: () => Upload[];
  readonly add: (files: readonly Taken[]) => void;
  readonly act: (act: Act, ids: readonly string[]) => void;
  readonly close: () => void;
}

export interface Surroundings {
  readonly locks: {
    readonly request: (
      name: string,
      options: { readonly signal: AbortSignal },
      whileHeld: () => Promise<void>,
    ) => Promise<unknown>;
  };
  readonly channel: {
    readonly postMessage: (message: unknown) => void;
    readonly addEventListener: (type: 'message', listener: (event: { readonly data: unknown }) => void) => void;
    readonly close: () => void;
  };
  /** Becomes the sender. `arrived`: finished by another tab, and still shown. */
  readonly start: (changed: () => void, arrived: readonly Upload[]) => Promise<Sender>;
  readonly changed: () => void;
}

/** Milliseconds after which a tab that hears nothing shows what it has. */
const PATIENCE = 3000;

export class Tabs {
  readonly #around: Surroundings;
  readonly #closed = new AbortController();
  #sender: Sender | undefined;
  /** As the tab that sends last said. */
  #told: readonly Upload[] = [];
  #list: readonly Upload[] = [];
  /** What this tab gave away: kept until it has arrived, since the file may be needed again. */
  readonly #handed = new Map<string, { readonly taken: Taken; isTold: boolean }>();
  readonly #isReady = Promise.withResolvers<void>();

  /** `name`: the same in all tabs of a person. */
  constructor(name: string, around: Surroundings) {
    this.#around = around;
    around.channel.addEventListener('message', ({ data }) => this.#hear(data as Message));
    this.#post({ kind: 'who' });
    setTimeout(this.#isReady.resolve, PATIENCE);
    const { signal } = this.#closed;
    around.locks
      .request(name, { signal }, () => this.#lead())
      .catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
  }

  /** What was unfinished is known: `add` cannot be too early from here on. */
  get ready(): Promise<void> {
    return this.#isReady.promise;
  }

  /** The same array until something changes. */
  get list(): readonly Upload[] {
    return this.#list;
  }

  get isSender(): boolean {
    return this.#sender !== undefined;
  }

  add(files: readonly Taken[]): void {
    if (this.#sender) return this.#sender.add(files);
    for (const taken of files) this.#handed.set(taken.id, { taken, isTold: false });
    this.#post({ kind: 'add', files });
    this.#show();
  }

  act(act: Act, ids: readonly string[]): void {
    if (this.#sender) this.#sender.act(act, ids);
    else this.#post({ kind: 'act', act, ids });
  }

  /** Leaves what is unfinished to another tab, or to the next visit. */
  close(): void {
    this.#closed.abort();
    this.#sender?.close();
    this.#around.channel.close();
  }

  async #lead(): Promise<void> {
    const { signal } = this.#closed;
    const arrived = this.#told.filter(({ state }) => state === 'arrived');
    const sender = await this.#around.start(() => this.#tell(false), arrived);
    if (signal.aborted) return sender.close();
    this.#sender = sender;
    // What nobody has taken yet, and files of what the browser could not keep.
    const known = new Set(sender.list().map(({ id }) => id));
    const needed = [...this.#handed.values()].filter(({ taken, isTold }) => !isTold || known.has(taken.id));
    this.#handed.clear();
    if (needed.length > 0) sender.add(needed.map(({ taken }) => taken));
    this.#tell(true);
    this.#isReady.resolve();
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }

  #tell(begins: boolean): void {
    if (!this.#sender) return;
    this.#list = this.#sender.list();
    this.#post({ kind: 'uploads', uploads: this.#list, begins });
    this.#around.changed();
  }

  #hear(message: Message): void {
    if (this.#closed.signal.aborted) return;
    if (this.#sender) {
      if (message.kind === 'who') this.#tell(false);
      else if (message.kind === 'add') this.#sender.add(message.files);
      else if (message.kind === 'act') this.#sender.act(message.act, message.ids);
      return;
    }
    if (message.kind !== 'uploads') return;
    this.#told = message.uploads;
    const states = new Map(message.uploads.map(({ id, state }) => [id, state]));
    for (const [id, handed] of this.#handed) {
      const state = states.get(id);
      if (state === 'arrived' || (state === undefined && handed.isTold)) this.#handed.delete(id);
      else if (state !== undefined) handed.isTold = true;
    }
    const lost = [...this.#handed.values()].filter(({ isTold }) => !isTold).map(({ taken }) => taken);
    if (message.begins && lost.length > 0) this.#post({ kind: 'add', files: lost });
    this.#show();
    this.#isReady.resolve();
  }

  /** What was handed over and is not told of yet waits for its turn. */
  #show(): void {
    const mine = [...this.#handed.values()]
      .filter(({ isTold }) => !isTold)
      .map(({ taken: { file, ...rest } }): Upload => ({ ...rest, size: file.size, state: 'waiting', sent: 0 }));
    this.#list = [...this.#told, ...mine];
    this.#around.changed();
  }

  #post(message: Message): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel is of one origin, and takes none
    if (!this.#closed.signal.aborted) this.#around.channel.postMessage(message);
  }
}
