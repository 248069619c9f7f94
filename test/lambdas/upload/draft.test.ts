import { describe, expect, it } from 'vitest';
import { checkType, draftOf, formLimit, newRecord, newVideoId, videoIdOf } from '../../../lambdas/upload/draft.ts';
import type { UploadLimits } from '../../../lib/contract/upload.ts';
import { VIDEO_ID } from '../../../lib/contract/keys.ts';
import { videoRecord } from '../../../lib/contract/video.ts';
import { problemOf } from '../problem.ts';

const limits: UploadLimits = {
  maxBytes: 50 * 1024 ** 3,
  types: ['video/*', 'application/mxf'],
  maxInFlight: 20,
  urlSeconds: 3600,
  expireSeconds: 86_400,
};
const draft = (metadata: Record<string, unknown>, filename = 'holiday.mp4', form = false) =>
  draftOf({ filename, type: 'video/mp4', metadata }, limits, form);

describe('the title', () => {
  it.each([
    ['the file name without its extension', {}, 'holiday.mp4', 'holiday'],
    ['only the last extension goes', {}, 'cut.final.mov', 'cut.final'],
    ['no extension', {}, 'holiday', 'holiday'],
    ['a dot file', {}, '.mp4', '.mp4'],
    ['folders go', {}, 'C:\\films/2026/holiday.mp4', 'holiday'],
    ['a sentence is no extension', {}, 'Mr. Smith goes home', 'Mr. Smith goes home'],
    ['name', { name: 'Our holiday' }, 'holiday.mp4', 'Our holiday'],
    ['a name that is just the file name', { name: 'holiday.mp4' }, 'holiday.mp4', 'holiday'],
    ['title before name', { title: 'Ours', name: 'Theirs' }, 'holiday.mp4', 'Ours'],
    ['an empty title', { title: '  ', name: null }, 'holiday.mp4', 'holiday'],
    ['the word null, as a query string has it', { title: 'null', name: 'undefined' }, 'holiday.mp4', 'holiday'],
    ['line breaks and control characters', { title: 'a\n\u0000b\tc' }, 'x.mp4', 'a b c'],
    ['nothing left', {}, '\u0001', 'Untitled'],
    ['200 characters at most', { title: 'x'.repeat(300) }, 'x.mp4', 'x'.repeat(200)],
    ['not cut inside a character', { title: `${'x'.repeat(199)}🎬🎬` }, 'x.mp4', `${'x'.repeat(199)}🎬`],
  ])('%s', (_, metadata, filename, title) => {
    expect(draft(metadata, filename).title).toBe(title);
  });
});

it('reads description, tags and visibility; private is the default', () => {
  expect(draft({ description: 'd', tags: ' sea, sun ,,sea', visibility: 'public', relativePath: null })).toMatchObject({
    description: 'd',
    tags: ['sea', 'sun'],
    visibility: 'public',
  });
  expect(draft({ tags: ['a', 'b'], visibility: '' })).toMatchObject({ tags: ['a', 'b'], visibility: 'private' });
  expect(draftOf({ filename: 'a.mp4', type: 'video/mp4' }, limits, false)).toMatchObject({
    description: '',
    tags: [],
    visibility: 'private',
  });
});

it('reads how the segments are to be encrypted, and leaves it to the deployment where nobody says', () => {
  expect(draft({ encryption: 'aes-128' }).encryption).toBe('aes-128');
  expect(draft({ encryption: 'none' }).encryption).toBe('none');
  for (const nothing of [{}, { encryption: '' }, { encryption: null }])
    expect(draft(nothing)).not.toHaveProperty('encryption');
});

describe('what is not taken', () => {
  it.each([
    ['too large', { size: limits.maxBytes + 1 }, false, 'too-large', limits.maxBytes],
    ['too large, as text', { size: String(limits.maxBytes + 1) }, false, 'too-large', limits.maxBytes],
    ['too large for a form', { size: 5 * 1024 ** 3 + 1 }, true, 'too-large', 5 * 1024 ** 3],
    ['an empty file', { size: 0 }, false, 'empty-file', undefined],
    ['a size that is no number', { size: 'big' }, false, 'invalid-request', undefined],
    ['a negative size', { size: -1 }, false, 'invalid-request', undefined],
    ['an unknown visibility', { visibility: 'friends' }, false, 'invalid-request', undefined],
    ['protection where there is no DRM provider', { encryption: 'drm' }, false, 'invalid-request', undefined],
    ['an unknown encryption', { encryption: 'rot13' }, false, 'invalid-request', undefined],
    ['a tag of 51 characters', { tags: 'x'.repeat(51) }, false, 'invalid-request', undefined],
    ['21 tags', { tags: Array.from({ length: 21 }, (_, i) => `t${i}`).join() }, false, 'invalid-request', undefined],
    ['a key that is too short', { idempotencyKey: 'x'.repeat(15) }, false, 'invalid-request', undefined],
    ['a long description', { description: 'x'.repeat(5001) }, false, 'invalid-request', undefined],
  ])('%s', async (_, metadata, form, code, limit) => {
    const problem = await problemOf(() => draft(metadata, 'a.mp4', form));
    expect(problem.code).toBe(code);
    expect(problem.limit?.value).toBe(limit);
  });

  it('names the option whose limit was broken, and takes exactly the limit', async () => {
    expect(await problemOf(() => draft({ size: limits.maxBytes + 1 }))).toMatchObject({
      status: 413,
      limit: { name: 'upload.maxSizeGiB', unit: 'bytes' },
    });
    expect(() => draft({ size: limits.maxBytes })).not.toThrow();
  });
});

describe('types', () => {
  it.each([
    ['video/mp4', 'video/mp4'],
    ['VIDEO/MP4', 'video/mp4'],
    ['video/webm; codecs="vp9"', 'video/webm'],
    ['application/mxf', 'application/mxf'],
  ])('%s is taken as %s', (claimed, type) => {
    expect(checkType(claimed, 'a', limits.types)).toBe(type);
  });
  it.each(['image/png', 'video/', 'video', 'xvideo/mp4', 'application/mxf2', ''])('%j is not', async (claimed) => {
    const problem = await problemOf(() => checkType(claimed, 'a.png', limits.types));
    expect(problem).toMatchObject({ code: 'unsupported-type', status: 415 });
    expect(problem.detail).toContain('video/*, application/mxf');
  });
  it.each([
    ['a.ts', 'text/vnd.trolltech.linguist', 'video/mp2t'],
    ['a.TS', 'video/vnd.dlna.mpeg-tts', 'video/vnd.dlna.mpeg-tts'],
    ['a.mts', 'model/vnd.mts', 'video/mp2t'],
    ['a.asf', 'application/vnd.ms-asf', 'video/x-ms-asf'],
    ['a.wmv', 'application/x-ms-wmv', 'video/x-ms-wmv'],
    ['cut.final.mxf', 'application/mxf', 'video/x-mxf'],
    ['a.mxf', 'image/png', 'video/x-mxf'],
    ['a.mp4', 'application/mp4', 'video/mp4'],
    ['C:\\films\\a.vob', 'application/octet-stream', 'video/mpeg'],
  ])('%s called %s is taken by its name', (filename, claimed, type) => {
    expect(checkType(claimed, filename, ['video/*'])).toBe(type);
  });
  it.each([
    ['a name that says nothing', 'application/mxf', 'film'],
    ['a name that is only an end', 'application/zip', 'ts'],
    ['a name of what nobody wants', 'image/png', 'a.mp4.png'],
    ['sound, where only video is wanted', 'application/x', 'a.mp3'],
    ['a name like a property of every object', 'application/x', 'a.constructor'],
  ])('%s is not', async (_, claimed, filename) => {
    expect(await problemOf(() => checkType(claimed, filename, ['video/*']))).toMatchObject({
      code: 'unsupported-type',
    });
  });
  it.each([
    ['', 'clip'],
    ['', 'cam01.dav'],
    ['application/octet-stream', 'GL010042.LRV'],
    ['Application/Octet-Stream; charset=binary', 'VID_1.insv'],
    ['binary/octet-stream', 'x.mp4.part'],
  ])('what nobody knows is left to probing: %j, called %s', (claimed, filename) => {
    for (const types of [['video/*'], ['audio/*'], ['video/mp4', 'application/octet-stream']])
      expect(checkType(claimed, filename, types)).toBe('application/octet-stream');
  });
  it.each([
    ['says by its name that it is something else', '', 'a.png', ['video/*']],
    ['says so in capitals', 'application/octet-stream', 'REPORT.PDF', ['video/*']],
    ['says so by its type', 'application/zip', 'cam01.dav', ['video/*']],
    ['is sound, where only video is wanted', '', 'a.mp3', ['video/*']],
    ['is unknown, where only some types are wanted', '', 'cam01.dav', ['video/mp4', 'video/webm']],
  ])('but not what %s', async (_, claimed, filename, types) => {
    expect(await problemOf(() => checkType(claimed, filename, types))).toMatchObject({ code: 'unsupported-type' });
  });
  it('what an administrator left out stays out, whatever its name', async () => {
    expect(await problemOf(() => checkType('application/mxf', 'a.mxf', ['video/mp4']))).toMatchObject({ status: 415 });
  });
});

it('a form takes at most what S3 takes in one request', () => {
  expect(formLimit(limits)).toBe(5 * 1024 ** 3);
  expect(formLimit({ ...limits, maxBytes: 1000 })).toBe(1000);
});

it('ids are 20 characters of a-z and 0-9, and differ', () => {
  const ids = Array.from({ length: 1000 }, newVideoId);
  expect(ids.every((id) => VIDEO_ID.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(1000);
});

it('the id of a key is the same each time, another for another person, and reads like any other', () => {
  const key = '0b9c7a54-65e2-4f0e-9d0c-3ff2b1a3a2a1';
  const ids = [
    videoIdOf('olga', key),
    videoIdOf('olga', `${key}2`),
    videoIdOf('olg', `a${key}`),
    videoIdOf('a","b', key),
  ];
  expect(videoIdOf('olga', key)).toBe(ids[0]);
  expect(new Set(ids).size).toBe(4);
  expect(ids.every((id) => VIDEO_ID.test(id))).toBe(true);
});

it('a new record is what the table holds', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');
  const record = newRecord({
    id: 'a'.repeat(20),
    owner: 'olga',
    draft: draft({ tags: 'sea' }),
    upload: { kind: 'multipart', id: 'u', slot: 3 },
    now,
    expireSeconds: 60,
  });
  expect(videoRecord.parse(record)).toEqual(record);
  expect(record).toMatchObject({
    title: 'holiday',
    owner: 'olga',
    status: 'uploading',
    createdAt: '2026-01-02T03:04:05.000Z',
    timeline: [{ status: 'uploading', at: '2026-01-02T03:04:05.000Z' }],
    expiresAt: now / 1000 + 60,
  });
});
