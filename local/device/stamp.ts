/**
 * A number in a picture that survives encoding, scaling and a screen: a row of black and white blocks, sixteen bits of the
 * number and sixteen that check it. Imports nothing, since pages in a browser read it, too.
 */

/** A stamped picture is a grid of so many blocks, whatever its size in pixels. */
export const GRID = { columns: 32, rows: 18 } as const;
/** Rows of blocks, from the top, that the stamp takes. */
export const STAMP_ROWS = 2;
/** Numbers count to here and begin anew. */
export const NUMBERS = 65_536;

const BLACK = 24;
const WHITE = 224;
const THRESHOLD = (BLACK + WHITE) / 2;

/** Neighbouring numbers have checks that differ in many bits, so that half a picture of each is neither. */
const check = (number: number): number => ((number * 40_503) ^ 0xa5a5) & 0xffff;

/** Brightness of one block, 0 to 255, of the picture that says `number`. Below the stamp stripes move, with noise on them. */
export function blockOf(number: number, column: number, row: number): number {
  if (row >= STAMP_ROWS) {
    const noise = check(number * 577 + column * 31 + row) % 48;
    return ((column + row + number) % 8 < 3 ? 160 : 40 + 5 * row) + noise;
  }
  const bits = column < 16 ? number : check(number);
  return (bits >> (15 - (column % 16))) & 1 ? WHITE : BLACK;
}

/** The number in the brightness of the first row's blocks, from left to right; undefined when there is none to be read. */
export function readStamp(blocks: ArrayLike<number>): number | undefined {
  let number = 0;
  let found = 0;
  for (let column = 0; column < GRID.columns; column += 1) {
    const bit = blocks[column]! > THRESHOLD ? 1 : 0;
    if (column < 16) number = number * 2 + bit;
    else found = found * 2 + bit;
  }
  return found === check(number) ? number : undefined;
}
