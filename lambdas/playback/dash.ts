/** The MPD of one viewer, as text. Pure. The shared one says `{$auth}` where a signature belongs (lambdas/slicing/mpd.ts). */
import { LICENCE_VARIABLE } from '../../lib/contract/encryption.ts';
import { DRM_NAMES, type DrmName } from '../../lib/contract/drm.ts';
import { DASH_PATH, revisionPrefix, textPath } from '../../lib/contract/keys.ts';
import type { Rendition, TextTrack, VideoRecord } from '../../lib/contract/video.ts';
import { ApiError } from '../shared/errors.ts';
import { withAuth } from './manifest.ts';

/** S3 key of the shared MPD. */
export const mpdKey = ({ id, revision }: Pick<VideoRecord, 'id' | 'revision'>): string =>
  `${revisionPrefix(id, revision)}${DASH_PATH}`;

/**
 * With the text tracks there are now, each a file of WebVTT whose times count from the beginning, as the presentation does.
 * `query` is the signature, made of characters that neither XML nor a template minds but `&`; undefined: left out. `licence`:
 * the address at which this viewer asks for one, of a DRM system where the video is protected by those.
 */
export function personalMpd(
  shared: string,
  ticket: string,
  query: string | undefined,
  { id, texts = [] }: Pick<VideoRecord, 'id' | 'texts'>,
  licence: (system?: DrmName) => string = () => '',
): string {
  const sets = texts.map((text) => textSet(id, text)).join('');
  const places: [string, string][] = [
    [`{$${LICENCE_VARIABLE}}`, licence()],
    ...DRM_NAMES.map((name): [string, string] => [`{$${LICENCE_VARIABLE}-${name}}`, licence(name)]),
  ];
  return withAuth(
    places
      .reduce((text, [place, address]) => text.replaceAll(place, () => escaped(address)), shared)
      .replace('</Period>', () => `${sets}</Period>`),
    id,
    ticket,
    query?.replaceAll('&', '&amp;'),
  );
}

/**
 * A shared MPD with those of its representations of which `keeps` says so, and no set that has none of them. Reads what
 * lambdas/slicing/mpd.ts writes, line by line.
 */
export function onlyThose(shared: string, keeps: (rendition: Represented) => boolean): string {
  const kept: string[] = [];
  /** Where in `kept` the set begins that is read, and whether anything of it is left. */
  let begins = 0;
  let isLeft = false;
  let isOut = false;
  for (const line of shared.split('\n')) {
    if (line.startsWith('<AdaptationSet')) [begins, isLeft] = [kept.length, false];
    const rendition = line.startsWith('<Representation ') ? represented(line) : undefined;
    if (rendition !== undefined) isOut = !keeps(rendition);
    isLeft ||= rendition !== undefined && !isOut;
    if (!isOut) kept.push(line);
    // One without an end of its own is one line.
    if (line === '</Representation>' || (rendition !== undefined && line.endsWith('/>'))) isOut = false;
    if (line === '</AdaptationSet>' && !isLeft) kept.length = begins;
  }
  return kept.join('\n');
}

type Represented = Pick<Rendition, 'kind' | 'codecs' | 'width' | 'height'>;

function represented(line: string): Represented {
  const said = new Map([...line.matchAll(/ (\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!]));
  const [width, height] = [said.get('width'), said.get('height')];
  return {
    kind: width === undefined ? 'audio' : 'video',
    codecs: said.get('codecs') ?? '',
    ...(width !== undefined && height !== undefined && { width: Number(width), height: Number(height) }),
  };
}

/** Bits a second of text, for who adds up what a presentation takes: nearly nothing. */
const TEXT_BANDWIDTH = 1000;

const textSet = (videoId: string, { id, language, label }: TextTrack): string =>
  [
    `<AdaptationSet contentType="text" mimeType="text/vtt"${language === undefined ? '' : ` lang="${escaped(language)}"`}>`,
    `<Label>${escaped(label)}</Label>`,
    '<Role schemeIdUri="urn:mpeg:dash:role:2011" value="subtitle"/>',
    `<Representation id="text/${id}" bandwidth="${TEXT_BANDWIDTH}">`,
    `<BaseURL>/${textPath(videoId, id, 'vtt')}?{$auth}</BaseURL>`,
    '</Representation>',
    '</AdaptationSet>',
    '',
  ].join('\n');

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (char) => ENTITIES[char]!);

/** Throws `conflict` for a video whose segments DASH does not have. */
export function checkDash({ segmentType, encryption }: Pick<VideoRecord, 'segmentType' | 'encryption'>): void {
  if (encryption === 'aes-128')
    throw new ApiError(
      'conflict',
      'The segments of this video are encrypted as a whole (aes-128), which DASH does not know; use main.m3u8.',
    );
  if (segmentType === 'mpegts')
    throw new ApiError(
      'conflict',
      'The video is in MPEG-TS segments (slicing.segmentType), which DASH does not play; use main.m3u8.',
    );
}

/** What it means that there is no MPD: it is written when all renditions are finished, and was not before. */
export const noMpd = ({ status }: Pick<VideoRecord, 'status'>, cause: Error): ApiError =>
  status === 'ready'
    ? new ApiError('not-found', 'The video has no DASH manifest: it was sliced by an earlier version. Use main.m3u8.', {
        cause,
      })
    : new ApiError('not-ready', 'The DASH manifest comes when all of the video is sliced; main.m3u8 plays meanwhile.', {
        cause,
      });
