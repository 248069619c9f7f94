import { useEffect, useRef, type RefObject } from 'react';
import { Pictures } from './player-keys.ts';

/** How long a picture of what a video plays lasts, learnt while it plays. `key`: another video is learnt anew. */
export function usePictures(of: () => HTMLVideoElement | null | undefined, key: unknown): RefObject<Pictures> {
  const pictures = useRef(new Pictures());
  const latest = useRef(of);
  useEffect(() => {
    latest.current = of;
  });
  useEffect(() => {
    pictures.current = new Pictures();
    const video = latest.current();
    if (!video || !('requestVideoFrameCallback' in video)) return undefined;
    let handle = 0;
    const next = (_: number, { mediaTime }: VideoFrameCallbackMetadata) => {
      pictures.current.shown(mediaTime);
      handle = video.requestVideoFrameCallback(next);
    };
    handle = video.requestVideoFrameCallback(next);
    return () => video.cancelVideoFrameCallback(handle);
  }, [key]);
  return pictures;
}
