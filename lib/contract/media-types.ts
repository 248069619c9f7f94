/**
 * Media types by the end of a file's name. What browsers, servers and their systems call a file is a hint only: `.ts` is a
 * language to some, `.mts` a model, `.mxf` and `.asf` are applications. What a file really is, probing finds out. Pure.
 */

/** Of what probing can read. `.mxf` and `.asf` are registered as applications, which `video/*` would not take. */
export const TYPES: Readonly<Record<string, string>> = {
  '.mp4': 'video/mp4',
  '.m4v': 'video/x-m4v',
  '.f4v': 'video/mp4',
  '.mov': 'video/quicktime',
  '.qt': 'video/quicktime',
  '.3gp': 'video/3gpp',
  '.3g2': 'video/3gpp2',
  '.mj2': 'video/mj2',
  '.mkv': 'video/x-matroska',
  '.webm': 'video/webm',
  '.avi': 'video/x-msvideo',
  '.divx': 'video/x-msvideo',
  '.ts': 'video/mp2t',
  '.m2t': 'video/mp2t',
  '.m2ts': 'video/mp2t',
  '.mts': 'video/mp2t',
  '.tp': 'video/mp2t',
  '.trp': 'video/mp2t',
  '.mpg': 'video/mpeg',
  '.mpeg': 'video/mpeg',
  '.m2p': 'video/mpeg',
  '.m1v': 'video/mpeg',
  '.m2v': 'video/mpeg',
  '.mpv': 'video/mpeg',
  '.mod': 'video/mpeg',
  '.tod': 'video/mpeg',
  '.vob': 'video/mpeg',
  '.vro': 'video/mpeg',
  '.flv': 'video/x-flv',
  '.asf': 'video/x-ms-asf',
  '.wmv': 'video/x-ms-wmv',
  '.mxf': 'video/x-mxf',
  '.ogv': 'video/ogg',
  '.ogm': 'video/ogg',
  '.ogx': 'video/ogg',
  '.264': 'video/h264',
  '.h264': 'video/h264',
  '.avc': 'video/h264',
  '.265': 'video/h265',
  '.h265': 'video/h265',
  '.hevc': 'video/h265',
  '.m4a': 'audio/mp4',
  '.mp3': 'audio/mpeg',
  '.aac': 'audio/aac',
  '.wav': 'audio/wav',
  '.w64': 'audio/wav',
  '.oga': 'audio/ogg',
  '.ogg': 'audio/ogg',
  '.opus': 'audio/ogg',
  '.mka': 'audio/x-matroska',
  '.wma': 'audio/x-ms-wma',
};

/** Ends of what everybody knows to be something else: pictures, documents, archives, programs, captions, playlists. */
const OTHERS = new Set(
  [
    'jpg jpeg png gif apng webp avif heic heif bmp ico tif tiff svg psd dng cr2 cr3 nef arw thm',
    'pdf doc docx docm xls xlsx xlsm ppt pptx odt ods odp rtf txt md csv tsv epub eml msg ics vcf log',
    'htm html xhtml xml xmp json css js mjs cjs jsx tsx py rb php sh bat ps1 sql yaml yml toml ini',
    'zip gz tgz bz2 xz zst 7z rar tar jar iso dmg cab exe msi dll so apk ipa deb rpm',
    'srt vtt ass ssa sbv ttml dfxp lrc m3u m3u8 mpd pls cue ifo bup torrent',
    'ttf otf woff woff2 db sqlite gpx kml geojson mid midi',
  ]
    .join(' ')
    .split(' ')
    .map((end) => `.${end}`),
);

/** What is said of a file by who does not know what it is: nothing, what RFC 2046 4.5.1 has for that, S3's own default. */
const UNKNOWN = 'application/octet-stream';
const SAYS_NOTHING: readonly string[] = ['', UNKNOWN, 'binary/octet-stream'];

/** The end of a name from its last dot on, in lower case; empty where there is none. */
const endOf = (name: string): string => /\.[^./\\]{1,10}$/.exec(name)?.[0].toLowerCase() ?? '';

/** The type that a file of this name has; undefined for an end that says nothing. */
export function typeByName(name: string): string | undefined {
  const end = endOf(name);
  return Object.hasOwn(TYPES, end) ? TYPES[end] : undefined;
}

/** Whether one of `patterns` (`video/mp4`, `video/*`) takes the type. */
export const isTaken = (type: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => {
    const wanted = pattern.toLowerCase();
    return wanted.endsWith('/*')
      ? type.startsWith(wanted.slice(0, -1)) && type.length >= wanted.length
      : type === wanted;
  });

/**
 * Whether a file may be sent of which nobody says what it is: it may be of any kind, so where a whole one is taken, and not
 * where only some types are.
 */
const takesUnknown = (patterns: readonly string[]): boolean =>
  isTaken(UNKNOWN, patterns) || patterns.some((pattern) => ['video/*', 'audio/*'].includes(pattern.toLowerCase()));

/**
 * The type a file is taken as: what it is called, without parameters and in lower case, or else what its name says; where
 * neither says anything, the type of that. Undefined for what nobody here wants.
 */
export function takenAs(claimed: string, name: string, patterns: readonly string[]): string | undefined {
  const type = (claimed.split(';')[0] ?? '').trim().toLowerCase();
  if (isTaken(type, patterns)) return type;
  const named = typeByName(name);
  if (named !== undefined) return isTaken(named, patterns) ? named : undefined;
  const isUnknown = SAYS_NOTHING.includes(type) && !OTHERS.has(endOf(name));
  return isUnknown && takesUnknown(patterns) ? UNKNOWN : undefined;
}

/** The ends of names whose files are taken whatever they are called. */
const takenEnds = (patterns: readonly string[]): string[] =>
  Object.keys(TYPES).filter((end) => isTaken(TYPES[end]!, patterns));

/** What a file dialog offers: types and ends of names; undefined: all, where nobody may know what a file is. */
export const offeredTypes = (patterns: readonly string[]): string[] | undefined =>
  takesUnknown(patterns) ? undefined : [...patterns, ...takenEnds(patterns)];
