/** Playlists of one viewer of a channel, as text. Pure. The media playlist is shared; see lambdas/playback/manifest.ts. */
import { vodText } from '../../../lib/contract/live-playlist.ts';
import { ticketPath } from '../../../lib/contract/ticket.ts';
import type { Stream } from '../../../lib/contract/device.ts';
import { channelPrefix, initPath, LIVE_PLAYLIST, segmentPath } from '../../../lib/contract/live-keys.ts';
import { AUTH_VARIABLE, besides, expand, header, type Access } from '../manifest.ts';
import type { RecordedSegment } from '../../shared/recordings.ts';

/** Where a channel's media playlist is. */
export interface Source {
  readonly device: string;
  readonly channel: number;
  /** Of a recording that the device plays back. */
  readonly playback?: string | undefined;
}

/** bit/s said of a stream that has not said its own yet; the attribute is required (RFC 8216bis 4.4.6.2). */
const UNKNOWN_BANDWIDTH = 1_500_000;

/** The multivariant playlist of a live channel: one variant, sound in it. */
export function liveMultivariant(source: Source, stream: Partial<Stream>, access: Access, events?: string): string {
  const { bandwidth, codecs, width, height, frameRate } = stream;
  const attributes = [
    `BANDWIDTH=${bandwidth ?? UNKNOWN_BANDWIDTH}`,
    ...(codecs === undefined ? [] : [`CODECS="${codecs}"`]),
    ...(width === undefined || height === undefined ? [] : [`RESOLUTION=${width}x${height}`]),
    ...(frameRate === undefined ? [] : [`FRAME-RATE=${frameRate.toFixed(3)}`]),
    'CLOSED-CAPTIONS=NONE',
  ];
  const lines = [
    '#EXTM3U',
    ...header(access),
    ...besides({ events }),
    `#EXT-X-STREAM-INF:${attributes.join(',')}`,
    playlistUri(source, access),
  ];
  return `${lines.join('\n')}\n`;
}

function playlistUri({ device, channel, playback }: Source, access: Access): string {
  if (access.way === 'expand') {
    const query = [
      access.cookies && 'cookies=1',
      playback !== undefined && `playback=${playback}`,
      `token=${access.token}`,
    ].filter(Boolean);
    return `/api/play/live/${device}/${channel}/live.m3u8?${query.join('&')}`;
  }
  const name = playback === undefined ? LIVE_PLAYLIST : `playback/${playback}.m3u8`;
  const path = `${ticketPath(channelPrefix(device, channel), access.ticket)}${name}`;
  return access.way === 'define' ? `${path}?{$${AUTH_VARIABLE}}` : path;
}

/** How the URLs of a recorded stretch get their rights: each signed, by variable, or by cookies. */
type RecordingAccess = { readonly ticket: string } & (
  | { readonly way: 'define' | 'expand'; readonly query: string }
  | { readonly way: 'cookies' }
);

/**
 * The media playlist of a recorded stretch, complete in itself: it is answered for one viewer, so it defines the
 * variable itself (RFC 8216bis 4.4.2.3) and needs no multivariant playlist above it.
 */
export function recordingPlaylist(
  { device, channel }: Source,
  segments: readonly RecordedSegment[],
  access: RecordingAccess,
) {
  const base = ticketPath(channelPrefix(device, channel), access.ticket);
  const entries = segments.map((segment, i) => ({
    uri: `${base}${segmentPath(segment)}`,
    map: `${base}${initPath(segment.start, segment.init)}`,
    duration: segment.duration,
    programDateTime: segment.start,
    // Segments of two runs do not continue one another, whatever the second says of its own playlist.
    discontinuity: segment.discontinuity || !follows(segments[i - 1], segment),
    gap: false,
  }));
  const text = vodText(entries);
  if (access.way === 'cookies') return expand(text, base, undefined);
  if (access.way === 'expand') return expand(text, base, access.query);
  return text.replace(
    `#EXT-X-DEFINE:IMPORT="${AUTH_VARIABLE}"`,
    () => `#EXT-X-DEFINE:NAME="${AUTH_VARIABLE}",VALUE="${access.query}"`,
  );
}

const follows = (before: RecordedSegment | undefined, segment: RecordedSegment): boolean =>
  before !== undefined &&
  before.init === segment.init &&
  before.sequence + 1 === segment.sequence &&
  before.epoch === segment.epoch;
