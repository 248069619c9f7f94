/** Which renditions somebody may play who may watch up to some height. Pure. */
import type { Limits } from '../../lib/contract/entitlement.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { ApiError } from './errors.ts';

/**
 * The record with those of its renditions that may be played within `maxHeight` lines. An upright picture's rung is named for
 * its width, so the shorter side counts. Throws `not-ready` while what is allowed is still being made, else `forbidden`.
 */
export function withinHeight<T extends Pick<VideoRecord, 'renditions' | 'status' | 'ladder'>>(
  video: T,
  { maxHeight }: Pick<Limits, 'maxHeight'>,
): T {
  if (maxHeight === undefined) return video;
  const renditions = video.renditions.filter((one) => isWithin(one, maxHeight));
  if (renditions.some(({ kind }) => kind === 'video') || video.renditions.every(({ kind }) => kind === 'audio'))
    return { ...video, renditions };
  const isGrowing = video.status === 'playable' || video.ladder?.state === 'making';
  throw isGrowing
    ? new ApiError('not-ready', `What you may watch, up to ${maxHeight} lines, is still being made. Try again shortly.`)
    : new ApiError(
        'forbidden',
        `You may watch up to ${maxHeight} lines; the video has nothing as small. Ask its owner.`,
      );
}

interface Size {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

export const isWithin = (size: Size, maxHeight: number | undefined): boolean =>
  maxHeight === undefined || (linesOf(size) ?? 0) <= maxHeight;

/** Undefined: it has no picture. */
export const linesOf = ({ width, height }: Size): number | undefined =>
  width === undefined || height === undefined ? undefined : Math.min(width, height);
