/** The alarms table. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
  type DynamoDBDocumentClient,
} from '@aws-sdk/lib-dynamodb';
import { Turns } from '../common/turns.ts';
import { alarmRecord, alarmSortKey, type AlarmFile, type AlarmRecord } from '../../../../lib/contract/device.ts';

export interface AlarmKey {
  readonly device: string;
  readonly id: string;
  /** Epoch milliseconds. */
  readonly time: number;
}

/** Alarms of a device between the beginning of one and its end, that are looked through. */
const MOST_BETWEEN = 200;
/** Alarms of a device, the latest, among which those are looked for that nobody was told of. */
const MOST_LATEST = 50;

export class AlarmStore {
  readonly #dynamo: Pick<DynamoDBDocumentClient, 'send'>;
  readonly #table: string;
  readonly #turns = new Turns();

  constructor(dynamo: Pick<DynamoDBDocumentClient, 'send'>, table: string) {
    this.#dynamo = dynamo;
    this.#table = table;
  }

  /**
   * False: it is there already, a device having reported it twice. With the `seed` of an attempt whose answer was lost, the same
   * alarm is as new as it was then.
   */
  async put(
    alarm: Omit<AlarmRecord, 'at' | 'expiresAt' | 'seed'> & { readonly seed: string },
    retentionDays: number,
  ): Promise<boolean> {
    const Item = alarmRecord.parse({
      ...alarm,
      at: alarmSortKey(alarm),
      expiresAt: Math.ceil(Date.now() / 1000) + retentionDays * 86_400,
    });
    return this.#ifHeld(
      new PutCommand({
        TableName: this.#table,
        Item,
        ConditionExpression: 'attribute_not_exists(device) OR seed = :seed',
        ExpressionAttributeValues: { ':seed': alarm.seed },
      }),
    );
  }

  /**
   * Says of the alarm that began when it was over, by its end, or by its beginning if that came late. Whichever of the two is
   * written last finds the other, so call it once either is there; twice is as once. Devices tell whole seconds: an end is of what began
   * in the same second, too; what begins then is not over by it, since it may have begun again.
   */
  async settle(alarm: Pick<AlarmRecord, 'device' | 'id' | 'time' | 'kind' | 'type' | 'phase'>): Promise<void> {
    if (alarm.phase === 'event') return;
    const { device, time } = alarm;
    const at = alarmSortKey(alarm);
    const isEnd = alarm.phase === 'end';
    // Behind every alarm of its second.
    const second = alarmSortKey({ time, id: '~' });
    const { Items = [] } = await this.#dynamo.send(
      new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: `device = :device AND #at ${isEnd ? '<' : '>'} :second`,
        FilterExpression: '#kind = :kind AND #type = :type',
        ExpressionAttributeNames: { '#at': 'at', '#kind': 'kind', '#type': 'type' },
        ExpressionAttributeValues: { ':device': device, ':second': second, ':kind': alarm.kind, ':type': alarm.type },
        ScanIndexForward: !isEnd,
        Limit: MOST_BETWEEN,
        ConsistentRead: true,
      }),
    );
    const other = Items.map((item) => alarmRecord.parse(item))
      .filter(({ at: other }) => other !== at)
      .find(({ phase }) => phase !== 'event');
    if (other === undefined || other.phase === alarm.phase) return;
    await this.#ifHeld(
      new UpdateCommand({
        TableName: this.#table,
        Key: { device, at: isEnd ? other.at : at },
        UpdateExpression: 'SET endedAt = :end',
        // Of two ends it was over at the first.
        ConditionExpression: 'attribute_exists(device) AND (attribute_not_exists(endedAt) OR endedAt > :end)',
        ExpressionAttributeValues: { ':end': isEnd ? time : other.time },
      }),
    );
  }

  /** Others have been told of it. */
  told({ device, ...alarm }: Pick<AlarmRecord, 'device' | 'id' | 'time'>): Promise<boolean> {
    return this.#ifHeld(
      new UpdateCommand({
        TableName: this.#table,
        Key: { device, at: alarmSortKey(alarm) },
        UpdateExpression: 'REMOVE untold',
        ConditionExpression: 'attribute_exists(device)',
      }),
    );
  }

  /** Nobody has been told of it yet. */
  async isUntold({ device, id, time }: Pick<AlarmRecord, 'device' | 'id' | 'time'>): Promise<boolean> {
    return (await this.read({ device, id, time: Date.parse(time) }))?.untold === true;
  }

  /** Alarms of a device that nobody was told of, since then (epoch milliseconds), among the latest it has had. */
  async untold(device: string, since: number): Promise<AlarmRecord[]> {
    const { Items = [] } = await this.#dynamo.send(
      new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: 'device = :device AND #at > :since',
        FilterExpression: 'attribute_exists(untold)',
        ExpressionAttributeNames: { '#at': 'at' },
        ExpressionAttributeValues: { ':device': device, ':since': new Date(since).toISOString() },
        ScanIndexForward: false,
        Limit: MOST_LATEST,
      }),
    );
    return Items.map((item) => alarmRecord.parse(item));
  }

  /** The record; undefined when there is none. */
  async read(key: AlarmKey): Promise<AlarmRecord | undefined> {
    const { Item } = await this.#dynamo.send(
      new GetCommand({ TableName: this.#table, Key: keyOf(key), ConsistentRead: true }),
    );
    return Item === undefined ? undefined : alarmRecord.parse(Item);
  }

  /**
   * One of its files, counted from 1, which is listed there. What is said of others, over other connections, stays. False: it is
   * not listed there, or is complete already.
   */
  file(key: AlarmKey, number: number, file: AlarmFile): Promise<boolean> {
    const path = `files[${number - 1}]`;
    return this.#ifHeld(
      new UpdateCommand({
        TableName: this.#table,
        Key: keyOf(key),
        UpdateExpression: `SET ${path} = :file`,
        ConditionExpression: `${path}.#name = :name AND ${path}.#state <> :complete`,
        ExpressionAttributeNames: { '#name': 'name', '#state': 'state' },
        ExpressionAttributeValues: { ':file': file, ':name': file.name, ':complete': 'complete' },
      }),
    );
  }

  /** Work on one alarm, one after another: what this task does to its list does not have to be done again for that. */
  inTurn<T>(key: AlarmKey, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(`${key.device} ${key.id} ${key.time}`, work);
  }

  /** All of its files, as a device lists them. False: they are not `before` any more, changed over another connection. */
  files(key: AlarmKey, files: readonly AlarmFile[], before: readonly AlarmFile[]): Promise<boolean> {
    return this.#ifHeld(
      new UpdateCommand({
        TableName: this.#table,
        Key: keyOf(key),
        UpdateExpression: 'SET files = :files',
        ConditionExpression: 'files = :before',
        ExpressionAttributeValues: { ':files': files, ':before': before },
      }),
    );
  }

  async #ifHeld(command: PutCommand | UpdateCommand): Promise<boolean> {
    try {
      await this.#dynamo.send(command as PutCommand);
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }
}

const keyOf = ({ device, id, time }: AlarmKey) => ({
  device,
  at: alarmSortKey({ id, time: new Date(time).toISOString() }),
});
