import { describe, expect, it } from 'vitest';
import { formKey, sourceKey } from '../../../lib/contract/keys.ts';
import { Rate } from '../../../web/src/upload/rate.ts';
import { inFlight, percentOf, rowState, videoIdOf, type UploadFile } from '../../../web/src/upload/rows.ts';

const id = 'abcdefghij0123456789';
const file = (changes: Partial<UploadFile> = {}, progress: Partial<UploadFile['progress']> = {}): UploadFile => ({
  size: 1000,
  ...changes,
  progress: { uploadStarted: 1, uploadComplete: false, bytesUploaded: 250, bytesTotal: 1000, ...progress },
});

describe('what a row says', () => {
  const done = file({}, { uploadComplete: true });
  it.each([
    ['waiting', file({}, { uploadStarted: null }), undefined],
    ['uploading', file(), undefined],
    ['paused', file({ isPaused: true }), undefined],
    ['stopped', file({ error: 'no' }), undefined],
    ['interrupted', file({ isGhost: true, error: 'no' }), undefined],
    ['slicing', done, undefined],
    ['slicing', done, { status: 'uploading', revision: 0 }],
    ['slicing', done, { status: 'probed', revision: 0 }],
    ['playable', done, { status: 'playable', revision: 1 }],
    ['playable', done, { status: 'ready', revision: 1 }],
    ['failed', done, { status: 'failed', revision: 0 }],
  ] as const)('%s', (state, given, video) => expect(rowState(given, video)).toBe(state));

  it('knows its video from the key, under way or done, and from no other', () => {
    expect(videoIdOf(file({ s3Multipart: { key: sourceKey(id) } }))).toBe(id);
    expect(videoIdOf(file({ response: { body: { key: sourceKey(id) } } }))).toBe(id);
    expect(videoIdOf(file({ response: { body: { key: formKey(id) } } }))).toBe(id);
    expect(videoIdOf(file({ s3Multipart: { key: `other/${id}/source` } }))).toBeUndefined();
    expect(videoIdOf(file())).toBeUndefined();
  });

  it('counts bytes, also of a file that has not begun or has no size', () => {
    expect(percentOf(file())).toBe(25);
    expect(percentOf(file({}, { bytesUploaded: false }))).toBe(0);
    expect(percentOf(file({ size: null }, { bytesTotal: null }))).toBe(0);
    expect(percentOf(file({}, { bytesUploaded: 1100 }))).toBe(100);
  });
});

describe('all files together', () => {
  it('weighs them by size and is 100 only when nothing is left', () => {
    expect(inFlight([])).toBeUndefined();
    expect(inFlight([file({}, { uploadComplete: true })])).toBeUndefined();
    const large = file({ size: 9000 }, { bytesTotal: 9000, bytesUploaded: 0 });
    expect(inFlight([file({}, { bytesUploaded: 1000 }), large])).toEqual({ files: 2, percent: 10 });
    expect(inFlight([file({}, { bytesUploaded: 1000 })])).toEqual({ files: 1, percent: 99 });
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
