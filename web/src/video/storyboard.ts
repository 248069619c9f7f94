/** The same as a hook. */
import { useEffect, useState } from 'react';
import { keepStoryboard } from './keep-storyboard.ts';

/**
 * Address of a WebVTT track made of what `path` answers, which wants the token that `fetch` adds here; a track's own request
 * has no place for it. Undefined while it is on its way, and where there are no pictures: a player plays without.
 */
export function useStoryboard(path: string | undefined): string | undefined {
  const [track, setTrack] = useState<string>();
  useEffect(() => (path === undefined ? undefined : keepStoryboard(path, location.origin, setTrack)), [path]);
  return track;
}
