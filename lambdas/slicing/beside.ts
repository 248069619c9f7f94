/**
 * Work in the background that is no slicing (pulls, MP4s to download) and holds a function as long: it takes one of slicing's
 * places, so that all of it together leaves the API its functions, and of each kind there are few at a time.
 */
import { freeSlotsOf, takenSlots, takeSlot } from '../shared/slots.ts';
import { holdPlace, leavePlace, NoPlaceError, placesTaken } from './place.ts';

/** Seconds; as long as a function may run, and some. */
const LEASE = 20 * 60;

/** Rows of the uploads table have these owners, as slicing's places: one word of ours each. */
const KINDS = ['pulls', 'downloads'] as const;
type Kind = (typeof KINDS)[number];

/** Whether there is room for `holder`, which has it for one lease then. `most`: of this kind at a time. */
export async function holdPlaceBeside(kind: Kind, most: number, holder: string): Promise<boolean> {
  const expiresAt = Math.floor(Date.now() / 1000) + LEASE;
  if ((await takeSlot({ owner: kind, videoId: holder, expiresAt }, most)) === undefined) return false;
  try {
    await holdPlace(holder);
    return true;
  } catch (error) {
    await freeSlotsOf(kind, holder);
    if (error instanceof NoPlaceError) return false;
    throw error;
  }
}

/** `keep`: the place of slicing stays the holder's; what comes next needs it. */
export async function leavePlaceBeside(kind: Kind, holder: string, keep = false): Promise<void> {
  await freeSlotsOf(kind, holder);
  if (!keep) await leavePlace(holder);
}

/** Other videos that are sliced at this moment. What is pulled or made for a download holds a place, and no task's function. */
export async function videosBeside(videoId: string): Promise<number> {
  const [taken, ...beside] = await Promise.all([placesTaken(), ...KINDS.map(takenSlots)]);
  const others = new Set(beside.flat().map((slot) => slot.videoId));
  return taken.filter((holder) => holder !== videoId && !others.has(holder)).length;
}
