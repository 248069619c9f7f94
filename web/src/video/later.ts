/** What is said of renditions that are not made before somebody plays the video. Pure. */
import type { Video } from '../../../lib/contract/video.ts';

/** One sentence; undefined: there are none. `spoken`: a time in the reader's own words. */
export function laterWords(
  { later = [], ladder }: Pick<Video, 'later' | 'ladder'>,
  spoken: (time: string) => string,
): string | undefined {
  if (later.length === 0) return undefined;
  const names = later.map(({ name }) => name);
  const one = names.length === 1;
  const all = one ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`;
  if (ladder === undefined) return `${all} ${one ? 'is' : 'are'} made when somebody first plays the video.`;
  if (ladder.state === 'making') {
    const far = ladder.progress === undefined ? '' : `: ${Math.round(ladder.progress)} %`;
    return `${all} ${one ? 'is' : 'are'} being made, since the video is played${far}.`;
  }
  const { reason, again } = ladder;
  const what = `${all} ${reason === undefined ? 'could not be' : `${one ? 'is' : 'are'} not`} made; the video plays without.`;
  const next =
    again !== undefined
      ? `Playing it after ${spoken(again)} has it tried again.`
      : reason === undefined
        ? 'That was tried several times; tell the operator, or upload the video again.'
        : undefined;
  return [what, reason, next].filter((part) => part !== undefined).join(' ');
}
