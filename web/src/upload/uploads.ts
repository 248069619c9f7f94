/** The uploads of the tab that sends them: which file's turn it is, what a person does with it, and what is kept of it. */
import { ApiProblem } from '../api/problem.ts';
import type { Encryption } from './encryption.ts';
import type { Line, Trouble } from './line.ts';
import { Rate } from './rate.ts';
import type { Upload } from './rows.ts';
import { abandon, begin, Gone, send, type Begun, type Way } from './send.ts';

/** A file that was chosen or dropped, by the name that every tab knows it by. */
export interface Taken {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly modified: number;
  /** How it is to be encrypted; undefined: as the platform does it. */
  readonly encryption?: Encryption | undefined;
  readonly file: Blob;
}

/** What of an upload is kept. */
export interface Kept {
  readonly id: string;
  readonly person: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly modified: number;
  /** When it was taken, ms since 1970. */
  readonly at: number;
  readonly idempotencyKey: string;
  readonly encryption?: Encryption | undefined;
  readonly begun?: Begun | undefined;
  /** The platform was asked to begin it, whether or not it answered. */
  readonly isAsked: boolean;
  readonly sent: number;
  readonly isPaused: boolean;
  /** Cancelled, and the platform does not know yet. */
  readonly isCancelled: boolean;
}

export type Act = 'pause' | 'resume' | 'retry' | 'remove';

interface Store {
  readonly load: () => Promise<{ readonly upload: Kept; readonly file: Blob | undefined }[]>;
  readonly put: (upload: Omit<Kept, 'person'>) => Promise<void>;
  readonly keep: (id: string, file: Blob, others: number) => Promise<void>;
  readonly forget: (id: string) => Promise<void>;
}

export interface Options {
  readonly way: Way & { readonly line: Line };
  readonly store: Store;
  /** Bytes a part shall have. */
  readonly partBytes: number;
  /** Something changed in `list`. */
  readonly changed: () => void;
  /** A video appeared, or moved on. */
  readonly listChanged: () => void;
}

/** Files at a time. */
const AT_ONCE = 3;
/** Milliseconds between two pieces of news of bytes that go out. */
const SELDOM = 200;
/** Milliseconds between two notes of how far an upload is. */
const KEEP_EVERY = 2000;

interface Entry {
  upload: Upload;
  readonly at: number;
  idempotencyKey: string;
  readonly encryption: Encryption | undefined;
  file: Blob | undefined;
  begun: Begun | undefined;
  /** The platform was asked to begin it, whether or not it answered. */
  isAsked: boolean;
  rate: Rate;
  running: AbortController | undefined;
  /** When what has arrived was last kept, on the clock of `performance`. */
  keptAt: number;
}

export class Uploads {
  readonly #options: Options;
  readonly #entries = new Map<string, Entry>();
  readonly #closed = new AbortController();
  /** Cancelled, and the platform does not know yet. */
  readonly #leaving = new Set<string>();
  #news: ReturnType<typeof setTimeout> | undefined;

  private constructor(options: Options) {
    this.#options = options;
  }

  /**
   * With what earlier visits left unfinished, which goes on. Nothing can be added before that is known. `arrived`: finished by
   * another tab, and still to be shown.
   */
  static async open(options: Options, arrived: readonly Upload[] = []): Promise<Uploads> {
    const uploads = new Uploads(options);
    for (const upload of arrived) {
      const nothing = {
        file: undefined,
        encryption: undefined,
        begun: undefined,
        running: undefined,
        isAsked: true,
        keptAt: 0,
      };
      uploads.#entries.set(upload.id, { upload, at: 0, idempotencyKey: upload.id, rate: new Rate(), ...nothing });
    }
    for (const { upload, file } of await options.store.load()) uploads.#restore(upload, file);
    uploads.#next();
    return uploads;
  }

  list(): Upload[] {
    return [...this.#entries.values()].map(({ upload }) => upload);
  }

  /** Whether there is something for the next visit to do: what was cancelled shows no more, and may still have to be withdrawn. */
  get isUnfinished(): boolean {
    return this.#leaving.size > 0 || this.list().some(({ state }) => state !== 'arrived');
  }

  /** Those that it knows already are left as they are, but for the file they may need. */
  add(files: readonly Taken[]): void {
    for (const { id, file, ...rest } of files) {
      const known = this.#entries.get(id);
      if (known) this.#give(known, file);
      else this.#take({ id, file, ...rest });
    }
    this.#options.changed();
    this.#next();
  }

  act(act: Act, ids: readonly string[]): void {
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (entry) this.#act(act, entry);
    }
    this.#options.changed();
    this.#next();
  }

  /** Stops sending. What is unfinished stays kept, and at S3. */
  close(): void {
    this.#closed.abort();
    clearTimeout(this.#news);
    for (const { running } of this.#entries.values()) running?.abort();
  }

  #restore(kept: Kept, file: Blob | undefined): void {
    const { id, name, type, size, modified, at, sent, isPaused, isCancelled } = kept;
    const { idempotencyKey, encryption, begun, isAsked } = kept;
    if (isCancelled) {
      void this.#abandon({ id, name, type, size, idempotencyKey, begun });
      return;
    }
    const state = file === undefined ? 'interrupted' : isPaused ? 'paused' : 'waiting';
    const upload: Upload = { id, name, type, size, modified, state, sent, videoId: begun?.videoId };
    const fresh = { rate: new Rate(), running: undefined, keptAt: 0 };
    this.#entries.set(id, { upload, at, idempotencyKey, encryption, file, begun, isAsked, ...fresh });
  }

  #take({ id, name, type, modified, encryption, file }: Taken): void {
    const upload: Upload = { id, name, type, size: file.size, modified, state: 'waiting', sent: 0 };
    const entry: Entry = {
      upload,
      at: Date.now(),
      // The name that every tab knows: whichever of them sends it, it is one upload.
      idempotencyKey: id,
      encryption,
      file,
      begun: undefined,
      isAsked: false,
      rate: new Rate(),
      running: undefined,
      keptAt: 0,
    };
    const others = [...this.#entries.values()].reduce((sum, { file: other }) => sum + (other?.size ?? 0), 0);
    this.#entries.set(id, entry);
    void this.#keep(entry);
    void this.#options.store.keep(id, file, others);
  }

  /** The file again, of one that has lost it. */
  #give(entry: Entry, file: Blob): void {
    const { state, size } = entry.upload;
    if (file.size !== size || (state !== 'interrupted' && state !== 'stopped')) return;
    entry.file = file;
    this.#change(entry, { state: 'waiting', error: undefined });
  }

  #act(act: Act, entry: Entry): void {
    const { state } = entry.upload;
    if (act === 'remove') return this.#remove(entry);
    if (act === 'pause' && (state === 'uploading' || state === 'waiting')) {
      this.#change(entry, { state: 'paused', trouble: undefined, perSecond: undefined });
      entry.running?.abort();
      entry.rate = new Rate();
    } else if (act === 'resume' && state === 'paused') this.#change(entry, { state: 'waiting' });
    else if (act === 'retry' && state === 'stopped')
      this.#change(entry, { state: entry.file === undefined ? 'interrupted' : 'waiting', error: undefined });
    else if (act === 'retry') this.#options.way.line.nudge();
    void this.#keep(entry);
  }

  #remove(entry: Entry): void {
    const { upload, idempotencyKey, begun } = entry;
    this.#entries.delete(upload.id);
    entry.running?.abort();
    if (upload.state === 'arrived' || !entry.isAsked) {
      void this.#options.store.forget(upload.id);
      return;
    }
    void this.#keep(entry, true);
    const { id, name, type, size } = upload;
    void this.#abandon({ id, name, type, size, idempotencyKey, begun });
  }

  /** However long it takes to reach the platform, over a reload too: else the video would stand there as being uploaded. */
  async #abandon(
    left: Pick<Upload, 'id' | 'name' | 'type' | 'size'> & { idempotencyKey: string; begun: Begun | undefined },
  ): Promise<void> {
    const { way, store, partBytes, listChanged } = this.#options;
    const { signal } = this.#closed;
    this.#leaving.add(left.id);
    try {
      // Begun perhaps, and the answer was lost: then begun again, which is the same, to know its name.
      const again = <T>(work: (inner: AbortSignal) => Promise<T>) => way.line.again(work, signal, () => {});
      const begun = left.begun ?? (await begin({ ...left, partBytes }, again));
      await abandon(begun, way, signal);
    } catch (error) {
      // The person's next visit does it.
      if (signal.aborted || isSignedOut(error)) return;
    }
    await store.forget(left.id);
    this.#leaving.delete(left.id);
    this.#options.changed();
    listChanged();
  }

  /** Whose turn it is. */
  #next(): void {
    if (this.#closed.signal.aborted) return;
    const all = [...this.#entries.values()];
    let free = AT_ONCE - all.filter(({ running }) => running !== undefined).length;
    for (const entry of all) {
      if (free <= 0) return;
      if (entry.upload.state !== 'waiting' || entry.running !== undefined) continue;
      free -= 1;
      void this.#run(entry);
    }
  }

  async #run(entry: Entry): Promise<void> {
    const { way, partBytes, listChanged, store } = this.#options;
    const running = new AbortController();
    const { signal } = running;
    entry.running = running;
    entry.isAsked = true;
    const { name, type } = entry.upload;
    const { file, begun, idempotencyKey, encryption } = entry;
    this.#change(entry, { state: 'uploading', trouble: undefined, error: undefined });
    void this.#keep(entry);
    try {
      const sending = { name, type, file: file!, begun, idempotencyKey, encryption, partBytes };
      const listener = {
        begun: (known: Begun) => {
          entry.begun = known;
          if (this.#entries.get(entry.upload.id) !== entry) return;
          this.#change(entry, { videoId: known.videoId });
          void this.#keep(entry);
          listChanged();
        },
        sent: (bytes: number) => this.#sent(entry, bytes),
        trouble: (trouble: Trouble) => {
          if (!signal.aborted) this.#change(entry, { trouble, perSecond: undefined });
        },
      };
      const videoId = await send(sending, way, listener, signal);
      this.#change(entry, { state: 'arrived', sent: file!.size, videoId, trouble: undefined, perSecond: undefined });
      entry.file = undefined;
      void store.forget(entry.upload.id);
      listChanged();
    } catch (error) {
      if (!signal.aborted) this.#stopped(entry, error);
    } finally {
      entry.running = undefined;
      this.#next();
    }
  }

  #stopped(entry: Entry, error: unknown): void {
    if (error instanceof Gone) {
      entry.begun = undefined;
      entry.isAsked = false;
      entry.idempotencyKey = crypto.randomUUID();
    }
    const { message } = error as Error;
    this.#change(entry, { state: 'stopped', error: message, trouble: undefined, perSecond: undefined });
    void this.#keep(entry);
  }

  #sent(entry: Entry, bytes: number): void {
    if (entry.upload.state !== 'uploading') return;
    const now = performance.now();
    entry.rate.add(bytes, now);
    entry.upload = { ...entry.upload, sent: bytes, trouble: undefined, perSecond: entry.rate.perSecond() };
    if (now - entry.keptAt > KEEP_EVERY) {
      entry.keptAt = now;
      void this.#keep(entry);
    }
    this.#news ??= setTimeout(() => {
      this.#news = undefined;
      this.#options.changed();
    }, SELDOM);
  }

  #change(entry: Entry, change: Partial<Upload>): void {
    entry.upload = { ...entry.upload, ...change };
    this.#options.changed();
  }

  async #keep(entry: Entry, isCancelled = false): Promise<void> {
    const { at, idempotencyKey, encryption, begun, isAsked } = entry;
    const { id, name, type, size, modified, sent, state } = entry.upload;
    const isPaused = state === 'paused';
    const facts = { id, name, type, size, modified, sent };
    await this.#options.store.put({ ...facts, at, idempotencyKey, encryption, begun, isAsked, isPaused, isCancelled });
  }
}

const isSignedOut = (error: unknown): boolean => error instanceof ApiProblem && error.status === 401;
