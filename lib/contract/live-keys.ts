/**
 * Keys of live streams and recordings in the media bucket, built and parsed in one place. Imports nothing.
 *
 *   live/{device}/{channel}/live.m3u8                    the live media playlist; the only object that is overwritten
 *   live/{device}/{channel}/rec/{YYYYMMDD}/{HH}/{name}   media segments, by the UTC hour in which they begin
 *   live/{device}/{channel}/rec/{YYYYMMDD}/{HH}/hour.key the key of those of them that are encrypted
 *   live/{device}/{channel}/rec/{YYYYMMDD}/init-{id}.mp4 initialization sections, once a day and content
 *   live/{device}/{channel}/playback/{request}.m3u8      playlist of a recording that the device plays back
 *   live/{device}/files/{alarm}/{number}.{extension}     pictures and data that a device sent with an alarm
 *
 * A segment's name says all there is to know of it (when it begins, how long it lasts, which initialization section it
 * needs, how high its picture is, whether it continues the one before, whether it is encrypted), so the listing of an hour's folder is the index of that hour: written in
 * the same act as the segment, never behind it, never to be repaired. It sorts by time.
 */

/** Digits of the terminal's phone number without leading zeros; of a few terminals it has hex letters (lower case). */
export const DEVICE_ID = /^(0|[1-9a-f][0-9a-f]{0,19})$/;

export const LIVE_PREFIX = 'live/';
export const LIVE_PLAYLIST = 'live.m3u8';

/** Everything of a device. Ends with `/`. */
const devicePrefix = (device: string): string => `${LIVE_PREFIX}${deviceId(device)}/`;

/** Everything of one channel, which one signature covers. Ends with `/`. */
export const channelPrefix = (device: string, channel: number): string =>
  `${devicePrefix(device)}${channelNumber(channel)}/`;

export const livePlaylistKey = (device: string, channel: number): string =>
  `${channelPrefix(device, channel)}${LIVE_PLAYLIST}`;

/** Playlist of a recording being played back by the device; its URIs begin with `../`. */
export const playbackPlaylistKey = (device: string, channel: number, request: string): string =>
  `${channelPrefix(device, channel)}playback/${requestId(request)}.m3u8`;

/** Folder of the segments that begin in the UTC hour of `at` (epoch ms), relative to the channel. Ends with `/`. */
export const hourFolder = (at: number): string => `rec/${day(at)}/${new Date(at).toISOString().slice(11, 13)}/`;

export interface SegmentName {
  /** When its first picture was taken: epoch milliseconds. */
  readonly start: number;
  /** Milliseconds, exact. */
  readonly duration: number;
  /** Of the writer (docs/ingest.md). From 1. */
  readonly epoch: number;
  /** Media sequence number in the playlist it was written for. */
  readonly sequence: number;
  /** Id of its initialization section: 16 hexadecimal digits. */
  readonly init: string;
  /** Lines of its picture, of an upright one columns: the edge holds viewers to them. Names of versions before 0.2 do not say. */
  readonly lines?: number | undefined;
  /** It does not continue the segment before it. */
  readonly discontinuity: boolean;
  /** As a whole, by AES-128 (RFC 8216bis 4.4.4.4), with the key of the hour in which it begins. */
  readonly encrypted?: boolean | undefined;
}

/** In the name of a segment, behind all else. */
const ENCRYPTED = 'e';

/** Path of a segment, relative to the channel. */
export function segmentPath(segment: SegmentName): string {
  const { start, duration, epoch, sequence, init, lines, discontinuity, encrypted } = segment;
  const numbers = [
    whole(start, 'start'),
    whole(duration, 'duration'),
    whole(epoch, 'epoch'),
    whole(sequence, 'sequence'),
  ];
  // 13 digits reach from 2001 to 2286, so that names sort by time.
  if (start < 1e12 || start >= 1e13) throw new RangeError(`not a time of a recording: ${start}`);
  const height = lines === undefined ? '' : String(linesOf(lines));
  const marks = `${height}${discontinuity ? 'd' : 'c'}${encrypted === true ? ENCRYPTED : ''}`;
  return `${hourFolder(start)}${numbers.join('-')}-${initId(init)}-${marks}.m4s`;
}

/** Path of the initialization section `init` for segments that begin on the UTC day of `at` (epoch ms). */
export const initPath = (at: number, init: string): string => `rec/${day(at)}/init-${initId(init)}.mp4`;

/** A segment from its path or key; undefined when it is none. */
export function parseSegment(path: string): SegmentName | undefined {
  const match =
    /(?:^|\/)rec\/\d{8}\/\d{2}\/(\d{13})-(\d{1,9})-(\d{1,9})-(\d{1,15})-([0-9a-f]{16})-([1-9]\d{0,4})?([cd])(e?)\.m4s$/.exec(
      path,
    );
  if (match === null) return undefined;
  const [, start, duration, epoch, sequence, init, lines, mark, encrypted] = match;
  return {
    start: Number(start),
    duration: Number(duration),
    epoch: Number(epoch),
    sequence: Number(sequence),
    init: init!,
    ...(lines !== undefined && { lines: Number(lines) }),
    discontinuity: mark === 'd',
    ...(encrypted === ENCRYPTED && { encrypted: true }),
  };
}

const HOUR_MS = 3_600_000;
const KEY_NAME = 'hour.key';

/** Path of the key of segments that begin in the UTC hour of `at` (epoch ms), relative to the channel. */
export const hourKeyPath = (at: number): string => `${hourFolder(at)}${KEY_NAME}`;

/** Address of the key of the segment at this address, in the same folder; undefined: it is in clear, or no segment. */
export const keyBeside = (segment: string): string | undefined =>
  /-\d*[cd]e\.m4s$/.test(segment) ? `${segment.slice(0, segment.lastIndexOf('/') + 1)}${KEY_NAME}` : undefined;

/** Their initialization vector, 32 hexadecimal digits: when that hour began, in milliseconds. It stands in playlists and is no secret. */
export const hourVector = (at: number): string => (Math.floor(at / HOUR_MS) * HOUR_MS).toString(16).padStart(32, '0');

/** A file that came with an alarm. `number` counts from 1; `extension` is what the content was found to be. */
export function alarmFileKey(device: string, alarm: string, number: number, extension: string): string {
  if (!/^[a-z0-9]{1,5}$/.test(extension)) throw new RangeError(`not an extension: ${JSON.stringify(extension)}`);
  return `${devicePrefix(device)}files/${requestId(alarm)}/${whole(number, 'number')}.${extension}`;
}

const day = (at: number): string => new Date(at).toISOString().slice(0, 10).replaceAll('-', '');

function deviceId(device: string): string {
  if (!DEVICE_ID.test(device)) throw new RangeError(`not a device id: ${JSON.stringify(device)}`);
  return device;
}

function channelNumber(channel: number): number {
  if (!Number.isInteger(channel) || channel < 1 || channel > 255) throw new RangeError(`not a channel: ${channel}`);
  return channel;
}

/** Ids of requests and alarms: both are ours. */
export const REQUEST_ID = /^[a-z0-9]{8,32}$/;

function requestId(id: string): string {
  if (!REQUEST_ID.test(id)) throw new RangeError(`not an id: ${JSON.stringify(id)}`);
  return id;
}

function initId(id: string): string {
  if (!/^[0-9a-f]{16}$/.test(id))
    throw new RangeError(`not the id of an initialization section: ${JSON.stringify(id)}`);
  return id;
}

function linesOf(value: number): number {
  if (!Number.isInteger(value) || value < 1 || value > 99_999) throw new RangeError(`not lines of a picture: ${value}`);
  return value;
}

function whole(value: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} must be a whole number: ${value}`);
  return value;
}
