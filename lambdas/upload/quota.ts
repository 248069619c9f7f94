/**
 * Whether somebody may keep more (`upload.quotaGiB`): what they keep, what their uploads under way have announced, and what is to come. A
 * place is taken only while all of that is as it was read, so however many uploads begin at once, no more are let in than fit.
 */
import { GIB } from '../../lib/contract/options.ts';
import type { UploadLimits } from '../../lib/contract/upload.ts';
import type { UploadSlot } from '../../lib/contract/video.ts';
import { ApiError } from '../shared/errors.ts';
import { freeSlots, placeWrite, takenSlots, takeSlot } from '../shared/slots.ts';
import { admittedAt, readStorage } from '../shared/storage.ts';
import { afterLosing, written } from '../shared/transact.ts';

type Limits = Pick<UploadLimits, 'maxInFlight' | 'quotaBytes'>;

/** Uploads of one person that may begin at the same moment, and none of them in vain. */
const TRIES = 12;

/** Takes a place, as `takeSlot` does. Throws `over-quota` where what comes does not fit, as far as its size is known. */
export async function takePlace(
  wanted: Omit<UploadSlot, 'slot'>,
  { maxInFlight, quotaBytes }: Limits,
): Promise<number | undefined> {
  if (quotaBytes === undefined) return await takeSlot(wanted, maxInFlight);
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const { kept, taken } = await heldBy(wanted.owner);
    checkFits({ kept: kept.bytes, held: announced(taken, wanted.videoId), bytes: wanted.bytes }, quotaBytes);
    const own = taken.find(({ videoId }) => videoId === wanted.videoId);
    const slot = own?.slot ?? freeSlots(new Set(taken.map((one) => one.slot)), maxInFlight)[0];
    if (slot === undefined) return undefined;
    if (await written([placeWrite({ ...wanted, slot }), admittedAt(kept)])) return slot;
    await afterLosing(attempt);
  }
  throw new ApiError('busy', 'You begin many uploads at the same moment. Try again in a few seconds.');
}

/** What has arrived may be more than was announced, or nobody announced it. Throws `over-quota`. */
export async function checkQuota(
  { owner, id }: { readonly owner: string; readonly id: string },
  bytes: number,
  { quotaBytes }: Limits,
): Promise<void> {
  if (quotaBytes === undefined) return;
  const { kept, taken } = await heldBy(owner);
  checkFits({ kept: kept.bytes, held: announced(taken, id), bytes }, quotaBytes);
}

/** What is kept first: an upload that arrives in between is counted, which another try sees, and gives its place back after. */
async function heldBy(owner: string) {
  const kept = await readStorage(owner);
  return { kept, taken: await takenSlots(owner) };
}

/** Bytes that uploads under way have announced, but for this one's. Pure. */
export const announced = (taken: readonly Pick<UploadSlot, 'videoId' | 'bytes'>[], but?: string): number =>
  taken.reduce((sum, { videoId, bytes = 0 }) => sum + (videoId === but ? 0 : bytes), 0);

interface Asked {
  readonly kept: number;
  readonly held: number;
  /** Undefined: nobody knows, so it is let in while there is any room. */
  readonly bytes: number | undefined;
}

/** Throws `over-quota`. Pure. */
export function checkFits({ kept, held, bytes }: Asked, quotaBytes: number): void {
  const used = kept + held;
  if (bytes === undefined ? used < quotaBytes : used + bytes <= quotaBytes) return;
  throw new ApiError('over-quota', overQuota({ used, bytes }, quotaBytes), {
    limit: { name: 'upload.quotaGiB', value: quotaBytes / GIB, unit: 'GiB' },
  });
}

/** In words, with as many digits as show that the file is more than what is left. */
function overQuota({ used, bytes }: { readonly used: number; readonly bytes: number | undefined }, quotaBytes: number) {
  const left = Math.max(0, quotaBytes - used);
  let digits = 1;
  while (bytes !== undefined && digits < 9 && inUnits(bytes, digits) === inUnits(left, digits)) digits += 1;
  const words = (of: number) => inUnits(of, digits);
  const rest = left === 0 ? 'nothing is left' : `${words(left)} are left`;
  const file = bytes === undefined ? '' : `, and this file has ${words(bytes)}`;
  return `You keep ${words(used)} of the ${words(quotaBytes)} that you may, uploads under way and the trash included: ${rest}${file}. Delete something for good, and try again.`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Decimal, as the console counts. `digits`: behind the point. */
function inUnits(bytes: number, digits: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : digits)} ${UNITS[power]}`;
}
