/** Second step, too: copy one group of segments out of the source, which takes no ffmpeg. */
import { required } from '../../lib/contract/env.ts';
import { chunkTableKey } from '../../lib/contract/keys.ts';
import { copyTable } from '../../lib/contract/segment-table.ts';
import { runTask, type Work } from './chunk-task.ts';
import { copyGroup } from './copier.ts';
import { mediaOf, readText } from './objects.ts';
import { step } from './transient.ts';

export const handler = step(async (input: unknown) => runTask(input, false, copy));

async function copy({ task: { plan, chunk }, watch, put }: Work) {
  const key = chunkTableKey(plan.videoId, plan.revision, chunk.index);
  const table = copyTable.parse(JSON.parse(await readText({ bucket: required('MEDIA_BUCKET'), key })));
  return copyGroup({ chunk, table, source: mediaOf(plan), put, signal: watch.signal });
}
