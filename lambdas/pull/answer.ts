/** What a server's answer says of a file: how long it is, whether it can be had in parts, and what tells it from another. Pure. */
import type { IncomingHttpHeaders } from 'node:http';
import { Interrupted, PullFailed } from './failure.ts';

/** What stays the same as long as the file does. */
export interface Facts {
  /** Undefined: the server does not say. */
  readonly bytes?: number | undefined;
  /** Whether the server gives parts. */
  readonly ranges: boolean;
  /** For `If-Range`: a strong ETag, else the time of its last change (RFC 9110 13.1.5). */
  readonly validator?: string | undefined;
  /** Any ETag, compared as it is. */
  readonly etag?: string | undefined;
  /** Media type without parameters, in lower case. */
  readonly type: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** To a request for the first byte: 206 with it, 200 with everything, or 416 from what has no first byte. */
export function factsOf({ status, headers }: Answer): Facts {
  checkStatus(status);
  const { etag, 'last-modified': modified } = headers;
  checkEncoding(headers);
  const type = typeOf(headers['content-type']);
  if (status === 416) throw new PullFailed('empty-file', 'The file at that address has no bytes.');
  const validator = etag?.startsWith('"') === true ? etag : modified;
  if (status === 206) {
    const range = contentRange(headers['content-range']);
    if (range === undefined || range.from !== 0) throw answered('part of the file that was not asked for');
    return { bytes: range.total, ranges: true, validator, etag, type };
  }
  const length = headers['content-length'];
  const bytes = length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
  return { bytes, ranges: false, validator, etag, type };
}

/**
 * Whether an answer holds exactly the asked bytes of the same file. `false`: the file has changed. Throws PullFailed or
 * Interrupted for what is no such answer.
 */
export function holdsRange({ status, headers }: Answer, from: number, to: number, facts: Facts): boolean {
  checkStatus(status);
  checkEncoding(headers);
  // A server answers If-Range with everything where the file has changed, and 416 where it has become shorter.
  if (status !== 206) return false;
  const range = contentRange(headers['content-range']);
  if (range === undefined) throw answered('part of the file without saying which');
  if (range.total !== facts.bytes || headers.etag !== facts.etag) return false;
  if (range.from !== from || range.to !== to) throw answered('part of the file that was not asked for');
  return true;
}

/** `bytes 0-99/1234` (RFC 9110 14.4); undefined for anything else, an unknown length among it. */
export function contentRange(text: string | undefined): { from: number; to: number; total: number } | undefined {
  const [, from, to, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(text ?? '') ?? [];
  return total === undefined ? undefined : { from: Number(from), to: Number(to), total: Number(total) };
}

/** S3's own default says less than nothing: it is what others call `application/octet-stream`. */
export function typeOf(text: string | undefined): string {
  const type = (text?.split(';')[0] ?? '').trim().toLowerCase();
  return type === '' || type === 'binary/octet-stream' ? 'application/octet-stream' : type;
}

/** Asked again later: what says so, and what a server or somebody before it calls its own trouble. */
const LATER = new Set([408, 425, 429]);

function checkStatus(status: number): void {
  if (status === 200 || status === 206 || status === 416) return;
  if (status >= 500 || LATER.has(status)) throw new Interrupted(`answered ${status}`);
  const hint =
    status === 401 || status === 403
      ? ' It may want somebody to sign in, or its signature may have ended: give an address that anybody may open.'
      : '';
  throw new PullFailed('source-answer', `The address answered ${status} instead of a file.${hint}`);
}

function checkEncoding({ 'content-encoding': encoding }: IncomingHttpHeaders): void {
  if (encoding !== undefined && encoding !== 'identity') throw answered('a compressed file, which was not asked for');
}

const answered = (what: string) => new PullFailed('source-answer', `The address answered ${what}.`);
