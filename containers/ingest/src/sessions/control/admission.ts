/** Who is let in by what its first messages say. Pure. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { DeviceRecord } from '../../../../../lib/contract/device.ts';
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

/** What a device that is not registered wanted. */
export function wish({ name }: Pick<Message, 'name'>): UnknownRow['why'] {
  if (name === 'register' || name === 'authenticate') return name;
  return name === 'location' || name === 'locationBatch' || name === 'locationReply' ? 'location' : 'other';
}
