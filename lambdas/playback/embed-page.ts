/** The page for a frame: the player alone, or in words why there is none. Pure. */
import { escaped } from '../../lib/contract/embed.ts';
import { headOf, SITE, type Unfolded } from './unfold.ts';

/** The file that `web/src/player` is built to. */
export const PLAYER_SCRIPT = '/player/sluice-player.js';

/** What an answer says of itself beside its HTML. */
export interface Page {
  readonly html: string;
  readonly policy: string;
}

/** Origins of pages that may have the page in a frame, besides ours; undefined: any. */
type Sites = readonly string[] | undefined;

/**
 * Scripts are the player's file and no other; hls.js works from blobs and a worker, and the controls' style sheets are inline.
 * Nothing is framed, sent by forms, or fetched from another host.
 */
const policyFor = (sites: Sites): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "media-src 'self' blob: data:",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${sites === undefined ? '*' : ["'self'", ...sites].join(' ')}`,
  ].join('; ');

export interface Options {
  readonly autoplay?: string | undefined;
  readonly muted?: string | undefined;
  readonly start?: string | undefined;
}

/** Of what may be watched, or is locked by a password or not made yet, which the player says itself. `unfolded`: to whom all is told. */
export function playerPage(
  id: string,
  token: string | undefined,
  sites: Sites,
  options: Options,
  unfolded?: Unfolded,
): Page {
  const about = unfolded?.about;
  const attributes: readonly (readonly [string, string | undefined])[] = [
    ['video', id],
    ['token', token],
    ['heading', about?.title],
    ['keys', 'page'],
    ['autoplay', options.autoplay === '1' ? '' : undefined],
    ['muted', options.muted === '1' ? '' : undefined],
    ['start', /^\d{1,6}(\.\d{1,3})?$/.test(options.start ?? '') ? options.start : undefined],
  ];
  const player = attributes.flatMap(([name, value]) => (value === undefined ? [] : [` ${name}="${escaped(value)}"`]));
  return {
    html: page(about?.title ?? 'Video', [
      ...(unfolded ? [headOf(unfolded)] : []),
      `<script type="module" src="${PLAYER_SCRIPT}"></script>`,
    ])(`<sluice-player${player.join('')}></sluice-player>\n<noscript><p>The player needs JavaScript.</p></noscript>`),
    policy: policyFor(sites),
  };
}

/** In words, by the code of what refused (lambdas/shared/errors.ts). What is private reads like what is not there. */
export function refusedPage(code: string, detail: string): Page {
  const link = LINKS[code];
  const { title, sentence } = link === undefined ? NOTHING : { title: link, sentence: detail };
  const html = page(
    title,
    [],
  )(`<div role="alert"><p><strong>${escaped(title)}</strong></p><p>${escaped(sentence)}</p></div>`);
  return { html, policy: policyFor(undefined) };
}

const NOTHING = {
  title: 'There is no such video',
  sentence: 'It was deleted, is not public, or the address is mistyped.',
};

const LINKS: Readonly<Record<string, string>> = {
  'link-unknown': 'There is no such link',
  'link-ended': 'This link was ended',
  'link-expired': 'This link has expired',
  'invalid-token': 'This link has ended, or is not whole',
  'site-refused': 'Not for this page',
};

const page = (title: string, head: readonly string[]) => (body: string) =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="same-origin">
<title>${escaped(title)} · ${SITE}</title>
${head.join('\n')}
<style>
html, body { height: 100%; margin: 0; background: #101417; color: #fff; font: 15px/1.5 system-ui, sans-serif; overflow: hidden }
sluice-player { width: 100%; height: 100% }
[role="alert"], noscript { display: grid; height: 100%; padding: 0 24px; place-content: center; text-align: center }
p { margin: 0 0 4px }
</style>
</head>
<body>
${body}
</body>
</html>
`;
