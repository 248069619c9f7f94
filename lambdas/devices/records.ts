/** The devices table: what people write of a device. Its state is the tasks' to write. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, paginateQuery, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import {
  deviceRecord,
  mediaKeyOf,
  type DevicePatch,
  type DeviceRecord,
  type NewDevice,
} from '../../lib/contract/device.ts';
import { required } from '../../lib/contract/env.ts';
import { batchGet, BATCH } from '../shared/batch-get.ts';
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
    ...(asked.tags && { tags: [...new Set(asked.tags)] }),
    createdAt: at,
    createdBy: by,
    updatedAt: at,
    online: false,
    streams: {},
    watched: {},
  };
}

/** False: one of this id is there already. Throws `conflict` when its media could not be told from another's. */
export async function createDevice(record: DeviceRecord): Promise<boolean> {
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
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** The record after the change; undefined when there is none. */
export async function changeDevice(id: string, patch: DevicePatch): Promise<DeviceRecord | undefined> {
  const set: Record<string, unknown> = { ...patch, updatedAt: new Date().toISOString() };
  if (patch.viewers !== undefined) set['viewers'] = [...new Set(patch.viewers)];
  if (patch.tags !== undefined) set['tags'] = [...new Set(patch.tags)];
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

/** At most 100 devices by id. Throws when the table goes on leaving some unread. */
export async function readDevices(
  ids: readonly string[],
  client: Pick<typeof dynamo, 'send'>,
): Promise<Map<string, DeviceRecord>> {
  const table = TableName();
  const rows = await batchGet({ [table]: { Keys: ids.map((id) => ({ id })), ConsistentRead: true } }, client);
  const records = (rows.get(table) ?? []).map((row) => deviceRecord.parse(row));
  return new Map(records.map((record) => [record.id, record]));
}
