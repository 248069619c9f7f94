/** Pictures for scrubbing, as the player's preview takes them: a metadata track whose cues are addresses. */
import { useEffect, useState } from 'react';

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
    const load = async () => {
      const answer = await fetch(path, { signal: controller.signal });
      if (!answer.ok) return;
      const list = wholeAddresses(await answer.text(), location.origin);
      if (controller.signal.aborted) return;
      made = URL.createObjectURL(new Blob([list], { type: 'text/vtt' }));
      setTrack(made);
    };
    load().catch(() => undefined);
    return () => {
      controller.abort();
      setTrack(undefined);
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, [path]);
  return track;
}
