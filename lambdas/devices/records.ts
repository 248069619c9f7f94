/** The devices table: what people write of a device. Its state is the tasks' to write. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DeleteCommand,
  paginateQuery,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import {
  deviceRecord,
  mediaKeyOf,
  type DevicePatch,
  type DeviceRecord,
  type NewDevice,
} from '../../lib/contract/device.ts';
import { required } from '../../lib/contract/env.ts';
import { dynamo } from '../shared/clients.ts';
import { ApiError } from '../shared/errors.ts';
import type { Position } from './listing.ts';

const TableName = () => required('DEVICES_TABLE');

/** A new device's record. Pure. */
export function newRecord(
  asked: NewDevice,
  by: string,
  retentionDays: DeviceRecord['retentionDays'],
  now: number,
): DeviceRecord {
  const at = new Date(now).toISOString();
  return {
    id: asked.id,
    kind: 'device',
    mediaKey: mediaKeyOf(asked.id),
    name: asked.name ?? asked.id,
    timeZone: asked.timeZone,
    channels: asked.channels,
    retentionDays: asked.retentionDays ?? retentionDays,
    viewers: [...new Set(asked.viewers)],
    createdAt: at,
    createdBy: by,
    updatedAt: at,
    online: false,
    streams: {},
    watched: {},
  };
}

/** Throws `conflict` when it is there already, or when its media could not be told from another's. */
export async function createDevice(record: DeviceRecord): Promise<void> {
  const { Items = [] } = await dynamo.send(
    new QueryCommand({
      TableName: TableName(),
      IndexName: 'byMediaKey',
      KeyConditionExpression: 'mediaKey = :key',
      ExpressionAttributeValues: { ':key': record.mediaKey },
    }),
  );
  const other = Items.map(({ id }) => String(id)).find((id) => id !== record.id);
  if (other !== undefined) {
    throw new ApiError(
      'conflict',
      `Its last 12 digits are those of device ${other}: their pictures could not be told apart.`,
    );
  }
  try {
    await dynamo.send(
      new PutCommand({ TableName: TableName(), Item: record, ConditionExpression: 'attribute_not_exists(id)' }),
    );
  } catch (cause) {
    if (!(cause instanceof ConditionalCheckFailedException)) throw cause;
    throw new ApiError('conflict', 'There is a device of this id already.', { cause });
  }
}

/** The record after the change; undefined when there is none. */
export async function changeDevice(id: string, patch: DevicePatch): Promise<DeviceRecord | undefined> {
  const set: Record<string, unknown> = { ...patch, updatedAt: new Date().toISOString() };
  if (patch.viewers !== undefined) set['viewers'] = [...new Set(patch.viewers)];
  const names = Object.keys(set).filter((name) => set[name] !== undefined);
  try {
    const { Attributes } = await dynamo.send(
      new UpdateCommand({
        TableName: TableName(),
        Key: { id },
        UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
        ConditionExpression: 'attribute_exists(id)',
        ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
        ExpressionAttributeValues: Object.fromEntries(names.map((name) => [`:${name}`, set[name]])),
        ReturnValues: 'ALL_NEW',
      }),
    );
    return deviceRecord.parse(Attributes);
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}

/** The record as it was; undefined when there was none. */
export async function deleteDevice(id: string): Promise<DeviceRecord | undefined> {
  const { Attributes } = await dynamo.send(
    new DeleteCommand({ TableName: TableName(), Key: { id }, ReturnValues: 'ALL_OLD' }),
  );
  return Attributes === undefined ? undefined : deviceRecord.parse(Attributes);
}

/** Most items of one BatchGetItem. */
const BATCH = 100;
/** Rounds in which the table may leave keys unread, and milliseconds before the next; doubled each time. */
const ROUNDS = 6;
const PAUSE = 50;

/**
 * Devices by name, after `start`. The index holds keys alone, so the records are read behind it. Their names are those the
 * index lists them by: who is renamed meanwhile does not make a listing that goes on after it skip others.
 */
export async function* byName(start: Position | undefined, pageSize: number): AsyncGenerator<DeviceRecord> {
  const pages = paginateQuery(
    { client: dynamo },
    {
      TableName: TableName(),
      IndexName: 'names',
      KeyConditionExpression: '#kind = :kind',
      ExpressionAttributeNames: { '#kind': 'kind' },
      ExpressionAttributeValues: { ':kind': 'device' },
      Limit: pageSize,
      ...(start && { ExclusiveStartKey: { kind: 'device', ...start } }),
    },
  );
  for await (const { Items = [] } of pages) {
    for (let at = 0; at < Items.length; at += BATCH) {
      const rows = Items.slice(at, at + BATCH) as Position[];
      const found = await readDevices(
        rows.map(({ id }) => id),
        dynamo,
      );
      for (const { id, name } of rows) {
        const record = found.get(id);
        // Deleted since it was listed.
        if (record !== undefined) yield { ...record, name };
      }
    }
  }
}

/** At most 100 devices by id. Keys that the table leaves unread are asked for again; throws when it goes on leaving them. */
export async function readDevices(
  ids: readonly string[],
  client: Pick<typeof dynamo, 'send'>,
): Promise<Map<string, DeviceRecord>> {
  const found = new Map<string, DeviceRecord>();
  let Keys: Record<string, unknown>[] = ids.map((id) => ({ id }));
  for (let round = 0; Keys.length > 0; round += 1) {
    if (round === ROUNDS) throw new Error(`BatchGetItem left ${Keys.length} devices unread ${ROUNDS} times`);
    if (round > 0)
      await new Promise((resolve) => setTimeout(resolve, PAUSE * 2 ** (round - 1) * (0.5 + Math.random())));
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetCommand({ RequestItems: { [TableName()]: { Keys, ConsistentRead: true } } }),
    );
    for (const item of Responses?.[TableName()] ?? []) {
      const record = deviceRecord.parse(item);
      found.set(record.id, record);
    }
    Keys = UnprocessedKeys?.[TableName()]?.Keys ?? [];
  }
  return found;
}
