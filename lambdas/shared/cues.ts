/**
 * Cues of a text track, read from SubRip (.srt) or WebVTT that anybody made, and written as one WebVTT file of an HLS
 * rendition (RFC 8216bis 3.1.4). Strict: what is not understood is refused by its line, not shown at the wrong time. Pure.
 */
import { TIME_OFFSET } from '../../lib/contract/plan.ts';
import { characterOf } from './entities.ts';

export interface Cue {
  /** Seconds from the start of the video. */
  readonly start: number;
  readonly end: number;
  /** WebVTT cue text (W3C WebVTT 4.2.2): escaped, without blank lines. */
  readonly text: string;
  /** WebVTT cue settings, e.g. `line:0`; mostly empty. */
  readonly settings?: string;
}

/** Cues of one track: a word a second, all day, is more than anybody speaks in a film. */
export const MAX_CUES = 20_000;
/** Characters of one cue. */
export const MAX_CUE_LENGTH = 2000;
/** Hours a cue's time may have: the longest video has 24. */
const MAX_HOURS = 99;

/** Characters that are no text: old systems' file ends, what programs stop at. Tabs and line ends stay. */
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/g;

/** What is wrong with a file, and on which line, counted from 1. */
export class CueError extends Error {
  override name = 'CueError';
  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
  }
}

interface Block {
  /** Of its first line, from 0. */
  readonly at: number;
  readonly lines: readonly string[];
}

/** Lines between blank ones, from one on. */
function blocksOf(lines: readonly string[], first: number): Block[] {
  const blocks: Block[] = [];
  let from = first;
  for (let at = first; at <= lines.length; at += 1) {
    if (at < lines.length && lines[at]!.trim() !== '') continue;
    if (at > from) blocks.push({ at: from, lines: lines.slice(from, at) });
    from = at + 1;
  }
  return blocks;
}

const TIMES = /^\s*([0-9:.,]{5,16})[ \t]*-->[ \t]*([0-9:.,]{5,16})(?:[ \t](.*))?$/;
/** Hours may be left out; the fraction has a point in WebVTT and a comma in SubRip. */
const CLOCK = /^(?:([0-9]{1,3}):)?([0-9]{1,2}):([0-9]{1,2})[.,]([0-9]{1,3})$/;

function seconds(text: string): number | undefined {
  const match = CLOCK.exec(text);
  if (!match) return undefined;
  const [hours, minutes, whole] = [match[1] ?? '0', match[2], match[3]].map(Number) as [number, number, number];
  if (minutes > 59 || whole > 59) return undefined;
  return (hours * 3600_000 + minutes * 60_000 + whole * 1000 + Number(match[4]!.padEnd(3, '0'))) / 1000;
}

/** Blocks of a WebVTT file that are no cues (W3C WebVTT 4.1). */
const NO_CUE = /^(?:NOTE|STYLE|REGION)(?:[ \t]|$)/;

/** How many lines a WebVTT file's header has: to a blank one, or to a cue right below, with its name (W3C WebVTT 6.1). */
function headerLines(lines: readonly string[]): number {
  const arrow = lines.findIndex((line, at) => at > 0 && TIMES.test(line));
  const blank = lines.findIndex((line) => line.trim() === '');
  const end = blank === -1 ? lines.length : blank;
  return arrow === -1 || arrow > end ? end : arrow;
}

/** Attributes of a line that says when the cues are (RFC 8216bis 3.1.4), in any order. */
const MAP = /^X-TIMESTAMP-MAP=(.*)$/;
const MAP_ATTRIBUTE = /^(?:LOCAL:([0-9:.]{5,16})|MPEGTS:[0-9]{1,19})$/;

/**
 * Seconds at which the media begin on the clock of a WebVTT file's cues. Which time stamp that is there (`MPEGTS`) does not
 * matter: those media are not ours. Throws CueError.
 */
function beginsAt(header: readonly string[]): number {
  const at = header.findIndex((line) => MAP.test(line));
  if (at === -1) return 0;
  const attributes = MAP.exec(header[at]!)![1]!
    .split(',')
    .map((part) => MAP_ATTRIBUTE.exec(part.trim()));
  const local = attributes.flatMap((found) => found?.[1] ?? []).map(seconds);
  if (attributes.includes(null) || local.length > 1 || local.includes(undefined))
    throw new CueError(at + 1, 'expected `X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0`');
  return local[0] ?? 0;
}

/** The cues of a .srt or .vtt file in the order they are shown. Throws CueError. */
export function parseCues(file: string): Cue[] {
  const lines = file
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .map((line) => line.replace(CONTROLS, ''));
  const webVtt = /^WEBVTT(?:[ \t]|$)/.test(lines[0] ?? '');
  const header = webVtt ? headerLines(lines) : 0;
  const begins = beginsAt(lines.slice(0, header));
  const blocks = blocksOf(lines, header);
  const cues: Cue[] = [];
  for (const block of blocks) {
    if (webVtt && NO_CUE.test(block.lines[0]!)) continue;
    const cue = readCue(block, webVtt);
    // What is over before the media begin is of no use.
    if (cue && cue.end > begins) cues.push(begins === 0 ? cue : moved(cue, begins));
    if (cues.length > MAX_CUES) throw new CueError(block.at + 1, `more than ${MAX_CUES} cues`);
  }
  if (cues.length === 0) throw new CueError(1, 'there are no captions in this file; .srt and .vtt are taken');
  return cues.toSorted((a, b) => a.start - b.start);
}

const moved = ({ start, end, ...said }: Cue, by: number): Cue => {
  const [from, to] = [start, end].map((time) => Math.max(0, Math.round((time - by) * 1000) / 1000));
  return { start: from!, end: to!, ...said };
};

/** Undefined for a cue that says nothing. */
function readCue({ at, lines }: Block, webVtt: boolean): Cue | undefined {
  // A number in SubRip, any name in WebVTT.
  const named = !lines[0]!.includes('-->') && (webVtt || /^\s*[0-9]{1,9}\s*$/.test(lines[0]!)) ? 1 : 0;
  const line = at + named + 1;
  const times = TIMES.exec(lines[named] ?? '');
  const [start, end] = [times?.[1], times?.[2]].map((time) => (time === undefined ? undefined : seconds(time)));
  if (start === undefined || end === undefined)
    throw new CueError(line, 'expected times such as `00:01:02,500 --> 00:01:04,000`');
  if (end >= (MAX_HOURS + 1) * 3600) throw new CueError(line, `times of more than ${MAX_HOURS} hours are not taken`);
  if (end <= start) throw new CueError(line, 'the cue ends before it begins');
  const payload = lines.slice(named + 1);
  // An arrow alone is text.
  const arrow = payload.findIndex((text) => TIMES.test(text));
  if (arrow !== -1) throw new CueError(line + arrow + 1, 'a blank line is missing before the next cue');
  const joined = payload.map((text) => text.trim()).join('\n');
  if (joined.length > MAX_CUE_LENGTH) throw new CueError(line + 1, `a cue of more than ${MAX_CUE_LENGTH} characters`);
  const text = (webVtt ? cleanWebVtt : fromSubRip)(joined).trim();
  if (text === '') return undefined;
  const settings = webVtt ? cleanSettings(times?.[3] ?? '') : joined.includes('{\\an8}') ? 'line:0' : '';
  return { start, end, text, ...(settings !== '' && { settings }) };
}

const SETTING = /^(?:vertical|line|position|size|align):[A-Za-z0-9%.,-]{1,30}$/;
const cleanSettings = (text: string): string =>
  text
    .split(/[ \t]+/)
    .filter((setting) => SETTING.test(setting))
    .join(' ');

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
/** Text in which nothing is markup. */
export const escapeText = (text: string): string =>
  text.replace(CONTROLS, '').replace(/[&<>]/g, (one) => ESCAPES[one]!);
/** What follows a name does not begin with a letter: one way to read each tag, however long. */
const MARKUP =
  /<(\/?)([A-Za-z]*)((?:[^A-Za-z<>][^<>]*)?)>|&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});|[&<>]/g;

/**
 * Whatever is no tag of these or reference to a character is text. References become what they stand for, since players know
 * few; one of a name that is in no list here is left to them where it may be one (`references`).
 */
function clean(
  text: string,
  tag: (slash: string, name: string, rest: string) => string | undefined,
  references = false,
): string {
  return text.replace(CONTROLS, '').replace(MARKUP, (found, slash?: string, name?: string, rest?: string) => {
    if (found.length === 1) return ESCAPES[found]!;
    if (found.startsWith('&')) {
      const character = characterOf(found);
      if (character === undefined) return references ? found : escapeText(found);
      return character === found ? found : escapeText(character);
    }
    return tag(slash ?? '', (name ?? '').toLowerCase(), rest ?? '') ?? escapeText(found);
  });
}

/** Bold, italic and underlined stay; colours and what SubStation writes in braces go. */
export const fromSubRip = (text: string): string =>
  clean(text.replace(/\{\\[^{}]*\}/g, ''), (slash, name) => {
    if (/^[biu]$/.test(name)) return `<${slash}${name}>`;
    return name === 'font' ? '' : undefined;
  });

export const cleanWebVtt = (text: string): string =>
  clean(
    text,
    (slash, name, rest) => {
      if (/^(?:b|i|u|c|v|lang|ruby|rt)$/.test(name)) return `<${slash}${name}${slash === '' ? rest : ''}>`;
      return name === '' && CLOCK.test(rest) ? `<${rest}>` : undefined;
    },
    true,
  );

/** `01:02:03.500`. */
function clockOf(time: number): string {
  const all = Math.round(time * 1000);
  const part = (value: number, digits: number) => String(Math.floor(value)).padStart(digits, '0');
  return `${part(all / 3600_000, 2)}:${part((all / 60_000) % 60, 2)}:${part((all / 1000) % 60, 2)}.${part(all % 1000, 3)}`;
}

/**
 * The file. Its time 0 is the video's first picture, whose time stamp is that of `begins`, seconds (X-TIMESTAMP-MAP, 3.1.4:
 * 90,000 a second).
 */
export function writeWebVtt(cues: readonly Cue[], begins = TIME_OFFSET): string {
  const header = `WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:${Math.max(0, Math.round(begins * 90_000))}\n`;
  const blocks = cues.map(
    ({ start, end, text, settings }) =>
      `\n${clockOf(start)} --> ${clockOf(end)}${settings === undefined ? '' : ` ${settings}`}\n${text}\n`,
  );
  return header + blocks.join('');
}

/**
 * Its shared media playlist: the whole file is one segment, as long as the video, so that a change of language costs one
 * request. Target durations of subtitles may differ from the others' (4.4.3.1).
 */
export function textPlaylist(name: string, duration: number): string {
  return [
    '#EXTM3U',
    '#EXT-X-VERSION:8',
    `#EXT-X-TARGETDURATION:${Math.max(1, Math.ceil(duration))}`,
    '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    '#EXT-X-DEFINE:IMPORT="auth"',
    `#EXTINF:${duration.toFixed(3)},`,
    `${name}.vtt?{$auth}`,
    '#EXT-X-ENDLIST',
    '',
  ].join('\n');
}
