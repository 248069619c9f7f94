/**
 * Whether what a player's module asks a licence server for is of the video that it may watch. A licence server gives the keys that a
 * challenge names to whoever comes with our authorisation, so without this a licence's address of one video opened them all.
 */
import type { DrmName, DrmProtection } from '../../lib/contract/drm.ts';
import { ApiError } from '../shared/errors.ts';
import { asksPlayreadyFor } from './challenge-playready.ts';
import { asksWidevineFor } from './challenge-widevine.ts';

/** FairPlay's is encrypted for the provider, who alone can compare it with the content id that we say beside it. */
const ASKS: Readonly<Record<DrmName, (challenge: Buffer, protection: readonly DrmProtection[]) => boolean>> = {
  widevine: asksWidevineFor,
  playready: asksPlayreadyFor,
  fairplay: () => true,
};

/** Throws `not-found` where another video's key is among those asked for, `invalid-request` where it cannot be read which are. */
export function checkChallenge(system: DrmName, challenge: Buffer, protection: readonly DrmProtection[]): void {
  let isOurs: boolean;
  try {
    isOurs = ASKS[system](challenge, protection);
  } catch (cause) {
    throw new ApiError('invalid-request', `body: names no key as a challenge of ${system} does`, { cause });
  }
  if (!isOurs) throw new ApiError('not-found', 'The video has no such key; load main.m3u8 again.');
}
