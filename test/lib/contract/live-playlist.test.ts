import * as HLS from 'hls-parser';
import { Parser } from 'm3u8-parser';
import { describe, expect, it } from 'vitest';
import {
  addEntry,
  emptyPlaylist,
  forgetEntries,
  readLivePlaylist,
  liveText,
  nextSequence,
  vodText,
  type LivePlaylist,
  type PlaylistEntry,
} from '../../../lib/contract/live-playlist.ts';
import { hourKeyPath, initPath, keyBeside, parseSegment, segmentPath } from '../../../lib/contract/live-keys.ts';
import { random } from '../../containers/ingest/jt808/support.ts';

const T0 = Date.UTC(2026, 7, 1, 12, 0, 0);

const entry = (number: number, changes: Partial<PlaylistEntry> = {}): PlaylistEntry => ({
  uri: `${number}.m4s`,
  map: 'init-a.mp4',
  duration: 2000,
  programDateTime: T0 + number * 2000,
  discontinuity: false,
  gap: false,
  ...changes,
});

const build = (entries: readonly PlaylistEntry[], from: LivePlaylist = emptyPlaylist(2000)): LivePlaylist =>
  entries.reduce((playlist, added) => addEntry(playlist, added), from);

/** What two parsers we did not write make of it; the one must find nothing to complain about, and both agree. */
function parsed(text: string): { ours: HLS.types.MediaPlaylist; theirs: Parser['manifest'] } {
  const parser = new Parser();
  const warnings: unknown[] = [];
  parser.on('warn', (warning: unknown) => warnings.push(warning));
  parser.push(text);
  parser.end();
  expect(warnings).toEqual([]);
  const ours = HLS.parse(text) as HLS.types.MediaPlaylist;
  const theirs = parser.manifest;
  expect(ours.targetDuration).toBe(theirs.targetDuration);
  expect(ours.segments.map(({ duration }) => duration)).toEqual(theirs.segments.map(({ duration }) => duration));
  return { ours, theirs };
}

describe('encrypted segments', () => {
  const at = (time: number, encrypted: boolean, changes: Partial<PlaylistEntry> = {}): PlaylistEntry => {
    const name = { start: time, duration: 2000, epoch: 1, sequence: 0, init: 'a'.repeat(16), discontinuity: false };
    const map = initPath(time, name.init);
    return { ...entry(0), uri: segmentPath({ ...name, encrypted }), map, programDateTime: time, ...changes };
  };
  const HOUR = 3_600_000;
  const tags = (text: string) =>
    text
      .split('\n')
      .filter((line) => /^#EXT-X-(KEY|MAP)|^[^#]/.test(line))
      .map((line) => line.replace('?{$auth}', '').replace(/\d{13}\S*-(ce?)\.m4s/, '$1.m4s'));

  it('have the key of their hour in front, once, and initialization sections none', () => {
    const noon = Date.UTC(2026, 7, 1, 12);
    const entries = [
      at(noon - 4000, false),
      at(noon - 2000, true),
      at(noon, true),
      at(noon + 2000, true),
      at(noon + 4000, true, { map: 'rec/20260801/init-b.mp4', discontinuity: true }),
      at(noon + 6000, true, { gap: true }),
      at(noon + 8000, false),
    ];
    const wanted = [
      '#EXT-X-MAP:URI="rec/20260801/init-aaaaaaaaaaaaaaaa.mp4"',
      'rec/20260801/11/c.m4s',
      `#EXT-X-KEY:METHOD=AES-128,URI="rec/20260801/11/hour.key",IV=0x${(noon - HOUR).toString(16).padStart(32, '0')}`,
      'rec/20260801/11/ce.m4s',
      `#EXT-X-KEY:METHOD=AES-128,URI="rec/20260801/12/hour.key",IV=0x${noon.toString(16).padStart(32, '0')}`,
      'rec/20260801/12/ce.m4s',
      'rec/20260801/12/ce.m4s',
      '#EXT-X-KEY:METHOD=NONE',
      '#EXT-X-MAP:URI="rec/20260801/init-b.mp4"',
      `#EXT-X-KEY:METHOD=AES-128,URI="rec/20260801/12/hour.key",IV=0x${noon.toString(16).padStart(32, '0')}`,
      'rec/20260801/12/ce.m4s',
      '#EXT-X-KEY:METHOD=NONE',
      '#EXT-X-MAP:URI="rec/20260801/init-aaaaaaaaaaaaaaaa.mp4"',
      '#EXT-X-KEY:METHOD=AES-128,URI="rec/20260801/12/hour.key",IV=0x'.concat(noon.toString(16).padStart(32, '0')),
      'rec/20260801/12/ce.m4s',
      '#EXT-X-KEY:METHOD=NONE',
      'rec/20260801/12/c.m4s',
    ];
    const window = { windowMs: 60_000, maxEntries: 100 };
    const live = liveText(entries.reduce((playlist, one) => addEntry(playlist, one, window), emptyPlaylist(2000)));
    expect(tags(live)).toEqual(wanted);
    expect(tags(vodText(entries))).toEqual(wanted);
    for (const text of [live, vodText(entries)]) expect(parsed(text).ours.segments).toHaveLength(7);
    // Whoever goes on from it knows all that there was.
    const read = readLivePlaylist(live)!;
    expect(liveText(read)).toBe(live);
  });

  it('at the very beginning that are not there need no key', () => {
    const noon = Date.UTC(2026, 7, 1, 12);
    const text = liveText(build([at(noon, true, { gap: true }), at(noon + 2000, true)]));
    expect(tags(text).map((line) => line.slice(0, 10))).toEqual([
      '#EXT-X-MAP',
      'rec/202608',
      '#EXT-X-KEY',
      'rec/202608',
    ]);
  });

  it('say so in their name, which is read back', () => {
    const path = segmentPath({
      start: T0,
      duration: 2000,
      epoch: 3,
      sequence: 4,
      init: 'b'.repeat(16),
      discontinuity: true,
      encrypted: true,
    });
    expect(path).toMatch(/-de\.m4s$/);
    expect(parseSegment(path)).toMatchObject({ discontinuity: true, encrypted: true });
    expect(parseSegment(path.replace('-de.', '-d.'))).not.toHaveProperty('encrypted');
    expect(parseSegment(path.replace('-de.', '-ee.'))).toBeUndefined();
    expect([keyBeside(path), keyBeside(`live/1/1/${path}`)]).toEqual([hourKeyPath(T0), `live/1/1/${hourKeyPath(T0)}`]);
    expect(keyBeside(path.replace('-de.', '-d.'))).toBeUndefined();
  });
});

describe('the live playlist', () => {
  it('begins without a discontinuity', () => {
    const playlist = build([
      entry(0, { discontinuity: true }),
      entry(1, { duration: 1961, programDateTime: T0 + 2000.4 }),
    ]);
    const text = liveText(playlist);
    expect(text).toBe(`#EXTM3U
#EXT-X-VERSION:8
#EXT-X-DEFINE:IMPORT="auth"
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-MAP:URI="init-a.mp4?{$auth}"
#EXT-X-PROGRAM-DATE-TIME:2026-08-01T12:00:00.000Z
#EXTINF:2.000,
0.m4s?{$auth}
#EXTINF:1.961,
1.m4s?{$auth}
`);
    const { ours, theirs } = parsed(text);
    expect(ours).toMatchObject({ version: 8, mediaSequenceBase: 0, endlist: false });
    expect(ours.segments[0]!.programDateTime?.getTime()).toBe(T0);
    expect(ours.segments.every(({ map }) => map?.uri === 'init-a.mp4?{$auth}')).toBe(true);
    expect(theirs.segments[1]).toMatchObject({ uri: '1.m4s?{$auth}', timeline: 0 });
  });

  it('slides, counts, and says what changes: reconnect, new initialization, a dropped segment', () => {
    const playlist = build([
      ...[0, 1, 2, 3].map((number) => entry(number, { discontinuity: number === 2 })),
      entry(4, { gap: true }),
      entry(5),
      entry(6, { map: 'init-b.mp4', discontinuity: true, programDateTime: T0 + 60_000 }),
      entry(7, { map: 'init-b.mp4', duration: 3040, programDateTime: T0 + 62_000 }),
      entry(8, { map: 'init-b.mp4', duration: 480, programDateTime: T0 + 65_040 }),
    ]);
    const text = liveText(playlist);
    expect(text).toBe(`#EXTM3U
#EXT-X-VERSION:8
#EXT-X-DEFINE:IMPORT="auth"
#EXT-X-TARGETDURATION:3
#EXT-X-MEDIA-SEQUENCE:2
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="init-a.mp4?{$auth}"
#EXT-X-PROGRAM-DATE-TIME:2026-08-01T12:00:04.000Z
#EXTINF:2.000,
2.m4s?{$auth}
#EXTINF:2.000,
3.m4s?{$auth}
#EXT-X-GAP
#EXTINF:2.000,
4.m4s?{$auth}
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2026-08-01T12:00:10.000Z
#EXTINF:2.000,
5.m4s?{$auth}
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="init-b.mp4?{$auth}"
#EXT-X-PROGRAM-DATE-TIME:2026-08-01T12:01:00.000Z
#EXTINF:2.000,
6.m4s?{$auth}
#EXTINF:3.040,
7.m4s?{$auth}
#EXTINF:0.480,
8.m4s?{$auth}
`);
    const { ours, theirs } = parsed(text);
    expect(ours.mediaSequenceBase).toBe(2);
    expect(ours.segments.map(({ discontinuity }) => discontinuity ?? false)).toEqual([
      true,
      false,
      false,
      true,
      true,
      false,
      false,
    ]);
    expect(theirs.discontinuityStarts).toEqual([0, 3, 4]);
    expect(ours.segments.map(({ map }) => map?.uri.slice(0, 6))).toEqual([
      'init-a',
      'init-a',
      'init-a',
      'init-a',
      'init-b',
      'init-b',
      'init-b',
    ]);
  });

  it('goes on in another task, from what was stored', () => {
    const before = published(12);
    const stored = readLivePlaylist(liveText(before))!;
    expect(stored).toEqual(before);
    const after = build([entry(10, { discontinuity: true })], stored);
    expect(nextSequence(after)).toBe(nextSequence(before) + 1);
    expect(after.mediaSequence).toBeGreaterThan(before.mediaSequence);
    expect([before.discontinuitySequence, after.discontinuitySequence]).toEqual([0, 1]);
    expect(after.entries.at(-1)!.discontinuity).toBe(true);
  });

  it('begins again after a long time with none of its old segments, counting on', () => {
    const before = build([0, 1, 2].map((number) => entry(number, { discontinuity: number === 2 })));
    const empty = forgetEntries(before);
    expect(empty).toMatchObject({ mediaSequence: 3, discontinuitySequence: 1, entries: [] });
    const again = build([entry(3, { discontinuity: true })], empty);
    expect(liveText(again)).toContain(
      '#EXT-X-MEDIA-SEQUENCE:3\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-DISCONTINUITY\n',
    );
    parsed(liveText(again));
  });

  it('only ever grows in its sequences, keeps three targets, and stays small, whatever is added', () => {
    const next = random(31);
    let playlist = emptyPlaylist(2000);
    /** By sequence number: the discontinuity number a player computes for the segment. */
    const numbers = new Map<number, number>();
    for (let i = 0; i < 3000; i += 1) {
      const before = playlist;
      const duration = next() < 0.02 ? 8000 + Math.floor(next() * 1000) : Math.floor(next() * 2500);
      playlist = addEntry(playlist, entry(i, { duration, discontinuity: next() < 0.1, gap: next() < 0.05 }));
      expect(playlist.mediaSequence).toBeGreaterThanOrEqual(before.mediaSequence);
      expect(playlist.discontinuitySequence).toBeGreaterThanOrEqual(before.discontinuitySequence);
      expect(playlist.targetDuration).toBeGreaterThanOrEqual(before.targetDuration);
      expect(nextSequence(playlist)).toBe(i + 1);
      expect(playlist.entries.length).toBeLessThanOrEqual(60);
      expect(Math.max(...playlist.entries.map((listed) => Math.round(listed.duration / 1000)))).toBeLessThanOrEqual(
        playlist.targetDuration,
      );
      const total = playlist.entries.reduce((sum, listed) => sum + listed.duration, 0);
      expect(
        total >= Math.min(3000 * playlist.targetDuration, i < 30 ? 0 : Infinity) || playlist.entries.length === 60,
      ).toBe(true);
      let number = playlist.discontinuitySequence;
      playlist.entries.forEach((listed, k) => {
        if (listed.discontinuity) number += 1;
        const sequence = playlist.mediaSequence + k;
        // 4.4.3.3: a segment's number never changes while the playlist slides.
        expect(numbers.get(sequence) ?? number).toBe(number);
        numbers.set(sequence, number);
      });
    }
    expect(numbers.size).toBe(3000);
  });
});

describe('a playlist over a stretch', () => {
  it('marks what is missing, and ends', () => {
    const text = vodText([
      entry(0, { discontinuity: true }),
      entry(1, { programDateTime: T0 + 2100 }), // a tenth of a second of drift is no hole
      entry(2, { programDateTime: T0 + 600_000 }),
      entry(3, { programDateTime: T0 + 602_000, gap: true }),
      entry(4, { programDateTime: T0 + 604_000 }),
      entry(5, { programDateTime: T0 + 606_000, map: 'init-b.mp4', duration: 6600, discontinuity: true }),
    ]);
    expect(text).toBe(`#EXTM3U
#EXT-X-VERSION:8
#EXT-X-DEFINE:IMPORT="auth"
#EXT-X-TARGETDURATION:7
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-MAP:URI="init-a.mp4?{$auth}"
#EXT-X-PROGRAM-DATE-TIME:2026-08-01T12:00:00.000Z
#EXTINF:2.000,
0.m4s?{$auth}
#EXTINF:2.000,
1.m4s?{$auth}
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2026-08-01T12:10:00.000Z
#EXTINF:2.000,
2.m4s?{$auth}
#EXT-X-GAP
#EXTINF:2.000,
3.m4s?{$auth}
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2026-08-01T12:10:04.000Z
#EXTINF:2.000,
4.m4s?{$auth}
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="init-b.mp4?{$auth}"
#EXT-X-PROGRAM-DATE-TIME:2026-08-01T12:10:06.000Z
#EXTINF:6.600,
5.m4s?{$auth}
#EXT-X-ENDLIST
`);
    const { ours, theirs } = parsed(text);
    expect(ours).toMatchObject({ endlist: true, playlistType: 'VOD' });
    expect(theirs.segments).toHaveLength(6);
  });

  it('of nothing is still a playlist', () => {
    expect(parsed(vodText([])).ours.segments).toEqual([]);
  });
});

const noon = Date.UTC(2026, 10, 4, 12);
const [one, two] = ['9f86d081884c7d65', '0123456789abcdef'];

/** What a writer publishes: a restart, another picture size and a dropped segment in it. */
function published(count: number) {
  let playlist = emptyPlaylist(2000);
  for (let i = 0; i < count; i += 1) {
    const start = noon + i * 2000 + (i >= 5 ? 30_000 : 0);
    const init = i < 8 ? one : two;
    const discontinuity = i === 5 || i === 8;
    const uri = segmentPath({ start, duration: 2000 + i, epoch: i < 5 ? 1 : 2, sequence: i, init, discontinuity });
    const entry = { uri, map: initPath(start, init), duration: 2000 + i, programDateTime: start, discontinuity };
    playlist = addEntry(playlist, { ...entry, gap: i === 10 }, { windowMs: 16_000, maxEntries: 60 });
  }
  return playlist;
}

describe('a live playlist is its own state', () => {
  it.each([1, 5, 6, 9, 11, 12, 20])('of %i segments read back is what was written', (count) => {
    const playlist = published(count);
    expect(readLivePlaylist(liveText(playlist))).toEqual(playlist);
  });

  it('counts on where it stood, discontinuities that are gone included', () => {
    const state = readLivePlaylist(liveText(published(20)))!;
    expect(state.mediaSequence + state.entries.length).toBe(20);
    expect(state.discontinuitySequence).toBeGreaterThan(0);
  });

  it.each(['', '#EXTM3U\n', '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:1\n', 'nothing of ours'])(
    '%j is none',
    (text) => expect(readLivePlaylist(text)).toBeUndefined(),
  );

  it('with a segment that is not ours is none', () => {
    const text = liveText(published(3)).replaceAll('.m4s', '.ts');
    expect(readLivePlaylist(text)).toBeUndefined();
  });
});
