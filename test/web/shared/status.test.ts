import { expect, it } from 'vitest';
import { videoStatus } from '../../../lib/contract/video.ts';
import { posterOf } from '../../../web/src/shared/posters.ts';
import {
  filterStatuses,
  isFinal,
  isPlayable,
  isVideoStatus,
  pollEvery,
  statusViews,
} from '../../../web/src/shared/status.ts';

const now = Date.UTC(2026, 5, 15, 12);
const at = (ms: number) => new Date(now - ms).toISOString();

it('has words for every status of the contract, and a filter for each that a list can hold', () => {
  expect(Object.keys(statusViews).toSorted()).toEqual(videoStatus.options.toSorted());
  expect([...filterStatuses, 'deleted'].toSorted()).toEqual(videoStatus.options.toSorted());
  expect(isVideoStatus('probed')).toBe(true);
  expect(isVideoStatus('deleted')).toBe(false);
  expect(isVideoStatus(null)).toBe(false);
});

it('asks again every 2 s while slicing, seldom for what seems abandoned, never for what is done', () => {
  expect(pollEvery({ status: 'probed', updatedAt: at(1000) }, now)).toBe(2000);
  expect(pollEvery({ status: 'uploading', updatedAt: at(1000) }, now)).toBe(8000);
  expect(pollEvery({ status: 'uploading', updatedAt: at(2 * 3_600_000) }, now)).toBe(60_000);
  for (const status of ['ready', 'failed', 'deleted'] as const) {
    expect(isFinal(status)).toBe(true);
    expect(pollEvery({ status, updatedAt: at(0) }, now)).toBe(false);
  }
  const later = [{ name: '720p', width: 1280, height: 720 }];
  expect(pollEvery({ status: 'ready', updatedAt: at(9 * 86_400_000), later }, now)).toBe(5000);
  expect(pollEvery({ status: 'ready', updatedAt: at(0), later, ladder: { state: 'failed' } }, now)).toBe(60_000);
});

it('plays what is published only', () => {
  expect(isPlayable({ status: 'ready', revision: 1 })).toBe(true);
  expect(isPlayable({ status: 'playable', revision: 1 })).toBe(true);
  expect(isPlayable({ status: 'ready', revision: 0 })).toBe(false);
  expect(isPlayable({ status: 'probed', revision: 1 })).toBe(false);
});

it('keeps the first address of a poster while its signature lasts, and takes that of another poster at once', () => {
  const video = { posterUrl: '/p?1' };
  expect(posterOf(video, now)).toBe('/p?1');
  expect(posterOf({ ...video, posterUrl: '/p?2' }, now + 60_000)).toBe('/p?1');
  expect(posterOf({ ...video, posterUrl: '/p?3' }, now + 5 * 60_000)).toBe('/p?3');
  expect(posterOf({ ...video, posterUrl: '/p-2?4' }, now)).toBe('/p-2?4');
  expect(posterOf({ ...video, posterUrl: null }, now)).toBeUndefined();
});
