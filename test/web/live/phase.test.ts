import { describe, expect, it } from 'vitest';
import { streamState } from '../../../lib/contract/device.ts';
import { ApiProblem } from '../../../web/src/api/problem.ts';
import {
  behindOf,
  delayOf,
  LOOK,
  phaseOf,
  phaseOfFailure,
  phaseOnShow,
  Pictures,
  sentenceOf,
  wordsOf,
  type Motion,
  type Phase,
} from '../../../web/src/live/phase.ts';

const NOW = new Date(2026, 4, 3, 15, 0).getTime();
const since = new Date(2026, 4, 3, 14, 2).toISOString();

describe('what the API answers', () => {
  it('is played at once when live; everything else is asked for again', () => {
    for (const state of streamState.options) {
      const { askIn } = phaseOf({ state });
      if (state === 'live') expect(askIn).toBeUndefined();
      else expect(askIn).toBeGreaterThanOrEqual(1000);
    }
    expect(phaseOf({ state: 'starting' }).askIn).toBeLessThan(phaseOf({ state: 'offline' }).askIn!);
  });

  it('is said in words, the reason with it', () => {
    const time = new Date(since).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
    const { phase } = phaseOf({ state: 'offline', since, reason: 'The device is not connected.' });
    expect(wordsOf(phase, NOW)).toBe(`Offline since ${time}`);
    expect(sentenceOf(phase, NOW)).toContain('The device is not connected.');
    expect(wordsOf({ kind: 'live', behind: 2.6 }, NOW)).toBe('Live, 3 s behind');
    expect(wordsOf({ kind: 'live' }, NOW)).toBe('Live');
    expect(sentenceOf({ kind: 'live' }, NOW)).toBeUndefined();
  });
});

describe('how far behind', () => {
  it.each([
    ['the time on the way counts', 2.1, NOW - 4400, 4.4],
    ['a clock that is ahead is not believed', 2.1, NOW + 60_000, 2.1],
    ['a clock that is slow is not believed', 2.1, NOW - 3_600_000, 2.1],
    ['no clock', 2.1, undefined, 2.1],
    ['no playlist yet', 0, NOW - 4400, undefined],
  ] as const)('%s', (_, latency, playing, seconds) => expect(behindOf(latency, playing, NOW)).toBe(seconds));
});

describe('what goes wrong', () => {
  const kind = (error: unknown): Phase['kind'] => phaseOfFailure(error, 4000, NOW).kind;

  it('is tried again where that may help, and only there', () => {
    expect(kind(new ApiProblem(0, {}))).toBe('lost');
    expect(kind(new ApiProblem(429, {}))).toBe('lost');
    expect(kind(new ApiProblem(503, {}))).toBe('lost');
    expect(kind(undefined)).toBe('lost');
    expect(kind(new ApiProblem(404, {}))).toBe('refused');
    expect(kind(new ApiProblem(403, {}))).toBe('refused');
  });

  it('says when', () => {
    const phase = phaseOfFailure(undefined, 4000, NOW);
    expect(wordsOf(phase, NOW)).toBe('Broken off');
    expect(sentenceOf(phase, NOW)).toContain('Trying again in 4 s.');
    expect(sentenceOf(phase, NOW + 3200)).toContain('in 1 s.');
    expect(sentenceOf(phase, NOW + 9000)).toMatch(/Trying again\.$/);
  });

  it('is tried ever more slowly, at most every half a minute or so, not by all at once', () => {
    const delays = [0, 1, 2, 3, 4, 5, 6, 2000].map((attempt) => delayOf(attempt, 0.5));
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect(delayOf(0, 0)).toBe(750);
    expect(delayOf(9, 0.999)).toBeLessThanOrEqual(37_500);
  });
});

describe('whether it is live, by the pictures on show', () => {
  const shown = (pictures: number, more: { isPaused?: boolean; isHidden?: boolean } = {}) => ({
    pictures,
    isPaused: false,
    isHidden: false,
    ...more,
  });
  /** What is found at a look. */
  const motion = (pictures: Pictures, now: number, ...look: Parameters<typeof shown>): Motion => {
    pictures.look(shown(...look), now);
    return pictures.motion(now);
  };

  it('is never said of a picture that has stood for three seconds, looks included', () => {
    const pictures = new Pictures();
    let last = NOW;
    for (let at = NOW, count = 0; at < NOW + 60_000; at += LOOK) {
      // Pictures come for ten seconds of twenty.
      if ((at - NOW) % 20_000 < 10_000) {
        count += 10;
        last = at;
      }
      const found = motion(pictures, at, count);
      // What is said now stands until the next look.
      if (found.kind === 'moving') expect(at + LOOK - last).toBeLessThan(3000);
      else expect(found).toEqual({ kind: 'standing', since: last });
    }
  });

  it('is so with the first picture that moves, not with those that a halted video is sent to', () => {
    const pictures = new Pictures();
    expect(motion(pictures, NOW, 0)).toEqual({ kind: 'none' });
    expect(motion(pictures, NOW + 500, 1, { isPaused: true })).toEqual({ kind: 'none' });
    expect(motion(pictures, NOW + 600, 2, { isPaused: true })).toEqual({ kind: 'none' });
    // It is told to play, and has nothing to play yet.
    expect(motion(pictures, NOW + 700, 2)).toEqual({ kind: 'none' });
    expect(motion(pictures, NOW + 800, 3)).toEqual({ kind: 'moving' });
    expect(motion(pictures, NOW + 4000, 3)).toEqual({ kind: 'standing', since: NOW + 800 });
    expect(motion(pictures, NOW + 4500, 4)).toEqual({ kind: 'moving' });
    // A video that was set up anew counts from nothing, and another stream has shown none.
    expect(motion(pictures, NOW + 9000, 0)).toEqual({ kind: 'moving' });
    pictures.forget(7);
    expect(motion(pictures, NOW + 9500, 7)).toEqual({ kind: 'none' });
  });

  it('has time for the first picture, which of sound alone never comes', () => {
    const pictures = new Pictures();
    pictures.begin(NOW);
    pictures.begin(NOW + 1000);
    expect(motion(pictures, NOW + 2000, 0)).toEqual({ kind: 'none' });
    expect(motion(pictures, NOW + 2500, 0)).toEqual({ kind: 'standing', since: NOW });
  });

  it('is not told of a page that nobody sees, where browsers show none; who looks again waits a moment', () => {
    const pictures = new Pictures();
    pictures.look(shown(1), NOW);
    expect(motion(pictures, NOW + 60_000, 1, { isHidden: true })).toEqual({ kind: 'moving' });
    expect(motion(pictures, NOW + 60_500, 1)).toEqual({ kind: 'moving' });
    expect(motion(pictures, NOW + 61_500, 1)).toEqual({ kind: 'standing', since: NOW });
    expect(motion(pictures, NOW + 62_000, 2)).toEqual({ kind: 'moving' });
  });

  const here = { isOffline: false, isBlind: false, behind: undefined };
  const told: readonly Phase[] = [
    { kind: 'starting' },
    { kind: 'offline', since },
    { kind: 'busy' },
    { kind: 'lost', message: 'The stream broke off.', retryAt: NOW },
    { kind: 'refused', message: 'No.' },
  ];

  it.each(told)('says of what moves that it is live, whatever was told: $kind', (phase) => {
    for (const isOffline of [false, true]) {
      expect(phaseOnShow(phase, { kind: 'moving' }, { ...here, isOffline })).toEqual({ kind: 'live' });
    }
    expect(phaseOnShow(phase, { kind: 'moving' }, { ...here, behind: 3 })).toEqual({ kind: 'live', behind: 3 });
  });

  it.each(told)('says of what stands that it does, whatever was told: $kind', (phase) => {
    const standing = { kind: 'standing', since: NOW } as const;
    for (const [isOffline, isBlind] of [
      [false, false],
      [true, false],
      [false, true],
    ] as const) {
      const expected = { kind: 'still', since: NOW, isOffline, isBlind };
      expect(phaseOnShow(phase, standing, { isOffline, isBlind, behind: 3 })).toEqual(expected);
    }
  });

  it.each(told)('says what was told where there was no picture yet: $kind', (phase) => {
    expect(phaseOnShow(phase, { kind: 'none' }, { ...here, behind: 3 })).toBe(phase);
    const offline = phaseOnShow(phase, { kind: 'none' }, { ...here, isOffline: true });
    if (phase.kind !== 'starting') expect(offline).toBe(phase);
    else {
      expect(wordsOf(offline, NOW)).toBe('No network');
      expect(sentenceOf(offline, NOW)).toBe('This browser is offline. It goes on as soon as there is a network again.');
    }
  });

  it('is said in words: what is seen is the last one, since when, and whose network is gone', () => {
    const still = { kind: 'still', since: NOW - 7200, isOffline: false } as const;
    expect(wordsOf(still, NOW)).toBe('No new picture for 7 s');
    expect(sentenceOf(still, NOW)).toContain('the last one that came');
    expect(sentenceOf({ ...still, isOffline: true }, NOW)).toContain('This browser is offline.');
    expect(sentenceOf({ ...still, isBlind: true }, NOW)).toContain('Nothing but sound');
    expect(sentenceOf(phaseOfFailure(new ApiProblem(0, {}), 4000, NOW, true), NOW)).toBe(
      'This browser is offline. Trying again in 4 s.',
    );
  });
});
