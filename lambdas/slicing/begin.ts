/**
 * The beginning of what is copied, by the function that laid the segment table: it plays before the run has come to its
 * tasks, and with what they take nothing else is busy yet.
 */
import { copyTable } from '../../lib/contract/segment-table.ts';
import type { AssembleTask } from '../../lib/contract/slicing.ts';
import { logger } from '../shared/logger.ts';
import { runTask } from './chunk-task.ts';
import { copyGroup } from './copier.ts';
import { mediaOf } from './objects.ts';
import type { SegmentTable } from './segment-table.ts';
import { namesOf } from './store-table.ts';

/** Does the run's first task, if it copies; the task then finds it done. The run itself must be stored. */
export async function begin({ plan, chunks }: AssembleTask, table: SegmentTable): Promise<void> {
  const [chunk] = chunks;
  if (chunk?.copy !== true || !table.copied) return;
  const range = { firstSegment: chunk.firstSegment, segments: chunk.segments ?? 1 };
  const part = copyTable.parse(table.copied.part(range, namesOf(plan)));
  try {
    await runTask({ plan, chunk }, false, ({ watch, put }) =>
      copyGroup({ chunk, table: part, source: mediaOf(plan), put, signal: watch.signal }),
    );
  } catch (error) {
    // It is tried again as tasks are.
    logger.warn('the beginning is left to its task', { videoId: plan.videoId, error: error as Error });
  }
}
