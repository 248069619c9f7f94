/** How MediaConvert is asked to protect, and what of that its playlists and initialization sections say. Pure. */
import type { CmafGroupSettings } from '@aws-sdk/client-mediaconvert';
import { DRM_NAMES, DRM_SYSTEMS, drmProtection, type DrmJob, type DrmProtection } from '../../../lib/contract/drm.ts';
import { readProtection } from '../../../lib/media/movie.ts';

/** SPEKE v2's encryption contract. Each rendition is an output group of its own, so presets only say which keys it is given. */
const PRESETS = {
  one: { SpekeVideoPreset: 'SHARED', SpekeAudioPreset: 'SHARED' },
  kinds: { SpekeVideoPreset: 'PRESET_VIDEO_1', SpekeAudioPreset: 'PRESET_AUDIO_1' },
  // SD, HD and UHD.
  heights: { SpekeVideoPreset: 'PRESET_VIDEO_3', SpekeAudioPreset: 'PRESET_AUDIO_1' },
} as const;

/** `cbcs` of each CMAF segment, which is the one scheme that all three systems play. `resource`: what the key server calls it. */
export const encryptionBy = (
  { keyServer, keys, systems }: DrmJob,
  resource: string,
): CmafGroupSettings['Encryption'] => ({
  Type: 'SPEKE',
  EncryptionMethod: 'SAMPLE_AES',
  // The one vector of a track stands in its initialization section.
  InitializationVectorInManifest: 'EXCLUDE',
  SpekeKeyProvider: {
    Url: keyServer,
    ResourceId: resource,
    EncryptionContractConfiguration: PRESETS[keys],
    HlsSignaledSystemIds: systems.map((system) => DRM_SYSTEMS[system].id),
    DashSignaledSystemIds: systems.filter((system) => system !== 'fairplay').map((system) => DRM_SYSTEMS[system].id),
  },
});

/** Of one rendition: `playlist` is MediaConvert's media playlist, `moov` the whole box. Throws where it is not protected as asked. */
export function protectionIn(playlist: string, moov: Buffer): DrmProtection {
  const { scheme, kid } = readProtection(moov) ?? {};
  if (scheme !== 'cbcs' || kid === undefined) throw new Error(`MediaConvert left a rendition ${scheme ?? 'in clear'}`);
  const keys = playlist
    .split('\n')
    .filter((line) => line.startsWith('#EXT-X-KEY:'))
    .flatMap((line) => {
      const format = attribute(line, 'KEYFORMAT');
      const system = DRM_NAMES.find((name) => DRM_SYSTEMS[name].keyFormat === format?.toLowerCase());
      return system === undefined ? [] : [{ system, uri: attribute(line, 'URI') }];
    });
  return drmProtection.parse({ kid: kid.toString('hex'), keys });
}

/** A quoted attribute (RFC 8216bis 4.2). */
function attribute(line: string, name: string): string | undefined {
  const at = [':', ','].map((before) => line.indexOf(`${before}${name}="`)).find((found) => found !== -1);
  return at === undefined ? undefined : line.slice(at + name.length + 3).split('"')[0];
}
