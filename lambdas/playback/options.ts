/** What both playback functions are told by their environment, read once at start. */
import { number, required } from '../../lib/contract/env.ts';
import { playbackBounds } from '../../lib/contract/options.ts';
import { readLink } from '../shared/links.ts';
import { readRegisteredKey } from '../shared/registered-keys.ts';
import { Callers } from './caller.ts';

export const groupsClaim = required('GROUPS_CLAIM');
export const signatureHours = number('SIGNATURE_HOURS', playbackBounds.signatureHours);
export const tokenMinutes = number('TOKEN_MINUTES', playbackBounds.tokenMinutes);
export const callers = new Callers({
  issuer: required('ISSUER'),
  audience: required('AUDIENCE'),
  groupsClaim,
  others: { find: readRegisteredKey, link: readLink, ceiling: tokenMinutes * 60 },
});
