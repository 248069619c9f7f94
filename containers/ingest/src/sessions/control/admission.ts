/** Who is let in by what its first messages say. Pure. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { DeviceRecord, LivePolicy } from '../../../../../lib/contract/device.ts';
import type { UnknownRow } from '../../../../../lib/contract/fleet.ts';
import type { Message } from '../../jt808/messages/registry.ts';

/** `wait`: nothing is decided by this message. */
export type Admission = 'let-in' | 'wait' | 'refuse';

export function admission(
  message: Message,
  record: Pick<DeviceRecord, 'authCode'>,
  { requireAuthCode }: { readonly requireAuthCode: boolean },
): Admission {
  if (message.name === 'register' || message.name === 'logout' || message.name === 'timeQuery') return 'wait';
  if (!requireAuthCode) return 'let-in';
  if (message.name !== 'authenticate') return 'refuse';
  return record.authCode !== undefined && sameText(message.value.authCode, record.authCode) ? 'let-in' : 'refuse';
}

/** Compares without telling by its time where two texts differ. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/**
 * Whether a connection from `network` may send a device's pictures and files. A device's number is no secret: what ties
 * them to the connection that was let in is where both come from.
 */
export const comesFromIt = (
  record: Pick<DeviceRecord, 'online' | 'network'>,
  network: string,
  { sameNetwork }: { readonly sameNetwork: boolean },
): boolean => !sameNetwork || (record.online && record.network === network);

/** What a device that is not registered wanted. */
export function wish({ name }: Pick<Message, 'name'>): UnknownRow['why'] {
  if (name === 'register' || name === 'authenticate') return name;
  return name === 'location' || name === 'locationBatch' || name === 'locationReply' ? 'location' : 'other';
}

export const policyOf = (record: Pick<DeviceRecord, 'channels'>, channel: number): LivePolicy | undefined =>
  record.channels.find(({ number }) => number === channel)?.live;
