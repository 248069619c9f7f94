import { describe, expect, it } from 'vitest';
import {
  idsOf,
  isDue,
  KNOWN_SECONDS,
  LIVES,
  reportOf,
  roomFrom,
  swept,
  turn,
} from '../../../lambdas/playback/key-ring.ts';
import { signatureEnd } from '../../../lambdas/playback/access.ts';
import { makeSecret } from '../../../lambdas/playback/key-pair.ts';
import { playbackBounds, slicingBounds } from '../../../lib/contract/options.ts';
import type { Ring } from '../../../lib/contract/signing.ts';

const NOW = 1_800_000_000;
const DAY = 86_400;
const key = (id: string, since = NOW) => ({ id, since, privateKey: `private ${id}`, publicKey: `public ${id}` });
const ring = (): Ring => ({ current: key('A'), next: key('B'), previous: [] });

describe('a turn', () => {
  const turned = turn(ring(), key('C', 1), 1000, NOW + 50);

  it('lets the next one sign, keeps the last one for as long as what it signed, and drops its private half', () => {
    expect(turned).toEqual({
      current: key('B', NOW + 50),
      next: key('C', NOW + 50),
      previous: [{ id: 'A', publicKey: 'public A', until: NOW + 1050 }],
    });
    expect(JSON.stringify(turned)).not.toContain('private A');
  });

  it('may come before the last one is over: three are known then', () => {
    const again = turn(turned, key('D'), 1000, NOW + 60);
    expect(idsOf(again)).toEqual(['C', 'D', 'A', 'B']);
    expect(idsOf(swept(again, NOW + 1050))).toEqual(['C', 'D', 'B']);
    expect(idsOf(swept(again, NOW + 1060))).toEqual(['C', 'D']);
  });

  it('waits where CloudFront has no room for a sixth key', () => {
    let full = ring();
    for (let n = 0; n < 3; n += 1) {
      expect(roomFrom(full, NOW + n)).toBe(NOW + n);
      full = turn(full, key(`N${n}`), 1000, NOW + n);
    }
    expect(idsOf(full)).toHaveLength(5);
    expect(roomFrom(full, NOW + 3)).toBe(NOW + 1000);
    expect(roomFrom(swept(full, NOW + 1000), NOW + 1000)).toBe(NOW + 1000);
  });

  it.each([
    [90 * DAY - 1, false],
    [90 * DAY, true],
  ])('is due after %i of 90 days: %s', (after, due) => expect(isDue(ring(), 90, NOW + after)).toBe(due));
});

describe('what a key has signed', () => {
  it('never outlives it, whatever the options say', () => {
    const hours = playbackBounds.signatureHours.maxValue!;
    const longest = slicingBounds.maxDurationHours.maxValue! * 3600;
    const end = signatureEnd(new Date(NOW * 1000), hours, longest).getTime() / 1000;
    expect(end).toBeLessThan(NOW + LIVES.media);
    expect(NOW + playbackBounds.tokenMinutes.maxValue! * 60).toBeLessThan(NOW + LIVES.tokens);
    expect(end).toBeLessThan(NOW + LIVES.tokens);
  });

  it('is checked by a key that was known long before', () => expect(KNOWN_SECONDS).toBeGreaterThan(3600));
});

it('tells an operator no key', () => {
  const { media, tokens } = makeSecret(NOW);
  const report = reportOf({ media: turn(media, key('C'), 10, NOW), tokens });
  expect(JSON.stringify(report)).not.toMatch(/PRIVATE|PUBLIC|private/);
  expect(report.media.previous).toEqual([{ id: '', until: new Date((NOW + 10) * 1000).toISOString() }]);
});
