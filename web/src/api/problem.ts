/** What went wrong with a call, in words a person can act on. Pure. */
import type { Problem } from '../../../lib/contract/api.ts';

const OFFLINE = 'This browser is offline. Try again when it has a network.';

export class ApiProblem extends Error {
  override name = 'ApiProblem';
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** Stable code of the problem document; `unreachable` when no answer came. */
  readonly code: string;
  readonly title: string;
  readonly requestId: string | undefined;
  /** The limit that was broken, if one was. */
  readonly limit: Problem['limit'];

  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail ?? problem.title ?? fallback(status));
    this.status = status;
    this.code = problem.code ?? (status === 0 ? 'unreachable' : `http-${status}`);
    this.title = problem.title ?? fallback(status);
    this.requestId = problem.requestId;
    this.limit = problem.limit;
  }
}

/** Reads a failed answer; anything but a problem document still becomes a sentence. */
export function problemOf(status: number, body: string): ApiProblem {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null) {
      const { code, title, detail, requestId, limit } = parsed as Record<string, unknown>;
      return new ApiProblem(status, {
        ...(typeof code === 'string' && { code }),
        ...(typeof title === 'string' && { title }),
        ...(typeof detail === 'string' && { detail }),
        ...(typeof requestId === 'string' && { requestId }),
        ...(isLimit(limit) && { limit }),
      });
    }
  } catch {
    // Not JSON: a proxy's page, or nothing at all.
  }
  return new ApiProblem(status, {});
}

/** `isOffline`: there was no network to send it by. */
export const unreachable = (cause: unknown, isOffline = false): ApiProblem => {
  const problem = new ApiProblem(0, isOffline ? { detail: OFFLINE } : {});
  problem.cause = cause;
  return problem;
};

/** Whether asking again may help, by the status of an answer: the network (0), or the server itself, stumbled. */
export const isPassing = (status = 0): boolean => status === 0 || status === 429 || status >= 500;

export const isTransient = (error: unknown): boolean => error instanceof ApiProblem && isPassing(error.status);

export const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof ApiProblem && codes.includes(error.code);

const isLimit = (limit: unknown): limit is NonNullable<Problem['limit']> =>
  typeof limit === 'object' &&
  limit !== null &&
  typeof (limit as { name?: unknown }).name === 'string' &&
  typeof (limit as { value?: unknown }).value === 'number';

function fallback(status: number): string {
  if (status === 0) return 'The server could not be reached. Check the connection and try again.';
  if (status === 401) return 'Your sign-in has ended. Sign in again.';
  if (status === 403) return 'You may not do this.';
  if (status === 404) return 'There is nothing here.';
  if (status === 429) return 'Too many requests at once. Wait a moment and try again.';
  return status >= 500 ? 'The server stumbled. Try again in a moment.' : `The server refused this (HTTP ${status}).`;
}
