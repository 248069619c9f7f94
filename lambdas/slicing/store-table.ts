/** Hands each task its part of the segment table, and all of them what the run is: nobody else reads the source's index. */
import { required } from '../../lib/contract/env.ts';
import { chunkTableKey, runKey } from '../../lib/contract/keys.ts';
import type { Plan } from '../../lib/contract/plan.ts';
import { chunkTable, copyTable } from '../../lib/contract/segment-table.ts';
import { assembleTask, type AssembleTask } from '../../lib/contract/slicing.ts';
import { putObject } from './objects.ts';
import type { SegmentTable } from './segment-table.ts';

/** Parts written at a time, which somebody waits for: as many as the SDK has connections. */
export const AT_A_TIME = 50;

const store = (key: string, content: unknown) =>
  putObject(required('MEDIA_BUCKET'), key, JSON.stringify(content), 'application/json', 'no-store');

/** Of the renditions that are copied. */
export const namesOf = ({ video, audio }: Plan) => ({
  video: video[0]?.name ?? '',
  sounds: audio.map(({ name }) => name),
});

/** What the run is, for whoever publishes what is there of it. */
export const storeRun = (run: AssembleTask): Promise<unknown> =>
  store(runKey(run.plan.videoId, run.plan.revision), assembleTask.parse(run));

/** Each task's part of the table. */
export async function storeTable({ plan, chunks }: AssembleTask, table: SegmentTable): Promise<void> {
  const { videoId, revision } = plan;
  const names = namesOf(plan);
  for (let at = 0; at < chunks.length; at += AT_A_TIME) {
    await Promise.all(
      chunks.slice(at, at + AT_A_TIME).map(async ({ index, firstSegment, segments = 1, copy }) => {
        const range = { firstSegment, segments };
        const part = copy ? copyTable.parse(table.copied!.part(range, names)) : chunkTable.parse(table.part(range));
        await store(chunkTableKey(videoId, revision, index), part);
      }),
    );
  }
}
