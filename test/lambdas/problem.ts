/** The problem document a call ends with. */
import type { Problem } from '../../lib/contract/api.ts';
import { ApiError, toProblem } from '../../lambdas/shared/errors.ts';

export async function problemOf(call: () => unknown): Promise<Problem> {
  try {
    await call();
  } catch (error) {
    if (error instanceof ApiError) return toProblem(error);
    throw error;
  }
  throw new Error('the call was expected to be refused');
}
