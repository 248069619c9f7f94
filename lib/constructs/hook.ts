/** What functions are told that decide who may watch, of the entitlement hook (lambdas/shared/heard.ts). */
import type { Config } from '../config.ts';

export const hookEnvironment = ({ playback, upload }: Config): Record<string, string> =>
  playback.hookUrl === undefined
    ? {}
    : { HOOK_URL: playback.hookUrl, ...(upload.pullPrivate && { HOOK_PRIVATE: 'yes' }) };
