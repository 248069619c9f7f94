/**
 * One odd file of each kind, from upload to screen: sliced by the steps of a run and played in Chromium to its end, in one
 * player. `npm run matrix` plays all of them, and their neighbours, in every player.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PLAYED } from '../../odd-files/list.ts';
import { openMatrix, type Matrix } from '../../matrix/matrix.ts';
import { PLAYERS } from '../../matrix/play.ts';

let matrix: Matrix;
beforeAll(async () => {
  matrix = await openMatrix();
}, 300_000);
afterAll(() => matrix?.close());

const kinds = [...new Set(PLAYED.map(({ row }) => row))].map((row, index) => ({
  row,
  file: PLAYED.find((one) => one.row === row)!,
  player: PLAYERS[(index + 1) % PLAYERS.length]!,
}));

it.concurrent.for(kinds)('$row, in $player', { timeout: 180_000 }, async ({ file, player }, { expect: own }) => {
  const { wrong } = await matrix.hold(file, [player]);
  own(wrong).toEqual({});
});

it('hears and sees what is wrong: a file whose sound is late is not as one whose sound is not', async () => {
  const late = PLAYED.find(({ row }) => row === 'sound that begins late, ends early')!;
  const { wrong } = await matrix.hold({ ...late, expected: { seconds: 4, both: [0, 1, 2, 3] } }, ['hls.js']);
  expect(wrong['hls.js']).toEqual(expect.arrayContaining(['beep at 1 s is not there', 'beep at 1.50 s is none']));
});
