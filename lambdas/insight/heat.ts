/**
 * How often each second of a video was shown, kept as where that changes: what many watch from one place to another is two
 * numbers, however long it is, and heatmaps are added by adding these. Pure.
 */

/** Second → by how many more (or fewer) it was watched than the second before, and watched again. */
export type Heat = Map<number, [watched: number, again: number]>;

/** `which`: 0 watched, 1 watched again. */
export function shown(heat: Heat, [from, to]: readonly [number, number], which: 0 | 1): void {
  change(heat, from, which, 1);
  change(heat, to, which, -1);
}

function change(heat: Heat, second: number, which: 0 | 1, by: number): void {
  const at = heat.get(second) ?? [0, 0];
  at[which] += by;
  if (at[0] === 0 && at[1] === 0) heat.delete(second);
  else heat.set(second, at);
}

/** As rows keep it: triples, each second as its distance from the one before. */
export function packed(heat: Heat): number[] {
  let last = 0;
  return [...heat]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([second, [watched, again]]) => {
      const triple = [second - last, watched, again];
      last = second;
      return triple;
    });
}

/** Coarser: what changes within `step` seconds changes at the first of them. */
export function coarser(heat: Heat, step: number): Heat {
  const result: Heat = new Map();
  for (const [second, [watched, again]] of heat) {
    const first = second - (second % step);
    change(result, first, 0, watched);
    change(result, first, 1, again);
  }
  return result;
}

/** Adds what a row keeps. */
export function addPacked(heat: Heat, triples: readonly number[]): void {
  let second = 0;
  for (let at = 0; at + 2 < triples.length; at += 3) {
    second += triples[at]!;
    change(heat, second, 0, triples[at + 1]!);
    change(heat, second, 1, triples[at + 2]!);
  }
}

/** How often each second was watched, those of `again` included, and watched again; as long as `seconds`. */
export function curve(heat: Heat, seconds: number): { readonly watched: number[]; readonly again: number[] } {
  const [watched, again]: [number[], number[]] = [[], []];
  let [first, second] = [0, 0];
  for (let at = 0; at < seconds; at += 1) {
    const [a, b] = heat.get(at) ?? [0, 0];
    [first, second] = [first + a, second + b];
    watched.push(first + second);
    again.push(second);
  }
  return { watched, again };
}
