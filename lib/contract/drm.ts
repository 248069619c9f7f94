/**
 * Protection by the DRM systems of browser makers: a provider's key server gives MediaConvert keys (SPEKE v2), its licence
 * servers give players licences, which they ask our API for. Pure.
 */
import { z } from 'zod';

/** What a system is called: in MPDs and in what MediaConvert is asked (DASH-IF, content protection ids), and in HLS (KEYFORMAT). */
export const DRM_SYSTEMS = {
  widevine: {
    id: 'edef8ba9-79d6-4ace-a3c8-27dcd51d21ed',
    name: 'Widevine',
    keyFormat: 'urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed',
  },
  playready: {
    id: '9a04f079-9840-4286-ab92-e65be0885f95',
    name: 'MSPR 2.0',
    keyFormat: 'com.microsoft.playready',
  },
  fairplay: {
    id: '94ce86fb-07ff-4f43-adb8-93d2fa968ca2',
    name: 'FairPlay',
    keyFormat: 'com.apple.streamingkeydelivery',
  },
} as const;

export const DRM_NAMES = ['widevine', 'playready', 'fairplay'] as const satisfies readonly (keyof typeof DRM_SYSTEMS)[];
export const drmName = z.enum(DRM_NAMES);
export type DrmName = z.infer<typeof drmName>;

/** Which tracks have a content key of their own: SPEKE v2's encryption contract, `drm.keys`. */
export const DRM_KEYS = ['one', 'kinds', 'heights'] as const;
export const drmKeys = z.enum(DRM_KEYS);

/** What the function that asks MediaConvert is told (JSON in `DRM`). */
export const drmJob = z.object({ keyServer: z.url(), keys: drmKeys, systems: z.array(drmName).min(1) });
export type DrmJob = z.infer<typeof drmJob>;

/** What the provider calls a revision of a video: the resource id of SPEKE, and what its licence servers are told. */
export const contentIdOf = (videoId: string, revision: number): string => `${videoId}-r${revision}`;

/** Where a licence server's address is to hold it. */
export const CONTENT_ID_PLACEHOLDER = '{contentId}';
/** The header that says it to every licence server. */
export const CONTENT_ID_HEADER = 'x-content-id';

/** What the function that hands on licences is told (JSON in `DRM`). */
export const drmServers = z.object({
  /** Addresses, which may hold `CONTENT_ID_PLACEHOLDER`. */
  servers: z.partialRecord(drmName, z.url()),
  /** Of the FairPlay application certificate. */
  certificate: z.url().optional(),
});
export type DrmServers = z.infer<typeof drmServers>;

/** Bytes of what a player asks a licence server, and of its answer. Those of today have some ten thousand at most. */
export const MAX_CHALLENGE_BYTES = 64 * 1024;
export const MAX_LICENCE_BYTES = 256 * 1024;

/** Seconds that the FairPlay application certificate is kept. */
export const CERTIFICATE_SECONDS = 3600;

/** Names that say what a message is and where it goes, and of which video, which are not the secret's to say. */
const OURS = [
  'host',
  'content-length',
  'content-type',
  'transfer-encoding',
  'connection',
  'expect',
  'upgrade',
  'te',
  CONTENT_ID_HEADER,
];

/** The secret of `drm.secretArn` (JSON): headers by which the provider knows who asks. */
export const drmAuthorisation = z.record(
  z
    .string()
    .max(100)
    .regex(/^[A-Za-z0-9-]+$/)
    .refine((name) => !OURS.includes(name.toLowerCase()), 'is not for a secret to say'),
  z
    .string()
    .max(4096)
    .regex(/^[!-~]([ -~]*[!-~])?$/),
);

/** Base64 of a `pssh` or of a PlayReady object, or an address that FairPlay's module is asked with. */
const keyUri = z
  .string()
  .max(8192)
  .regex(/^(skd:\/\/[!#-z|~]{1,1000}|data:text\/plain;(charset=UTF-16;)?base64,[A-Za-z0-9+/]+={0,2})$/);

/** What the key server said of one rendition, by way of MediaConvert's playlists and initialization sections. */
export const drmProtection = z.object({
  kid: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .meta({ description: 'Id of its key, hex.' }),
  keys: z.array(z.object({ system: drmName, uri: keyUri })).min(1),
});
export type DrmProtection = z.infer<typeof drmProtection>;

/** Where players ask for a licence of a system: a path. */
export const drmLicencePath = (videoId: string, system: DrmName): string => `/api/play/${videoId}/licence/${system}`;

/** Where players get the FairPlay application certificate, which every one of Apple's asks with: a path. */
export const CERTIFICATE_PATH = '/api/certificate';

/** EXT-X-KEY and EXT-X-SESSION-KEY of a rendition (RFC 8216bis 4.4.4.4, 4.4.6.5), one for each system. */
export const keyTagsOf = (tag: 'EXT-X-KEY' | 'EXT-X-SESSION-KEY', { kid, keys }: DrmProtection): string[] =>
  keys.map(
    ({ system, uri }) =>
      `#${tag}:METHOD=SAMPLE-AES,URI="${uri}",KEYID=0x${kid},KEYFORMAT="${DRM_SYSTEMS[system].keyFormat}",KEYFORMATVERSIONS="1"`,
  );
