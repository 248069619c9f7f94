/** Whether a channel's sound is worth encoding: while somebody hears it, or will. Pure. */
import type { DeviceRecord } from '../../../../lib/contract/device.ts';

/** Milliseconds a sign of life counts beyond its time: clocks differ, and a player has segments left. */
const GRACE_MS = 10_000;

/**
 * A stream on demand runs because somebody watches it. One that always runs is encoded for its recording, where its channel
 * says so, and while a viewer's signature is good. `now`: epoch milliseconds.
 */
export function isHeard(record: Pick<DeviceRecord, 'channels' | 'watched'>, channel: number, now: number): boolean {
  const settings = record.channels.find(({ number }) => number === channel);
  if (settings === undefined) return false;
  if (settings.live !== 'always' || settings.sound === true) return true;
  const watchedUntil = Date.parse(record.watched[String(channel)] ?? '') || 0;
  return watchedUntil + GRACE_MS > now;
}
