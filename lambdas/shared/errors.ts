/** What can go wrong for a caller, and how HTTP says it: one table. */
import type { z } from 'zod';
import type { Problem } from '../../lib/contract/api.ts';
import { cut } from '../../lib/contract/text.ts';
import { isThrottled } from './throttled.ts';

/** code → HTTP status and title (RFC 9457 `status`, `title`). Codes are stable: clients may branch on them. */
export const problems = {
  'invalid-request': [400, 'The request is not as the API describes it'],
  'missing-parts': [400, 'Parts of the upload are missing or different'],
  'empty-file': [400, 'The file is empty'],
  unauthorized: [401, 'Sign in first'],
  'invalid-token': [401, 'The token is wrong or has expired'],
  'link-unknown': [401, 'No such link'],
  'link-ended': [401, 'The link was ended'],
  'link-expired': [401, 'The link has expired'],
  'link-locked': [401, 'The link asks for a password'],
  forbidden: [403, 'Not yours to do'],
  'wrong-password': [403, 'That is not the password'],
  'site-refused': [403, 'Not for this page'],
  'licence-refused': [403, 'No licence for this player'],
  'not-found': [404, 'Nothing of that name'],
  conflict: [409, 'Not in this state'],
  'not-ready': [409, 'The video cannot be played yet'],
  'not-live': [409, 'The stream is not live'],
  'device-offline': [409, 'The device is not connected'],
  'too-many-sessions': [409, 'As many are watching as may'],
  'over-quota': [409, 'As much is kept as may be'],
  'session-ended': [410, 'This playback was ended'],
  'upload-gone': [410, 'The upload is over'],
  'too-large': [413, 'Too large'],
  'unsupported-type': [415, 'Not a type this platform takes'],
  'too-many-uploads': [429, 'Too many uploads at once'],
  'too-many-attempts': [429, 'Too many wrong passwords'],
  'too-many-changes': [429, 'Too many changes in an hour'],
  busy: [503, 'Too much at once'],
  internal: [500, 'Something failed on our side'],
  'licence-unavailable': [502, 'The DRM provider gives no answer'],
  'format-unknown': [501, 'Not a format this platform answers in'],
} as const satisfies Record<string, readonly [number, string]>;

type ProblemCode = keyof typeof problems;

interface ProblemOptions {
  limit?: NonNullable<Problem['limit']>;
  errors?: NonNullable<Problem['errors']>;
  state?: NonNullable<Problem['state']>;
  /** Of a link that is locked: origins of pages that may ask for its password. Never sent. */
  sites?: readonly string[] | undefined;
  /** For the log only; never sent. */
  cause?: unknown;
}

/** Thrown by decisions and handlers; `detail` is shown to the caller and says what to do. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly code: ProblemCode;
  readonly options: ProblemOptions;

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.options = options;
  }
}

const unforeseen = (error: unknown): ApiError =>
  isThrottled(error)
    ? new ApiError('busy', 'More is asked of the platform than it may do at a time. Try again in a few seconds.')
    : new ApiError('internal', 'Try again; if it stays, tell us the request id.');

/** Faults named in one answer, and characters of each: both are as many as the caller likes. */
const NAMED = 20;
const NAMED_LENGTH = 200;

/** `invalid-request` from what a schema says of the part of a request that `where` names: each field by its path. */
export function refused(where: string, { issues }: z.ZodError, cause?: unknown): ApiError {
  const errors = issues.slice(0, NAMED).map(({ path, message }) => ({
    path: cut([where, ...path.map(String)].join('.'), NAMED_LENGTH),
    message: cut(message, NAMED_LENGTH),
  }));
  return new ApiError('invalid-request', errors.map((e) => `${e.path}: ${e.message}`).join('; '), { errors, cause });
}

/** `invalid-request` for one field that a schema cannot judge. */
export const refusedField = (path: string, message: string, cause?: unknown): ApiError =>
  new ApiError('invalid-request', `${path}: ${message}`, { errors: [{ path, message }], cause });

/**
 * The problem document of an error. What AWS throttled is `busy`; anything else unforeseen is `internal` and says nothing of
 * its cause.
 */
export function toProblem(error: unknown, requestId?: string): Problem {
  const known = error instanceof ApiError ? error : unforeseen(error);
  const [status, title] = problems[known.code];
  return {
    type: 'about:blank',
    title,
    status,
    detail: known.message,
    code: known.code,
    ...(known.options.limit && { limit: known.options.limit }),
    ...(known.options.errors && { errors: known.options.errors }),
    ...(known.options.state && { state: known.options.state }),
    ...(requestId !== undefined && { requestId }),
  };
}
