/** What an alarm's record says of who is told of it. */
import { isQuiet, tellsOf, type AlarmRule, type Tell } from '../../../../../lib/contract/alarm-rules.ts';
import type { AlarmRecord, DeviceRecord } from '../../../../../lib/contract/device.ts';
import { inboxKey, shardOf } from '../../../../../lib/contract/inbox.ts';

/** The alarm's place in the inbox, where the rules have it for people, and whether they are told as it comes. */
export function inboxOf(
  rules: readonly AlarmRule[],
  alarm: Pick<AlarmRecord, 'kind' | 'type' | 'level' | 'phase'>,
  device: Pick<DeviceRecord, 'id' | 'tags'>,
): Pick<AlarmRecord, 'inbox' | 'quiet'> {
  if (!tellsOf(rules, alarm, device).includes('inbox')) return {};
  return { inbox: inboxKey('new', shardOf(device.id)), ...(isQuiet(rules, alarm, device) && { quiet: true }) };
}

/** Milliseconds in which one thing of one device is mailed once: what flaps would else be a mail each time. */
const QUIET = 600_000;
const MOST_MAILED = 50_000;
const mailed = new Map<string, number>();

/** Who is told of an alarm that was just raised. A device that another task had before is mailed of once more, at most. */
export function toldNow(
  tell: readonly Tell[],
  device: string,
  { kind, type }: Pick<AlarmRecord, 'kind' | 'type'>,
  now = Date.now(),
): Tell[] {
  if (!tell.includes('email')) return [...tell];
  const what = `${device} ${kind} ${type}`;
  if (now - (mailed.get(what) ?? -QUIET) < QUIET) return tell.filter((one) => one !== 'email');
  if (mailed.size >= MOST_MAILED) mailed.clear();
  mailed.set(what, now);
  return [...tell];
}
