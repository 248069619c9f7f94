/** What there is to send: files of folders and lists, and what tells one file from another. */
import { createHash } from 'node:crypto';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { isAddress, listed, UsageError, type UploadCommand } from './command.ts';

/** Media types by the name's end. What a folder holds beside these is passed over. */
const TYPES: Readonly<Record<string, string>> = {
  '.mp4': 'video/mp4',
  '.m4v': 'video/x-m4v',
  '.mov': 'video/quicktime',
  '.mkv': 'video/x-matroska',
  '.webm': 'video/webm',
  '.avi': 'video/x-msvideo',
  '.ts': 'video/mp2t',
  '.m2ts': 'video/mp2t',
  '.mts': 'video/mp2t',
  '.mpg': 'video/mpeg',
  '.mpeg': 'video/mpeg',
  '.vob': 'video/mpeg',
  '.flv': 'video/x-flv',
  '.wmv': 'video/x-ms-wmv',
  '.3gp': 'video/3gpp',
  '.mxf': 'application/octet-stream',
  '.dv': 'application/octet-stream',
  '.ogv': 'video/ogg',
};

export const typeOf = (path: string): string => TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream';

export interface Found {
  /** Absolute paths, or addresses as they were given. */
  readonly sources: readonly string[];
  /** Files of folders that are no videos by their names. */
  readonly others: number;
}

/** Each once, in the order of the command; of folders in the order of names. Throws UsageError for what is not there. */
export async function findSources({ sources, lists }: Pick<UploadCommand, 'sources' | 'lists'>): Promise<Found> {
  const found = new Set<string>();
  let others = 0;
  const add = async (source: string, base: string, of: string): Promise<void> => {
    if (isAddress(source)) return void found.add(source);
    const path = resolve(base, source);
    const there = await stat(path).catch(() => undefined);
    if (there === undefined) throw new UsageError(`${source}: there is no such file or folder${of}.`);
    if (there.isFile()) return void found.add(path);
    if (!there.isDirectory()) throw new UsageError(`${source}: is neither a file nor a folder${of}.`);
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const hidden = (file: string) => basename(file).startsWith('.');
    const videos = files.filter((file) => extname(file).toLowerCase() in TYPES && !hidden(file));
    others += files.length - videos.length;
    for (const file of videos.toSorted()) found.add(file);
  };
  for (const source of sources) await add(source, process.cwd(), '');
  for (const list of lists) {
    const text = await readFile(list, 'utf8').catch(() => {
      throw new UsageError(`--list ${list}: there is no such file.`);
    });
    // Paths in a list are of where the list is.
    for (const source of listed(text)) await add(source, dirname(resolve(list)), ` (in ${list})`);
  }
  if (found.size === 0) throw new UsageError('There is no video in what you named.');
  return { sources: [...found], others };
}

export interface Identity {
  /** Bytes. */
  readonly size: number;
  /** Milliseconds. */
  readonly modified: number;
  /** Of size, time and some of the content: the same file under another name is the same. */
  readonly fingerprint: string;
}

/** Bytes that are read at the beginning, in the middle and at the end. */
const SAMPLE = 64 * 1024;

export async function identify(path: string): Promise<Identity> {
  const handle = await open(path);
  try {
    const { size, mtimeMs } = await handle.stat();
    const modified = Math.floor(mtimeMs);
    const hash = createHash('sha256').update(`${size} ${modified} `);
    for (const from of new Set([0, Math.floor(size / 2), Math.max(0, size - SAMPLE)])) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(SAMPLE), 0, SAMPLE, from);
      hash.update(buffer.subarray(0, bytesRead));
    }
    return { size, modified, fingerprint: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}
