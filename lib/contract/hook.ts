/** The entitlement hook: what a deployment asks a company's own server, and what that may answer (docs/playback.md has both). */
import { z } from 'zod';
import { bounds } from './entitlement.ts';

/** Of the JWT that is the question. No other token of ours has it, so none is a question and a question is no token. */
export const HOOK_AUDIENCE = 'sluice-hook';
/** Seconds that a question is good. */
export const HOOK_SECONDS = 60;
/** Seconds that an answer may be kept at most, whatever it says. */
export const HOOK_KEPT = 300;

/** Strict: a limit that is not known here must not be overlooked. */
export const hookAnswer = z
  .object({
    allowed: z.boolean(),
    reason: z.string().max(500).optional(),
    cacheSeconds: z.number().min(0).optional(),
    ...bounds,
  })
  .strict();
export type HookAnswer = z.infer<typeof hookAnswer>;
