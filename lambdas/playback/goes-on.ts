/** By a playback token that is over what it has begun goes on, and nothing begins: of videos and of channels. */
import { ApiError } from '../shared/errors.ts';
import { goingSince } from '../shared/sessions.ts';
import { loadSigner } from '../shared/signing.ts';
import type { Viewer } from '../shared/viewer.ts';
import { signatureEnd } from './access.ts';
import type { Caller } from './caller.ts';
import { callers, signatureHours } from './options.ts';
import { WRONG } from './token.ts';

type Asked = Parameters<typeof callers.of>[0] & { readonly query: { readonly session?: string | undefined } };

export interface Goer {
  /** Undefined: nobody signed in. */
  readonly caller: Caller | undefined;
  /** When the session began that goes on by a token that is over, epoch ms. */
  readonly since: number | undefined;
}

/** Who begins to watch `what` (`vod/{id}`, or a channel), or goes on. `of`: what their token must be for. Throws `invalid-token`. */
export async function whoWatches(request: Asked, of: string, what: string): Promise<Goer> {
  let since: number | undefined;
  const goesOn = async ({ subject, right }: Viewer) => {
    const { link } = right ?? {};
    const person = link === undefined ? { subject, part: (await loadSigner()).subjectPart(subject) } : undefined;
    since = await goingSince({ what, person, link, player: request.query.session });
    return since !== undefined;
  };
  const caller = await callers.of(request, of, ['manifest'], goesOn);
  return { caller, since };
}

/** Throws `invalid-token` where that went on for as long as a signature lasts that is not renewed. `duration`: seconds, null: nobody knows. */
export function checkSince({ since }: Pick<Goer, 'since'>, duration: number | null): void {
  if (since !== undefined && signatureEnd(new Date(since), signatureHours, duration) < new Date())
    throw new ApiError('invalid-token', WRONG);
}
