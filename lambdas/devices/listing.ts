/** Lists of devices and of their alarms: filters, and where a page goes on. Pure. */
import { z } from 'zod';
import { deviceId, type DeviceRecord } from '../../lib/contract/device.ts';

/** Where a list of devices goes on: after this row of the index. */
export const position = z.object({ name: z.string().max(200), id: deviceId });
export type Position = z.infer<typeof position>;

/** Where a list of alarms goes on: the sort key its page ended with. */
export const sortKey = z.string().regex(/^\d{4}-\d\d-\d\dT[0-9:.]+Z#[a-z0-9]{8,32}$/);

export function matches({ name, id }: Pick<DeviceRecord, 'name' | 'id'>, q: string | undefined): boolean {
  if (q === undefined) return true;
  const needle = q.toLocaleLowerCase('en');
  return name.toLocaleLowerCase('en').includes(needle) || id.includes(needle);
}
