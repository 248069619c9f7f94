/** Putting in what is large one part behind the other. */
import { useEffect, useState } from 'react';
import { flushSync } from 'react-dom';

/**
 * How many parts are there by now. Each is put in by a task of its own, while the first playlist is on its way: all at once
 * they would keep a slow processor from everything else for a quarter of a second.
 */
export function useParts(all: number): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const put = (next: number) => {
      // At once, or React would put in several together.
      flushSync(() => setCount(next));
      if (next < all) timer = setTimeout(put, 0, next + 1);
    };
    timer = setTimeout(put, 0, 1);
    return () => clearTimeout(timer);
  }, [all]);
  return count;
}
