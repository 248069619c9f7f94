import { describe, expect, it } from 'vitest';
import {
  alarmFileKey,
  channelPrefix,
  hourFolder,
  initPath,
  keyBeside,
  livePlaylistKey,
  parseSegment,
  playbackPlaylistKey,
  segmentPath,
} from '../../../lib/contract/live-keys.ts';

const name = {
  start: Date.UTC(2026, 10, 4, 23, 59, 59, 7),
  duration: 2003,
  epoch: 12,
  sequence: 34_567,
  init: '9f86d081884c7d65',
  discontinuity: false,
};

it('names a segment by all there is to know of it, in the folder of its UTC hour', () => {
  const path = segmentPath(name);
  expect(path).toBe('rec/20261104/23/1793836799007-2003-12-34567-9f86d081884c7d65-c.m4s');
  expect(parseSegment(path)).toEqual(name);
  expect(parseSegment(`live/13912345678/1/${segmentPath({ ...name, discontinuity: true })}`)).toEqual({
    ...name,
    discontinuity: true,
  });
  const high = { ...name, lines: 1080, discontinuity: true, encrypted: true };
  expect(segmentPath(high)).toBe(path.replace('-c.', '-1080de.'));
  expect(parseSegment(segmentPath(high))).toEqual(high);
  expect(keyBeside(segmentPath(high))).toBe('rec/20261104/23/hour.key');
  for (const mark of ['-0c.', '-01c.', '-123456c.', '-c1.', '-72pc.'])
    expect(parseSegment(path.replace('-c.', mark))).toBeUndefined();
  expect(initPath(name.start, name.init)).toBe('rec/20261104/init-9f86d081884c7d65.mp4');
  expect(hourFolder(name.start + 1000)).toBe('rec/20261105/00/');
});

it('sorts by time as text', () => {
  const starts = [name.start + 5000, name.start, name.start + 999_999];
  const paths = starts.map((start) => segmentPath({ ...name, start }));
  const times = (texts: string[]) => texts.map((path) => parseSegment(path)!.start);
  expect(times(paths.toSorted())).toEqual(starts.toSorted((a, b) => a - b));
});

it('puts everything of a channel below one prefix', () => {
  expect(channelPrefix('13912345678', 2)).toBe('live/13912345678/2/');
  expect(livePlaylistKey('13912345678', 2)).toBe('live/13912345678/2/live.m3u8');
  expect(playbackPlaylistKey('13912345678', 2, 'abcdefgh')).toBe('live/13912345678/2/playback/abcdefgh.m3u8');
  expect(alarmFileKey('13912345678', 'alarm0001', 3, 'jpg')).toBe('live/13912345678/files/alarm0001/3.jpg');
});

describe('refuses what would lead elsewhere', () => {
  it.each<[string, () => string]>([
    ['a device with a slash', () => livePlaylistKey('1/../2', 1)],
    ['a device with leading zeros', () => livePlaylistKey('0139', 1)],
    ['no device', () => livePlaylistKey('', 1)],
    ['a device of 21 digits', () => livePlaylistKey('1'.repeat(21), 1)],
    ['channel 0', () => livePlaylistKey('139', 0)],
    ['channel 256', () => livePlaylistKey('139', 256)],
    ['channel 1.5', () => livePlaylistKey('139', 1.5)],
    ['a request with a dot', () => playbackPlaylistKey('139', 1, '../../live')],
    ['an extension with a slash', () => alarmFileKey('139', 'alarm0001', 1, 'a/b')],
    ['an init that is no hash', () => initPath(name.start, 'init')],
    ['a time before 2001', () => segmentPath({ ...name, start: 5 })],
    ['half a millisecond', () => segmentPath({ ...name, duration: 0.5 })],
    ['a negative sequence', () => segmentPath({ ...name, sequence: -1 })],
    ['a picture without lines', () => segmentPath({ ...name, lines: 0 })],
    ['half a line', () => segmentPath({ ...name, lines: 0.5 })],
  ])('%s', (_, make) => expect(make).toThrow(RangeError));

  it.each(['', 'rec/20261104/23/init-9f86d081884c7d65.mp4', 'live.m3u8', 'rec/1/2/3.m4s', 'vod/x/00001.m4s'])(
    '%j is no segment',
    (path) => expect(parseSegment(path)).toBeUndefined(),
  );
});
