/** Addresses of a video's pages, and the HTML that puts its player on somebody else's. Pure. */
import { VIDEO_ID } from './keys.ts';

/** Pixels of the longer side that a player gets where nobody asked for another size: larger ones fit on few pages. */
const LONGER_SIDE = 1280;
const UNKNOWN = { width: 1280, height: 720 } as const;

/** What a frame of ours needs of the page around it. */
const ALLOWS = 'autoplay; encrypted-media; fullscreen; picture-in-picture';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Text as it may stand in HTML, between tags and in an attribute in quotes. */
export const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);

const withToken = (path: string, token: string | undefined): string =>
  token === undefined ? path : `${path}?token=${encodeURIComponent(token)}`;

/** The video's own page; with a token for somebody without an account. */
export const pageUrl = (origin: string, id: string, token?: string): string => withToken(`${origin}/v/${id}`, token);

/** The player alone, for a frame. */
export const embedUrl = (origin: string, id: string, token?: string): string =>
  withToken(`${origin}/embed/${id}`, token);

/** Which video, and by which token, an address of ours is about; undefined: it is none of a video. */
export function videoOf(
  address: string,
  origin: string,
): { readonly id: string; readonly token: string | undefined } | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || url.origin !== new URL(origin).origin) return undefined;
  const id = /^\/(?:v|embed)\/([^/]+)\/?$/.exec(url.pathname)?.[1];
  return id !== undefined && VIDEO_ID.test(id) ? { id, token: url.searchParams.get('token') ?? undefined } : undefined;
}

/** Pixels of a player in the video's own shape, within these; no larger than the video, and than 1280 on the longer side. */
export function playerSize(
  { width, height }: { readonly width: number | null; readonly height: number | null },
  most: { readonly width?: number | undefined; readonly height?: number | undefined } = {},
): Size {
  const shape = width === null || height === null ? UNKNOWN : { width, height };
  const scale = Math.min(
    1,
    LONGER_SIDE / Math.max(shape.width, shape.height),
    (most.width ?? Infinity) / shape.width,
    (most.height ?? Infinity) / shape.height,
  );
  const pixels = (length: number) => Math.max(1, Math.floor(length * scale + 1e-6));
  return { width: pixels(shape.width), height: pixels(shape.height) };
}

/** HTML for any page: the player in a frame. It needs no script there. */
export const embedCode = (url: string, title: string, { width, height }: Size): string =>
  `<iframe src="${escaped(url)}" title="${escaped(title)}" width="${width}" height="${height}" style="border: 0" allow="${ALLOWS}" allowfullscreen></iframe>`;
