import { StackStatus } from '@aws-sdk/client-cloudformation';
import { expect, it } from 'vitest';
import { leaves } from '../../../lambdas/storage/leaving.ts';

/** Status of the stack while a resource is sent Delete → whether its bucket's contents go. Every status there is. */
const STATUSES: Record<StackStatus, boolean> = {
  // The stack goes, and what is not retained with it; again after a first try that failed.
  DELETE_IN_PROGRESS: true,
  // A first creation that failed: nothing was ever there to lose.
  ROLLBACK_IN_PROGRESS: true,

  // `removal` from destroy to retain; a construct with another name; a bucket replaced.
  UPDATE_IN_PROGRESS: false,
  UPDATE_COMPLETE_CLEANUP_IN_PROGRESS: false,
  // `removal` from retain to destroy that failed: the resource was new, the bucket is old.
  UPDATE_ROLLBACK_IN_PROGRESS: false,
  UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS: false,
  // A bucket that was taken into the stack and is let go of again.
  IMPORT_IN_PROGRESS: false,
  IMPORT_ROLLBACK_IN_PROGRESS: false,
  CREATE_IN_PROGRESS: false,
  REVIEW_IN_PROGRESS: false,

  // A Delete that comes late, when the operation it was part of has ended.
  CREATE_COMPLETE: false,
  CREATE_FAILED: false,
  DELETE_COMPLETE: false,
  DELETE_FAILED: false,
  IMPORT_COMPLETE: false,
  IMPORT_ROLLBACK_COMPLETE: false,
  IMPORT_ROLLBACK_FAILED: false,
  ROLLBACK_COMPLETE: false,
  ROLLBACK_FAILED: false,
  UPDATE_COMPLETE: false,
  UPDATE_FAILED: false,
  UPDATE_ROLLBACK_COMPLETE: false,
  UPDATE_ROLLBACK_FAILED: false,
};

it('names every status of a stack', () => {
  expect(Object.keys(STATUSES).toSorted()).toEqual(Object.values(StackStatus).toSorted());
});

it.each(Object.entries(STATUSES))('Delete while %s: %s', (status, wanted) => {
  expect(leaves({ type: 'Delete', status })).toBe(wanted);
});

it.each(['Create', 'Update'] as const)('%s never empties', (type) => {
  for (const status of Object.values(StackStatus)) expect(leaves({ type, status })).toBe(false);
});

it('keeps what it does not understand', () => {
  expect(leaves({ type: 'Delete', status: 'SOMETHING_NEW_IN_PROGRESS' })).toBe(false);
  expect(leaves({ type: 'Delete', status: '' })).toBe(false);
});
