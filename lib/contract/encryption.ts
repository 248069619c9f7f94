/**
 * How the media of a video is encrypted. Decided once, when its slicing is planned, and the same for all of a revision. Pure;
 * what does it is lambdas/slicing/sealing.ts, and where keys lie is in keys.ts.
 */
import { z } from 'zod';

/**
 * `aes-128`: each segment as a whole (RFC 8216bis 4.4.4.4), with keys that change. `cbcs`: the samples in each segment (ISO/IEC
 * 23001-7), with a licence for the key. `drm`: the samples, by MediaConvert, with keys of a DRM provider (drm.ts).
 */
export const ENCRYPTIONS = ['none', 'aes-128', 'cbcs', 'drm'] as const;
export const encryptionName = z.enum(ENCRYPTIONS);
export type EncryptionName = z.infer<typeof encryptionName>;

/** What may be asked for: by the option `slicing.encryption`, and for one video by who uploads it. */
export const OFFERED = ['none', 'aes-128', 'cbcs', 'drm'] as const satisfies readonly EncryptionName[];
export const offered = z.enum(OFFERED);

/** What a plan says of media that is encrypted. Absent: it is in clear. */
export const encryption = z.discriminatedUnion('scheme', [
  z.object({
    scheme: z.literal('aes-128'),
    keySegments: z.int().positive().meta({ description: 'Segments in a row that have one key.' }),
  }),
  z.object({ scheme: z.literal('cbcs') }),
  z.object({ scheme: z.literal('drm') }),
]);
export type Encryption = z.infer<typeof encryption>;

interface Asked {
  readonly encryption?: EncryptionName | undefined;
  readonly keySegments?: number | undefined;
}

/**
 * What a record says, and for what it does not say the options. A record says all of it once its source was looked at, and a
 * run that goes on afterwards, under whatever options, keeps to that.
 */
export function encryptionOf(
  { encryption: asked, keySegments }: Asked,
  options?: Required<Asked>,
): Encryption | undefined {
  const scheme = asked ?? options?.encryption;
  if (scheme === undefined || scheme === 'none') return undefined;
  if (scheme === 'cbcs' || scheme === 'drm') return { scheme };
  const segments = keySegments ?? options?.keySegments;
  if (segments === undefined) throw new RangeError('encrypted, and nothing says when keys change');
  return { scheme, keySegments: segments };
}

/** Of AES-128: which key, from 1 on, a segment has. `number`: of the segment, from 1 on. */
export const keyNumber = (number: number, keySegments: number): number => Math.floor((number - 1) / keySegments) + 1;

/** 16 bytes in base64url (RFC 4648 5), without padding, of which the last character says two bits. */
export const keyBytes = z.string().regex(/^[A-Za-z0-9_-]{21}[AQgw]$/);

/** What lies at `contentKeysKey` (JSON): one key for all renditions of a revision. */
export const contentKey = z.object({ key: keyBytes });

/**
 * Variable of HLS playlists, and placeholder of MPDs, that each viewer's multivariant playlist or MPD fills in: in playlists the
 * query of the licence's address, in MPDs all of that.
 */
export const LICENCE_VARIABLE = 'licence';

/** Where the players of a video ask for its licence: a path. */
export const licencePath = (videoId: string): string => `/api/play/${videoId}/licence`;
