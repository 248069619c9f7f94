/** Playlists of recorded segments, some of which are encrypted: the addresses of keys get their rights as those of segments do. */
import { parse, type types } from 'hls-parser';
import { describe, expect, it } from 'vitest';
import { recordingPlaylist } from '../../../../lambdas/playback/live/playlists.ts';
import type { RecordedSegment } from '../../../../lambdas/shared/recordings.ts';
import { hourKeyPath, hourVector, initPath, segmentPath } from '../../../../lib/contract/live-keys.ts';
import { TICKET } from '../fixture.ts';

const NOON = Date.UTC(2026, 7, 1, 12);
const INIT = 'a'.repeat(16);
const recorded = (start: number, sequence: number, encrypted: boolean): RecordedSegment => {
  const name = { start, duration: 2000, epoch: 1, sequence, init: INIT, discontinuity: false, encrypted };
  return { ...name, key: `live/1/1/${segmentPath(name)}`, bytes: 1000 };
};
const SEGMENTS = [
  recorded(NOON - 4000, 1, false),
  recorded(NOON - 2000, 2, true),
  recorded(NOON, 3, true),
  recorded(NOON + 2000, 4, true),
];
const BASE = `/live/1/1/s/${TICKET}/`;

describe('a recording that was encrypted from some time on', () => {
  it.each([
    ['define', { way: 'define', query: 'Policy=a&Signature=b' }, '?{$auth}'],
    ['expand', { way: 'expand', query: 'Policy=a&Signature=b' }, '?Policy=a&Signature=b'],
    ['cookies', { way: 'cookies' }, ''],
  ] as const)('names a key for each hour, with what opens it: %s', (_, access, query) => {
    const text = recordingPlaylist({ device: '1', channel: 1 }, SEGMENTS, { ...access, ticket: TICKET });
    const key = (at: number) =>
      `#EXT-X-KEY:METHOD=AES-128,URI="${BASE}${hourKeyPath(at)}${query}",IV=0x${hourVector(at)}`;
    expect(text.split('\n').filter((line) => /^#EXT-X-(KEY|MAP)|^\//.test(line))).toEqual([
      `#EXT-X-MAP:URI="${BASE}${initPath(NOON, INIT)}${query}"`,
      `${BASE}${segmentPath(SEGMENTS[0]!)}${query}`,
      key(NOON - 1),
      `${BASE}${segmentPath(SEGMENTS[1]!)}${query}`,
      key(NOON),
      `${BASE}${segmentPath(SEGMENTS[2]!)}${query}`,
      `${BASE}${segmentPath(SEGMENTS[3]!)}${query}`,
    ]);
    // As another's parser reads it.
    const { segments } = parse(text) as types.MediaPlaylist;
    expect(segments.map((one) => one.key?.uri)).toEqual([
      undefined,
      `${BASE}${hourKeyPath(NOON - 1)}${query}`,
      ...Array.from({ length: 2 }, () => `${BASE}${hourKeyPath(NOON)}${query}`),
    ]);
  });
});
