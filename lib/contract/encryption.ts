/**
 * How the media of a video is encrypted. Decided once, when its slicing is planned, and the same for all of a revision. Pure;
 * what does it is lambdas/slicing/sealing.ts, and where keys lie is in keys.ts.
 */
import { z } from 'zod';

/**
 * `aes-128`: each segment as a whole (RFC 8216bis 4.4.4.4), with keys that change. `cbcs`: the samples in each segment (ISO/IEC
 * 23001-7), with a licence for the key.
 */
export const ENCRYPTIONS = ['none', 'aes-128', 'cbcs'] as const;
export const encryptionName = z.enum(ENCRYPTIONS);
export type EncryptionName = z.infer<typeof encryptionName>;

/** What may be asked for: by the option `slicing.encryption`, and for one video by who uploads it. */
export const OFFERED = ['none', 'aes-128'] as const satisfies readonly EncryptionName[];
export const offered = z.enum(OFFERED);

/** What a plan says of media that is encrypted. Absent: it is in clear. */
export const encryption = z.discriminatedUnion('scheme', [
  z.object({
    scheme: z.literal('aes-128'),
    keySegments: z.int().positive().meta({ description: 'Segments in a row that have one key.' }),
  }),
  z.object({ scheme: z.literal('cbcs') }),
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
  if (scheme === 'cbcs') return { scheme };
  const segments = keySegments ?? options?.keySegments;
  if (segments === undefined) throw new RangeError('encrypted, and nothing says when keys change');
  return { scheme, keySegments: segments };
}

/** Of AES-128: which key, from 1 on, a segment has. `number`: of the segment, from 1 on. */
export const keyNumber = (number: number, keySegments: number): number => Math.floor((number - 1) / keySegments) + 1;
