/** The entitlements table: who may watch besides owners and admins. Keys are those of lib/contract/entitlement.ts. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, GetCommand, paginateQuery, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { isDeepStrictEqual } from 'node:util';
import { required } from '../../lib/contract/env.ts';
import { grantRow, resourceKey, type GrantRow } from '../../lib/contract/entitlement.ts';
import { grantRight } from '../../lib/contract/right.ts';
import { dynamo } from '../shared/clients.ts';
import { endBy, takenBy } from '../shared/taking-back.ts';

const TableName = () => required('ENTITLEMENTS_TABLE');

export type GrantKey = Pick<GrantRow, 'videoId' | 'subject'>;

/** Every grant on a resource, those over and not yet swept included. */
export async function listGrants(videoId: string): Promise<GrantRow[]> {
  const grants: GrantRow[] = [];
  const pages = paginateQuery(
    { client: dynamo },
    {
      TableName: TableName(),
      ConsistentRead: true,
      KeyConditionExpression: 'videoId = :id',
      ExpressionAttributeValues: { ':id': videoId },
    },
  );
  for await (const { Items = [] } of pages) grants.push(...Items.map((item) => grantRow.parse(item)));
  return grants;
}

/** A page of them, or of what a subject was given (from an index: seconds old). `next` is undefined on the last one. */
export async function pageOfGrants(
  of: Pick<GrantKey, 'videoId'> | Pick<GrantKey, 'subject'>,
  limit: number,
  after: GrantKey | undefined,
): Promise<{ readonly grants: GrantRow[]; readonly next: GrantKey | undefined }> {
  const [[name, value]] = Object.entries(of) as [[string, string]];
  const { Items = [], LastEvaluatedKey } = await dynamo.send(
    new QueryCommand({
      TableName: TableName(),
      ...(name === 'subject' ? { IndexName: 'bySubject' } : { ConsistentRead: true }),
      KeyConditionExpression: '#name = :value',
      ExpressionAttributeNames: { '#name': name },
      ExpressionAttributeValues: { ':value': value },
      Limit: limit,
      ...(after && { ExclusiveStartKey: after }),
    }),
  );
  return { grants: Items.map((item) => grantRow.parse(item)), next: LastEvaluatedKey as GrantKey | undefined };
}

export async function readGrant({ videoId, subject }: GrantKey): Promise<GrantRow | undefined> {
  const Key = { videoId, subject };
  const { Item } = await dynamo.send(new GetCommand({ TableName: TableName(), Key, ConsistentRead: true }));
  return Item === undefined ? undefined : grantRow.parse(Item);
}

/** What it takes back of the one that is there ends. */
export async function putGrant(grant: GrantRow): Promise<void> {
  await endAndPut(grant, await readGrant(grant));
}

/** Puts it in place of `before`, and what it takes back of that one ends; false: there is none by now. */
export async function replaceGrant(grant: GrantRow, before: GrantRow): Promise<boolean> {
  try {
    await endAndPut(grant, before, 'attribute_exists(videoId)');
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

async function endAndPut(grant: GrantRow, before: GrantRow | undefined, condition?: string): Promise<void> {
  const now = Date.now() / 1000;
  await endBy(...takenBy(before, grant, now));
  const there = await put(grant, condition);
  // Somebody else has said another one in between.
  if (!isDeepStrictEqual(there, before)) await endBy(...takenBy(there, grant, now));
}

/** Answers what was there. */
async function put(Item: GrantRow, ConditionExpression?: string): Promise<GrantRow | undefined> {
  const { Attributes } = await dynamo.send(
    new PutCommand({ TableName: TableName(), Item, ConditionExpression, ReturnValues: 'ALL_OLD' }),
  );
  return Attributes === undefined ? undefined : grantRow.parse(Attributes);
}

/** Takes it back: what plays by it ends. */
export async function takeGrant(key: GrantKey): Promise<void> {
  await endBy({ of: 'rights', rights: [grantRight(key)] });
  await deleteGrant(key.videoId, key.subject);
}

/** These videos come under these resources (`tag:…`, `collection:…`): what is denied or limited on those takes back what others gave. */
export async function endUnder(videos: readonly string[], resources: readonly string[]): Promise<void> {
  if (videos.length === 0) return;
  const now = Date.now() / 1000;
  for (const resource of resources) {
    const taken = (await listGrants(resourceKey(resource))).flatMap((grant) => takenBy(undefined, grant, now));
    await endBy(...taken.map((one) => ('resource' in one ? { ...one, among: [...videos] } : one)));
  }
}

/** Of a video or an invitation that goes: nothing plays by it, or will. */
export async function deleteGrant(videoId: string, subject: string): Promise<void> {
  await dynamo.send(new DeleteCommand({ TableName: TableName(), Key: { videoId, subject } }));
}

/** All of a resource that goes. */
export async function deleteGrants(videoId: string): Promise<void> {
  for (const { subject } of await listGrants(videoId)) await deleteGrant(videoId, subject);
}
