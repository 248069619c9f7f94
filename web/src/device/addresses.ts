/** Addresses of a channel for players elsewhere, live or of a stretch. Pure. */
import type { Stretch } from '../fleet/stretch.ts';

interface AddressOptions {
  readonly token: string;
  /** Undefined: live. */
  readonly stretch: Stretch | undefined;
  /** Every URL signed in the playlists, for players that do not know EXT-X-DEFINE. */
  readonly expand: boolean;
}

export function channelUrl(origin: string, device: string, channel: number, options: AddressOptions): string {
  const { token, stretch, expand } = options;
  const query = new URLSearchParams({ token });
  if (stretch) {
    query.set('from', new Date(stretch.from).toISOString());
    query.set('to', new Date(stretch.to).toISOString());
  }
  if (expand) query.set('expand', '1');
  return `${origin}/api/play/live/${device}/${channel}/main.m3u8?${query}`;
}

/** ms that a stretch for others reaches around the moment on the screen, where none is marked. */
const AROUND = 5 * 60_000;

/** The marked stretch, else some minutes around the moment. */
export const stretchFor = (at: number, day: Stretch, marked: Stretch | undefined): Stretch =>
  marked && marked.to > marked.from
    ? marked
    : { from: Math.max(day.from, at - AROUND), to: Math.min(day.to, at + AROUND) };
