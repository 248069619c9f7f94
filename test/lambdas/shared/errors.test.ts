import { describe, expect, it } from 'vitest';
import { ApiError, toProblem } from '../../../lambdas/shared/errors.ts';

describe('what an error is to the caller', () => {
  it.each<[string, unknown, number, string]>([
    ['one of ours', new ApiError('conflict', 'not now'), 409, 'conflict'],
    ['a throttled table', Object.assign(new Error('x'), { name: 'ThrottlingException' }), 503, 'busy'],
    ['a throttled bucket', Object.assign(new Error('x'), { name: 'SlowDown' }), 503, 'busy'],
    ['a full queue of requests', { $metadata: { httpStatusCode: 429 } }, 503, 'busy'],
    ['a bug', new TypeError('x of secret'), 500, 'internal'],
    ['nothing', undefined, 500, 'internal'],
  ])('%s', (_, error, status, code) => {
    const problem = toProblem(error, 'r1');
    expect(problem).toMatchObject({ status, code, requestId: 'r1' });
    expect(problem.detail).not.toContain('secret');
  });
});
