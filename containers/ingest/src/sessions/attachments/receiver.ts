/** One file from its first byte to its object: parts go to S3 as they become whole; the file counts when all are there. */
import type { AlarmFile } from '../../../../../lib/contract/device.ts';
import type { Services } from '../../services.ts';
import type { Budget } from '../../common/memory.ts';
import { IncomingFile, type Part } from './file.ts';
import { keptElsewhere, placeFor, type Arrived } from './keep.ts';
import { FileUpload } from './upload.ts';

export type About = Pick<Arrived, 'record' | 'alarm' | 'key' | 'number'>;

export interface Sending {
  /** As it will be listed. */
  readonly file: AlarmFile;
  /** Undefined: it is there, and nothing is written. */
  readonly upload: FileUpload | undefined;
}

export class FileReceiver {
  readonly incoming: IncomingFile;
  /** Where it goes; it does not begin to be sent before this is known. */
  readonly #about: Promise<About>;
  readonly #services: Services;
  readonly #early: Part[] = [];
  #sending: Promise<Sending> | undefined;
  #parts: Promise<unknown>[] = [];
  #kept: Promise<AlarmFile> | undefined;
  #waiting = 0;

  constructor(services: Services, name: string, size: number, budget: Budget, about: Promise<About>) {
    this.#services = services;
    this.#about = about;
    this.incoming = new IncomingFile(name, size, budget, (part) => this.#whole(part));
  }

  /** Parts on their way to S3. */
  get waiting(): number {
    return this.#waiting;
  }

  /** The file in its bucket, verified by its ranges. Call it when it is complete; rejects when S3 did not take it. */
  keep(): Promise<AlarmFile> {
    this.#kept ??= this.#finish();
    return this.#kept;
  }

  /** The connection is over. */
  abandon(): void {
    this.incoming.abandon();
    for (const part of this.#early.splice(0)) this.incoming.release(part);
    if (this.#kept !== undefined) return;
    void this.#sending?.then(({ upload }) => upload?.abort()).catch(() => {});
  }

  #whole(part: Part): void {
    // Its first bytes say what the file is, and so where it goes.
    if (this.incoming.head === undefined) {
      this.#early.push(part);
      return;
    }
    this.#sending ??= this.#begin(this.incoming.head);
    for (const early of [...this.#early.splice(0), part]) {
      const sent = this.#send(early, this.#sending);
      sent.catch(() => {});
      this.#parts.push(sent);
    }
  }

  async #begin(head: Buffer): Promise<Sending> {
    const { name, size } = this.incoming;
    const about = await this.#about;
    // Each costs writes, an encode perhaps, and is begun as often as its device says so. What is too much now is asked for again.
    if (!this.#services.rates.files.take(about.record.id)) throw new Error('too many files begun in a minute');
    const arrived = { ...about, name, size, head };
    const there = await keptElsewhere(this.#services, arrived);
    if (there !== undefined) return { file: there, upload: undefined };
    const place = await placeFor(this.#services, arrived);
    const upload = place.isThere === true ? undefined : new FileUpload(this.#services.aws.s3, place);
    return { file: place.file, upload };
  }

  async #send(part: Part, sending: Promise<Sending>): Promise<void> {
    this.#waiting += 1;
    try {
      const { upload } = await sending;
      if (this.incoming.parts === 1) await upload?.whole(part.bytes);
      else await upload?.part(part.index, part.bytes);
    } finally {
      this.#waiting -= 1;
      this.incoming.release(part);
    }
  }

  async #finish(): Promise<AlarmFile> {
    if (this.incoming.size === 0 || this.#sending === undefined) throw new Error('an empty file');
    const { file, upload } = await this.#sending;
    try {
      await Promise.all(this.#parts);
      if (this.incoming.parts === 1 || upload === undefined) return file;
      // Parts are on their way for long, and only now would take the place of what is there.
      const { name, size } = this.incoming;
      const there = await keptElsewhere(this.#services, { ...(await this.#about), name, size });
      if (there === undefined) await upload.complete();
      else await upload.abort();
      return there ?? file;
    } catch (error) {
      await upload?.abort().catch(() => {});
      throw error;
    }
  }
}
