/** What there is to send: files of folders and lists, and what tells one file from another. */
import { createHash } from 'node:crypto';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { typeByName } from '../../lib/contract/media-types.ts';
import { isAddress, listed, UsageError, type UploadCommand } from './command.ts';

/** What a folder holds that is sent, beside what can be read: refused by name, which tells more than to leave it. */
const REFUSED: Readonly<Record<string, string>> = { '.flac': 'audio/flac', '.dv': 'application/octet-stream' };

const known = (path: string): string | undefined => typeByName(path) ?? REFUSED[extname(path).toLowerCase()];

export const typeOf = (path: string): string => known(path) ?? 'application/octet-stream';

export interface Found {
  /** Absolute paths, or addresses as they were given. */
  readonly sources: readonly string[];
  /** Files of folders that are neither videos nor sound by their names. */
  readonly others: number;
  /** What was named and cannot be sent, or links in folders to nothing, and why. */
  readonly failures: readonly { readonly source: string; readonly reason: string }[];
}

/** Each once, in the order of the command; of folders in the order of names. Throws UsageError where there is nothing at all. */
export async function findSources({ sources, lists }: Pick<UploadCommand, 'sources' | 'lists'>): Promise<Found> {
  const found = new Set<string>();
  const failures: { source: string; reason: string }[] = [];
  let others = 0;
  const isKnown = (file: string) => known(file) !== undefined && !basename(file).startsWith('.');
  const addFolder = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files: string[] = [];
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) files.push(path);
      if (!entry.isSymbolicLink()) continue;
      const there = await stat(path).catch(() => undefined);
      if (there?.isFile()) files.push(path);
      // A folder that is linked may hold this one: it is sent where it is named.
      else if (there?.isDirectory()) failures.push({ source: path, reason: 'is a link to a folder; name that itself' });
      else if (there === undefined && isKnown(path)) failures.push({ source: path, reason: 'is a link to nothing' });
    }
    const wanted = files.filter(isKnown);
    others += files.length - wanted.length;
    for (const file of wanted.toSorted()) found.add(file);
  };
  const add = async (source: string, base: string, of: string): Promise<void> => {
    if (isAddress(source)) return void found.add(source);
    const path = resolve(base, source);
    const there = await stat(path).catch(() => undefined);
    if (there?.isFile()) return void found.add(path);
    if (there?.isDirectory()) return addFolder(path);
    const reason = there === undefined ? 'there is no such file or folder' : 'is neither a file nor a folder';
    failures.push({ source: path, reason: reason + of });
  };
  for (const source of sources) await add(source, process.cwd(), '');
  for (const list of lists) {
    const text = await readFile(list, 'utf8').catch(() => {
      throw new UsageError(`--list ${list}: there is no such file.`);
    });
    // Paths in a list are of where the list is.
    for (const source of listed(text)) await add(source, dirname(resolve(list)), ` (in ${list})`);
  }
  if (found.size === 0) {
    const reasons = failures.map(({ source, reason }) => `${source}: ${reason}.\n`);
    throw new UsageError(`${reasons.join('')}There is no video or sound in what you named.`);
  }
  return { sources: [...found], others, failures };
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
