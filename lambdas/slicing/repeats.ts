/**
 * A picture that is held for long is repeated, so that segments can begin while it is: as long as a hole in a recording, a
 * slide, or sound that outlasts the picture would a segment be otherwise. Where, and by which filters. Pure.
 */

/** Seconds that a segment may last, or so much more than it is to, before the picture that is held in it is repeated. */
const LONGEST = 10.5;
const LONGER = 1.75;
export const longestSegment = (segmentSeconds: number): number => Math.max(LONGEST, LONGER * segmentSeconds);

/**
 * Pictures that a decoder may want before it shows the first, or else the stream's end: players that give it that only once
 * they play (hls.js with sound of its own) never do. So fewer ones, held for longer than so many seconds, are repeated.
 */
export const FEW = 4;
const FEW_SECONDS = 1;
export const areFew = (pictures: number, seconds: number): boolean => pictures < FEW && seconds > FEW_SECONDS;

/** Of very few pictures that are held until `end` together: at its quarters, where none is near. */
export const repeatsOfFew = (holes: readonly Hole[], end: number): number[] =>
  Array.from({ length: FEW - 1 }, (_, i) => ((i + 1) * end) / FEW).filter((time) =>
    holes.some(({ from, to }) => time - from >= HELD_ON && to - time >= HELD_ON),
  );

/** Times that are looked at a second: a picture is repeated when it is held so long from there on. */
const LOOKS = 4;
export const HELD_ON = 1 / LOOKS;

/** Of one task: they are part of a command line. Beyond them, segments are as long as their picture. */
const MOST_REPEATS = 600;

/** Seconds from one picture to the next. */
export interface Hole {
  readonly from: number;
  readonly to: number;
}

/** Seconds at which segments of about `segmentSeconds` begin that would be in a hole, where they are cut at its multiples. */
export function repeatsIn(holes: readonly Hole[], segmentSeconds: number): number[] {
  const longest = longestSegment(segmentSeconds);
  const times = holes.flatMap(({ from, to }) => {
    const first = Math.floor(from / segmentSeconds);
    if (to - first * segmentSeconds <= longest) return [];
    const count = Math.max(0, Math.ceil((to - HELD_ON) / segmentSeconds) - first - 1);
    return Array.from({ length: Math.min(count, MOST_REPEATS) }, (_, i) => (first + 1 + i) * segmentSeconds);
  });
  return times.slice(0, MOST_REPEATS);
}

/**
 * Filters that show the picture of that moment again at each of these times (seconds, in order; the picture before is held
 * for `HELD_ON` from there at least). The pictures are looked at at steady times, and those of no repeat are left out once
 * they are back in the row: only so does the row go on, and nothing has to be kept for more than a moment. Times are whole
 * microseconds then: even ones of the pictures, odd ones of what was looked at.
 */
export function repeated(times: readonly number[]): string[] {
  if (times.length === 0) return [];
  const some = times.slice(0, MOST_REPEATS);
  const seconds = (time: number) => Number(time.toFixed(6));
  const at = some.map(
    (time) => `between(T\\,${seconds(time - 1e-4)}\\,${seconds(time + HELD_ON - 1e-4)})*${seconds(time)}`,
  );
  const here = some.map((time) => `lt(abs(t-${seconds(time)})\\,1e-5)`);
  const until = Math.ceil(some.at(-1)! + 1);
  const graph = [
    'split[seen][looked]',
    `[looked]fps=${LOOKS}:round=up,tpad=stop_mode=clone:stop_duration=${until},${microseconds(again(at))}[again]`,
    `[seen]${microseconds('2*floor(PTS/2)')}[once]`,
    `[once][again]interleave,select=not(mod(pts\\,2))+${here.join('+')}`,
  ];
  return [graph.join(';')];
}

const microseconds = (time: string): string => `settb=1/1000000,setpts=${time}`;

/** The time of a repeat for what was looked at within a moment of it; for all else its own. */
const again = (at: readonly string[]): string => `0*st(0\\,${at.join('+')})+2*floor(500000*if(ld(0)\\,ld(0)\\,T))+1`;
