import { useEffect, useSyncExternalStore, type PointerEvent } from 'react';
import { ago, exact } from './format.ts';

let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const one of listeners) one();
  }, 30_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The time of day in ms since 1970, to half a minute; one clock for the whole page. */
export function useNow(): number {
  useEffect(() => {
    now = Date.now();
  }, []);
  return useSyncExternalStore(subscribe, () => now);
}

/** A tooltip that is put into words when a pointer comes: a long date takes as long as everything else on its page. */
export const hinting = (say: () => string) => ({
  onPointerEnter: ({ currentTarget }: PointerEvent<HTMLElement>) => {
    currentTarget.title = say();
  },
});

/** `5 min ago`, with the exact local time on hover. */
export function Ago({ at }: { at: string }) {
  const moment = useNow();
  return (
    <time dateTime={at} {...hinting(() => exact(at))}>
      {ago(Date.parse(at), moment)}
    </time>
  );
}
