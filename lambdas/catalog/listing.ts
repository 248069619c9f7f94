/** Pages of a listing: filters, the cursor, and how a page is filled. Pure; reading rows is the caller's. */
import { z } from 'zod';
import { videoId, type VideoRecord, type VideoStatus } from '../../lib/contract/video.ts';
import { ApiError, refusedField } from '../shared/errors.ts';
import { isAdmin, type Viewer } from '../shared/viewer.ts';
import { takePage, type Page } from '../shared/page.ts';

export interface Filter {
  readonly status?: VideoStatus | undefined;
  readonly tag?: string | undefined;
  /** Part of the title or file name, case-insensitive. */
  readonly q?: string | undefined;
}

/** Where to go on: after this row of the index. */
const position = z.tuple([z.iso.datetime(), videoId]);
export type Position = Pick<VideoRecord, 'createdAt' | 'id'>;

/** Opaque to clients. It only says where to go on; whose videos are listed is decided anew by each call. */
export const encodeCursor = ({ createdAt, id }: Position): string =>
  Buffer.from(JSON.stringify([createdAt, id])).toString('base64url');

/** Throws `invalid-request` for anything that `encodeCursor` did not make. */
export function decodeCursor(cursor: string): Position {
  try {
    const [createdAt, id] = position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    if (encodeCursor({ createdAt, id }) === cursor) return { createdAt, id };
  } catch {
    // Not base64url, not JSON, not a position: said below.
  }
  throw refusedField('query.cursor', 'is not one this API gave out; start again without it');
}

/** Whose videos are asked for: a subject's, or everybody's (undefined; admins only). Throws `forbidden`. */
export function whose(viewer: Viewer, owner: string | undefined): string | undefined {
  if (isAdmin(viewer)) return owner;
  if (owner !== undefined && owner !== viewer.subject) {
    throw new ApiError('forbidden', "Only administrators list other people's videos. Leave `owner` out.");
  }
  return viewer.subject;
}

/** Videos being removed, and uploads that expired without a file, are not there. `now` is epoch seconds. */
export const isThere = ({ status, expiresAt }: Pick<VideoRecord, 'status' | 'expiresAt'>, now: number): boolean =>
  status !== 'deleted' && !(status === 'uploading' && expiresAt !== undefined && expiresAt <= now);

export function matches(record: VideoRecord, { status, tag, q }: Filter): boolean {
  if (status !== undefined && record.status !== status) return false;
  if (tag !== undefined && !record.tags.includes(tag)) return false;
  if (q === undefined) return true;
  const needle = q.toLocaleLowerCase('en');
  return [record.title, record.filename].some((text) => text.toLocaleLowerCase('en').includes(needle));
}

/** A page of them; see `takePage` for `limit` and `budget`. */
export const fillPage = (
  rows: AsyncIterable<VideoRecord>,
  wanted: (record: VideoRecord) => boolean,
  limit: number,
  budget: number,
): Promise<Page<VideoRecord>> => takePage(rows, wanted, limit, budget, encodeCursor);
