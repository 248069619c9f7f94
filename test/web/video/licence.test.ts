import { expect, it } from 'vitest';
import { licenceAddress, licensed } from '../../../web/src/video/licence.ts';

const hls = (variables?: Record<string, string>) =>
  ({
    url: 'https://v.example/api/play/abc/main.m3u8?token=ours&session=one',
    levels: [{}, { details: { variableList: variables } }],
    audioTracks: [],
  }) as unknown as Parameters<typeof licenceAddress>[0];

it('a licence of a DRM provider is asked for beside the manifest, by the query that this defines', () => {
  const asking = hls({ auth: 'Policy=a', licence: 'token=t.o-k' });
  expect(
    ['com.widevine.alpha', 'com.microsoft.playready', 'com.apple.fps'].map((system) =>
      licenceAddress(asking, system, 'skd://x'),
    ),
  ).toEqual(
    ['widevine', 'playready', 'fairplay'].map((name) => `https://v.example/api/play/abc/licence/${name}?token=t.o-k`),
  );
});

it('that of a key of ours where the playlist says', () => {
  const address = '/api/play/abc/licence?token=t';
  expect(licenceAddress(hls({ licence: 'token=t' }), 'org.w3.clearkey', address)).toBe(address);
});

it('the certificate comes from the deployment, also on the page of another', () => {
  expect(licensed('https://v.example').drmSystems?.['com.apple.fps']?.serverCertificateUrl).toBe(
    'https://v.example/api/certificate',
  );
  expect(licensed().drmSystems?.['com.apple.fps']?.serverCertificateUrl).toBe('/api/certificate');
});
