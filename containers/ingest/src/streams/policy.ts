/** Whether a channel may stream, by its device's record. Knows no protocol. Pure. */
import { isReceived, zoneMinutes, type DeviceRecord, type LivePolicy } from '../../../../lib/contract/device.ts';
import { wallTime } from '../media/wall-clock.ts';

/** Milliseconds a request counts beyond the time a device has to begin: writes and clocks take a little. */
const SLACK_MS = 15_000;
/** Milliseconds of the time of day within which pictures are taken for live ones. */
const LIVE_TOLERANCE_MS = 10 * 60_000;

export const policyOf = (record: Pick<DeviceRecord, 'channels'>, channel: number): LivePolicy | undefined =>
  record.channels.find(({ number }) => number === channel)?.live;

/**
 * Whether a connection from `network` may send a device's pictures and files. A device's number is no secret: what ties
 * them to the connection that was let in is where both come from.
 */
export const comesFromIt = (
  record: Pick<DeviceRecord, 'online' | 'network'>,
  network: string,
  { sameNetwork }: { readonly sameNetwork: boolean },
): boolean => !sameNetwork || (record.online && record.network === network);

/** By its record: always, or while a request is outstanding or answered. */
export function mayStream(
  record: Pick<DeviceRecord, 'channels' | 'streams'>,
  channel: number,
  startSeconds: number,
  now: number,
): boolean {
  const policy = policyOf(record, channel);
  if (policy === 'always') return true;
  if (policy === undefined || policy === 'never') return false;
  const stream = record.streams[String(channel)];
  if (stream !== undefined && isReceived(stream)) return true;
  return stream?.state === 'starting' && now - Date.parse(stream.since) < startSeconds * 1000 + SLACK_MS;
}

/** Whether a timestamp (milliseconds of any origin) is of now, by any reading of it; also where the clock says nothing. */
export function looksLive(record: Pick<DeviceRecord, 'timeZone'>, timestamp: number | undefined, now: number): boolean {
  if (timestamp === undefined) return true;
  const zone = zoneMinutes(record.timeZone, now);
  const { source } = wallTime(timestamp, now, { zoneMinutes: zone, tolerance: LIVE_TOLERANCE_MS });
  return source === 'device';
}
