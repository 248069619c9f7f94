/** The uploader put together, by what Node has of a browser: locks and channels are real, the network is ours. */
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { ConsoleConfig } from '../../../web/src/auth/session.ts';
import { unfinishedKey } from '../../../web/src/upload/unfinished.ts';
import { startUploader, type Uploader } from '../../../web/src/upload/uploader.ts';

/** Other tests may have the machine. */
const SOON = { timeout: 60_000, interval: 20 };

const kept = new Map<string, string>();
let isDown = false;
let begun = 0;
const asked: unknown[] = [];
let withdrawn = 0;

async function answer(input: string, init: RequestInit = {}): Promise<Response> {
  init.signal?.throwIfAborted();
  if (isDown) throw new TypeError('Failed to fetch');
  if (init.method === 'DELETE') {
    withdrawn += 1;
    return new Response(null, { status: 204 });
  }
  if (init.method === 'POST' && input.startsWith('/api/s3/multipart')) {
    begun += 1;
    asked.push((JSON.parse(init.body as string) as { metadata: { encryption?: string } }).metadata.encryption);
    return Response.json({ uploadId: 'upload', key: 'key', videoId: 'video' });
  }
  // Nothing else comes back.
  return new Promise((_resolve, reject) =>
    init.signal?.addEventListener('abort', () => reject(init.signal!.reason as Error)),
  );
}

/** A browser that keeps no database, as in a private window. */
const noDatabase = () => {
  const request = Object.assign(new EventTarget(), { error: new Error('not here') });
  setTimeout(() => request.dispatchEvent(new Event('error')));
  return request;
};

beforeAll(() => {
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  vi.stubGlobal('indexedDB', { open: noDatabase, deleteDatabase: () => {} });
  vi.stubGlobal('fetch', answer);
});
const open: Uploader[] = [];
afterAll(() => {
  for (const uploader of open) uploader.close();
  vi.unstubAllGlobals();
});
beforeEach(() => {
  isDown = false;
  [begun, withdrawn] = [0, 0];
});

async function start(types: readonly string[] = ['video/*']): Promise<{ uploader: Uploader; person: string }> {
  const person = crypto.randomUUID();
  const upload = { types: [...types], maxBytes: 1e9, partBytes: 5e6 };
  const listener = { summary: () => {}, listChanged: () => {} };
  const uploader = await startUploader({ upload } as unknown as ConsoleConfig, person, listener);
  open.push(uploader);
  return { uploader, person };
}

const film = (name: string, type = 'video/mp4') => new File([new Uint8Array(1000)], name, { type });

it('the next visit is told of an upload that was cancelled, until the platform knows of it', async () => {
  const { uploader, person } = await start();
  const isTold = () => kept.has(unfinishedKey(person));
  uploader.add([film('a.mp4')]);
  await expect.poll(() => begun, SOON).toBe(1);
  expect(isTold()).toBe(true);
  isDown = true;
  uploader.act(
    'remove',
    uploader.list().map(({ id }) => id),
  );
  expect([uploader.list(), isTold()]).toEqual([[], true]);
  isDown = false;
  await expect.poll(isTold, SOON).toBe(false);
  expect(withdrawn).toBe(1);
});

it('takes what nobody knows and refuses what is something else', async () => {
  const { uploader } = await start();
  uploader.add([film('cam01.dav', ''), film('a.png', ''), film('b.zip', 'application/zip'), film('c.mp4')]);
  expect(uploader.list().map(({ name }) => name)).toEqual(['cam01.dav', 'c.mp4']);
  expect(uploader.picker.getState().info?.[0]?.message).toBe('Taken are files of the types video/*');
  expect(uploader.picker.opts.restrictions?.allowedFileTypes).toBeNull();
});

it('asks for the encryption that was chosen when a file was added, and for none where nobody chose', async () => {
  const { uploader } = await start();
  asked.length = 0;
  uploader.add([film('a.mp4')]);
  uploader.encrypt('cbcs');
  uploader.add([film('b.mp4')]);
  uploader.encrypt(undefined);
  uploader.add([film('c.mp4')]);
  await expect.poll(() => asked, SOON).toEqual([undefined, 'cbcs', undefined]);
});

it('where only some types are taken, what nobody knows is none of them, and file dialogs offer those', async () => {
  const { uploader } = await start(['video/mp4']);
  uploader.add([film('cam01.dav', ''), film('c.mp4'), film('d.mp4', 'application/octet-stream')]);
  expect(uploader.list().map(({ name }) => name)).toEqual(['c.mp4', 'd.mp4']);
  expect(uploader.picker.opts.restrictions?.allowedFileTypes).toEqual(['video/mp4', '.mp4', '.f4v']);
});
