/**
 * Hands the ID token in, once after each sign-in: it alone says name and address, for the directory, and has invitations to that
 * address become grants. Nothing waits for it.
 */
import type { QueryClient } from '@tanstack/react-query';
import { call } from '../api/client.ts';
import type { SessionManager } from './session.ts';

/** Which one was handed in last, by the end of its signature: it opens nothing. */
const KEY = 'sluice.introduced';

export async function introduce({ idToken }: Pick<SessionManager, 'idToken'>, client: QueryClient): Promise<void> {
  if (idToken === undefined || sessionStorage.getItem(KEY) === idToken.slice(-24)) return;
  try {
    const { granted } = await call('PUT /api/people/me', { body: { idToken } });
    sessionStorage.setItem(KEY, idToken.slice(-24));
    // What was refused a moment ago may be there now.
    if (granted > 0) await client.invalidateQueries();
  } catch {
    // The next load tries again.
  }
}
