/**
 * Attachment file names, which the sender chooses: `<type>_<channel>_<alarm type>_<n>_<alarm number>.<extension>`
 * (T/JSATL 12-2017 4.5.2). They are compared as sent and never used as a path: what is stored goes by `safeFileName`.
 */

/** Whether these bytes can be a file name: something but padding, no control characters, an ASCII first character. */
export function isName(bytes: Buffer): boolean {
  let start = 0;
  let end = bytes.length;
  while (start < end && bytes[start] === 0) start++;
  while (end > start && bytes[end - 1] === 0) end--;
  if (start === end || (bytes[start] ?? 0) >= 0x80) return false;
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
  if (plain.length <= 80) return plain === '' ? 'file' : plain;
  const extension = /\.[A-Za-z0-9]{1,8}$/.exec(plain)?.[0] ?? '';
  return plain.slice(0, 80 - extension.length) + extension;
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
