/** Which sources may go once they are sliced. */
import { describe, expect, it } from 'vitest';
import { isExact, sourceRemoveOn } from '../../../lambdas/slicing/exact.ts';
import type { Plan } from '../../../lib/contract/plan.ts';
import type { SourceInfo } from '../../../lib/contract/source.ts';

const sound = { index: 1, codec: 'aac', channels: 2, sampleRate: 48_000, default: true };
const info: SourceInfo = {
  container: 'mov,mp4',
  bytes: 1,
  duration: 1,
  video: {
    index: 0,
    codec: 'h264',
    duration: 1,
    width: 640,
    height: 360,
    rotation: 0,
    frameRate: 30,
    bitDepth: 8,
    interlaced: false,
    rgb: false,
  },
  audio: [sound],
};
const rung = { name: '360p', width: 640, height: 360, frameRate: 30, maxBitrate: 1, level: '3.0' };
const aac = { name: 'main', label: 'English', index: 1, bitrate: 1, channels: 2, sampleRate: 48_000 };
const copied = true as const;
const plan = (changes: Partial<Plan> = {}, source: Partial<SourceInfo> = {}) => ({
  engine: 'encode' as const,
  source: { bucket: 'b', key: 'k', info: { ...info, ...source } },
  video: [
    { ...rung, copied },
    { ...rung, name: '234p' },
  ],
  audio: [{ ...aac, copied }],
  remuxed: undefined,
  ...changes,
});

describe('a source', () => {
  it.each([
    ['copied, picture and sound', plan(), true],
    ['copied, and silent', plan({ audio: [] }, { audio: [] }), true],
    ['whose picture was encoded', plan({ video: [rung] }), false],
    ['whose sound was encoded', plan({ audio: [aac] }), false],
    [
      'in two languages, of which an MP4 has one',
      plan({ audio: [aac, aac].map((one) => ({ ...one, copied })) }, { audio: [sound, sound] }),
      false,
    ],
    ['with another track of any kind', plan({}, { others: true }), false],
    ['that was written anew', plan({ remuxed: { bucket: 'b', key: 'k', bytes: 1 } }), false],
    ['sliced by MediaConvert', plan({ engine: 'mediaconvert' }), false],
  ])('%s: %s', (_, made, exact) => {
    expect(isExact(made)).toBe(exact);
  });

  it('goes so many days after all is made of it, or stays', () => {
    const now = new Date('2026-02-27T23:59:59Z');
    expect(sourceRemoveOn({ sourceDays: 2 }, now)).toBe('2026-03-01');
    expect(sourceRemoveOn({ sourceDays: undefined }, now)).toBeUndefined();
  });
});
