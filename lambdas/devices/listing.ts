/** Pages of the list of devices. Pure; reading rows is the caller's. */
import { z } from 'zod';
import { deviceId, type DeviceRecord } from '../../lib/contract/device.ts';
import { refusedField, type ApiError } from '../shared/errors.ts';
import type { Position } from './records.ts';
import { takePage, type Page } from '../shared/page.ts';

const position = z.tuple([z.string().max(200), deviceId]);

/** Opaque to clients. It only says where to go on. */
export const encodeCursor = ({ name, id }: Position): string =>
  Buffer.from(JSON.stringify([name, id])).toString('base64url');

/** Throws `invalid-request` for anything that `encodeCursor` did not make. */
export function decodeCursor(cursor: string): Position {
  try {
    const [name, id] = position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    if (encodeCursor({ name, id }) === cursor) return { name, id };
  } catch {
    // Said below.
  }
  throw badCursor();
}

/** The cursor of a list of alarms: the sort key its page ended with. */
export const encodeAfter = (sortKey: string): string => Buffer.from(sortKey).toString('base64url');

export function decodeAfter(cursor: string): string {
  const sortKey = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!/^\d{4}-\d\d-\d\dT[0-9:.]+Z#[a-z0-9]{8,32}$/.test(sortKey)) throw badCursor();
  return sortKey;
}

const badCursor = (): ApiError => refusedField('query.cursor', 'is not one this API gave out; start again without it');

export function matches({ name, id }: Pick<DeviceRecord, 'name' | 'id'>, q: string | undefined): boolean {
  if (q === undefined) return true;
  const needle = q.toLocaleLowerCase('en');
  return name.toLocaleLowerCase('en').includes(needle) || id.includes(needle);
}

/** A page of them; see `takePage` for `limit` and `budget`. */
export const fillPage = (
  rows: AsyncIterable<DeviceRecord>,
  wanted: (record: DeviceRecord) => boolean,
  limit: number,
  budget: number,
): Promise<Page<DeviceRecord>> => takePage(rows, wanted, limit, budget, encodeCursor);
