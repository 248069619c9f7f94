import { describe, expect, it } from 'vitest';
import { ApiProblem } from '../../../web/src/api/problem.ts';
import { Rate } from '../../../web/src/upload/rate.ts';
import {
  inFlight,
  percentOf,
  rowEvery,
  rowState,
  sameFile,
  troubleWords,
  type Upload,
} from '../../../web/src/upload/rows.ts';

const upload = (changes: Partial<Upload> = {}): Upload => ({
  id: 'a',
  name: 'a.mp4',
  type: 'video/mp4',
  size: 1000,
  modified: 7,
  state: 'uploading',
  sent: 250,
  ...changes,
});

describe('what a row says', () => {
  const done = upload({ state: 'arrived', sent: 1000 });
  it.each([
    ['waiting', upload({ state: 'waiting' }), undefined],
    ['uploading', upload(), undefined],
    ['troubled', upload({ trouble: { kind: 'offline' } }), undefined],
    ['paused', upload({ state: 'paused' }), undefined],
    ['stopped', upload({ state: 'stopped', error: 'no' }), undefined],
    ['interrupted', upload({ state: 'interrupted' }), undefined],
    ['slicing', done, undefined],
    ['slicing', done, { status: 'uploading', revision: 0 }],
    ['slicing', done, { status: 'probed', revision: 0 }],
    ['playable', done, { status: 'playable', revision: 1 }],
    ['playable', done, { status: 'ready', revision: 1 }],
    ['failed', done, { status: 'failed', revision: 0 }],
  ] as const)('%s', (state, given, video) => expect(rowState(given, video)).toBe(state));

  it('ends with a video that is deleted for good, which is asked for no more', () => {
    const gone = new ApiProblem(404, { code: 'not-found' });
    const failed = { status: 'failed', revision: 0 } as const;
    for (const video of [undefined, failed]) expect(rowState(done, video, gone)).toBe('gone');
    expect(rowState(done, { status: 'deleted', revision: 0 })).toBe('gone');
    expect(rowState(done, failed, new ApiProblem(503, {}))).toBe('failed');
    expect(rowEvery(undefined, gone)).toBe(false);
    expect(rowEvery(failed, null)).toBe(false);
    expect(rowEvery(undefined, new ApiProblem(503, {}))).toBeGreaterThan(0);
    expect(rowEvery({ status: 'uploading' }, null)).toBeGreaterThan(0);
  });

  it('says what happened, and names nobody who did not do it', () => {
    expect(troubleWords({ kind: 'offline' })).toMatch(/^You are offline/);
    expect(troubleWords({ kind: 'unreachable' })).toMatch(/^No answer/);
    expect(troubleWords({ kind: 'server', status: 500 })).toContain('HTTP 500');
    expect(troubleWords({ kind: 'busy', status: 429, said: 'You have 20 uploads under way.' })).toMatch(/^You have 20/);
  });

  it('counts bytes, also of a file that has not begun or has no size', () => {
    expect(percentOf(upload())).toBe(25);
    expect(percentOf(upload({ sent: 0 }))).toBe(0);
    expect(percentOf(upload({ size: 0, sent: 0 }))).toBe(0);
    expect(percentOf(upload({ sent: 1100 }))).toBe(100);
  });
});

describe('all files together', () => {
  it('weighs them by size and is 100 only when nothing is left', () => {
    expect(inFlight([])).toBeUndefined();
    expect(inFlight([upload({ state: 'arrived' })])).toBeUndefined();
    const large = upload({ size: 9000, sent: 0 });
    expect(inFlight([upload({ sent: 1000 }), large])).toEqual({ files: 2, percent: 10 });
    expect(inFlight([upload({ sent: 1000 })])).toEqual({ files: 1, percent: 99 });
  });
});

describe('the same file again', () => {
  it('is known by name, size and time, unless its upload is done', () => {
    const file = { name: 'a.mp4', size: 1000, modified: 7 };
    expect(sameFile([upload()], file)?.id).toBe('a');
    expect(sameFile([upload({ state: 'arrived' })], file)).toBeUndefined();
    for (const other of [{ name: 'b.mp4' }, { size: 1001 }, { modified: 8 }])
      expect(sameFile([upload()], { ...file, ...other })).toBeUndefined();
  });
});

describe('speed', () => {
  it('is of the last seconds, and unknown at first', () => {
    const rate = new Rate();
    rate.add(0, 0);
    expect(rate.perSecond()).toBeUndefined();
    rate.add(1000, 1000);
    expect(rate.perSecond()).toBe(1000);
    for (let second = 2; second <= 20; second++) rate.add(1000 + (second - 1) * 5000, second * 1000);
    expect(rate.perSecond()).toBe(5000);
    expect(rate.secondsFor(50_000)).toBe(10);
  });

  it('starts over when a part is sent again, and is never negative', () => {
    const rate = new Rate();
    rate.add(5000, 0);
    rate.add(10_000, 1000);
    rate.add(2000, 2000);
    expect(rate.perSecond()).toBeUndefined();
    rate.add(3000, 3000);
    expect(rate.perSecond()).toBe(1000);
  });

  it('has no end in sight while nothing moves', () => {
    const rate = new Rate();
    rate.add(100, 0);
    rate.add(100, 5000);
    expect(rate.secondsFor(1)).toBeUndefined();
  });
});
