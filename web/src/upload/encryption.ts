/** How a file that is uploaded may be asked to be encrypted, in words. */
import type { OFFERED } from '../../../lib/contract/encryption.ts';

export type Encryption = (typeof OFFERED)[number];

/** As the API takes it; the empty one is left to the platform. */
export const ENCRYPTIONS: readonly { readonly value: Encryption | ''; readonly label: string }[] = [
  { value: '', label: 'As the platform does it' },
  { value: 'none', label: 'Not encrypted' },
  { value: 'aes-128', label: 'AES-128: HLS players, no DASH' },
  { value: 'cbcs', label: 'Samples (cbcs): browsers on https' },
  { value: 'drm', label: 'DRM: players with a licence' },
];
