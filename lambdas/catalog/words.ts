/**
 * What a video is found by: its words, how some begin, its tags, visibility and status, and where and when it was recorded (recorded.ts), each a
 * term under which the index has a row of it (index-rows.ts). Pure.
 */
import type { VideoRecord } from '../../lib/contract/video.ts';
import { recordedTerms } from './recorded.ts';

/** What terms are made of. */
export type Described = Pick<
  VideoRecord,
  'title' | 'description' | 'tags' | 'filename' | 'visibility' | 'status' | 'trashedAt' | 'origin' | 'places'
>;

/** Words of a video that it is found by: title, tags and file name first, then the description as far as they reach. */
const MOST_WORDS = 200;
/** Those of title, tags and file name that are found by how they begin, too. Each beginning is a row, which a change writes while others' wait. */
const MOST_BEGINNING = 40;
/** Letters of a word's longest beginning in the index. What is asked for beyond them is compared with the record. */
const LONGEST = 8;
/** Words asked for that are looked up; of more the longest, which fewest videos have. All are compared with the record. */
const MOST_ASKED = 5;

/** Scripts that put no space between words: each character is found by itself. */
const UNSPACED =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]|[^\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]+/gu;

/**
 * Runs of letters, and runs of digits, without case and accents: "Colour-Bars_2.MP4" is `colour`, `bars`, `2`, `mp`, `4`. What
 * somebody types is taken apart alike, so `mp4` finds it, and `colourbars` does not.
 */
export function wordsIn(text: string): string[] {
  const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
  return (plain.match(/\p{L}+|\p{N}+/gu) ?? []).flatMap((run) => run.match(UNSPACED) ?? []);
}

/** Each word, and whether how it begins finds the video, too. */
function wordsOf({ title, tags, filename, description }: Described): Map<string, boolean> {
  const named = new Set([title, ...tags, filename].flatMap(wordsIn));
  const all = new Set([...named, ...wordsIn(description)]);
  return new Map([...all].slice(0, MOST_WORDS).map((word, index) => [word, named.has(word) && index < MOST_BEGINNING]));
}

/** Whether something is typed, and no word of it: a picture, or a percent sign. No video is found by that. */
export const isWordless = (q: string): boolean => q.trim() !== '' && wordsIn(q).length === 0;

/** Whether each of the words asked for is one of the video, or how one begins. */
export function hasWords(record: Described, q: string): boolean {
  if (isWordless(q)) return false;
  const words = wordsOf(record);
  const begins = [...words].flatMap(([word, isBegun]) => (isBegun ? [word] : []));
  return wordsIn(q).every((asked) => words.has(asked) || begins.some((word) => word.startsWith(asked)));
}

const tagTerm = (tag: string): string => `tag:${tag}`;
const visibilityTerm = (visibility: string): string => `visibility:${visibility}`;
const statusTerm = (status: string): string => `status:${status}`;
const TRASH = 'trash:';

/** All terms of a video. Those that are no words have a colon, which no word has. */
export function termsOf(record: Described): Set<string> {
  const terms = new Set<string>();
  for (const [word, isBegun] of wordsOf(record)) {
    const letters = Array.from(word).slice(0, LONGEST);
    for (let length = isBegun ? 1 : letters.length; length <= letters.length; length += 1)
      terms.add(letters.slice(0, length).join(''));
  }
  for (const tag of record.tags) terms.add(tagTerm(tag));
  terms.add(visibilityTerm(record.visibility)).add(statusTerm(record.status));
  if (record.trashedAt !== undefined) terms.add(TRASH);
  for (const term of recordedTerms(record)) terms.add(term);
  return terms;
}

export interface Sought {
  readonly q?: string | undefined;
  readonly tag?: string | undefined;
  readonly visibility?: string | undefined;
  readonly status?: string | undefined;
  readonly isTrash: boolean;
}

/** Terms that a video which is sought has, all of them. None: it may be any. */
export function termsAsked({ q = '', tag, visibility, status, isTrash }: Sought): string[] {
  const words = [...new Set(wordsIn(q))].toSorted((a, b) => b.length - a.length).slice(0, MOST_ASKED);
  return [
    ...new Set(words.map((word) => Array.from(word).slice(0, LONGEST).join(''))),
    ...(tag === undefined ? [] : [tagTerm(tag)]),
    ...(visibility === undefined ? [] : [visibilityTerm(visibility)]),
    ...(status === undefined ? [] : [statusTerm(status)]),
    ...(isTrash ? [TRASH] : []),
  ];
}
