/** The devices and fleet tables, as the API reads them, and the way to the task that holds a device. */
import { GetCommand, paginateQuery, PutCommand } from '@aws-sdk/lib-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { randomInt } from 'node:crypto';
import { deviceRecord, type DeviceRecord } from '../../lib/contract/device.ts';
import { required } from '../../lib/contract/env.ts';
import { taskRow, type TaskRow } from '../../lib/contract/fleet.ts';
import { answerRow, command, type AnswerRow, type Command } from '../../lib/contract/commands.ts';
import { dynamo } from './clients.ts';
import { ApiError } from './errors.ts';
import { isAdmin, type Viewer } from './viewer.ts';

const sqs = new SQSClient({});

/** Read consistently: a device that was just registered, or has just connected, is seen as such. */
export async function readDevice(id: string): Promise<DeviceRecord | undefined> {
  const { Item } = await dynamo.send(
    new GetCommand({ TableName: required('DEVICES_TABLE'), Key: { id }, ConsistentRead: true }),
  );
  return Item === undefined ? undefined : deviceRecord.parse(Item);
}

/** Ids of devices can be guessed, so one that the viewer may not see reads as one that is not there. */
export function visible(record: DeviceRecord | undefined, viewer: Viewer): DeviceRecord {
  if (record !== undefined && maySee(record, viewer)) return record;
  throw new ApiError('not-found', 'There is no such device, or you may not see it.');
}

export const maySee = ({ viewers }: Pick<DeviceRecord, 'viewers'>, viewer: Viewer): boolean =>
  isAdmin(viewer) || viewers.includes(viewer.subject);

/** Tasks by id. */
export type Tasks = ReadonlyMap<string, TaskRow>;

/** Milliseconds the leases are not read again: a tenth of what a lease lasts. */
const LEASES_KEPT = 3000;
let kept: { readonly at: number; readonly tasks: Promise<Tasks> } | undefined;

/** Tasks with a row in the fleet table, dead ones too: whether a lease is good is asked with the time. */
export function readTasks(now = Date.now()): Promise<Tasks> {
  if (kept === undefined || now - kept.at > LEASES_KEPT) {
    const tasks = queryTasks();
    kept = { at: now, tasks };
    tasks.catch(() => (kept = undefined));
  }
  return kept.tasks;
}

async function queryTasks(): Promise<Tasks> {
  const rows = await queryFleet('task');
  return new Map(rows.map((row) => taskRow.parse(row)).map((row) => [row.id, row]));
}

/** Every row of one kind in the fleet table, or the first `most`. */
export async function queryFleet(kind: string, most = Infinity): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  const pages = paginateQuery(
    { client: dynamo },
    {
      TableName: required('FLEET_TABLE'),
      ConsistentRead: true,
      KeyConditionExpression: '#kind = :kind',
      ExpressionAttributeNames: { '#kind': 'kind' },
      ExpressionAttributeValues: { ':kind': kind },
      ...(Number.isFinite(most) && { Limit: Math.min(most, 1000) }),
    },
  );
  for await (const { Items = [] } of pages) {
    rows.push(...Items);
    if (rows.length >= most) return rows.slice(0, most);
  }
  return rows;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
export const newRequestId = (): string =>
  Array.from({ length: 20 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

/** Distributes over `Command`, so that each kind keeps its own fields. */
type Asked<C> = C extends Command ? Omit<C, 'requestId' | 'device' | 'requestedAt'> : never;

/** Sends a command to a task's queue; answers its request id. False: the queue is gone, and so is the task. */
export async function sendCommand(
  task: Pick<TaskRow, 'queueUrl'>,
  device: string,
  asked: Asked<Command>,
  requestId = newRequestId(),
): Promise<boolean> {
  const message = command.parse({ ...asked, requestId, device, requestedAt: new Date().toISOString() });
  try {
    await sqs.send(new SendMessageCommand({ QueueUrl: task.queueUrl, MessageBody: JSON.stringify(message) }));
    return true;
  } catch (error) {
    if (isQueueGone(error)) return false;
    throw error;
  }
}

const isQueueGone = (error: unknown): boolean =>
  error instanceof Error && ['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue'].includes(error.name);

/** Seconds an answer is kept. */
const ANSWER_SECONDS = 3600;

/** The row a task answers a command in, written before the command is sent. */
export async function expectAnswer(device: string, type: string, id: string): Promise<AnswerRow> {
  const now = Date.now();
  const row = answerRow.parse({
    kind: 'answer',
    id,
    device,
    type,
    status: 'sent',
    at: new Date(now).toISOString(),
    expiresAt: Math.floor(now / 1000) + ANSWER_SECONDS,
  });
  await dynamo.send(new PutCommand({ TableName: required('FLEET_TABLE'), Item: row }));
  return row;
}

export async function readAnswer(id: string): Promise<AnswerRow | undefined> {
  const { Item } = await dynamo.send(
    new GetCommand({ TableName: required('FLEET_TABLE'), Key: { kind: 'answer', id }, ConsistentRead: true }),
  );
  return Item === undefined ? undefined : answerRow.parse(Item);
}
