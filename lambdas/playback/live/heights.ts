/** Up to how many lines a channel may be watched. It sends one rendition, so who may not watch it as high as that watches nothing. */
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { required } from '../../../lib/contract/env.ts';
import { initPath, parseSegment, type SegmentName } from '../../../lib/contract/live-keys.ts';
import { readLivePlaylist } from '../../../lib/contract/live-playlist.ts';
import { s3 } from '../../shared/clients.ts';
import type { Terms } from '../../shared/entitlement.ts';
import { ApiError } from '../../shared/errors.ts';
import { linesOf } from '../../shared/height.ts';

type Size = Parameters<typeof linesOf>[0];
type Within = Pick<Terms, 'maxHeight'>;

/** Initialization sections asked for at a time. */
const AT_ONCE = 12;

/** Throws `forbidden` of more lines than `maxHeight`, and of pictures that do not say how many they have. */
export function checkHeight(size: Size, { maxHeight }: Within): void {
  if (maxHeight === undefined) return;
  const lines = linesOf(size);
  if (lines !== undefined && lines <= maxHeight) return;
  const why = lines === undefined ? 'it is not known how many this channel sent' : 'this channel sends or sent more';
  throw new ApiError('forbidden', `You may watch up to ${maxHeight} lines, and ${why}. Ask an administrator.`);
}

/** The same of what is recorded below `prefix` of a channel. */
export async function checkSegments(
  prefix: string,
  segments: readonly Pick<SegmentName, 'start' | 'init'>[],
  within: Within,
): Promise<void> {
  if (within.maxHeight === undefined) return;
  // Its id is a hash of what a section says, so of all days on which there is one, one is enough.
  const keys = [...new Map(segments.map(({ start, init }) => [init, `${prefix}${initPath(start, init)}`])).values()];
  for (let from = 0; from < keys.length; from += AT_ONCE) {
    const sizes = await Promise.all(keys.slice(from, from + AT_ONCE).map(sizeOf));
    for (const size of sizes) checkHeight(size, within);
  }
}

/** The same of a media playlist of the channel, as it lies in the bucket. Throws what `notYet` makes where it lists nothing. */
export async function checkPlaylist(
  prefix: string,
  text: string,
  within: Within,
  notYet: (cause: Error) => ApiError,
): Promise<void> {
  if (within.maxHeight === undefined) return;
  const entries = readLivePlaylist(text)?.entries.filter(({ gap }) => !gap) ?? [];
  // What comes into it next is not known.
  if (entries.length === 0) throw notYet(new Error('the playlist lists no segment'));
  await checkSegments(
    prefix,
    entries.map(({ uri }) => parseSegment(uri)!),
    within,
  );
}

/** As the ingest task wrote it with the section (containers/ingest/src/streams/publisher.ts); empty of one that is not there. */
async function sizeOf(Key: string): Promise<Size> {
  try {
    const { Metadata } = await s3.send(new HeadObjectCommand({ Bucket: required('MEDIA_BUCKET'), Key }));
    return { width: side(Metadata?.['width']), height: side(Metadata?.['height']) };
  } catch (cause) {
    const status = (cause as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    // Without the right to list all of the bucket, S3 says 403 of what is not there.
    if (status === 404 || status === 403) return {};
    throw cause;
  }
}

const side = (text = ''): number | undefined => (/^[1-9]\d{0,4}$/.test(text) ? Number(text) : undefined);
