/** Links with a password: typed once, and then not again in this tab for as long as what it opened is good. */
import { parseLinkToken } from '../../../lib/contract/link-token.ts';
import { problemOf } from '../api/problem.ts';

/** By link: its token stays out, since it opens nothing alone. */
const nameOf = (token: string | undefined): string | undefined => {
  const id = token === undefined ? undefined : parseLinkToken(token)?.id;
  return id === undefined ? undefined : `sluice-unlocked-${id}`;
};

/** Where a browser lets no frame keep anything, it is kept as long as the page is. */
const here = new Map<string, string>();

/** What opens a link instead of its token; undefined: no password was typed for it. */
export function kept(token: string | undefined): string | undefined {
  const name = nameOf(token);
  if (name === undefined) return undefined;
  const text = here.get(name) ?? stored((storage) => storage.getItem(name));
  if (text == null) return undefined;
  const [unlocked = '', until = ''] = text.split(' ');
  return Date.parse(until) > Date.now() ? unlocked : undefined;
}

/** It opens nothing any more, whatever it says of itself. */
export function forget(token: string | undefined): void {
  const name = nameOf(token);
  if (name === undefined) return;
  here.delete(name);
  stored((storage) => storage.removeItem(name));
}

/** Throws ApiProblem: `wrong-password`, `too-many-attempts`, or what became of the link. The password goes in the body alone. */
export async function unlock(origin: string, id: string, token: string, password: string): Promise<void> {
  const answer = await fetch(`${origin}/api/play/${id}/unlock`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, password }),
  });
  const text = await answer.text();
  if (!answer.ok) throw problemOf(answer.status, text);
  const opened = JSON.parse(text) as { readonly token: string; readonly expiresAt: string };
  const name = nameOf(token);
  if (name === undefined) return;
  here.set(name, `${opened.token} ${opened.expiresAt}`);
  stored((storage) => storage.setItem(name, `${opened.token} ${opened.expiresAt}`));
}

function stored<T>(use: (storage: Storage) => T): T | undefined {
  try {
    return use(sessionStorage);
  } catch {
    return undefined;
  }
}
