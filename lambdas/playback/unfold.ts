/** What makes a pasted address unfold: oEmbed 1.0 (oembed.com), Open Graph (ogp.me) and the player card of X. Pure. */
import { embedCode, embedUrl, escaped, pageUrl, playerSize } from '../../lib/contract/embed.ts';
import type { ResponseOf } from '../../lib/contract/api.ts';
import { cut } from '../../lib/contract/text.ts';

type About = ResponseOf<'GET /api/play/{id}/about'>;

/** What may be said of a video to who came by an address of it. */
export interface Unfolded {
  readonly about: About;
  /** Scheme and host of ours. */
  readonly origin: string;
  readonly token: string | undefined;
}

export const SITE = 'Sluice';
/** Characters of a description that others show. */
const DESCRIPTION = 500;

/** Of what everybody may watch: a picture that others keep goes on being shown when a link has ended. */
const pictureOf = ({ about: { id, hasPoster }, origin, token }: Unfolded): string | undefined =>
  hasPoster && token === undefined ? `${origin}/api/play/${id}/poster` : undefined;

interface Most {
  readonly maxwidth?: number | undefined;
  readonly maxheight?: number | undefined;
}

export function oembedOf(unfolded: Unfolded, { maxwidth, maxheight }: Most): ResponseOf<'GET /api/oembed'> {
  const { about, origin, token } = unfolded;
  const size = playerSize(about, { width: maxwidth, height: maxheight });
  const picture = pictureOf(unfolded);
  return {
    type: 'video',
    version: '1.0',
    title: about.title,
    provider_name: SITE,
    provider_url: origin,
    html: embedCode(embedUrl(origin, about.id, token), about.title, size),
    ...size,
    ...(picture !== undefined && {
      thumbnail_url: picture,
      thumbnail_width: size.width,
      thumbnail_height: size.height,
    }),
  };
}

/** Besides control characters, which no title has, XML knows no such characters (XML 1.0 2.2). */
const NO_XML = /[\ufffe\uffff]/g;

/** The same as XML (oEmbed 1.0 2.3.4.2): an element for each parameter. */
export const oembedXml = (answer: ResponseOf<'GET /api/oembed'>): string =>
  [
    '<?xml version="1.0" encoding="utf-8" standalone="yes"?>',
    '<oembed>',
    ...Object.entries(answer).flatMap(([name, value]) =>
      value === undefined ? [] : [`<${name}>${escaped(String(value).replaceAll(NO_XML, '\ufffd'))}</${name}>`],
    ),
    '</oembed>',
    '',
  ].join('\n');

/** Elements of a page's head. */
export function headOf(unfolded: Unfolded): string {
  const { about, origin, token } = unfolded;
  const { width, height } = playerSize(about);
  const description = cut(about.description, DESCRIPTION);
  const embed = embedUrl(origin, about.id, token);
  const picture = pictureOf(unfolded);
  const oembed = (format: string, type: string) => {
    const address = `${origin}/api/oembed?url=${encodeURIComponent(pageUrl(origin, about.id, token))}&format=${format}`;
    return `<link rel="alternate" type="${type}" href="${escaped(address)}" title="${escaped(about.title)}">`;
  };
  const open: readonly (readonly [string, string | number | undefined])[] = [
    ['og:site_name', SITE],
    ['og:type', 'video.other'],
    ['og:title', about.title],
    ['og:description', description],
    // This page's own. Readers without a browser are sent here from the video's page: naming that would send them in a circle.
    ['og:url', embed],
    ['og:image', picture],
    ['og:video', embed],
    ['og:video:secure_url', origin.startsWith('https:') ? embed : undefined],
    ['og:video:type', 'text/html'],
    ['og:video:width', width],
    ['og:video:height', height],
    ['video:duration', about.duration === null ? undefined : Math.round(about.duration)],
    ['video:release_date', about.createdAt],
  ];
  const card: typeof open = [
    ['description', description],
    ['twitter:card', 'player'],
    ['twitter:title', about.title],
    ['twitter:description', description],
    ['twitter:player', embed],
    ['twitter:player:width', width],
    ['twitter:player:height', height],
    ['twitter:image', picture],
  ];
  const tags = (name: string, of: typeof open) =>
    of.flatMap(([key, value]) =>
      value === undefined || value === '' ? [] : [`<meta ${name}="${key}" content="${escaped(String(value))}">`],
    );
  return [
    oembed('json', 'application/json+oembed'),
    oembed('xml', 'text/xml+oembed'),
    ...tags('property', open),
    ...tags('name', card),
  ].join('\n');
}
