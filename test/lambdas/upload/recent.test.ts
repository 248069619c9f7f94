import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { forgetRecent, recentVideo } from '../../../lambdas/upload/recent.ts';
import type { VideoRecord, VideoStatus } from '../../../lib/contract/video.ts';
import { aRecord, idOf } from '../catalog/record.ts';

let status: VideoStatus = 'uploading';
const reads: string[] = [];
const read = async (id: string): Promise<VideoRecord | undefined> => {
  reads.push(id);
  return aRecord({ id, status });
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  status = 'uploading';
  reads.length = 0;
});
afterEach(() => vi.useRealTimers());

it('reads an open upload once in ten seconds', async () => {
  for (let time = 0; time < 5; time++) expect((await recentVideo(idOf(1), read))?.status).toBe('uploading');
  expect(reads).toHaveLength(1);
  vi.advanceTimersByTime(9_999);
  await recentVideo(idOf(1), read);
  expect(reads).toHaveLength(1);
  vi.advanceTimersByTime(1);
  status = 'uploaded';
  expect((await recentVideo(idOf(1), read))?.status).toBe('uploaded');
  expect(reads).toHaveLength(2);
});

it('remembers nothing that is not open, and nothing that was told to have ended', async () => {
  status = 'ready';
  for (let time = 0; time < 2; time++) await recentVideo(idOf(2), read);
  expect(await recentVideo(idOf(2), async () => undefined)).toBeUndefined();
  status = 'uploading';
  await recentVideo(idOf(2), read);
  forgetRecent(idOf(2));
  await recentVideo(idOf(2), read);
  expect(reads).toHaveLength(4);
});

it('remembers a bounded number, the newest', async () => {
  for (let n = 0; n < 600; n++) await recentVideo(idOf(1000 + n), read);
  reads.length = 0;
  await recentVideo(idOf(1599), read);
  expect(reads).toEqual([]);
  await recentVideo(idOf(1000), read);
  expect(reads).toEqual([idOf(1000)]);
});
