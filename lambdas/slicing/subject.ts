/** Which video a step of slicing is about, and in which run, by whatever it is given. Pure; believes nothing of it. */
import { z } from 'zod';
import { parseUploadKey } from '../../lib/contract/keys.ts';

const about = z.looseObject({ videoId: z.string(), execution: z.string().optional() });
const event = z.looseObject({ detail: z.looseObject({ object: z.looseObject({ key: z.string() }) }) });
/** The shapes of lib/contract/slicing.ts, as far as they say so. */
const input = z.looseObject({
  plan: about.optional().catch(undefined),
  read: about.optional().catch(undefined),
  event: event.optional().catch(undefined),
  execution: z.string().optional().catch(undefined),
});

export function subjectOf(given: unknown): { readonly videoId?: string; readonly execution?: string } {
  const { success, data } = input.safeParse(given);
  if (!success) return {};
  const key = data.event?.detail.object.key;
  const found = data.plan ?? data.read;
  const videoId = found?.videoId ?? (key === undefined ? undefined : parseUploadKey(key)?.videoId);
  const execution = found?.execution ?? data.execution;
  return { ...(videoId !== undefined && { videoId }), ...(execution !== undefined && { execution }) };
}
