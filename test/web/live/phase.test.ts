import { describe, expect, it } from 'vitest';
import { streamState } from '../../../lib/contract/device.ts';
import { ApiProblem } from '../../../web/src/api/problem.ts';
import {
  behindOf,
  delayOf,
  phaseOf,
  phaseOfFailure,
  renewIn,
  resigned,
  sentenceOf,
  wordsOf,
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

describe('the signature', () => {
  it('is renewed well before its end', () => {
    const at = (ms: number) => new Date(NOW + ms).toISOString();
    expect(renewIn(at(600_000), NOW)).toBe(400_000);
    expect(renewIn(at(-5), NOW)).toBe(1000);
    // A timer that is asked for more fires at once.
    expect(renewIn(at(1e13), NOW)).toBeLessThan(2 ** 31);
  });

  const BASE = 'https://video.example/live';
  const PREFIX = '/live/139/1/';

  it('takes the place of the old one below its own prefix', () => {
    const old = 'https://video.example/live/139/1/rec/20260101/00/x.m4s?Policy=old&Signature=a';
    expect(resigned(old, BASE, PREFIX, 'Policy=new~_-&Signature=b')).toBe(
      'https://video.example/live/139/1/rec/20260101/00/x.m4s?Policy=new~_-&Signature=b',
    );
    expect(resigned('/live/139/1/live.m3u8?Policy=old', BASE, PREFIX, 'Policy=new')).toBe(
      'https://video.example/live/139/1/live.m3u8?Policy=new',
    );
  });

  it.each([
    '/api/play/live/139/1/main.m3u8?session=x',
    '/live/139/11/live.m3u8?Policy=old',
    'https://elsewhere.example/live/139/1/live.m3u8?Policy=old',
    '/live/139/1/../../139/2/live.m3u8?Policy=old',
  ])('leaves %s alone', (address) => expect(resigned(address, BASE, PREFIX, 'Policy=new')).toBe(address));

  it('is left as it came while there is no newer one', () =>
    expect(resigned('/live/139/1/live.m3u8?Policy=old', BASE, PREFIX, undefined)).toBe(
      '/live/139/1/live.m3u8?Policy=old',
    ));
});
