/** Where a stream goes: the live playlist of its channel, or that of a recording which a device plays back. Pure. */
import { channelPrefix, livePlaylistKey, playbackPlaylistKey } from '../../../../lib/contract/live-keys.ts';
import { RETENTION_TAG, type IngestOptions } from '../../../../lib/contract/ingest.ts';
import { zoneMinutes, type DeviceRecord } from '../../../../lib/contract/device.ts';
import type { WindowOptions } from '../../../../lib/contract/live-playlist.ts';
import type { SegmenterOptions } from '../hls/segmenter.ts';
import type { PlaybackRow } from '../../../../lib/contract/fleet.ts';

export interface Target {
  readonly playlistKey: string;
  readonly prefix: string;
  readonly relative: '' | '../';
  readonly retentionTag: string;
  readonly window: WindowOptions;
  /** What stands at the end of the playlist when the stream is over. */
  readonly lastLine: string;
  readonly segmenter: Partial<SegmenterOptions>;
  /** The record's `streams` tells of it. */
  readonly live: boolean;
}

/** Entries a playlist may have; at the shortest segments this is beyond any window that can be configured. */
const MOST_ENTRIES = 1000;
/** A played back recording is listed whole, within reason. */
const MOST_RECORDED = 4000;
const MAX_SEGMENT_BYTES = 16 * 1024 * 1024;

export function liveTarget(record: DeviceRecord, channel: number, options: IngestOptions, now: number): Target {
  return {
    playlistKey: livePlaylistKey(record.id, channel),
    relative: '',
    window: { windowMs: options.playlistSeconds * 1000, maxEntries: MOST_ENTRIES },
    lastLine: '',
    live: true,
    ...common(record, channel, options, now),
  };
}

/** `startedAt`: epoch milliseconds when its first packet arrived. */
export function playbackTarget(
  record: DeviceRecord,
  { channel, requestId, from, to, speed }: PlaybackRow,
  options: IngestOptions,
  startedAt: number,
): Target {
  const [begin, end] = [Date.parse(from), Date.parse(to)];
  const shared = common(record, channel, options, begin);
  return {
    ...shared,
    playlistKey: playbackPlaylistKey(record.id, channel, requestId),
    relative: '../',
    window: { windowMs: Infinity, maxEntries: MOST_RECORDED },
    lastLine: '#EXT-X-ENDLIST\n',
    live: false,
    segmenter: {
      ...shared.segmenter,
      // Where its clock says a time of the stretch, that; else as far into it as has been played.
      epoch: (receivedAt) => begin + (performance.timeOrigin + receivedAt - startedAt) * speed,
      clockTolerance: end - begin + 15 * 60_000,
    },
  };
}

function common(record: DeviceRecord, channel: number, options: IngestOptions, at: number) {
  const { segmentSeconds, limits } = options;
  return {
    prefix: channelPrefix(record.id, channel),
    retentionTag: `${RETENTION_TAG}=${record.retentionDays}`,
    segmenter: {
      targetMs: segmentSeconds * 1000,
      // Two fit the buffer: one on its way, one behind it.
      maxBytes: Math.min(MAX_SEGMENT_BYTES, limits.streamBufferBytes / 2),
      zoneMinutes: zoneMinutes(record.timeZone, at),
    },
  };
}
