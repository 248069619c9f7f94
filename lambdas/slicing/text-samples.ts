/** Samples of a source's text tracks: which are read, and which of them each chunk reads. Pure. */
import type { ChunkTable } from '../../lib/contract/segment-table.ts';
import type { IndexedTrack } from '../../lib/media/sample-table.ts';
import { firstFrom } from './placed.ts';

export interface Text {
  readonly track: IndexedTrack;
  /** Seconds to add to decode time. */
  readonly shift: number;
}

/** An edit list that repeats or changes speed is left out of account: text a little off is better than none. */
export const textShift = ({ edit, timescale }: IndexedTrack, movieTimescale: number): number =>
  edit === undefined ? 0 : edit.delay / movieTimescale - edit.from / timescale;

/** What a sample of timed text (3GPP TS 26.245 5.17) has at least: the length of its text. Where it is all, there is none. */
const EMPTY_BYTES = 2;
/** More is no text: each is read, and held, by the chunk that it begins in. */
const MOST_OF_ONE = 64 * 1024;

/** Bytes of text of one source, all tracks: the captions of a day in a dozen languages are a tenth of it. What is more is left out. */
export const MOST_TEXT_BYTES = 48 * 1024 ** 2;
/** Samples of it: an index may name the same bytes as often as it likes. */
export const MOST_TEXT_SAMPLES = 200_000;

/** Those of a track that are read, and their times, seconds: one that begins before the video is shown from its start. */
export interface Said {
  readonly text: Text;
  readonly samples: readonly number[];
  readonly startOf: (sample: number) => number;
  readonly endOf: (sample: number) => number;
}

/** Of each track what says something, as long as there is room for all that is said. */
export function saidIn(texts: readonly Text[]): Said[] {
  let room = MOST_TEXT_BYTES;
  let places = MOST_TEXT_SAMPLES;
  return texts.map((text) => {
    const { samples, timescale } = text.track;
    const at = (i: number) =>
      (i < samples.count ? samples.decode[i]! : samples.decode[samples.count - 1]! + samples.lastDuration) / timescale +
      text.shift;
    const startOf = (i: number) => Math.max(0, at(i));
    const endOf = (i: number) => (samples.shown ? at(i) + samples.shown[i]! / timescale : at(i + 1));
    const empty = samples.shown ? 0 : EMPTY_BYTES;
    const said: number[] = [];
    for (let i = 0; i < samples.count && places > 0; i += 1) {
      const size = samples.size[i]!;
      if (size <= empty || size > MOST_OF_ONE || endOf(i) <= startOf(i)) continue;
      if (size > room) break;
      said.push(i);
      room -= size;
      places -= 1;
    }
    return { text, samples: said, startOf, endOf };
  });
}

/** The samples that begin from one time to another, seconds. */
export function textPart(said: Said, from: number, to: number): NonNullable<ChunkTable['texts']>[number] {
  const { track, shift } = said.text;
  const { count, decode, offset, size } = track.samples;
  const first = from === 0 ? 0 : firstFrom(decode, (from - shift) * track.timescale);
  const end = to === Infinity ? count : firstFrom(decode, (to - shift) * track.timescale);
  const inside = said.samples.filter((i) => i >= first && i < end);
  return {
    offset: inside.map((i) => offset[i]!),
    size: inside.map((i) => size[i]!),
    start: inside.map(said.startOf),
    end: inside.map(said.endOf),
  };
}
