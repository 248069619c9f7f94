/**
 * Every S3 key Sluice writes, built and parsed in one place. Imports nothing, so infra, Lambdas,
 * the container, the console and the tests all share it.
 *
 * Source bucket: `uploads/{videoId}/source`, and `uploads/{videoId}/form` for what a form posted, until it is accepted.
 * Media bucket:  `vod/{videoId}/r{revision}/…` (immutable; served by the edge),
 *                `vod/{videoId}/text/…` (text tracks; likewise, whatever the revision),
 *                `work/{videoId}/r{revision}/…` (hand-over between slicing steps; never served, expires),
 *                `downloads/{videoId}/…` (MP4s of rungs; given out by signed addresses of S3, expires),
 *                `keys/{videoId}/…` (content keys; never served, what licences are made of),
 *                `tracks/{videoId}/…` (where a clip was filmed; never served, read by the API) and
 *                `live/{deviceId}/…` (live-keys.ts; served by the edge, expires with the device's retention).
 */

/** 20 characters of `[a-z0-9]`: over 100 bits, so an id cannot be guessed, and safe in every URL. */
export const VIDEO_ID = /^[a-z0-9]{20}$/;

export const SOURCE_PREFIX = 'uploads/';
export const VOD_PREFIX = 'vod/';
export const WORK_PREFIX = 'work/';
export const TRACKS_PREFIX = 'tracks/';
export const DOWNLOADS_PREFIX = 'downloads/';
export const CONTENT_KEYS_PREFIX = 'keys/';

/** Everything of a video in the source bucket. Ends with `/`. */
export const uploadPrefix = (videoId: string): string => `${SOURCE_PREFIX}${id(videoId)}/`;

/** A video's source. Written once: by the parts of its upload, by what makes clips and takes files in, or by acceptance. */
export const sourceKey = (videoId: string): string => `${uploadPrefix(videoId)}source`;

/** The only key an upload form may write, as often as somebody posts it: never the source itself. */
export const formKey = (videoId: string): string => `${uploadPrefix(videoId)}form`;

/** Everything of a video in the media bucket that the edge serves, all revisions. Ends with `/`. */
export const vodPrefix = (videoId: string): string => `${VOD_PREFIX}${id(videoId)}/`;

/** One slicing run's served files. `revision` counts from 1. Ends with `/`. */
export const revisionPrefix = (videoId: string, revision: number): string => `${vodPrefix(videoId)}r${rev(revision)}/`;

/** All hand-over files of a video. Ends with `/`. */
export const workPrefix = (videoId: string): string => `${WORK_PREFIX}${id(videoId)}/`;

/** What one encoded chunk reports to assemble (JSON, `ChunkResult` of slicing.ts). */
export const chunkResultKey = (videoId: string, revision: number, chunk: number): string =>
  `${workPrefix(videoId)}r${rev(revision)}/chunk-${String(chunk).padStart(5, '0')}.json`;

/** What a run is: its plan and its tasks (JSON, `AssembleTask` of slicing.ts). */
export const runKey = (videoId: string, revision: number): string => `${workPrefix(videoId)}r${rev(revision)}/run.json`;

/** What one task reads of the source (JSON, `ChunkTable` or `CopyTable` of slicing.ts). */
export const chunkTableKey = (videoId: string, revision: number, chunk: number): string =>
  `${workPrefix(videoId)}r${rev(revision)}/table-${String(chunk).padStart(5, '0')}.json`;

/** A source that had no index, written again with one (lambdas/slicing/remux.ts). */
export const remuxedKey = (videoId: string, revision: number): string =>
  `${workPrefix(videoId)}r${rev(revision)}/remuxed.mp4`;

/** Where the frames of one stretch of a source lie (lambdas/slicing/stretches.ts). */
export const framesKey = (videoId: string, revision: number, stretch: number): string =>
  `${workPrefix(videoId)}r${rev(revision)}/frames-${String(stretch).padStart(5, '0')}`;

/** `video` rungs and the `audio` rendition are folders beside each other. What a stage does with a kind is a table over these. */
export const RENDITION_KINDS = ['video', 'audio'] as const;
export type RenditionKind = (typeof RENDITION_KINDS)[number];

export const SEGMENT_TYPES = ['fmp4', 'mpegts'] as const;
type SegmentType = (typeof SEGMENT_TYPES)[number];

/** Media playlist, relative to the revision prefix: `video/720p.m3u8`, `audio/main.m3u8`. */
export const playlistPath = (kind: RenditionKind, name: string): string => `${kind}/${name}.m3u8`;

/** Folder of a rendition's segments, relative to the revision prefix: `video/720p/`. */
export const renditionFolder = (kind: RenditionKind, name: string): string => `${kind}/${name}/`;

/** Media initialization section (RFC 8216bis 3.1.2) inside the rendition folder. */
export const INIT_NAME = 'init.mp4';

/** Segment file name inside the rendition folder. `number` counts from 1 over the whole video. */
export const segmentName = (number: number, type: SegmentType): string =>
  `${String(number).padStart(5, '0')}.${type === 'fmp4' ? 'm4s' : 'ts'}`;

/** What a file of a rendition is, by its path relative to the revision prefix. */
export interface RenditionFile {
  readonly kind: RenditionKind;
  /** Of the rendition. */
  readonly name: string;
  /** Of the segment, from 1 on; undefined: it is the initialization section. */
  readonly number: number | undefined;
}

/** Undefined for what is no segment and no initialization section: pictures, playlists, keys. */
export function parseRenditionFile(path: string): RenditionFile | undefined {
  const [, kind, name, number] = /^([a-z]+)\/([a-z0-9]+)\/(?:init\.mp4|([0-9]{5,10})\.(?:m4s|ts))$/.exec(path) ?? [];
  const known = RENDITION_KINDS.find((one) => one === kind);
  if (known === undefined || name === undefined) return undefined;
  return { kind: known, name, number: number === undefined ? undefined : Number(number) };
}

/** How the names of keys of segments end, and of nothing else below `vod/`: the edge knows them by it. */
export const SEGMENT_KEY_ENDING = '.key';

/**
 * A key of AES-128, 16 bytes, relative to the revision prefix: beside the segments it opens, so that what keeps somebody from a
 * rendition keeps them from its keys. `number`: from 1 on (`keyNumber` of encryption.ts).
 */
export const segmentKeyPath = (kind: RenditionKind, name: string, number: number): string =>
  `${renditionFolder(kind, name)}${String(number).padStart(5, '0')}${SEGMENT_KEY_ENDING}`;

/** The content keys of all revisions of a video, where its samples are encrypted. Ends with `/`. */
export const contentKeysPrefix = (videoId: string): string => `${CONTENT_KEYS_PREFIX}${id(videoId)}/`;

/** The content keys of one revision. */
export const contentKeysKey = (videoId: string, revision: number): string =>
  `${contentKeysPrefix(videoId)}r${rev(revision)}.json`;

/** Text track of a video, beside its revisions: a new slicing run keeps what people added. `name`: its id. */
export const textPath = (videoId: string, name: string, ending: 'vtt' | 'm3u8'): string =>
  `${vodPrefix(videoId)}text/${name}.${ending}`;

/** The keys of `textPath` of all videos, as a pattern of IAM. */
export const TEXT_KEYS = `${VOD_PREFIX}*/text/*`;

/** DASH manifest (MPD) over the revision's segments, relative to the revision prefix: without anybody's signature. */
export const DASH_PATH = 'manifest.mpd';

/** WebVTT of the pictures for scrubbing, relative to the revision prefix: without anybody's signature. */
export const STORYBOARD_PATH = 'storyboard.vtt';

/** Folder of the pictures, relative to the revision prefix. Ends with `/`. */
export const STORYBOARD_FOLDER = 'storyboard/';

/** A sheet of them, relative to the revision prefix: of each chunk the first, second and so on (from 1). */
export const storyboardSheet = (chunk: number, sheet: number): string =>
  `${STORYBOARD_FOLDER}${String(chunk).padStart(5, '0')}-${sheet}.jpg`;

/** Still picture of the video, relative to the revision prefix: the first one, or by the hash of what somebody chose. */
export const posterPath = (hash?: string): string => (hash === undefined ? 'poster.jpg' : `poster-${hash}.jpg`);

/** All that is known of where a video was filmed. Ends with `/`. */
export const tracksPrefix = (videoId: string): string => `${TRACKS_PREFIX}${id(videoId)}/`;

/** Every MP4 that was made of a video. Ends with `/`. */
export const downloadsPrefix = (videoId: string): string => `${DOWNLOADS_PREFIX}${id(videoId)}/`;

/** An MP4 made of a rung of one slicing run, e.g. `720p`. */
export const downloadKey = (videoId: string, revision: number, name: string): string =>
  `${downloadsPrefix(videoId)}r${rev(revision)}/${rung(name)}.mp4`;

/** Where a clip of a device was: GeoJSON, apart from its renditions, which whoever may watch may fetch. */
export const positionsKey = (videoId: string): string => `${tracksPrefix(videoId)}positions.geojson`;

/** Where it lay before: beside the renditions, under their signature. Nothing is written there any more, or served. */
export const servedPositionsKey = (videoId: string): string => `${vodPrefix(videoId)}positions.geojson`;

/** The keys of `servedPositionsKey` of all videos, as a pattern of IAM. */
export const SERVED_POSITIONS = `${VOD_PREFIX}*/positions.geojson`;

/** The video a source key belongs to, or undefined when the key is not one of ours. */
export function parseSourceKey(key: string): string | undefined {
  const match = /^uploads\/([a-z0-9]{20})\/source$/.exec(key);
  return match?.[1];
}

/** The video that something under `uploads/` is of, and whether a form posted it; undefined when the key is not one of ours. */
export function parseUploadKey(key: string): { readonly videoId: string; readonly form: boolean } | undefined {
  const match = /^uploads\/([a-z0-9]{20})\/(source|form)$/.exec(key);
  return match?.[1] === undefined ? undefined : { videoId: match[1], form: match[2] === 'form' };
}

function id(videoId: string): string {
  if (!VIDEO_ID.test(videoId)) throw new RangeError(`not a video id: ${JSON.stringify(videoId)}`);
  return videoId;
}

function rung(name: string): string {
  if (!/^[a-z0-9-]{1,20}$/.test(name)) throw new RangeError(`not a rung: ${JSON.stringify(name)}`);
  return name;
}

function rev(revision: number): number {
  if (!Number.isSafeInteger(revision) || revision < 1) throw new RangeError(`not a revision: ${revision}`);
  return revision;
}
