/** When a signature ends that its player does not renew. */
import { edgeIsFull } from '../shared/revocation.ts';
import { signatureEnd } from './access.ts';
import { signatureHours } from './options.ts';

/**
 * After `playback.signatureHours`, and at the earliest an hour after what is watched; `duration`: its seconds, null: nobody knows. What
 * the edge has no room to refuse should end soon by itself: then it is that hour.
 */
export const unrenewedEnd = async (duration: number | null): Promise<Date> =>
  signatureEnd(new Date(), (await edgeIsFull()) ? 0 : signatureHours, duration);
