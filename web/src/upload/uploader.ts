/**
 * The uploader of a person in this browser, put together: parts straight to S3 through the API, files kept so that an upload
 * survives a reload, one tab that sends for all. Uppy is what files are chosen with: it checks them and says why not.
 */
import Uppy from '@uppy/core';
import { offeredTypes, takenAs } from '../../../lib/contract/media-types.ts';
import type { ConsoleConfig } from '../auth/session.ts';
import type { Encryption } from './encryption.ts';
import { KeptUploads } from './kept.ts';
import { Line } from './line.ts';
import { put } from './put.ts';
import { inFlight, sameFile, type Summary, type Upload } from './rows.ts';
import { Tabs } from './tabs.ts';
import { unfinishedKey } from './unfinished.ts';
import { Uploads, type Act, type Taken } from './uploads.ts';

export interface Uploader {
  /** Files are chosen with it; none stays in it. */
  readonly picker: Uppy;
  /** The same array until something changes. */
  readonly list: () => readonly Upload[];
  readonly subscribe: (listener: () => void) => () => void;
  /** Files that were dropped elsewhere on the page. */
  readonly add: (files: readonly File[]) => void;
  readonly act: (act: Act, ids: readonly string[]) => void;
  /** How files that are added from now on are to be encrypted; undefined: as the platform does it. */
  readonly encrypt: (encryption: Encryption | undefined) => void;
  readonly close: () => void;
}

interface Listener {
  readonly summary: (summary: Summary | undefined) => void;
  /** A video appeared, or moved on. */
  readonly listChanged: () => void;
}

/** Answers when it is known what earlier visits left unfinished, and what other tabs do. `person`: who uploads. */
export async function startUploader({ upload }: ConsoleConfig, person: string, listener: Listener): Promise<Uploader> {
  const line = new Line({ events: window, isOnline: () => navigator.onLine });
  const listeners = new Set<() => void>();
  const { partBytes } = upload;
  const { listChanged } = listener;
  const name = `sluice.uploads.${person}`;
  let videos = '';
  let uploads: Uploads | undefined;
  let encryption: Encryption | undefined;

  const changed = () => {
    const list = tabs.list;
    if (uploads) {
      if (uploads.isUnfinished) localStorage.setItem(unfinishedKey(person), '1');
      else localStorage.removeItem(unfinishedKey(person));
    }
    listener.summary(inFlight(list));
    const now = list.map(({ videoId = '', state }) => `${videoId} ${state === 'arrived'}`).join();
    if (now !== videos) listChanged();
    videos = now;
    for (const one of listeners) one();
  };
  const tabs = new Tabs(name, {
    locks: navigator.locks,
    channel: new BroadcastChannel(name),
    changed,
    start: async (news, arrived) => {
      const store = new KeptUploads(person);
      uploads = await Uploads.open({ way: { line, put }, store, partBytes, changed: news, listChanged }, arrived);
      return uploads;
    },
  });
  await tabs.ready;

  const picker = pickerFor(upload, (files) => {
    const taken: Taken[] = [];
    for (const file of files) {
      const known = sameFile(tabs.list, { ...file, size: file.file.size });
      if (!known) taken.push({ ...file, encryption });
      else if (known.state === 'interrupted' || known.state === 'stopped') taken.push({ ...file, id: known.id });
      else picker.info(`${file.name} is being uploaded already`, 'info', 5000);
    }
    if (taken.length > 0) tabs.add(taken);
  });
  return {
    picker,
    list: () => tabs.list,
    subscribe: (one) => {
      listeners.add(one);
      return () => listeners.delete(one);
    },
    add: (files) => picker.addFiles(files.map((file) => ({ name: file.name, type: file.type, data: file }))),
    act: (act, ids) => tabs.act(act, ids),
    encrypt: (wanted) => (encryption = wanted),
    close: () => tabs.close(),
  };
}

function pickerFor({ types, maxBytes }: ConsoleConfig['upload'], take: (files: Taken[]) => void): Uppy {
  const refusal = `Taken are files of the types ${types.join(', ')}`;
  const picker = new Uppy({
    id: 'picker',
    restrictions: {
      minFileSize: 1,
      maxFileSize: maxBytes,
      // What file dialogs offer; where nobody may know what a file is, all. What it is, probing finds out.
      allowedFileTypes: offeredTypes(types) ?? null,
    },
    locale: {
      strings: { youCanOnlyUploadFileTypes: refusal },
      pluralize: (count) => (count === 1 ? 0 : 1),
    },
  });
  picker.on('files-added', (files) => {
    picker.removeFiles(files.map(({ id }) => id));
    const wanted = files.filter(({ name, type }) => takenAs(type, name, types) !== undefined);
    if (wanted.length < files.length) picker.info(refusal, 'error', 5000);
    take(
      wanted.flatMap(({ name, type, data }) =>
        data instanceof Blob
          ? [
              {
                id: crypto.randomUUID(),
                name,
                type,
                file: data,
                modified: data instanceof File ? data.lastModified : 0,
              },
            ]
          : [],
      ),
    );
  });
  return picker;
}
