/** Why a video's address shows no video, by name, and what helps. Pure. */
import { claimsOf } from '../auth/claims.ts';

export interface Refusal {
  readonly title: string;
  readonly sentence: string;
  /** Who has an account may have a right of their own. */
  readonly maySignIn: boolean;
  /** ms until it is worth asking again by itself. */
  readonly askIn?: number;
}

interface Asked {
  /** HTTP status of the answer; 0: none came. */
  readonly status: number;
  /** Code of the problem. */
  readonly code: string;
  /** The API's own words. */
  readonly detail: string;
  /** The playback token in the address, if there is one. */
  readonly token: string | undefined;
  /** Epoch ms, of the server's clock where it is known. */
  readonly now: number;
  /** When a link ended, in the reader's own words. */
  readonly spoken: (at: number) => string;
}

const ASK = 'Ask whoever gave it to you for a new one.';
/** ms between two looks at a video that is still being made, or where the platform stumbled. */
const AGAIN = 5_000;

export function refusalOf({ status, code, detail, token, now, spoken }: Asked): Refusal {
  if (status === 404) {
    const sentence = 'It was deleted, or the address is mistyped.';
    return { title: 'There is no such video', sentence, maySignIn: false };
  }
  if (code === 'too-many-sessions') return { title: 'Watching elsewhere already', sentence: detail, maySignIn: false };
  if (code === 'session-ended') return { title: 'This playback was ended', sentence: detail, maySignIn: false };
  if (status === 409) return { title: 'Not ready yet', sentence: detail, maySignIn: false, askIn: AGAIN };
  const link = LINKS[code];
  if (link !== undefined) return { title: link, sentence: detail, maySignIn: true };
  if (status === 401 && token !== undefined) {
    const end = endOf(token);
    if (end === undefined) return BROKEN;
    if (end <= now) {
      const sentence = `It was good until ${spoken(end)}. ${ASK}`;
      return { title: 'This link has ended', sentence, maySignIn: true };
    }
    return WRONG;
  }
  if (status === 401) {
    const sentence = 'This video is not public. Sign in to watch it, or ask its owner for a link.';
    return { title: 'Sign in to watch', sentence, maySignIn: true };
  }
  if (status === 403) {
    const sentence =
      token === undefined
        ? 'Ask its owner to let you watch it.'
        : `Who made it may not watch this video any more. ${ASK}`;
    return {
      title: token === undefined ? 'Not for you to see' : 'This link opens nothing any more',
      sentence,
      maySignIn: true,
    };
  }
  return {
    title: status === 0 ? 'No connection' : 'This could not be loaded',
    sentence: detail,
    maySignIn: false,
    askIn: AGAIN,
  };
}

/** What became of a link, by the code of the answer (lambdas/shared/links.ts). */
const LINKS: Readonly<Record<string, string>> = {
  'link-unknown': 'There is no such link',
  'link-ended': 'This link was ended',
  'link-expired': 'This link has expired',
  'link-locked': 'This video asks for a password',
  'site-refused': 'Not for this page',
};

export const isOfLink = (code: string): boolean => Object.hasOwn(LINKS, code);

/** An address of which a part is missing, or that was never one. */
export const BROKEN: Refusal = {
  title: 'This link is not whole',
  sentence: `A part of it was lost or changed on its way. Copy all of it once more. ${ASK}`,
  maySignIn: true,
};

/** Whole, and not for this. */
const WRONG: Refusal = {
  title: 'This link is not for this video',
  sentence: `It was made for another one, by another platform, or changed on its way. ${ASK}`,
  maySignIn: true,
};

/** When a playback token ends (`exp`, RFC 7519 4.1.4), epoch ms; undefined: it is none. */
function endOf(token: string): number | undefined {
  const exp = claimsOf(token)?.['exp'];
  return typeof exp === 'number' ? exp * 1000 : undefined;
}
