/**
 * How many videos are sliced at a time. Each run's step holds a function of the account's for up to 15 minutes, so runs take
 * places, fewer than the account may run functions, and those that find none wait (`NoPlaceError`, docs/slicing.md).
 */
import { number } from '../../lib/contract/env.ts';
import { slicingPlaces } from '../../lib/contract/slicing.ts';
import { logger } from '../shared/logger.ts';
import { freeSlotsOf, takenSlots, takeSlot } from '../shared/slots.ts';

/** Of these rows in the uploads table. No person: no subject of an issuer has a space. */
const OWNER = 'slicing runs';

/**
 * Seconds. Longer than a function can run (15 minutes), so that a place is not another's while a step works; a run that was
 * stopped without a word gives its place back this way.
 */
const LEASE = 20 * 60;

/** Step Functions tries again, by this name, for as long as a backlog may take (lib/constructs/retries.ts). */
export class NoPlaceError extends Error {
  override name = 'NoPlaceError';
}

/** Takes a place for the video, or keeps the one it has for another lease. Throws NoPlaceError. */
export async function holdPlace(videoId: string): Promise<void> {
  const expiresAt = Math.floor(Date.now() / 1000) + LEASE;
  const slot = await takeSlot({ owner: OWNER, videoId, expiresAt }, number('SLICING_PLACES', slicingPlaces));
  if (slot === undefined) throw new NoPlaceError('as many videos are being sliced as may be at a time');
}

/** Who has a place. */
export const placesTaken = async (): Promise<string[]> => (await takenSlots(OWNER)).map(({ videoId }) => videoId);

/** At the end of a run, however it ended. What fails here ends by itself with the lease. */
export async function leavePlace(videoId: string): Promise<void> {
  await freeSlotsOf(OWNER, videoId).catch((error: unknown) =>
    logger.warn('place not given back, its lease will end', { videoId, error: error as Error }),
  );
}
