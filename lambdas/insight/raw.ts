/**
 * Keeps what was reported, as files of Parquet: of what waited since it last looked, a file for each hour in which some of it was
 * taken in. A file is called after what is in it, so the same messages again write the same file again; what comes again in other
 * company is in two, and whoever asks drops one by its numbers (lib/contract/raw-queries.ts).
 */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { required } from '../../lib/contract/env.ts';
import { hourOf } from '../../lib/contract/heatmap.ts';
import { rawKey } from '../../lib/contract/raw-events.ts';
import { s3 } from '../shared/clients.ts';
import { logger } from '../shared/logger.ts';
import { eachBundle } from './consume.ts';
import { nameOf, toParquet } from './parquet.ts';
import { inOrder, rowsOf } from './raw-rows.ts';

export const handler = eachBundle('RAW_QUEUE', async (taken) => {
  const again = new Set<string>();
  for (const [hour, some] of Map.groupBy(taken, ({ report }) => hourOf(report.receivedAt / 1000))) {
    const rows = inOrder(some.flatMap(({ report }) => rowsOf(report)));
    try {
      const Key = rawKey(hour, nameOf(rows));
      const Body = toParquet(rows);
      await s3.send(new PutObjectCommand({ Bucket: required('RAW_BUCKET'), Key, Body }));
    } catch (error) {
      logger.error('raw events could not be kept', { hour, rows: rows.length, error: error as Error });
      for (const { messageId } of some) again.add(messageId);
    }
  }
  return again;
});
