/**
 * The DASH manifest (MPD, ISO/IEC 23009-1) over the segments that the HLS playlists list, shared by all viewers and stored
 * beside them. Pure. It says `{$auth}` where a signature belongs, as the playlists do; the playback function supplies it.
 */
import { LICENCE_VARIABLE } from '../../lib/contract/encryption.ts';
import { DRM_SYSTEMS, type DrmProtection } from '../../lib/contract/drm.ts';
import { INIT_NAME, renditionFolder, revisionPrefix, type RenditionKind } from '../../lib/contract/keys.ts';
import type { Plan } from '../../lib/contract/plan.ts';
import type { Rendition } from '../../lib/contract/video.ts';
import { fullBox, u32 } from '../../lib/media/build.ts';
import { asUuid, keyIdOf } from '../shared/content-key.ts';
import { describe, targetDuration, type MergedRendition, type Segment } from './playlists.ts';
import { TIME_OFFSET } from '../../lib/contract/plan.ts';

export const DASH_TYPE = 'application/dash+xml';

/**
 * A media presentation over these renditions, all of which are fMP4 and finished; undefined where they are not of that kind, or
 * encrypted as a whole, of which DASH knows nothing.
 */
export function mpd(renditions: readonly MergedRendition[], plan: Plan): string | undefined {
  if (plan.encryption?.scheme === 'aes-128') return undefined;
  if (plan.segmentType !== 'fmp4' || renditions.some(({ timescale }) => timescale === undefined)) return undefined;
  const target = Math.max(...renditions.map(({ segments }) => targetDuration(segments)));
  const attributes = {
    xmlns: 'urn:mpeg:dash:schema:mpd:2011',
    ...(plan.encryption && { 'xmlns:cenc': 'urn:mpeg:cenc:2013', 'xmlns:dashif': 'https://dashif.org/CPS' }),
    profiles: 'urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019',
    type: 'static',
    mediaPresentationDuration: spoken(lengthOf(renditions)),
    minBufferTime: spoken(target),
    maxSegmentDuration: spoken(Math.max(...renditions.flatMap(({ segments }) => segments.map((s) => s.duration)))),
  };
  const sets = (['video', 'audio'] as const).flatMap((kind) => setsOf[kind](renditions.filter((r) => r.kind === kind)));
  const offset = sets[0]?.[0]?.begins ?? TIME_OFFSET;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<MPD${written(attributes)}>`,
    `<BaseURL>/${revisionPrefix(plan.videoId, plan.revision)}</BaseURL>`,
    '<Period id="1" start="PT0S">',
    ...sets.flatMap((members, index) =>
      adaptationSet(members, plan, offset, sets[index - 1]?.[0]?.kind !== members[0]!.kind),
    ),
    '</Period>',
    '</MPD>',
    '',
  ].join('\n');
}

/** Which renditions are alternatives to one another: all rungs, but each track of sound is one of its own. */
const setsOf: Record<RenditionKind, (renditions: readonly MergedRendition[]) => (readonly MergedRendition[])[]> = {
  video: (renditions) => (renditions.length > 0 ? [renditions] : []),
  audio: (renditions) => renditions.map((rendition) => [rendition]),
};

/** The longest rendition of the picture, else of the sound: seconds. */
function lengthOf(renditions: readonly MergedRendition[]): number {
  const video = renditions.filter(({ kind }) => kind === 'video');
  return Math.max(
    ...(video.length > 0 ? video : renditions).map(({ segments }) => sum(segments.map((s) => s.duration))),
  );
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** xs:duration, to the microsecond. */
const spoken = (seconds: number): string => `PT${Number(seconds.toFixed(6))}S`;

/**
 * That samples are encrypted, by which key, and where its licence is (DASH-IF IOP 7.5, 7.6): an address that the viewer's own MPD
 * fills in.
 */
function protection({ encryption, videoId, revision }: Plan): string[] {
  if (encryption?.scheme !== 'cbcs') return [];
  const scheme = {
    schemeIdUri: 'urn:mpeg:dash:mp4protection:2011',
    value: encryption.scheme,
    'cenc:default_KID': asUuid(keyIdOf(videoId, revision)),
  };
  return [
    `<ContentProtection${written(scheme)}/>`,
    `<ContentProtection${written({ schemeIdUri: CLEAR_KEY, value: 'ClearKey1.0' })}>`,
    `<dashif:Laurl>{$${LICENCE_VARIABLE}}</dashif:Laurl>`,
    '</ContentProtection>',
  ];
}

/** The same of a rendition whose key a DRM provider has: one for each system that DASH players have, with its own initialization data. */
function protectionBy({ kid, keys }: DrmProtection): string[] {
  const scheme = {
    schemeIdUri: 'urn:mpeg:dash:mp4protection:2011',
    value: 'cbcs',
    'cenc:default_KID': asUuid(Buffer.from(kid, 'hex')),
  };
  return [
    `<ContentProtection${written(scheme)}/>`,
    ...keys.flatMap(({ system, uri }) => {
      const { id, name } = DRM_SYSTEMS[system];
      // Apple's players take HLS alone.
      if (system === 'fairplay') return [];
      const data = Buffer.from(uri.slice(uri.indexOf(',') + 1), 'base64');
      // HLS says a PlayReady object as it is, and of Widevine the whole box.
      const pssh = system === 'widevine' ? data : psshOf(id, data);
      return [
        `<ContentProtection${written({ schemeIdUri: `urn:uuid:${id}`, value: name })}>`,
        `<cenc:pssh>${pssh.toString('base64')}</cenc:pssh>`,
        `<dashif:Laurl>{$${LICENCE_VARIABLE}-${system}}</dashif:Laurl>`,
        '</ContentProtection>',
      ];
    }),
  ];
}

/** ISO/IEC 23001-7 8.1, version 0. */
const psshOf = (id: string, data: Buffer): Buffer =>
  fullBox('pssh', 0, 0, Buffer.from(id.replaceAll('-', ''), 'hex'), u32(data.length), data);

/** `isMain`: the first of its kind, which plays where nobody chose. */
function adaptationSet(members: readonly MergedRendition[], plan: Plan, offset: number, isMain: boolean): string[] {
  const { kind } = members[0]!;
  const { language, label } = describe(members[0]!, plan);
  const templates = members.map((member) => template(member, offset));
  // Rungs share the segment table, and so its text; of one that does not, each says its own.
  const isShared = templates.every((lines) => lines.join() === templates[0]!.join());
  const attributes = {
    contentType: kind,
    mimeType: `${kind}/mp4`,
    segmentAlignment: String(isShared),
    startWithSAP: 1,
    lang: language,
  };
  return [
    `<AdaptationSet${written(attributes)}>`,
    ...protection(plan),
    ...(label === undefined ? [] : [`<Label>${escaped(label)}</Label>`]),
    `<Role${written({ schemeIdUri: ROLES, value: isMain ? 'main' : 'alternate' })}/>`,
    ...(isShared ? templates[0]! : []),
    ...members.flatMap((member, index) => representation(member, plan, isShared ? [] : templates[index]!)),
    '</AdaptationSet>',
  ];
}

function representation(member: MergedRendition, plan: Plan, lines: readonly string[]): string[] {
  const described = describe(member, plan);
  const protection = member.protection ? protectionBy(member.protection) : [];
  const children = [...SHAPES[member.kind].children(described), ...protection, ...lines];
  const open = `<Representation${written({
    id: idOf(member.kind, member.name),
    bandwidth: described.bandwidth,
    codecs: described.codecs,
    ...SHAPES[member.kind].attributes(described, member),
  })}`;
  return children.length > 0 ? [`${open}>`, ...children, '</Representation>'] : [`${open}/>`];
}

/** Of a representation: where its files are. */
export const idOf = (kind: RenditionKind, name: string): string => renditionFolder(kind, name).slice(0, -1);

interface Shape {
  readonly attributes: (rendition: Rendition, merged: MergedRendition) => Attributes;
  readonly children: (rendition: Rendition) => string[];
}

const ROLES = 'urn:mpeg:dash:role:2011';
const CLEAR_KEY = 'urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e';
const CHANNELS = 'urn:mpeg:dash:23003:3:audio_channel_configuration:2011';

/** What a representation says of itself, by its kind. */
const SHAPES: Record<RenditionKind, Shape> = {
  video: {
    attributes: ({ width, height, frameRate }) => ({
      width,
      height,
      frameRate: frameRate === undefined ? undefined : fraction(frameRate),
      sar: '1:1',
    }),
    children: () => [],
  },
  audio: {
    attributes: (_, { timescale }) => ({ audioSamplingRate: timescale }),
    children: ({ channels }) =>
      channels === undefined
        ? []
        : [`<AudioChannelConfiguration${written({ schemeIdUri: CHANNELS, value: channels })}/>`],
  },
};

/** DASH takes whole numbers and fractions of them only: 29.97 is 30000/1001. */
function fraction(rate: number): string {
  const ntsc = Math.round(rate * 1.001) * 1000;
  if (Math.abs(rate - Math.round(rate)) < 0.0005) return String(Math.round(rate));
  return Math.abs(rate - ntsc / 1001) < 0.0005 ? `${ntsc}/1001` : `${Math.round(rate * 1000)}/1000`;
}

/**
 * Where the segments are and how long each lasts, in ticks. Every time stamp lies `TIME_OFFSET` late (segmenter.ts), or as much as
 * MediaConvert's pictures do, which `presentationTimeOffset` takes off again.
 */
function template({ timescale = 1, segments, begins = TIME_OFFSET }: MergedRendition, offset: number): string[] {
  const start = Math.round(begins * timescale);
  const attributes = {
    timescale,
    presentationTimeOffset: Math.round(offset * timescale),
    startNumber: 1,
    initialization: `$RepresentationID$/${INIT_NAME}?{$auth}`,
    media: '$RepresentationID$/$Number%05d$.m4s?{$auth}',
  };
  return [
    `<SegmentTemplate${written(attributes)}>`,
    '<SegmentTimeline>',
    ...runs(segments, timescale).map(({ ticks, count }, index) => {
      const s = {
        t: index === 0 ? start : undefined,
        d: ticks,
        r: count > 1 ? count - 1 : undefined,
      };
      return `<S${written(s)}/>`;
    }),
    '</SegmentTimeline>',
    '</SegmentTemplate>',
  ];
}

/** Segments of the same length in a row are one entry. */
function runs(segments: readonly Segment[], timescale: number): { ticks: number; count: number }[] {
  const found: { ticks: number; count: number }[] = [];
  for (const { duration } of segments) {
    const ticks = Math.round(duration * timescale);
    const last = found.at(-1);
    if (last?.ticks === ticks) last.count += 1;
    else found.push({ ticks, count: 1 });
  }
  return found;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

type Attributes = Readonly<Record<string, string | number | undefined>>;

const escaped = (value: string): string => value.replace(/[&<>"]/g, (char) => ENTITIES[char]!);

/** Attributes, in order, with a space in front; those without a value are left out. */
const written = (attributes: Attributes): string =>
  Object.entries(attributes)
    .flatMap(([name, value]) => (value === undefined ? [] : [` ${name}="${escaped(String(value))}"`]))
    .join('');
