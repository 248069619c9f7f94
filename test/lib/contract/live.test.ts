import { describe, expect, it } from 'vitest';
import { addEntry, emptyPlaylist, liveText } from '../../../containers/ingest/src/hls/playlist.ts';
import { device, mediaKeyOf, newDevice, zoneMinutes } from '../../../lib/contract/device.ts';
import { initPath, segmentPath } from '../../../lib/contract/live-keys.ts';
import { command, readLivePlaylist } from '../../../lib/contract/ingest.ts';
import { correlationKey } from '../../../containers/ingest/src/jt808/identity.ts';

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
    const { version: _, ...playlist } = published(count);
    expect(readLivePlaylist(liveText({ version: 1, ...playlist }))).toEqual(playlist);
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

describe('a device', () => {
  it.each(['13912345678', '0', '1', '9'.repeat(20), '874903786373', '4f07788ef676'])('may be called %s', (id) => {
    expect(newDevice.parse({ id })).toMatchObject({ id, timeZone: 'Asia/Shanghai', viewers: [] });
  });
  it.each(['', '013912345678', '1'.repeat(21), '139-1', 'ABC', 'unknown', '../1'])('may not be called %j', (id) => {
    expect(newDevice.safeParse({ id }).success).toBe(false);
  });
  it.each<[string, object]>([
    ['a channel twice', { channels: [1, 1].map((number) => ({ number, name: 'x', live: 'always' })) }],
    ['channel 0', { channels: [{ number: 0, name: 'x', live: 'always' }] }],
    ['channel 256', { channels: [{ number: 256, name: 'x', live: 'always' }] }],
    ['another policy', { channels: [{ number: 1, name: 'x', live: 'sometimes' }] }],
    ['no time zone', { timeZone: 'Mars/Olympus' }],
    ['an offset for a zone', { timeZone: '+08:00' }],
    ['four days', { retentionDays: 4 }],
    ['a field too many', { colour: 'red' }],
  ])('with %s is refused', (_, over) => expect(newDevice.safeParse({ id: '139', ...over }).success).toBe(false));

  it('is matched to its media as the protocol code matches it', () => {
    for (const id of ['13912345678', '866496077582164', '20000000000000000001', '0', '100000000000000', '4f07788ef676'])
      expect(mediaKeyOf(id)).toBe(correlationKey(id));
  });

  it('shows no secret', () => {
    expect(Object.keys(device.shape)).not.toContain('authCode');
  });
});

it.each([
  ['Asia/Shanghai', noon, 480],
  ['UTC', noon, 0],
  ['America/Costa_Rica', noon, -360],
  ['Asia/Kolkata', noon, 330],
  ['Europe/Berlin', noon, 60],
  ['Europe/Berlin', Date.UTC(2026, 6, 1), 120],
  ['America/St_Johns', noon, -210],
])('%s is so many minutes ahead', (zone, at, minutes) => expect(zoneMinutes(zone, at)).toBe(minutes));

it('a command says what it is for and is taken apart only when all of it is there', () => {
  const base = { requestId: 'abcdefgh', device: '139', requestedAt: '2026-11-04T12:00:00.000Z' };
  const start = { ...base, type: 'start', channel: 1, stream: 'main' };
  expect(command.parse(start)).toEqual(start);
  for (const name of Object.keys(start)) {
    const { [name as 'type']: _, ...rest } = start;
    expect(command.safeParse(rest).success, name).toBe(false);
  }
  expect(command.safeParse({ ...base, type: 'format-disk' }).success).toBe(false);
});
