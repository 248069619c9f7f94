/** The links table, and whether a link opens its video now. */
import { hash, timingSafeEqual } from 'node:crypto';
import { DeleteCommand, GetCommand, paginateQuery, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { linkRow, type LinkRow } from '../../lib/contract/link.ts';
import { dynamo } from './clients.ts';
import { ApiError } from './errors.ts';
import { unlessRefused } from './unless-refused.ts';

export const secretHash = (secret: string): string => hash('sha256', secret, 'base64url');

/** Read consistently, at each use: a right is never cached. */
export async function readLink(videoId: string, id: string): Promise<LinkRow | undefined> {
  const TableName = required('LINKS_TABLE');
  const { Item } = await dynamo.send(new GetCommand({ TableName, Key: { videoId, id }, ConsistentRead: true }));
  return Item === undefined ? undefined : linkRow.parse(Item);
}

/** Every link to a video, the newest first; those over, too. */
export async function linksOf(videoId: string): Promise<LinkRow[]> {
  const rows: LinkRow[] = [];
  const query = {
    TableName: required('LINKS_TABLE'),
    ConsistentRead: true,
    KeyConditionExpression: 'videoId = :id',
    ExpressionAttributeValues: { ':id': videoId },
  };
  for await (const { Items = [] } of paginateQuery({ client: dynamo }, query))
    rows.push(...Items.map((item) => linkRow.parse(item)));
  return rows.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
}

/**
 * Says at a link that something begins by it, before it does: whoever ends it then has the edge refuse that. Throws `link-ended` where
 * somebody has ended it by now.
 */
export async function useLink({ videoId, id }: Pick<LinkRow, 'videoId' | 'id'>): Promise<void> {
  const used = new UpdateCommand({
    TableName: required('LINKS_TABLE'),
    Key: { videoId, id },
    UpdateExpression: 'REMOVE unused',
    ConditionExpression: 'attribute_exists(id) AND attribute_not_exists(endedAt)',
  });
  if ((await unlessRefused(dynamo.send(used))) === undefined) throw linkEnded();
}

const linkEnded = (): ApiError =>
  new ApiError('link-ended', 'This link was ended. Ask whoever gave it to you for a new one.');

/** Without a trace: of a video that goes. */
export async function deleteLink({ videoId, id }: Pick<LinkRow, 'videoId' | 'id'>): Promise<void> {
  await dynamo.send(new DeleteCommand({ TableName: required('LINKS_TABLE'), Key: { videoId, id } }));
}

/** Throws `link-unknown`, `link-ended` or `link-expired` unless it opens its video at `now` (epoch seconds). Pure. */
export function checkLink(row: LinkRow | undefined, now: number, secret?: string): asserts row is LinkRow {
  const wrong = row === undefined || (secret !== undefined && !isSame(row.secretHash, secretHash(secret)));
  if (wrong) throw new ApiError('link-unknown', 'There is no such link to this video. Copy all of it once more.');
  if (row.endedAt !== undefined) throw linkEnded();
  if (row.goodUntil !== undefined && row.goodUntil <= now) {
    const until = new Date(row.goodUntil * 1000).toISOString();
    throw new ApiError('link-expired', `This link was good until ${until}. Ask whoever gave it to you for a new one.`);
  }
}

const isSame = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
