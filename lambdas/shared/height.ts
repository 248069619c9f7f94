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

/** Names have five digits at most (plan.ts). */
const MOST_NAMED = 99_999;

/**
 * The number in the name of the tallest rung within `maxHeight` lines, for the edge, which sees names alone. A rung is named for
 * the 16:9 box around its picture, so a wide picture of 800 lines is `1080p`; all pictures of a video have one shape, whichever
 * of them are made by now. `video`: with all its renditions. Undefined: there is no limit, or no picture.
 */
export function tallestName(video: Pick<VideoRecord, 'renditions'>, maxHeight: number | undefined): number | undefined {
  if (maxHeight === undefined) return undefined;
  const named = video.renditions.flatMap(({ name, ...size }) => {
    const lines = linesOf(size);
    const number = /^(\d+)p$/.exec(name)?.[1];
    return lines === undefined || number === undefined ? [] : [{ number: Number(number), lines }];
  });
  const [shape] = named;
  if (shape === undefined) return undefined;
  // Sides are rounded, so what is made already is looked at itself.
  const least = Math.max(0, ...named.filter(({ lines }) => lines <= maxHeight).map(({ number }) => number));
  const most = Math.min(...named.filter(({ lines }) => lines > maxHeight).map(({ number }) => number - 1));
  return Math.max(least, Math.min(most, MOST_NAMED, Math.floor((maxHeight * shape.number) / shape.lines)));
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
