/**
 * Whether a bucket's contents go with it: decided by what CloudFormation says it is doing with the whole stack.
 *
 * A custom resource is sent Delete in three cases that look alike: the stack is deleted; an update no longer names the
 * resource (the option `removal`, or a construct's name, changed) while its bucket may well stay; an update that had made
 * the resource is rolled back. Only in the first the contents are meant, and when a stack that never stood is rolled back.
 */

/** Statuses of a stack (CloudFormation API, Stack, StackStatus) in which everything of it that is not retained goes. */
const LEAVING: ReadonlySet<string> = new Set([
  'DELETE_IN_PROGRESS',
  // Of a first creation that failed. An update that failed is UPDATE_ROLLBACK_…, an import IMPORT_ROLLBACK_….
  'ROLLBACK_IN_PROGRESS',
]);

export interface Request {
  readonly type: 'Create' | 'Update' | 'Delete';
  /** `StackStatus`, now. */
  readonly status: string;
}

/** True when the bucket is to be emptied. What is not known to be the stack's end loses nothing. */
export const leaves = ({ type, status }: Request): boolean => type === 'Delete' && LEAVING.has(status);
