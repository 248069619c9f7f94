/** Whether a source may go once it is sliced, and when: nothing of its picture and sound is lost with it. Pure. */
import type { Plan } from '../../lib/contract/plan.ts';
import { DAY_SECONDS } from '../../lib/contract/options.ts';

type Made = Pick<Plan, 'engine' | 'source' | 'remuxed' | 'video' | 'audio'>;

/**
 * Its picture and its only sound, if any, were copied packet by packet, and there is no other track of picture, sound or text:
 * so an MP4 of the top rung has all of it.
 */
export function isExact({ engine, source: { info }, remuxed, video, audio }: Made): boolean {
  if (engine !== 'encode' || remuxed !== undefined || info.others === true || info.audio.length > 1) return false;
  return video.some(({ copied }) => copied === true) && audio.every(({ copied }) => copied === true);
}

/** The day (UTC) with which it goes; undefined: it stays. `ready`: all that is ever made of it is there. */
export const sourceRemoveOn = ({ sourceDays }: Pick<Plan, 'sourceDays'>, now: Date): string | undefined =>
  sourceDays === undefined
    ? undefined
    : new Date(now.getTime() + sourceDays * DAY_SECONDS * 1000).toISOString().slice(0, 10);
