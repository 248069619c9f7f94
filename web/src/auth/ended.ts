/** Why nobody is signed in any more, in words for the screen that asks to sign in again. Pure. */

export type Ended =
  /** The token's time was over, or the API refused it. */
  | 'over'
  /** Somebody signed out in another tab of this browser. */
  | 'elsewhere'
  /** Signed out here, but the sign-in service could not be told. */
  | 'untold'
  /** A sign-in was begun and did not come to its end. */
  | 'unfinished';

const SENTENCES: Readonly<Record<Ended, string>> = {
  over: 'Your sign-in has ended. Sign in again to go on where you were.',
  elsewhere: 'You were signed out in another tab of this browser.',
  untold:
    'You are signed out of this console. The sign-in service did not answer and may still know you: on a shared machine, close the browser.',
  unfinished: 'That sign-in did not come to its end, or its page was opened a second time. Sign in again.',
};

export const isEnded = (text: string | null): text is Ended => text !== null && Object.hasOwn(SENTENCES, text);

/** `said`: what the sign-in service said of it, if it said something. */
export const sentenceOf = (ended: Ended, said?: string): string =>
  said === undefined || said === '' ? SENTENCES[ended] : `${SENTENCES[ended]} The sign-in service says: ${said}`;

/**
 * Whether a tab's session is one that a sign-out in another tab ended. Both in epoch ms of the same machine; undefined: nobody
 * ever signed out, or nobody noted since when.
 */
export const isSignedOut = (signedOutAt: number | undefined, since: number | undefined): boolean =>
  signedOutAt !== undefined && signedOutAt >= (since ?? 0);

/** Codes by which a sign-in service says that it stumbled, and nothing of the session (RFC 6749 4.1.2.1). */
const STUMBLED = new Set<string | null | undefined>(['server_error', 'temporarily_unavailable']);

/** Whether the service refused a session, by the code of its answer. Where none came the session may be as good as it was. */
export const isRefusal = (code: string | null | undefined, isAnswer: boolean): boolean =>
  isAnswer && !STUMBLED.has(code);

/** Of these nothing need be said: the silent question whether somebody is signed in was answered no (OpenID Connect Core 3.1.2.6). */
const SILENT = new Set<string | null | undefined>([
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
]);

export const isSilentNo = (code: string | null | undefined): boolean => SILENT.has(code);
