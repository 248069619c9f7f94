import { describe, expect, it } from 'vitest';
import { borneOf, isBorne, type Borne } from '../../../lambdas/playback/borne.ts';
import type { ApiError } from '../../../lambdas/shared/errors.ts';
import { record } from './fixture.ts';

const names = (asked: Borne, over = {}) => borneOf(record(over), asked).renditions.map(({ name }) => name);
const refusal = (asked: Borne, over = {}): { code: string; detail: string } => {
  try {
    borneOf(record(over), asked);
  } catch (error) {
    const { code, message } = error as ApiError;
    return { code, detail: message };
  }
  throw new Error('it was not refused');
};

describe('what a player bears', () => {
  it.each([
    ['everything where it says nothing', {}, ['1080p', '720p', '360p', 'main']],
    ['no more lines', { max_resolution: 720 }, ['720p', '360p', 'main']],
    ['no fewer lines', { min_resolution: 720 }, ['1080p', '720p', 'main']],
    ['between the two, ends included', { max_resolution: 720, min_resolution: 720 }, ['720p', 'main']],
    ['a kind of codec', { codecs: ['avc1'] }, ['1080p', '720p', '360p', 'main']],
    ['a profile and level, and what needs less', { codecs: ['avc1.64001f'] }, ['720p', '360p', 'main']],
    ['the same in capitals', { codecs: ['AVC1.64001F'] }, ['720p', '360p', 'main']],
    [
      'any of several',
      { codecs: ['hvc1', 'avc1.64001e', 'avc1.640028', 'mp4a.40.2'] },
      ['1080p', '720p', '360p', 'main'],
    ],
    ['sound, and so all of the picture', { codecs: ['mp4a'] }, ['1080p', '720p', '360p', 'main']],
  ] as const)('%s', (_, asked, left) => expect(names(asked)).toEqual(left));

  it('counts the columns of an upright picture', () => {
    const upright = { kind: 'video', codecs: 'avc1.64001f', width: 720, height: 1280 } as const;
    expect([720, 719].map((max_resolution) => isBorne(upright, { max_resolution }))).toEqual([true, false]);
    expect([720, 721].map((min_resolution) => isBorne(upright, { min_resolution }))).toEqual([true, false]);
  });

  it.each([
    ['main', 'avc1.4d401f', 'avc1.64001e', false],
    ['high, of main', 'avc1.640028', 'avc1.4d4028', true],
    ['high, of baseline', 'avc1.640028', 'avc1.42c01e', true],
    ['a lower level', 'avc1.64001e', 'avc1.64001f', false],
    ['another codec', 'hvc1.1.6.L93.B0', 'avc1.64001f', false],
    ['the beginning of a name', 'avc', 'avc1.64001f', false],
  ] as const)('%s', (_, said, codecs, borne) =>
    expect(isBorne({ kind: 'video', codecs, width: 2, height: 2 }, { codecs: [said] })).toBe(borne),
  );

  it('is refused by the name of what leaves nothing', () => {
    expect(refusal({ max_resolution: 240 })).toEqual({
      code: 'invalid-request',
      detail: 'query.max_resolution: leaves nothing of the picture, which has 1080p, 720p, 360p',
    });
    expect(refusal({ min_resolution: 2160 }).detail).toMatch(/^query.min_resolution: /);
    expect(refusal({ max_resolution: 600, min_resolution: 500 }).detail).toMatch(/^query.min_resolution: /);
    expect(refusal({ codecs: ['hvc1'] }).detail).toBe(
      'query.codecs: leaves nothing of the picture, which has avc1.640028, avc1.64001f, avc1.64001e',
    );
    expect(refusal({ codecs: ['opus'] }).detail).toBe('query.codecs: leaves nothing of the sound, which has mp4a.40.2');
    expect(refusal({ max_resolution: 360, codecs: ['avc1.42c00a'] }).detail).toMatch(/^query.codecs: /);
  });

  it('is waited for while it is being made', () => {
    for (const over of [{ status: 'playable' }, { ladder: { state: 'making' } }])
      expect(refusal({ min_resolution: 2160 }, over).code).toBe('not-ready');
    expect(refusal({ codecs: ['opus'] }, { status: 'playable' }).code).toBe('invalid-request');
  });

  it('never was there of a video without a picture, or without sound', () => {
    const { renditions } = record();
    const only = (kind: string) => ({ renditions: renditions.filter((one) => one.kind === kind) });
    expect(names({ min_resolution: 2160, codecs: ['hvc1'] }, only('audio'))).toEqual(['main']);
    expect(names({ codecs: ['opus'] }, only('video'))).toEqual(['1080p', '720p', '360p']);
  });
});
