/** What a simulated device has recorded: five-minute files of every channel, back to a limit. Pure. */
import type { Recording, RecordingFilter } from '../../containers/ingest/src/jt808/messages/recordings.ts';
import { OPEN_TIME, bcdToUtc, utcToBcd } from '../../containers/ingest/src/jt808/time.ts';

/** Milliseconds of a file; files begin at multiples of it. */
export const FILE_MS = 5 * 60_000;

export interface Archive {
  readonly channels: readonly number[];
  readonly zoneMinutes: number;
  /** How far back recordings reach: milliseconds. */
  readonly reach: number;
  /** Bytes a second of the main and of the sub stream. */
  readonly rate: readonly [main: number, sub: number];
}

/** A stretch in UTC milliseconds, or undefined when its beginning is no time. An open end is now. */
export function stretch(
  { start, end }: { readonly start: string; readonly end: string },
  zoneMinutes: number,
  now: number,
): { from: number; to: number } | undefined {
  const from = start === OPEN_TIME ? 0 : bcdToUtc(start, zoneMinutes, now);
  const to = end === OPEN_TIME ? now : bcdToUtc(end, zoneMinutes, now);
  return from === undefined || to === undefined || to < from ? undefined : { from, to };
}

/** Files that overlap the stretch asked for, oldest first. The one being written ends now. */
export function listRecordings(archive: Archive, filter: RecordingFilter, now: number): Recording[] {
  const asked = stretch(filter, archive.zoneMinutes, now);
  // Nothing was recorded because of an alarm, and nothing has sound alone.
  if (asked === undefined || filter.alarm !== 0 || filter.videoAlarm !== 0 || filter.avType === 1) return [];
  if (filter.storage === 2) return [];
  const items: Recording[] = [];
  const channels = archive.channels.filter((channel) => filter.channel === 0 || filter.channel === channel);
  const streams = [1, 2].filter((stream) => filter.stream === 0 || filter.stream === stream);
  const oldest = Math.max(now - archive.reach, asked.from - FILE_MS);
  for (let from = Math.ceil(oldest / FILE_MS) * FILE_MS; from < now && from < asked.to; from += FILE_MS) {
    const to = Math.min(from + FILE_MS, now);
    if (to <= asked.from) continue;
    for (const channel of channels) {
      for (const stream of streams) {
        items.push({
          channel,
          start: utcToBcd(from, archive.zoneMinutes),
          end: utcToBcd(to, archive.zoneMinutes),
          alarm: 0,
          videoAlarm: 0,
          avType: 0,
          stream,
          storage: 1,
          size: Math.round(((to - from) / 1000) * archive.rate[stream - 1]!),
        });
      }
    }
  }
  return items;
}

/** The stretch's part that was recorded; undefined when there is none. */
export function recorded(
  archive: Archive,
  asked: { from: number; to: number },
  now: number,
): { from: number; to: number } | undefined {
  const from = Math.max(asked.from, Math.ceil((now - archive.reach) / FILE_MS) * FILE_MS);
  const to = Math.min(asked.to, now);
  return from < to ? { from, to } : undefined;
}
