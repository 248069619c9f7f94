/** The DRM provider of this deployment, where it has one, and its routes. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CERTIFICATE_SECONDS, contentIdOf, drmAuthorisation, drmServers } from '../../lib/contract/drm.ts';
import { json } from '../../lib/contract/env.ts';
import { ApiError } from '../shared/errors.ts';
import { Reply, type Handlers } from '../shared/http.ts';
import { checkChallenge } from './challenge.ts';
import { licensed } from './licence.ts';
import type { LicenceServers } from './licence-server.ts';

/** Milliseconds until the secret is read again, which somebody may have changed. */
const KEEP = 300_000;

let secret: { readonly headers: Record<string, string>; readonly until: number } | undefined;

/** Without an error's cause: it could quote what it could not read. */
async function authorisation(): Promise<Record<string, string>> {
  const SecretId = process.env['DRM_SECRET'];
  if (SecretId === undefined) return {};
  if (secret !== undefined && Date.now() < secret.until) return secret.headers;
  const { SecretString = '' } = await new SecretsManagerClient({}).send(new GetSecretValueCommand({ SecretId }));
  try {
    secret = { headers: drmAuthorisation.parse(JSON.parse(SecretString)), until: Date.now() + KEEP };
  } catch {
    throw new Error('the secret of drm.secretArn is no JSON of headers');
  }
  return secret.headers;
}

let made: LicenceServers | undefined;

/** Throws `not-found` where nothing is protected. */
async function servers(): Promise<LicenceServers> {
  if (process.env['DRM'] === undefined) throw new ApiError('not-found', 'This platform has no DRM provider.');
  if (made === undefined) {
    const drm = json('DRM', drmServers);
    // Who has none need not load it.
    const module = await import('./licence-server.ts');
    made = new module.LicenceServers({
      drm,
      headers: authorisation,
      allowPrivate: process.env['DRM_PRIVATE'] === 'yes',
    });
  }
  return made;
}

export const providerRoutes: Pick<
  Handlers<'playback'>,
  'POST /api/play/{id}/licence/{system}' | 'GET /api/certificate'
> = {
  'POST /api/play/{id}/licence/{system}': async ({ bytes, ...request }) => {
    const video = await licensed(request);
    if (video.encryption !== 'drm')
      throw new ApiError('not-found', 'The video is not protected by DRM; load main.m3u8 again.');
    if (bytes.length === 0) throw new ApiError('invalid-request', 'body: must be what the DRM module asks with');
    const { system } = request.params;
    checkChallenge(system, bytes, Object.values(video.protection ?? {}));
    return new Reply(await (await servers()).licence(system, bytes, contentIdOf(video.id, video.revision)));
  },

  'GET /api/certificate': async () =>
    new Reply(await (await servers()).certificate(), { 'cache-control': `public, max-age=${CERTIFICATE_SECONDS}` }),
};
