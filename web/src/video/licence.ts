/** How hls.js plays media whose samples are encrypted (`cbcs`): by a licence, which is asked for where the playlist says. */
import type { HlsConfig } from 'hls.js';

export const LICENSED = {
  emeEnabled: true,
  // It wants an address for the system, and is given that of the playlist's own key instead.
  drmSystems: { 'org.w3.clearkey': { licenseUrl: '/' } },
  licenseXhrSetup: (xhr, _, { decryptdata }) => xhr.open('POST', decryptdata.uri, true),
} satisfies Partial<HlsConfig>;
