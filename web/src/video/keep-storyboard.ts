/** Pictures for scrubbing, as a player's preview takes them: a metadata track whose cues are addresses. */
import { endOf, renewIn } from '../shared/signature.ts';

/** ms until a list that did not come is asked for again. */
const AGAIN = 30_000;

/** The list with whole addresses: those on this host would otherwise count from the track's own, which is none. */
export const wholeAddresses = (list: string, origin: string): string => list.replaceAll(/^\//gm, `${origin}/`);

/**
 * Keeps a WebVTT track made of what `path` (on `origin`) answers, and tells its address; undefined where there is none any more.
 * Its pictures are signed, so it is read again in time. Answers what ends it.
 */
export function keepStoryboard(path: string, origin: string, tell: (track: string | undefined) => void): () => void {
  const controller = new AbortController();
  let made: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const load = async () => {
    const answer = await fetch(path, { signal: controller.signal });
    // What the platform could not say just now it will; else there are no pictures, or none for this viewer.
    if (answer.status === 429 || answer.status >= 500) throw new Error(`${path}: HTTP ${answer.status}`);
    if (!answer.ok) return;
    const list = wholeAddresses(await answer.text(), origin);
    if (controller.signal.aborted) return;
    if (made !== undefined) URL.revokeObjectURL(made);
    made = URL.createObjectURL(new Blob([list], { type: 'text/vtt' }));
    tell(made);
    // Its addresses are signed, too.
    const end = endOf(list);
    if (end !== undefined) timer = setTimeout(begin, renewIn(end, Date.now()));
  };
  const begin = () => {
    load().catch(() => {
      if (!controller.signal.aborted) timer = setTimeout(begin, AGAIN);
    });
  };
  begin();
  return () => {
    clearTimeout(timer);
    controller.abort();
    tell(undefined);
    if (made !== undefined) URL.revokeObjectURL(made);
  };
}
