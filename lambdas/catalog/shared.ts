/**
 * "Shared with me": videos that a grant lets somebody watch, newest first. All that was given to them is read once, from an
 * index that is seconds old at most, and decides about each video; watching asks anew.
 */
import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { grantRow, subjectKeys, type GrantRow } from '../../lib/contract/entitlement.ts';
import { videoRecord, type VideoRecord } from '../../lib/contract/video.ts';
import { batchGet, BATCH } from '../shared/batch-get.ts';
import { dynamo } from '../shared/clients.ts';
import { decide, type From } from '../shared/entitlement.ts';
import type { Viewer } from '../shared/viewer.ts';
import { inOrder, isBehind, type Position } from './listing.ts';

/** Videos that are looked up one by one, at most. Whose grants name more gets all videos looked through instead. */
const MOST_NAMED = 500;

/** What was given to a viewer, their groups and everyone, those over and not yet swept included. */
export async function grantsTo(viewer: Viewer): Promise<GrantRow[]> {
  const lists = await Promise.all(
    subjectKeys(viewer).map(async (subject) => {
      const rows: GrantRow[] = [];
      const pages = paginateQuery(
        { client: dynamo },
        {
          TableName: required('ENTITLEMENTS_TABLE'),
          IndexName: 'bySubject',
          KeyConditionExpression: 'subject = :subject',
          ExpressionAttributeValues: { ':subject': subject },
        },
      );
      for await (const { Items = [] } of pages) rows.push(...Items.map((item) => grantRow.parse(item)));
      return rows;
    }),
  );
  return lists.flat();
}

/** Whether one of these grants lets the viewer watch; an admin's own right does not count. */
export function isShared(
  video: VideoRecord,
  { viewer, grants, from, now }: { viewer: Viewer; grants: readonly GrantRow[]; from: From; now: number },
): boolean {
  const asAnybody = { ...viewer, groups: viewer.groups.filter((group) => group !== 'admin') };
  return decide({ viewer: asAnybody, video, grants, deviceViewers: undefined, from, now }).reason === 'grant';
}

/** Videos that the grants can be about, newest first, after `start`; undefined: any video can be one. */
export async function named(
  grants: readonly GrantRow[],
  start: Position | undefined,
): Promise<readonly VideoRecord[] | undefined> {
  const allowing = new Set(grants.flatMap(({ effect, videoId }) => (effect === 'allow' ? [videoId] : [])));
  // A grant on a collection could be looked up, but not what is inside of those in it.
  if (allowing.size > MOST_NAMED || [...allowing].some((key) => key.includes(':'))) return undefined;
  const ids = [...allowing];
  const table = required('VIDEOS_TABLE');
  const batches = Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, i) =>
    ids.slice(i * BATCH, (i + 1) * BATCH),
  );
  const found = await Promise.all(
    batches.map(async (batch) => (await batchGet({ [table]: { Keys: batch.map((id) => ({ id })) } })).get(table) ?? []),
  );
  const records = found.flat().map((row) => videoRecord.parse(row));
  return records.filter((record) => start === undefined || isBehind(record, start)).toSorted(inOrder);
}
