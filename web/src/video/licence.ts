/**
 * How hls.js plays media that needs a licence: of the video's own key (`cbcs`), asked for where the playlist says, or of a DRM
 * provider's (`drm`), asked for beside the manifest by the query that this defines.
 */
import type Hls from 'hls.js';
import type { HlsConfig } from 'hls.js';
import type { DrmName } from '../../../lib/contract/drm.ts';

/** What EME calls the systems, and our API does. */
const SYSTEMS: Readonly<Record<string, DrmName>> = {
  'com.widevine.alpha': 'widevine',
  'com.microsoft.playready': 'playready',
  'com.apple.fps': 'fairplay',
};

/** It wants an address for each system, and is given that of the viewer's own session instead. */
const LATER = { licenseUrl: '/' };

type Asking = Pick<Hls, 'url' | 'levels' | 'audioTracks'>;

/** Where the licence is asked for that unlocks a key, by its system and its address in the playlist. */
export function licenceAddress({ url, levels, audioTracks }: Asking, system: string, keyUri: string): string {
  const name = SYSTEMS[system];
  if (name === undefined) return keyUri;
  const query = [...levels, ...audioTracks].map(({ details }) => details?.variableList?.['licence']).find(Boolean);
  return new URL(`licence/${name}?${query ?? ''}`, url ?? undefined).href;
}

/** `origin`: of the deployment, where the page is another's. */
export const licensed = (origin = ''): Partial<HlsConfig> => ({
  emeEnabled: true,
  drmSystems: {
    'org.w3.clearkey': LATER,
    'com.widevine.alpha': LATER,
    'com.microsoft.playready': LATER,
    'com.apple.fps': { ...LATER, serverCertificateUrl: `${origin}/api/certificate` },
  },
  licenseXhrSetup(xhr, _, { keySystem, decryptdata }) {
    xhr.open('POST', licenceAddress(this, keySystem, decryptdata.uri), true);
  },
});
