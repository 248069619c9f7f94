/** How much is kept of whoever asks, and for admins of whom the most. */
import { MOST_OWNERS, type StorageAnswer, type StorageRow } from '../../lib/contract/storage.ts';
import type { UploadLimits } from '../../lib/contract/upload.ts';
import { takenSlots } from '../shared/slots.ts';
import { everyStorage, readStorage } from '../shared/storage.ts';
import { isAdmin, type Viewer } from '../shared/viewer.ts';
import { announced } from './quota.ts';

export async function storageOf(
  viewer: Viewer,
  { quotaBytes }: Pick<UploadLimits, 'quotaBytes'>,
): Promise<StorageAnswer> {
  const { bytes, videos } = await readStorage(viewer.subject);
  const own = {
    bytes,
    videos,
    uploading: announced(await takenSlots(viewer.subject)),
    ...(quotaBytes !== undefined && { quotaBytes }),
  };
  if (!isAdmin(viewer)) return own;
  const rows: StorageRow[] = [];
  for await (const row of everyStorage()) rows.push(row);
  return { ...own, ...largest(rows) };
}

/** Who keeps the most, first, and all together. Pure. */
export function largest(rows: readonly StorageRow[], most = MOST_OWNERS): Pick<StorageAnswer, 'owners' | 'total'> {
  const owners = rows
    .map(({ subject, bytes, videos }) => ({ owner: subject, bytes, videos }))
    .filter(({ videos }) => videos > 0)
    .toSorted((a, b) => b.bytes - a.bytes || (a.owner < b.owner ? -1 : 1));
  const sum = (of: 'bytes' | 'videos') => owners.reduce((total, one) => total + one[of], 0);
  return { owners: owners.slice(0, most), total: { bytes: sum('bytes'), videos: sum('videos') } };
}
