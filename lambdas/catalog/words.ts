/**
 * What a video is found by: beginnings of its words, its tags, visibility and status, and where and when it was recorded (recorded.ts), each a
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

function wordsOf({ title, tags, filename, description }: Described): Set<string> {
  const words = new Set<string>();
  for (const text of [title, ...tags, filename, description])
    for (const word of wordsIn(text)) if (words.size < MOST_WORDS) words.add(word);
  return words;
}

/** Whether each of the words asked for is how a word of the video begins. */
export function hasWords(record: Described, q: string): boolean {
  const words = [...wordsOf(record)];
  return wordsIn(q).every((asked) => words.some((word) => word.startsWith(asked)));
}

const tagTerm = (tag: string): string => `tag:${tag}`;
const visibilityTerm = (visibility: string): string => `visibility:${visibility}`;
const statusTerm = (status: string): string => `status:${status}`;
const TRASH = 'trash:';

/** All terms of a video. Those that are no words have a colon, which no word has. */
export function termsOf(record: Described): Set<string> {
  const terms = new Set<string>();
  for (const word of wordsOf(record)) {
    const letters = Array.from(word).slice(0, LONGEST);
    for (let length = 1; length <= letters.length; length += 1) terms.add(letters.slice(0, length).join(''));
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
