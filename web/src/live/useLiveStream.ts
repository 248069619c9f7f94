import { useEffect, useRef, useState, type RefObject } from 'react';
import { useSession } from '../auth/SessionContext.tsx';
import type { Place } from '../fleet/wall.ts';
import type { Phase } from './phase.ts';
import { LiveStream } from './stream.ts';

const IDLE: Phase = { kind: 'idle' };

/** Plays a channel in `video` for as long as `isWanted`. */
export function useLiveStream(
  { device, channel }: Place,
  video: RefObject<HTMLVideoElement | null>,
  isWanted: boolean,
): { phase: Phase; retry: () => void } {
  const { manager } = useSession();
  const [phase, show] = useState<Phase>(IDLE);
  const stream = useRef<LiveStream>(undefined);
  useEffect(() => {
    if (!isWanted || !video.current) return undefined;
    show({ kind: 'starting' });
    const one = new LiveStream({ place: { device, channel }, video: video.current, token: manager.token, show });
    stream.current = one;
    return () => {
      one.stop();
      stream.current = undefined;
      show(IDLE);
    };
  }, [device, channel, isWanted, video, manager]);
  return { phase, retry: () => stream.current?.retry() };
}

/** Passing out of view for less than this (ms) does not end a stream: one scrolls back, or looks at another tab. */
const GRACE = { scrolled: 2_000, hidden: 30_000 } as const;

/** Whether an element is on the screen, or was a moment ago. */
export function useInView(element: RefObject<Element | null>): boolean {
  const [isIn, setIn] = useState(false);
  useEffect(() => {
    if (!element.current) return undefined;
    let isScrolledIn = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const update = (grace: number) => {
      clearTimeout(timer);
      if (isScrolledIn && !document.hidden) setIn(true);
      else timer = setTimeout(() => setIn(false), grace);
    };
    const observer = new IntersectionObserver(
      (entries) => {
        isScrolledIn = entries.at(-1)?.isIntersecting === true;
        update(GRACE.scrolled);
      },
      { rootMargin: '80px' },
    );
    const flip = () => update(GRACE.hidden);
    observer.observe(element.current);
    document.addEventListener('visibilitychange', flip);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
      document.removeEventListener('visibilitychange', flip);
    };
  }, [element]);
  return isIn;
}
