import { expect, test } from 'vitest';
import { isWithin, tallestName } from '../../../lambdas/shared/height.ts';
import { ladder } from '../../../lambdas/slicing/plan.ts';
import type { Rendition } from '../../../lib/contract/video.ts';

const rung = (name: string, width: number, height: number): Rendition => ({
  kind: 'video',
  name,
  codecs: 'avc1.64001f',
  width,
  height,
  bandwidth: 1,
  averageBandwidth: 1,
  bytes: 1,
});
const sound: Rendition = {
  kind: 'audio',
  name: 'main',
  codecs: 'mp4a.40.2',
  bandwidth: 1,
  averageBandwidth: 1,
  bytes: 1,
};

test.each([
  ['no limit', undefined, [rung('720p', 1280, 720)], undefined],
  ['no picture', 480, [sound], undefined],
  ['the limit itself', 720, [rung('1080p', 1920, 1080), rung('720p', 1280, 720), sound], 720],
  ['between two', 719, [rung('1080p', 1920, 1080), rung('720p', 1280, 720)], 719],
  ['above all', 1080, [rung('720p', 1280, 720)], 1080],
  ['an upright picture, whose columns count', 720, [rung('1080p', 1080, 1920), rung('720p', 720, 1280)], 720],
  ['a wide one, of fewer lines than its name', 800, [rung('1080p', 1920, 800), rung('720p', 1280, 534)], 1080],
  ['a wide one, one line less', 799, [rung('1080p', 1920, 800), rung('720p', 1280, 534)], 1078],
  ['what is made later', 480, [rung('1080p', 1920, 1080), rung('360p', 640, 360)], 480],
  ['lines that were rounded up: the limit allows them', 534, [rung('1080p', 1920, 800), rung('720p', 1280, 534)], 720],
  ['lines that were rounded down', 532, [rung('1080p', 1920, 799), rung('720p', 1280, 532)], 720],
  ['a line, as wide as can be', 8640, [rung('5625p', 10_000, 10)], 99_999],
] as const)('the tallest name: %s', (_, maxHeight, renditions, name) => {
  expect(tallestName({ renditions: [...renditions] }, maxHeight)).toBe(name);
});

test('it parts every ladder as lines do, whichever of its rungs are made', () => {
  const sizes = [2160, 1440, 1080, 720, 540, 480, 360, 240];
  for (const [width, height] of [
    [1920, 1080],
    [1080, 1920],
    [4096, 1716],
    [1920, 800],
    [720, 576],
    [1000, 1000],
    [608, 1080],
  ] as const) {
    const rungs = ladder({ width, height, frameRate: 25 } as Parameters<typeof ladder>[0], sizes);
    const all = rungs.map((one) => rung(one.name, one.width, one.height));
    for (const maxHeight of [240, 360, 480, 534, 720, 800, 1080])
      for (const made of [all, all.slice(0, 1), all.slice(-1)]) {
        const tallest = tallestName({ renditions: made }, maxHeight)!;
        for (const one of made.length === all.length ? all : [...made, ...all.filter(isAsked(maxHeight))])
          expect([one.name, Number.parseInt(one.name, 10) <= tallest]).toEqual([one.name, isWithin(one, maxHeight)]);
      }
  }
});

/** Of what is made later: not where rounding to even sides decides. */
const isAsked = (maxHeight: number) => (one: Rendition) => Math.abs(Math.min(one.width!, one.height!) - maxHeight) > 2;
