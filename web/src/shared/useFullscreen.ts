import { useEffect, useState, type RefObject } from 'react';

/**
 * Whether an element fills the screen, what puts it there and takes it away again, and whether this browser can at all: on
 * a phone of Apple's only its own player may.
 */
export function useFullscreen(element: RefObject<HTMLElement | null>): [boolean, () => void, boolean] {
  const [isFull, setFull] = useState(false);
  useEffect(() => {
    const change = () => setFull(document.fullscreenElement !== null && document.fullscreenElement === element.current);
    document.addEventListener('fullscreenchange', change);
    return () => document.removeEventListener('fullscreenchange', change);
  }, [element]);
  const toggle = () => {
    const isHere = document.fullscreenElement !== null && document.fullscreenElement === element.current;
    // Refused without a person's own click, say: then it stays as it is.
    (isHere ? document.exitFullscreen() : element.current?.requestFullscreen())?.catch(() => {});
  };
  return [isFull, toggle, document.fullscreenEnabled];
}
