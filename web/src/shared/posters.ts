/**
 * Poster addresses are signed anew in every answer, which would make the browser fetch the same picture again and
 * again. The first address of a poster is kept while its signature is surely good. Pure but for its memory.
 */
import type { Video } from '../../../lib/contract/video.ts';

/** ms; signatures last at least six minutes (`playback.signatureHours`). */
const KEEP = 4 * 60_000;
const kept = new Map<string, { url: string; since: number }>();

export function posterOf(video: Pick<Video, 'posterUrl'>, now: number): string | undefined {
  if (video.posterUrl === null) return undefined;
  // Another picture has another path.
  const [key = ''] = video.posterUrl.split('?');
  const known = kept.get(key);
  if (known && now - known.since < KEEP) return known.url;
  kept.set(key, { url: video.posterUrl, since: now });
  return video.posterUrl;
}
