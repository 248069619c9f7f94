/**
 * Attachment file names, which the sender chooses: `<type>_<channel>_<alarm type>_<n>_<alarm number>.<extension>`
 * (T/JSATL 12-2017 4.5.2). They are compared as sent and never used as a path: what is stored goes by `keptName`.
 */
import { createHash } from 'node:crypto';

/**
 * Whether these bytes can be a file name: something but padding, no control characters, and first an ASCII character, as the
 * standard has it. `any`: names that begin with another are, too, of devices that call a file 前.jpg; by them alone nothing
 * can be told apart, since much that is no name looks like one.
 */
export function isName(bytes: Buffer, first: 'ascii' | 'any' = 'ascii'): boolean {
  let start = 0;
  let end = bytes.length;
  while (start < end && bytes[start] === 0) start++;
  while (end > start && bytes[end - 1] === 0) end--;
  if (start === end || (first === 'ascii' && (bytes[start] ?? 0) >= 0x80)) return false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x20 || byte === 0x7f) return false;
  }
  return true;
}

/** A name of 1 to 80 characters out of A-Z a-z 0-9 . _ - that starts with none of . and -: safe as a key or a file. */
export function safeFileName(name: string): string {
  const plain = name
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/\.{2,}/g, '.')
    .replace(/^[.-]+/, '');
  if (plain.length <= MOST) return plain === '' ? 'file' : plain;
  return cut(plain, '');
}

const MOST = 80;

/** `name` with `mark` before its extension, cut before both. */
function cut(name: string, mark: string): string {
  const extension = /\.[A-Za-z0-9]{1,8}$/.exec(name)?.[0] ?? '';
  const stem = name.slice(0, name.length - extension.length).slice(0, MOST - mark.length - extension.length);
  return stem + mark + extension;
}

/**
 * The name a file is known by where it is kept: a safe one, and where that is not the very name, with eight digits that say
 * which it was. So two files whose names differ in nothing that is safe are still two.
 */
export function keptName(name: string): string {
  const safe = safeFileName(name);
  if (safe === name) return safe;
  return cut(safe, `-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`);
}

export interface AttachmentName {
  /** 0 picture, 1 audio, 2 video, 3 text, 4 other. */
  readonly fileType: number;
  /** 0 to 37 a channel, 64 ADAS, 65 DSM, 67 blind spot; 0 also when it belongs to none. */
  readonly channel: number;
  /** Item and type of the alarm as four hex digits, e.g. 6401; 0 where there is none. */
  readonly alarmType: string;
  readonly index: number;
  readonly alarmNo: string;
  /** Lower case, without the dot. It says nothing certain about the content. */
  readonly extension: string;
}

const pattern = /^(\d{1,2})_(\d{1,3})_([0-9A-Fa-f]{1,8})_(\d{1,6})_([^.]{1,64})\.([A-Za-z0-9]{1,8})$/;

/** The parts of a name in the standard's form; undefined for any other. */
export function parseName(name: string): AttachmentName | undefined {
  const match = pattern.exec(name);
  if (match === null) return undefined;
  const [, fileType = '', channel = '', alarmType = '', index = '', alarmNo = '', extension = ''] = match;
  return {
    fileType: Number(fileType),
    channel: Number(channel),
    alarmType: alarmType.toLowerCase(),
    index: Number(index),
    alarmNo,
    extension: extension.toLowerCase(),
  };
}
