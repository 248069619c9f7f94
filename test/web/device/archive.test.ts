import { describe, expect, it } from 'vitest';
import { answerReason } from '../../../lib/contract/commands.ts';
import { channelUrl, stretchFor } from '../../../web/src/device/addresses.ts';
import { sentenceOf } from '../../../web/src/device/commands.ts';
import { heldOf, isHere, partHere, within } from '../../../web/src/device/held.ts';
import { aroundWithin } from '../../../web/src/device/recordings.ts';

const T = Date.parse('2026-05-03T10:00:00Z');
const iso = (ms: number) => new Date(ms).toISOString();
const listed = (channel: number, from: number, to: number, stream: 'main' | 'sub' = 'main') => ({
  channel,
  from: iso(from),
  to: iso(to),
  stream,
  storage: 'main' as const,
  media: 'audio-video' as const,
  alarms: [],
  bytes: 1000,
});

describe('recordings on the device', () => {
  it('are those of the channel, oldest first, each stretch once', () => {
    const recordings = [
      listed(1, T + 300_000, T + 600_000),
      listed(1, T, T + 300_000),
      listed(1, T, T + 300_000, 'sub'),
      listed(2, T, T + 300_000),
      listed(1, T, T),
    ];
    expect(heldOf({ recordings }, 1).map(({ from, to }) => [from - T, to - T])).toEqual([
      [0, 300_000],
      [300_000, 600_000],
    ]);
    expect(heldOf({}, 1)).toEqual([]);
  });

  it('are here when nearly all of them is: a playback begins and ends with whole segments', () => {
    const stretch = { from: T, to: T + 300_000 };
    expect(partHere([], stretch)).toBe(0);
    expect(partHere([{ from: T - 60_000, to: T + 150_000 }], stretch)).toBe(0.5);
    expect(isHere([{ from: T, to: T + 150_000 }], stretch)).toBe(false);
    expect(isHere([{ from: T + 1500, to: T + 297_000 }], stretch)).toBe(true);
    expect(isHere([{ from: T + 1500, to: T + 7000 }], { from: T, to: T + 10_000 })).toBe(true);
    expect(isHere([], { from: T, to: T + 10_000 })).toBe(false);
    expect(within([{ from: T - 5, to: T + 5 }], { from: T, to: T + 9 })).toEqual([{ from: T, to: T + 5 }]);
  });

  it('that a device will not give are explained, whatever its reason', () => {
    const sentences = answerReason.options.map(sentenceOf);
    expect(new Set(sentences).size).toBe(sentences.length);
    for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });
});

describe('addresses for players elsewhere', () => {
  const options = { token: 'a/b', expand: false, stretch: undefined };
  it('are live, or of a stretch', () => {
    expect(channelUrl('https://v.example', '139', 2, options)).toBe(
      'https://v.example/api/play/live/139/2/main.m3u8?token=a%2Fb',
    );
    const url = new URL(
      channelUrl('https://v.example', '139', 2, { ...options, expand: true, stretch: { from: T, to: T + 1000 } }),
    );
    expect(Object.fromEntries(url.searchParams)).toEqual({
      token: 'a/b',
      from: '2026-05-03T10:00:00.000Z',
      to: '2026-05-03T10:00:01.000Z',
      expand: '1',
    });
  });

  it('take the marked stretch, else some minutes around the moment within its day', () => {
    const day = { from: T, to: T + 86_400_000 };
    const marked = { from: T + 1, to: T + 2 };
    expect(stretchFor(T + 60_000, day, marked)).toBe(marked);
    expect(stretchFor(T + 60_000, day, { from: T, to: T })).toEqual({ from: T, to: T + 360_000 });
    expect(stretchFor(T + 60_000, day, undefined)).toEqual({ from: T, to: T + 360_000 });
  });
});

it('a clip begins as a minute around the moment, as far as there is anything', () => {
  const recordings = [{ from: T, to: T + 300_000 }];
  expect(aroundWithin(recordings, T + 100_000)).toEqual({ from: T + 70_000, to: T + 130_000 });
  expect(aroundWithin(recordings, T + 10_000)).toEqual({ from: T, to: T + 40_000 });
  expect(aroundWithin(recordings, T + 290_000)).toEqual({ from: T + 260_000, to: T + 300_000 });
  expect(aroundWithin([], T)).toEqual({ from: T - 30_000, to: T + 30_000 });
});
