/** What counts as seen and heard at its second. */
import { describe, expect, it } from 'vitest';
import type { Expected } from '../odd-files/making.ts';
import { beepsOf, faults, flashesOf, type Watched } from './hold.ts';

/** Four seconds at 25 pictures a second with a flash of two of them at each, and a beep a tenth of a second late on its clock. */
function watched(changes: Partial<Watched> = {}): Watched {
  return {
    pictures: Array.from({ length: 100 }, (_, i) => [i / 25, i % 25 < 2 ? 230 : 50, i + 1]),
    sounds: [10.1, 11.1, 12.1, 13.1],
    clock: Array.from({ length: 400 }, (_, i) => [10 + i / 100, i / 100]),
    halts: [],
    colours: undefined,
    start: 0,
    time: 4,
    duration: 4,
    size: '160x90',
    ended: true,
    problems: [],
    ...changes,
  };
}
const EXPECTED: Expected = { seconds: 4, both: [0, 1, 2, 3] };
const LATENCY = 0.1;

describe('what is seen and heard', () => {
  it('as it should be is right', () => {
    expect(faults(EXPECTED, watched(), LATENCY)).toEqual([]);
  });

  it('is right where a busy machine did not look at every picture', () => {
    const pictures = watched().pictures.filter((_, i) => i % 25 !== 0);
    expect(flashesOf({ pictures })[1]).toEqual({ after: 24 / 25, at: 26 / 25 });
    expect(
      faults({ ...EXPECTED, flashes: [1, 2, 3], seconds: 4 }, watched({ pictures: pictures.slice(2) }), LATENCY),
    ).toEqual([]);
  });

  it('is right with and without a flash that browsers may leave out, and with no other', () => {
    const dark = (from: number, to: number) => ({
      pictures: watched().pictures.map(([at, bright, n]): [number, number, number] => [
        at,
        at >= from && at < to ? 50 : bright,
        n,
      ]),
    });
    const unsure = { ...EXPECTED, unsure: [2] };
    expect(faults(unsure, watched(), LATENCY)).toEqual([]);
    expect(faults(unsure, watched(dark(1.9, 2.5)), LATENCY)).toEqual([]);
    expect(faults(unsure, watched(dark(0.9, 2.5)), LATENCY)).toEqual(['flash at 1 s is not there']);
    expect(faults(EXPECTED, watched(dark(1.9, 2.5)), LATENCY)).toEqual(['flash at 2 s is not there']);
  });

  it.each<[string, Partial<Watched>, RegExp]>([
    ['sound a tenth late', { sounds: [10.2, 11.2, 12.2, 13.2] }, /beep at 1 s is not there/],
    ['no sound', { sounds: [] }, /beep at 0 s is not there/],
    ['a beep too many', { sounds: [10.1, 11.1, 11.6, 12.1, 13.1] }, /beep at 1\.50 s is none/],
    ['a player that stands', { ended: false, time: 2.5 }, /stands at 2\.50 s/],
    ['a length that is wrong', { duration: 5 }, /is 5\.00 s long, not 4/],
    ['an error', { problems: ['fragParsingError (fatal)'] }, /says fragParsingError/],
    [
      'pictures a quarter of a second late',
      { pictures: watched().pictures.map(([time, ...rest]) => [time + 0.25, ...rest]) },
      /flash at 1 s is not there/,
    ],
    ['no flash', { pictures: watched().pictures.map(([time]) => [time, 50, 1]) }, /flash at 0 s is not there/],
  ])('%s is wrong', (_, changes, says) => {
    expect(faults(EXPECTED, watched(changes), LATENCY).join('\n')).toMatch(says);
  });

  it('is held against size and colours', () => {
    const expected: Expected = { seconds: 4, size: '90x160', space: 'bt709', colours: [[0.1, 0.9, 255, 77, 102]] };
    expect(faults(expected, watched({ colours: [[250, 80, 100]] }), LATENCY)).toEqual(['is 160x90, not 90x160']);
    expect(faults(expected, watched({ size: '90x160', colours: [[0, 245, 144]] }), LATENCY)).toEqual([
      'is 0 245 144 at 0.1, 0.9, not 255 77 102',
    ]);
  });

  it('of a long one counts where it was played, but for the edges', () => {
    const long: Expected = {
      seconds: 100,
      both: Array.from({ length: 100 }, (_, i) => i),
      watched: [
        [0, 2],
        [98, 100],
      ],
    };
    const pictures = watched().pictures.map(([time, ...rest]): Watched['pictures'][number] => [
      time < 2 ? time : time + 96,
      ...rest,
    ]);
    const clock = watched().clock.map(([heard, shown]): Watched['clock'][number] => [
      heard,
      shown < 2 ? shown : shown + 96,
    ]);
    const seen = watched({ pictures, clock, duration: 100 });
    expect(faults(long, seen, LATENCY)).toEqual([]);
    expect(beepsOf(seen, LATENCY).map(({ at }) => Math.abs(Math.round(at)))).toEqual([0, 1, 98, 99]);
    expect(faults(long, { ...seen, sounds: seen.sounds.slice(0, 3) }, LATENCY)).toEqual(['beep at 99 s is not there']);
  });
});
