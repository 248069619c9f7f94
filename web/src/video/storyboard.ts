/** Pictures for scrubbing, as the player's preview takes them: a metadata track whose cues are addresses. */
import { useEffect, useState } from 'react';
import { endOf, renewIn } from '../shared/signature.ts';

/** ms until a list that did not come is asked for again. */
const AGAIN = 30_000;

/** The list with whole addresses: those on this host would otherwise count from the track's own, which is none. */
export const wholeAddresses = (list: string, origin: string): string => list.replaceAll(/^\//gm, `${origin}/`);

/**
 * Address of a WebVTT track made of what `path` answers, which wants the token that `fetch` adds here; a track's own request
 * has no place for it. Undefined while it is on its way, and where there are no pictures: a player plays without.
 */
export function useStoryboard(path: string | undefined): string | undefined {
  const [track, setTrack] = useState<string>();
  useEffect(() => {
    if (path === undefined) return undefined;
    const controller = new AbortController();
    let made: string | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async () => {
      const answer = await fetch(path, { signal: controller.signal });
      if (!answer.ok) return;
      const list = wholeAddresses(await answer.text(), location.origin);
      if (controller.signal.aborted) return;
      if (made !== undefined) URL.revokeObjectURL(made);
      made = URL.createObjectURL(new Blob([list], { type: 'text/vtt' }));
      setTrack(made);
      // Its addresses are signed, too.
      const end = endOf(list);
      if (end !== undefined) timer = setTimeout(begin, renewIn(end, Date.now()));
    };
    const begin = () => {
      load().catch(() => {
        if (made !== undefined && !controller.signal.aborted) timer = setTimeout(begin, AGAIN);
      });
    };
    begin();
    return () => {
      clearTimeout(timer);
      controller.abort();
      setTrack(undefined);
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, [path]);
  return track;
}
