/** Which devices somebody may see, for lists that are of all of them. */
import type { DeviceRecord } from '../../lib/contract/device.ts';
import { BATCH } from '../shared/batch-get.ts';
import { dynamo } from '../shared/clients.ts';
import { maySee } from '../shared/devices.ts';
import { isAdmin, type Viewer } from '../shared/viewer.ts';
import type { Of } from './inbox.ts';
import { byName, readDevices } from './records.ts';

/** Devices looked through for those of one person, and of theirs those that are taken. */
const MOST_LOOKED_AT = 10_000;
const MOST_TAKEN = 500;
/** Milliseconds for which it is known which they are: a count is asked for again and again. Whether they still may see them is looked up. */
const KEPT = 300_000;
const MOST_KEPT = 1000;
const kept = new Map<string, { readonly until: number; readonly ids: readonly string[] }>();

/** By id. Of more than a hundred at a time. */
export async function devicesOf(ids: readonly string[]): Promise<Map<string, DeviceRecord>> {
  const found = new Map<string, DeviceRecord>();
  for (let at = 0; at < ids.length; at += BATCH)
    for (const [id, record] of await readDevices(ids.slice(at, at + BATCH), dynamo)) found.set(id, record);
  return found;
}

/** Everything for admins. `isFresh`: also what they may see only since a moment ago. */
export async function seenBy(viewer: Viewer, isFresh: boolean, now = Date.now()): Promise<Of> {
  if (isAdmin(viewer)) return 'all';
  const known = isFresh ? undefined : kept.get(viewer.subject);
  if (known !== undefined && known.until > now) {
    const records = [...(await devicesOf(known.ids)).values()];
    return new Set(records.filter((record) => maySee(record, viewer)).map(({ id }) => id));
  }
  const ids: string[] = [];
  let some = 0;
  for await (const record of byName(undefined, 200)) {
    if (maySee(record, viewer)) ids.push(record.id);
    some += 1;
    if (some === MOST_LOOKED_AT || ids.length === MOST_TAKEN) break;
  }
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(viewer.subject, { until: now + KEPT, ids });
  return new Set(ids);
}
