/** Hands each chunk its part of the segment table; nobody else reads the source's index. */
import { required } from '../../lib/contract/env.ts';
import { chunkTableKey } from '../../lib/contract/keys.ts';
import { chunkTable, type Plan } from '../../lib/contract/slicing.ts';
import { putObject } from './objects.ts';
import type { SegmentTable } from './segment-table.ts';

/** Parts written at a time. */
const AT_A_TIME = 16;

export async function storeTable({ videoId, revision }: Plan, { chunks, part }: SegmentTable): Promise<void> {
  const bucket = required('MEDIA_BUCKET');
  for (let at = 0; at < chunks.length; at += AT_A_TIME) {
    await Promise.all(
      chunks.slice(at, at + AT_A_TIME).map(async ({ index }) => {
        const key = chunkTableKey(videoId, revision, index);
        await putObject(bucket, key, JSON.stringify(chunkTable.parse(part(index))), 'application/json', 'no-store');
      }),
    );
  }
}
