import { expect, it } from 'vitest';
import { laterWords } from '../../../web/src/video/later.ts';
import { readManifest } from '../../../web/src/video/manifest.ts';
import { loadFrom, sameRung } from '../../../web/src/video/picking-up.ts';
import { multivariant } from '../../../lambdas/playback/manifest.ts';

const later = [
  { name: '1080p', width: 1920, height: 1080 },
  { name: '720p', width: 1280, height: 720 },
];
const spoken = (time: string) => time.slice(11, 16);

it.each([
  [{}, undefined],
  [{ later }, '1080p and 720p are made when somebody first plays the video.'],
  [{ later: [later[1]!] }, '720p is made when somebody first plays the video.'],
  [
    { later, ladder: { state: 'making', progress: 40 } },
    '1080p and 720p are being made, since the video is played: 40 %.',
  ],
  [{ later, ladder: { state: 'making' } }, '1080p and 720p are being made, since the video is played.'],
  [
    { later, ladder: { state: 'failed', again: '2026-11-28T14:05:00.000Z' } },
    '1080p and 720p could not be made; the video plays without. Playing it after 14:05 has it tried again.',
  ],
  [
    { later, ladder: { state: 'failed' } },
    '1080p and 720p could not be made; the video plays without. That was tried several times; tell the operator, or upload the video again.',
  ],
  [
    { later, ladder: { state: 'failed', reason: 'The month is spent.', again: '2026-11-28T14:05:00.000Z' } },
    '1080p and 720p are not made; the video plays without. The month is spent. Playing it after 14:05 has it tried again.',
  ],
  [
    { later, ladder: { state: 'failed', reason: 'It would cost too much.' } },
    '1080p and 720p are not made; the video plays without. It would cost too much.',
  ],
] as const)('says of %o: %s', (video, words) => {
  const { later: mutable, ...rest } = { later: undefined, ...video };
  expect(laterWords({ ...rest, later: mutable && [...mutable] }, spoken)).toBe(words);
});

it('reads of a manifest what it lists, whoever it is for, and whether there will be more', () => {
  const rung = (name: string, height: number) => ({
    kind: 'video' as const,
    name,
    codecs: 'avc1.64001f',
    width: height * 2,
    height,
    bandwidth: height * 1000,
    averageBandwidth: height * 900,
    bytes: 1,
  });
  const video = { id: 'abcdefghij0123456789', revision: 1, renditions: [rung('360p', 360)] };
  const of = (renditions: typeof video.renditions, query: string, grows: boolean) =>
    readManifest(multivariant({ ...video, renditions }, { way: 'define', query, ticket: query }, { grows }));
  const first = of(video.renditions, 'Signature=a', true);
  expect(first.grows).toBe(true);
  expect(of(video.renditions, 'Signature=b', false)).toEqual({ listed: first.listed, grows: false });
  expect(of([...video.renditions, rung('720p', 720)], 'Signature=a', false).listed).not.toBe(first.listed);
});

it('finds the rung again that a viewer chose', () => {
  const [low, high] = [
    { height: 360, bitrate: 500_000 },
    { height: 720, bitrate: 3_000_000 },
  ];
  expect(sameRung(undefined, [low, high])).toBe(-1);
  expect(sameRung({ height: 720, bitrate: 2_900_000 }, [low, high])).toBe(1);
  expect(sameRung({ height: 720, bitrate: 2_900_000 }, [{ height: 720, bitrate: 9_000_000 }, high])).toBe(1);
  expect(sameRung({ height: 540, bitrate: 2_900_000 }, [low, high])).toBe(-1);
});

it('loads on where the buffer ends that is being played, and at its end the last segment once more', () => {
  expect(loadFrom(12, 60, [[0, 30]])).toBeCloseTo(30.05);
  expect(loadFrom(12, 60, [])).toBeCloseTo(12.05);
  expect(
    loadFrom(12, 60, [
      [0, 5],
      [11, 20],
      [40, 50],
    ]),
  ).toBeCloseTo(20.05);
  expect(loadFrom(12, 60, [[0, 60]])).toBeLessThan(60);
  expect(loadFrom(12, Number.POSITIVE_INFINITY, [[0, 30]])).toBeCloseTo(30.05);
});
