/** What functions are told of the DRM provider, where the configuration names one. */
import type { Config } from '../config.ts';
import { DRM_NAMES, drmJob, drmServers } from '../contract/drm.ts';

const systemsOf = (drm: Config['drm']) => DRM_NAMES.filter((name) => drm[name] !== undefined);

/** Who asks MediaConvert. */
export function drmJobOf({ drm }: Config): Record<string, string> {
  const { keyServer, keys } = drm;
  if (keyServer === undefined) return {};
  return { DRM: JSON.stringify(drmJob.parse({ keyServer, keys, systems: systemsOf(drm) })) };
}

/** Who hands on licences (lambdas/playback/provider.ts). */
export function drmServersOf({ drm, upload }: Config): Record<string, string> {
  if (drm.keyServer === undefined) return {};
  const servers = Object.fromEntries(systemsOf(drm).map((name) => [name, drm[name]]));
  return {
    DRM: JSON.stringify(drmServers.parse({ servers, certificate: drm.fairplayCertificate })),
    ...(upload.pullPrivate && { DRM_PRIVATE: 'yes' }),
  };
}

const API_GATEWAY = /^https:\/\/([a-z0-9]{1,20})\.execute-api\.([a-z0-9-]{1,20})\.amazonaws\.com(\.cn)?\//;

/** What a key server behind API Gateway lets MediaConvert's role call; undefined: it is elsewhere, and asks for no right of AWS. */
export function keyServerApi({ drm }: Config, partition: string): string | undefined {
  const [, api, region] = API_GATEWAY.exec(drm.keyServer ?? '') ?? [];
  return api === undefined ? undefined : `arn:${partition}:execute-api:${region}:*:${api}/*`;
}
