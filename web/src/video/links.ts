/** What one hands out so that others can watch. Pure. */
import { escaped } from '../../../lib/contract/embed.ts';
import { isSite } from '../../../lib/contract/site.ts';
import type { Visibility } from '../../../lib/contract/video.ts';

interface StreamOptions {
  /** A playback token; a public video needs none. */
  readonly token?: string | undefined;
  /** Every URL signed in the playlists, for players that do not know EXT-X-DEFINE. */
  readonly expand?: boolean;
}

/** Address of the multivariant playlist, for a player. */
export function streamUrl(origin: string, id: string, { token, expand = false }: StreamOptions = {}): string {
  const query = new URLSearchParams();
  if (token !== undefined) query.set('token', token);
  if (expand) query.set('expand', '1');
  return `${origin}/api/play/${id}/main.m3u8${query.size > 0 ? `?${query}` : ''}`;
}

/** The same for a player that renews what it is given: `session` is what it calls itself. */
export const inSession = (address: string, session: string): string =>
  `${address}${address.includes('?') ? '&' : '?'}session=${session}`;

/** HTML of a live channel for any page: hls.js where it runs, the browser's own player (Safari on a phone) elsewhere. */
export function embedSnippet(url: string, title: string): string {
  return `<video id="sluice" controls playsinline style="width:100%" title="${escaped(title)}"></video>
<script type="module">
  import Hls from 'https://cdn.jsdelivr.net/npm/hls.js@1/+esm';
  const video = document.getElementById('sluice');
  const url = ${scriptString(url)};
  if (Hls.isSupported()) {
    const hls = new Hls();
    hls.loadSource(url);
    hls.attachMedia(video);
  } else video.src = url;
</script>`;
}

/** A string that cannot end the script element it stands in. */
const scriptString = (text: string): string => JSON.stringify(text).replaceAll('<', '\\u003c');

export const visibilities: Readonly<Record<Visibility, { label: string; means: string }>> = {
  private: { label: 'Private', means: 'Only the owner and admins can watch.' },
  entitled: { label: 'Entitled', means: 'Also whom it was given to.' },
  public: { label: 'Public', means: 'Anyone with the link, without signing in.' },
};

/** How long a link or a grant may last, in seconds. */
export const lifetimes = [
  { value: 900, label: '15 minutes' },
  { value: 3_600, label: '1 hour' },
  { value: 28_800, label: '8 hours' },
  { value: 86_400, label: '1 day' },
  { value: 604_800, label: '7 days' },
  { value: 2_592_000, label: '30 days' },
] as const;

/** How long a link to a video may be good, in seconds; without one it is until somebody ends it. */
export const linkLifetimes = [
  { value: 3_600, label: '1 hour' },
  { value: 86_400, label: '1 day' },
  { value: 604_800, label: '7 days' },
  { value: 2_592_000, label: '30 days' },
  { value: 31_536_000, label: '1 year' },
] as const;

/** Origins of pages as people write them, apart by spaces, commas or lines; `https` where they say nothing. Or what is none. */
export function sitesOf(text: string): { readonly sites: readonly string[] } | { readonly wrong: string } {
  const sites = new Set<string>();
  for (const word of text.split(/[\s,]+/)) {
    if (word === '') continue;
    const address = word.includes('://') ? word : `https://${word}`;
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (url === undefined || url.username !== '' || !isSite(url.origin)) return { wrong: word };
    sites.add(url.origin);
  }
  return { sites: [...sites] };
}
