import { useEffect, useSyncExternalStore } from 'react';
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

/** `5 min ago`, with the exact local time on hover. */
export function Ago({ at }: { at: string }) {
  const moment = useNow();
  return (
    <time dateTime={at} title={exact(at)}>
      {ago(Date.parse(at), moment)}
    </time>
  );
}
