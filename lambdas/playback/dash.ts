/** The MPD of one viewer, as text. Pure. The shared one says `{$auth}` where a signature belongs (lambdas/slicing/mpd.ts). */
import { DASH_PATH, revisionPrefix } from '../../lib/contract/keys.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { ApiError } from '../shared/errors.ts';
import { withAuth } from './manifest.ts';

/** S3 key of the shared MPD. */
export const mpdKey = ({ id, revision }: Pick<VideoRecord, 'id' | 'revision'>): string =>
  `${revisionPrefix(id, revision)}${DASH_PATH}`;

/** `query` is the signature, made of characters that neither XML nor a template minds but `&`; undefined: left out. */
export const personalMpd = (shared: string, query: string | undefined): string =>
  withAuth(shared, query?.replaceAll('&', '&amp;'));

/** Throws `conflict` for a video whose segments DASH does not have. */
export function checkDash({ segmentType }: Pick<VideoRecord, 'segmentType'>): void {
  if (segmentType === 'mpegts')
    throw new ApiError(
      'conflict',
      'The video is in MPEG-TS segments (slicing.segmentType), which DASH does not play; use main.m3u8.',
    );
}

/** What it means that there is no MPD: it is written when all renditions are finished, and was not before. */
export const noMpd = ({ status }: Pick<VideoRecord, 'status'>, cause: Error): ApiError =>
  status === 'ready'
    ? new ApiError('not-found', 'The video has no DASH manifest: it was sliced by an earlier version. Use main.m3u8.', {
        cause,
      })
    : new ApiError('not-ready', 'The DASH manifest comes when all of the video is sliced; main.m3u8 plays meanwhile.', {
        cause,
      });
