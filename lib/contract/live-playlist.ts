/**
 * The live media playlist of one stream (RFC 8216bis 4.4.3, 6.2.2), written and read back. The text is all that is stored:
 * whoever writes a stream next goes on from it, and media and discontinuity sequences only ever grow. Pure.
 */
import { hourVector, keyBeside, parseSegment } from './live-keys.ts';

/** User metadata of live playlists: the writer's epoch, decimal. */
export const EPOCH_METADATA = 'epoch';

/** One segment of a playlist, live or recorded. */
export interface PlaylistEntry {
  /** Relative to the playlist, without a query. */
  readonly uri: string;
  /** The initialization section it needs, relative to the playlist. */
  readonly map: string;
  /** Milliseconds, exact. */
  readonly duration: number;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly programDateTime: number;
  /** EXT-X-DISCONTINUITY stands before it. */
  readonly discontinuity: boolean;
  /** The segment was dropped: there is no such file. */
  readonly gap: boolean;
}

export interface LivePlaylist {
  /** Seconds. It grows when a longer segment comes, and never shrinks. */
  readonly targetDuration: number;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly entries: readonly PlaylistEntry[];
}

export interface WindowOptions {
  /** Milliseconds of segments a playlist lists at least; three target durations are kept whatever this says. */
  readonly windowMs: number;
  /** Entries it lists at most. */
  readonly maxEntries: number;
}

const WINDOW_DEFAULTS: WindowOptions = { windowMs: 12_000, maxEntries: 60 };

/** A stream that was never published. `targetMs`: what segments are meant to last. */
export const emptyPlaylist = (targetMs: number): LivePlaylist => ({
  targetDuration: Math.max(1, Math.round(targetMs / 1000)),
  mediaSequence: 0,
  discontinuitySequence: 0,
  entries: [],
});

/** The sequence number the next segment will have. */
export const nextSequence = ({ mediaSequence, entries }: LivePlaylist): number => mediaSequence + entries.length;

/**
 * Adds a segment at the end and lets old ones go. Nothing precedes the first segment ever, so no discontinuity stands
 * before it; one always stands after a dropped segment.
 */
export function addEntry(
  playlist: LivePlaylist,
  added: PlaylistEntry,
  window: WindowOptions = WINDOW_DEFAULTS,
): LivePlaylist {
  const first = nextSequence(playlist) === 0;
  const afterGap = playlist.entries.at(-1)?.gap === true && !added.gap;
  const entries = [...playlist.entries, { ...added, discontinuity: !first && (added.discontinuity || afterGap) }];
  // EXTINF rounded to whole seconds must not exceed the target duration (4.4.3.1).
  const targetDuration = Math.max(playlist.targetDuration, Math.round(added.duration / 1000));
  const keep = Math.max(window.windowMs, 3 * targetDuration * 1000);
  let total = entries.reduce((sum, { duration }) => sum + duration, 0);
  let gone = 0;
  while (
    entries.length - gone > 1 &&
    (total - entries[gone]!.duration >= keep || entries.length - gone > window.maxEntries)
  ) {
    total -= entries[gone]!.duration;
    gone += 1;
  }
  return { ...drop(playlist, entries, gone), targetDuration };
}

/** Lets everything listed go, for a stream that begins again after so long that its old segments are not wanted. */
export const forgetEntries = (playlist: LivePlaylist): LivePlaylist =>
  drop(playlist, playlist.entries, playlist.entries.length);

function drop(playlist: LivePlaylist, entries: readonly PlaylistEntry[], count: number): LivePlaylist {
  return {
    ...playlist,
    entries: entries.slice(count),
    mediaSequence: playlist.mediaSequence + count,
    // 4.4.3.3: it counts the discontinuity tags that went with their segments.
    discontinuitySequence:
      playlist.discontinuitySequence + entries.slice(0, count).filter(({ discontinuity }) => discontinuity).length,
  };
}

/** Every URL ends with the variable that the multivariant playlist defines (4.3). */
const AUTH = '?{$auth}';

/** The playlist's text. It is shared by all viewers; signatures come in through the imported variable. */
export function liveText({ targetDuration, mediaSequence, discontinuitySequence, entries }: LivePlaylist): string {
  return [
    ...head(targetDuration),
    `#EXT-X-MEDIA-SEQUENCE:${mediaSequence}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitySequence}`,
    entriesText(entries),
  ].join('\n');
}

/** Milliseconds between the end of one recorded segment and the beginning of the next that are not a hole. */
const SEAMLESS_MS = 500;

/**
 * A playlist over recorded segments in order of time. Where segments are missing a discontinuity stands, and the next
 * EXT-X-PROGRAM-DATE-TIME tells how much; a segment that was dropped is listed as a gap.
 */
export function vodText(recorded: readonly PlaylistEntry[]): string {
  const entries = recorded.map((entry, i) => {
    const before = recorded[i - 1];
    if (before === undefined) return { ...entry, discontinuity: false };
    const hole = Math.abs(entry.programDateTime - (before.programDateTime + before.duration)) > SEAMLESS_MS;
    return { ...entry, discontinuity: entry.discontinuity || hole || (before.gap && !entry.gap) };
  });
  const longest = entries.reduce((most, { duration }) => Math.max(most, duration), 1000);
  return [
    ...head(Math.round(longest / 1000)),
    '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-MEDIA-SEQUENCE:0',
    `${entriesText(entries)}#EXT-X-ENDLIST\n`,
  ].join('\n');
}

/** Version 8: variables, EXT-X-GAP (RFC 8216bis 8). */
const head = (targetDuration: number): string[] => [
  '#EXTM3U',
  '#EXT-X-VERSION:8',
  '#EXT-X-DEFINE:IMPORT="auth"',
  `#EXT-X-TARGETDURATION:${targetDuration}`,
];

function entriesText(entries: readonly PlaylistEntry[]): string {
  let text = '';
  let before: PlaylistEntry | undefined;
  /** The tag in force. */
  let key = NO_KEY;
  for (const entry of entries) {
    const { discontinuity, map } = entry;
    if (discontinuity) text += '#EXT-X-DISCONTINUITY\n';
    // Of a segment that is not there nobody needs the key, which may not be there either.
    const wanted = entry.gap ? key : keyOf(entry);
    if (map !== before?.map) {
      // Initialization sections are in clear, which a key in front of one would deny (4.4.4.5).
      if (key !== NO_KEY) text += key = NO_KEY;
      text += `#EXT-X-MAP:URI="${map}${AUTH}"\n`;
    }
    if (wanted !== key) text += key = wanted;
    if (discontinuity || before === undefined) {
      text += `#EXT-X-PROGRAM-DATE-TIME:${new Date(entry.programDateTime).toISOString()}\n`;
    }
    if (entry.gap) text += '#EXT-X-GAP\n';
    text += `#EXTINF:${(entry.duration / 1000).toFixed(3)},\n${entry.uri}${AUTH}\n`;
    before = entry;
  }
  return text;
}

const NO_KEY = '#EXT-X-KEY:METHOD=NONE\n';

/** By which key a segment is encrypted (4.4.4.4): its name says whether, and its hour which. */
function keyOf({ uri, programDateTime }: PlaylistEntry): string {
  const key = keyBeside(uri);
  if (key === undefined) return NO_KEY;
  return `#EXT-X-KEY:METHOD=AES-128,URI="${key}${AUTH}",IV=0x${hourVector(programDateTime)}\n`;
}

/** A live playlist's text as state to go on from; undefined when it is not one that we wrote: segments' names say what their lines leave out. */
export function readLivePlaylist(text: string): LivePlaylist | undefined {
  const numbers: Record<string, number> = {};
  const entries: PlaylistEntry[] = [];
  let map = '';
  let discontinuity = false;
  let gap = false;
  for (const line of text.split('\n')) {
    const tag = /^#(EXT-X-TARGETDURATION|EXT-X-MEDIA-SEQUENCE|EXT-X-DISCONTINUITY-SEQUENCE):(\d{1,15})$/.exec(line);
    if (tag !== null) numbers[tag[1]!] = Number(tag[2]);
    else if (line.startsWith('#EXT-X-MAP:')) map = bare(/URI="([^"]*)"/.exec(line)?.[1] ?? '');
    else if (line === '#EXT-X-DISCONTINUITY') discontinuity = true;
    else if (line === '#EXT-X-GAP') gap = true;
    else if (line !== '' && !line.startsWith('#')) {
      const uri = bare(line);
      const name = parseSegment(uri);
      if (name === undefined || map === '') return undefined;
      entries.push({ uri, map, duration: name.duration, programDateTime: name.start, discontinuity, gap });
      [discontinuity, gap] = [false, false];
    }
  }
  const targetDuration = numbers['EXT-X-TARGETDURATION'];
  const mediaSequence = numbers['EXT-X-MEDIA-SEQUENCE'];
  const discontinuitySequence = numbers['EXT-X-DISCONTINUITY-SEQUENCE'];
  if (targetDuration === undefined || mediaSequence === undefined || discontinuitySequence === undefined)
    return undefined;
  return { targetDuration, mediaSequence, discontinuitySequence, entries };
}

const bare = (uri: string): string => uri.split('?', 1)[0]!;
