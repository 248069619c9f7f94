/** The collections table, and what each video's record says of the collections it is in. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  GetCommand,
  paginateQuery,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { collectionRow, MOST_COLLECTIONS, rootOf, type CollectionRow } from '../../lib/contract/collection.ts';
import { required } from '../../lib/contract/env.ts';
import { dynamo } from '../shared/clients.ts';
import { ApiError } from '../shared/errors.ts';

const TableName = () => required('COLLECTIONS_TABLE');
const keyOf = (id: string) => ({ root: rootOf(id), id });

export async function readCollection(id: string): Promise<CollectionRow | undefined> {
  const { Item } = await dynamo.send(new GetCommand({ TableName: TableName(), Key: keyOf(id), ConsistentRead: true }));
  return Item === undefined ? undefined : collectionRow.parse(Item);
}

/** Whether there are others in it. */
export async function hasInside(id: string): Promise<boolean> {
  if (rootOf(id) !== id) return false;
  const { Items = [] } = await dynamo.send(
    new QueryCommand({
      TableName: TableName(),
      ConsistentRead: true,
      KeyConditionExpression: '#root = :root',
      ExpressionAttributeNames: { '#root': 'root' },
      ExpressionAttributeValues: { ':root': id },
      Limit: 2,
    }),
  );
  return Items.length > 1;
}

/** Newest first, after `start`: of one owner, or all. */
export async function* collectionsNewestFirst(
  owner: string | undefined,
  start: { readonly createdAt: string; readonly id: string } | undefined,
): AsyncGenerator<CollectionRow> {
  const [index, name, value] = owner === undefined ? ['byTime', 'kind', 'collection'] : ['byOwner', 'owner', owner];
  const pages = paginateQuery(
    { client: dynamo },
    {
      TableName: TableName(),
      IndexName: index,
      KeyConditionExpression: '#partition = :value',
      ExpressionAttributeNames: { '#partition': name },
      ExpressionAttributeValues: { ':value': value },
      ScanIndexForward: false,
      ...(start && { ExclusiveStartKey: { [name]: value, createdAt: start.createdAt, ...keyOf(start.id) } }),
    },
  );
  for await (const { Items = [] } of pages) for (const item of Items) yield collectionRow.parse(item);
}

/** Throws `conflict` when it is there, or has changed since `before` was read. */
export async function putCollection(row: CollectionRow, before?: Pick<CollectionRow, 'updatedAt'>): Promise<void> {
  const condition =
    before === undefined
      ? { ConditionExpression: 'attribute_not_exists(id)' }
      : {
          ConditionExpression: 'updatedAt = :before',
          ExpressionAttributeValues: { ':before': before.updatedAt },
        };
  try {
    await dynamo.send(new PutCommand({ TableName: TableName(), Item: row, ...condition }));
  } catch (cause) {
    if (!(cause instanceof ConditionalCheckFailedException)) throw cause;
    throw new ApiError('conflict', 'The collection was changed by somebody else meanwhile. Look at it again.', {
      cause,
    });
  }
}

export async function deleteCollection(id: string): Promise<void> {
  await dynamo.send(new DeleteCommand({ TableName: TableName(), Key: keyOf(id) }));
}

/** Says in the video's record that it is in the collection, or no longer. False: it is not there, or in too many. */
export async function setMember(video: string, collection: string, isIn: boolean): Promise<boolean> {
  try {
    await dynamo.send(
      new UpdateCommand({
        TableName: required('VIDEOS_TABLE'),
        Key: { id: video },
        UpdateExpression: `${isIn ? 'ADD' : 'DELETE'} collections :one`,
        ConditionExpression: `attribute_exists(id)${isIn ? ' AND (attribute_not_exists(collections) OR contains(collections, :id) OR size(collections) < :most)' : ''}`,
        ExpressionAttributeValues: {
          ':one': new Set([collection]),
          ...(isIn && { ':id': collection, ':most': MOST_COLLECTIONS }),
        },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
