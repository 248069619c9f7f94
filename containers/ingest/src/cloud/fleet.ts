/** The fleet table: this task's lease, other tasks' leases, answers to commands, and devices that are not registered. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
  type DynamoDBDocumentClient,
} from '@aws-sdk/lib-dynamodb';
import {
  LEASE_SECONDS,
  playbackRow,
  taskRow,
  type PlaybackRow,
  type TaskRow,
  type UnknownRow,
} from '../../../../lib/contract/fleet.ts';
import { answerRow, type AnswerRow, type Command } from '../../../../lib/contract/commands.ts';

const DAY_SECONDS = 86_400;
const ANSWER_SECONDS = 3600;
/** Milliseconds the other tasks' leases are kept before they are read again. */
const LEASES_KEPT = 3000;

export type Answer = Omit<AnswerRow, 'kind' | 'id' | 'device' | 'type' | 'at' | 'expiresAt'>;

export class Fleet {
  readonly #dynamo: Pick<DynamoDBDocumentClient, 'send'>;
  readonly #table: string;
  #leases: { readonly at: number; readonly rows: Promise<TaskRow[]> } | undefined;

  constructor(dynamo: Pick<DynamoDBDocumentClient, 'send'>, table: string) {
    this.#dynamo = dynamo;
    this.#table = table;
  }

  async renew(row: Omit<TaskRow, 'kind' | 'leaseUntil' | 'expiresAt'>, now = Date.now()): Promise<void> {
    const leaseUntil = Math.floor(now / 1000) + LEASE_SECONDS;
    const Item = taskRow.parse({ kind: 'task', ...row, leaseUntil, expiresAt: leaseUntil + DAY_SECONDS });
    await this.#dynamo.send(new PutCommand({ TableName: this.#table, Item }));
  }

  async removeTask(id: string): Promise<void> {
    await this.#dynamo.send(new DeleteCommand({ TableName: this.#table, Key: { kind: 'task', id } }));
  }

  /** Every task's row, at most a few seconds old. */
  tasks(now = Date.now()): Promise<TaskRow[]> {
    if (this.#leases === undefined || now - this.#leases.at > LEASES_KEPT) {
      const rows = this.#query();
      this.#leases = { at: now, rows };
      rows.catch(() => (this.#leases = undefined));
    }
    return this.#leases.rows;
  }

  async isAlive(task: string | undefined, now = Date.now()): Promise<boolean> {
    const rows = await this.tasks(now);
    return rows.some(({ id, leaseUntil }) => id === task && leaseUntil * 1000 > now);
  }

  async answer({ requestId: id, device, type }: Command, answer: Answer, now = Date.now()): Promise<void> {
    const Item = answerRow.parse({
      kind: 'answer',
      id,
      device,
      type,
      at: new Date(now).toISOString(),
      expiresAt: Math.floor(now / 1000) + ANSWER_SECONDS,
      ...answer,
    });
    await this.#dynamo.send(new PutCommand({ TableName: this.#table, Item }));
  }

  async expectPlayback(row: Omit<PlaybackRow, 'kind' | 'id' | 'expiresAt'>, seconds: number): Promise<void> {
    const expiresAt = Math.ceil(Date.now() / 1000 + seconds);
    const Item = playbackRow.parse({ kind: 'playback', id: playbackId(row.device, row.channel), ...row, expiresAt });
    await this.#dynamo.send(new PutCommand({ TableName: this.#table, Item }));
  }

  /** Undefined: none is expected (any more). */
  async playback(device: string, channel: number, now = Date.now()): Promise<PlaybackRow | undefined> {
    const { Item } = await this.#dynamo.send(
      new GetCommand({
        TableName: this.#table,
        Key: { kind: 'playback', id: playbackId(device, channel) },
        ConsistentRead: true,
      }),
    );
    const row = Item === undefined ? undefined : playbackRow.parse(Item);
    return row !== undefined && row.expiresAt * 1000 > now ? row : undefined;
  }

  /** It has arrived, or will not. Another one that was asked for since stays. */
  async playbackTaken({
    device,
    channel,
    requestId,
  }: Pick<PlaybackRow, 'device' | 'channel' | 'requestId'>): Promise<void> {
    try {
      await this.#dynamo.send(
        new DeleteCommand({
          TableName: this.#table,
          Key: { kind: 'playback', id: playbackId(device, channel) },
          ConditionExpression: 'requestId = :request',
          ExpressionAttributeValues: { ':request': requestId },
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }

  async unknown(row: Omit<UnknownRow, 'kind' | 'count' | 'firstSeenAt'>): Promise<void> {
    const { id, ...rest } = row;
    const names = Object.keys(rest).filter((name) => rest[name as keyof typeof rest] !== undefined);
    await this.#dynamo.send(
      new UpdateCommand({
        TableName: this.#table,
        Key: { kind: 'unknown', id },
        UpdateExpression: `ADD #count :one SET firstSeenAt = if_not_exists(firstSeenAt, :now), ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
        ExpressionAttributeNames: { '#count': 'count', ...Object.fromEntries(names.map((name) => [`#${name}`, name])) },
        ExpressionAttributeValues: {
          ':one': 1,
          ':now': row.lastSeenAt,
          ...Object.fromEntries(names.map((name) => [`:${name}`, rest[name as keyof typeof rest]])),
        },
      }),
    );
  }

  async #query(): Promise<TaskRow[]> {
    const { Items = [] } = await this.#dynamo.send(
      new QueryCommand({
        TableName: this.#table,
        ConsistentRead: true,
        KeyConditionExpression: '#kind = :kind',
        ExpressionAttributeNames: { '#kind': 'kind' },
        ExpressionAttributeValues: { ':kind': 'task' },
      }),
    );
    return Items.flatMap((item) => {
      const row = taskRow.safeParse(item);
      return row.success ? [row.data] : [];
    });
  }
}

const playbackId = (device: string, channel: number): string => `${device}/${channel}`;
