/** Up to how many lines a channel may be watched. It sends one rendition, so who may not watch it as high as that watches nothing. Pure. */
import { parseSegment, type SegmentName } from '../../../lib/contract/live-keys.ts';
import { readLivePlaylist } from '../../../lib/contract/live-playlist.ts';
import type { Terms } from '../../shared/entitlement.ts';
import { ApiError } from '../../shared/errors.ts';
import { linesOf } from '../../shared/height.ts';

type Within = Pick<Terms, 'maxHeight'>;

/** Throws `forbidden` of more lines than `maxHeight`, and of pictures that do not say how many they have. */
export const checkHeight = (size: Parameters<typeof linesOf>[0], within: Within): void =>
  checkLines(linesOf(size), within);

function checkLines(lines: number | undefined, { maxHeight }: Within): void {
  if (maxHeight === undefined || (lines !== undefined && lines <= maxHeight)) return;
  const why = lines === undefined ? 'it is not known how many this channel sent' : 'this channel sends or sent more';
  throw new ApiError('forbidden', `You may watch up to ${maxHeight} lines, and ${why}. Ask an administrator.`);
}

/** The same of what is recorded. */
export function checkSegments(segments: readonly Pick<SegmentName, 'lines'>[], within: Within): void {
  for (const { lines } of segments) checkLines(lines, within);
}

/** The same of a media playlist of the channel, as it lies in the bucket. Throws what `notYet` makes where it lists nothing. */
export function checkPlaylist(text: string, within: Within, notYet: (cause: Error) => ApiError): void {
  if (within.maxHeight === undefined) return;
  const entries = readLivePlaylist(text)?.entries.filter(({ gap }) => !gap) ?? [];
  // What comes into it next is not known.
  if (entries.length === 0) throw notYet(new Error('the playlist lists no segment'));
  checkSegments(
    entries.map(({ uri }) => parseSegment(uri)!),
    within,
  );
}
