/**
 * Unfinished uploads and their files, kept by the browser so that they survive a reload. Each person has their own: whoever
 * signs in next with this browser neither sees nor sends them. All of it is best effort: a browser that keeps nothing (a
 * private window, a full disk) uploads as well, and after a reload asks for the file.
 */
import type { Kept } from './uploads.ts';

const DATABASE = 'sluice-uploads';
const UPLOADS = 'uploads';
const FILES = 'files';
/** Of the uploader before this one, which kept files under this name. */
const OLD_DATABASE = 'uppy-blobs';
/** Bytes. The browser copies a file to keep it; larger ones are chosen again instead (parts are not sent again). */
const LARGEST_FILE = 2 * 1024 ** 3;
const MOST_BYTES = 4 * LARGEST_FILE;
/** ms; as long as an unfinished upload is kept by default. */
const LIFE = 7 * 86_400_000;

export class KeptUploads {
  readonly #person: string;
  readonly #database: Promise<IDBDatabase | undefined>;

  constructor(person: string) {
    this.#person = person;
    this.#database = open().catch(() => undefined);
    indexedDB.deleteDatabase(OLD_DATABASE);
  }

  /** The person's, oldest first, with the files that were kept. */
  async load(): Promise<{ readonly upload: Kept; readonly file: Blob | undefined }[]> {
    try {
      const database = await this.#database;
      if (!database) return [];
      const stores = database.transaction([UPLOADS, FILES], 'readwrite');
      const all = (await answer(stores.objectStore(UPLOADS).getAll())) as Kept[];
      const files = new Set(await answer(stores.objectStore(FILES).getAllKeys()));
      const [old, young] = [all.filter((one) => !isYoung(one)), all.filter(isYoung)];
      for (const { id } of old) stores.objectStore(UPLOADS).delete(id);
      // Also of an upload that was removed while its file was being written.
      for (const id of files) if (!young.some((one) => one.id === id)) stores.objectStore(FILES).delete(id);
      const own = young.filter(({ person }) => person === this.#person).toSorted((a, b) => a.at - b.at);
      return await Promise.all(
        own.map(async (upload) => {
          const file = (await answer(stores.objectStore(FILES).get(upload.id))) as Blob | undefined;
          return { upload, file };
        }),
      );
    } catch {
      return [];
    }
  }

  async put(upload: Omit<Kept, 'person'>): Promise<void> {
    await this.#write(UPLOADS, (store) => store.put({ ...upload, person: this.#person }));
  }

  /** `others`: bytes of the files that are kept already. */
  async keep(id: string, file: Blob, others: number): Promise<void> {
    if (file.size > LARGEST_FILE || others + file.size > MOST_BYTES) return;
    await this.#write(FILES, (store) => store.put(file, id));
  }

  async forget(id: string): Promise<void> {
    await Promise.all([UPLOADS, FILES].map((name) => this.#write(name, (store) => store.delete(id))));
  }

  async #write(name: string, work: (store: IDBObjectStore) => IDBRequest): Promise<void> {
    try {
      const database = await this.#database;
      if (database) await answer(work(database.transaction(name, 'readwrite').objectStore(name)));
    } catch {
      // Not kept.
    }
  }
}

const isYoung = ({ at }: Kept): boolean => at > Date.now() - LIFE;

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.addEventListener('upgradeneeded', () => {
    request.result.createObjectStore(UPLOADS, { keyPath: 'id' });
    request.result.createObjectStore(FILES);
  });
  return answer(request);
}

const answer = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error ?? new Error('IndexedDB failed')));
  });
