/** The webhooks table. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
  type QueryCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import {
  deliveryRow,
  WEBHOOKS,
  webhookRow,
  type Attempt,
  type Delivery,
  type DeliveryRow,
  type WebhookRow,
} from '../../lib/contract/webhook.ts';
import { dynamo } from '../shared/clients.ts';

const TableName = () => required('WEBHOOKS_TABLE');
const keyOf = (id: string) => ({ kind: WEBHOOKS, id });

/** All there are: few enough for one page. */
export async function allWebhooks(): Promise<WebhookRow[]> {
  const { Items = [] } = await dynamo.send(
    new QueryCommand({
      TableName: TableName(),
      ConsistentRead: true,
      KeyConditionExpression: 'kind = :kind',
      ExpressionAttributeValues: { ':kind': WEBHOOKS },
    }),
  );
  return Items.map((item) => webhookRow.parse(item)).toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}

export async function readWebhook(id: string): Promise<WebhookRow | undefined> {
  const { Item } = await dynamo.send(new GetCommand({ TableName: TableName(), Key: keyOf(id), ConsistentRead: true }));
  return Item && webhookRow.parse(Item);
}

export const putWebhook = (row: WebhookRow): Promise<unknown> =>
  dynamo.send(new PutCommand({ TableName: TableName(), Item: row }));

/** Sets fields of one that is there. Undefined: it is not. */
export async function changeWebhook(
  id: string,
  fields: { readonly [K in keyof WebhookRow]?: WebhookRow[K] | undefined },
  remove: readonly (keyof WebhookRow)[] = [],
) {
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  const names = [...set.map(([name]) => name), ...remove];
  const parts = [
    ...(set.length > 0 ? [`SET ${set.map(([name]) => `#${name} = :${name}`).join(', ')}`] : []),
    ...(remove.length > 0 ? [`REMOVE ${remove.map((name) => `#${name}`).join(', ')}`] : []),
  ];
  if (parts.length === 0) return await readWebhook(id);
  return await updateWebhook(id, {
    set: parts.join(' '),
    names: Object.fromEntries(names.map((name) => [`#${name}`, name])),
    values: Object.fromEntries(set.map(([name, value]) => [`:${name}`, value])),
  });
}

interface Update {
  /** The expression, and under what condition beside that the webhook is there. */
  readonly set: string;
  readonly when?: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, unknown>>;
}

/** The webhook as it is then. Undefined: it is not there, or is not so. */
export const updateWebhook = (id: string, { set, when, names, values = {} }: Update): Promise<WebhookRow | undefined> =>
  unlessGone(async () => {
    const { Attributes } = await dynamo.send(
      new UpdateCommand({
        TableName: TableName(),
        Key: keyOf(id),
        UpdateExpression: set,
        ConditionExpression: `attribute_exists(id)${when === undefined ? '' : ` AND ${when}`}`,
        ...(names && { ExpressionAttributeNames: names }),
        ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
        ReturnValues: 'ALL_NEW',
      }),
    );
    return webhookRow.parse(Attributes);
  });

export const deleteWebhook = (id: string): Promise<unknown> =>
  dynamo.send(new DeleteCommand({ TableName: TableName(), Key: keyOf(id) }));

/** False: it is there already, as an event that the bus brought twice. */
export async function putDelivery(row: DeliveryRow): Promise<boolean> {
  const made = await unlessGone(async () => {
    await dynamo.send(
      new PutCommand({ TableName: TableName(), Item: row, ConditionExpression: 'attribute_not_exists(id)' }),
    );
    return true;
  });
  return made === true;
}

export async function readDelivery(kind: string, id: string): Promise<DeliveryRow | undefined> {
  const { Item } = await dynamo.send(
    new GetCommand({ TableName: TableName(), Key: { kind, id }, ConsistentRead: true }),
  );
  return Item && deliveryRow.parse(Item);
}

/** Longer than a try takes, and shorter than until its message is seen again. */
const TAKEN_SECONDS = 60;

/**
 * Takes a delivery for one try. False: it does not wait, or somebody is at it, or its time is not there: its message came twice.
 * `now`: epoch milliseconds. Who took it and died is waited for no longer than a minute.
 */
export async function takeDelivery({ kind, id }: Pick<DeliveryRow, 'kind' | 'id'>, now: number): Promise<boolean> {
  const seconds = Math.floor(now / 1000);
  const taken = await unlessGone(async () => {
    await dynamo.send(
      new UpdateCommand({
        TableName: TableName(),
        Key: { kind, id },
        UpdateExpression: 'SET takenUntil = :until',
        ConditionExpression:
          '#state = :waiting AND (attribute_not_exists(takenUntil) OR takenUntil < :seconds) AND (attribute_not_exists(nextAt) OR nextAt <= :now)',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: {
          ':until': seconds + TAKEN_SECONDS,
          ':seconds': seconds,
          ':now': new Date(now).toISOString(),
          ':waiting': 'waiting',
        },
      }),
    );
    return true;
  });
  return taken === true;
}

/** Seconds until a delivery that waits may be tried, at least one. `now`: epoch milliseconds. */
export function secondsUntilFree({ takenUntil = 0, nextAt }: DeliveryRow, now: number): number {
  const free = Math.max((takenUntil + 1) * 1000, nextAt === undefined ? 0 : Date.parse(nextAt));
  return Math.max(1, Math.ceil((free - now) / 1000));
}

/** Notes a try, if it is still there. `nextAt`: null where there is no next one. */
export const noteAttempt = (
  { kind, id }: Pick<DeliveryRow, 'kind' | 'id'>,
  attempt: Attempt,
  state: Delivery['state'],
  nextAt: string | null,
): Promise<unknown> =>
  unlessGone(() =>
    dynamo.send(
      new UpdateCommand({
        TableName: TableName(),
        Key: { kind, id },
        UpdateExpression: `SET #state = :state, attempts = list_append(attempts, :attempt)${nextAt === null ? ' REMOVE nextAt, takenUntil' : ', nextAt = :nextAt REMOVE takenUntil'}`,
        ConditionExpression: 'attribute_exists(id)',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: {
          ':state': state,
          ':attempt': [attempt],
          ...(nextAt !== null && { ':nextAt': nextAt }),
        },
      }),
    ),
  );

/** Notes a try of one that waits on. `attempts`: all that are kept of it. */
export const noteProbe = (
  { kind, id }: Pick<DeliveryRow, 'kind' | 'id'>,
  attempts: readonly Attempt[],
): Promise<unknown> =>
  unlessGone(() =>
    dynamo.send(
      new UpdateCommand({
        TableName: TableName(),
        Key: { kind, id },
        UpdateExpression: 'SET attempts = :attempts REMOVE takenUntil',
        ConditionExpression: 'attribute_exists(id)',
        ExpressionAttributeValues: { ':attempts': attempts },
      }),
    ),
  );

/** Has no time of its own any more, if it waits. */
export const forgetNext = ({ kind, id }: Pick<DeliveryRow, 'kind' | 'id'>): Promise<unknown> =>
  unlessGone(() =>
    dynamo.send(
      new UpdateCommand({
        TableName: TableName(),
        Key: { kind, id },
        UpdateExpression: 'REMOVE nextAt',
        ConditionExpression: '#state = :waiting',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':waiting': 'waiting' },
      }),
    ),
  );

/** The oldest first, from this id on. `page`: rows read at once. */
export const deliveriesFrom = (webhook: string, first: string, page: number): AsyncGenerator<DeliveryRow> =>
  deliveries({
    KeyConditionExpression: 'kind = :kind AND id >= :first',
    ExpressionAttributeValues: { ':kind': webhook, ':first': first },
    ConsistentRead: true,
    Limit: page,
  });

/** The newest first. `before`: those made before this one. */
export const deliveriesOf = (webhook: string, before: string | undefined): AsyncGenerator<DeliveryRow> =>
  deliveries({
    KeyConditionExpression: before === undefined ? 'kind = :kind' : 'kind = :kind AND id < :before',
    ExpressionAttributeValues: { ':kind': webhook, ...(before !== undefined && { ':before': before }) },
    ScanIndexForward: false,
  });

async function* deliveries(query: Omit<QueryCommandInput, 'TableName'>): AsyncGenerator<DeliveryRow> {
  let from: Record<string, unknown> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamo.send(
      new QueryCommand({ TableName: TableName(), ...query, ...(from && { ExclusiveStartKey: from }) }),
    );
    for (const item of Items) yield deliveryRow.parse(item);
    from = LastEvaluatedKey;
  } while (from);
}

async function unlessGone<T>(write: () => Promise<T>): Promise<T | undefined> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}
