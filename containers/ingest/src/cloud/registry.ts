/** Registered devices, read from their table and kept for a few seconds: a device asks many times while it connects. */
import { GetCommand, QueryCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { deviceRecord, mediaKeyOf, type DeviceRecord } from '../../../../lib/contract/device.ts';
import { DEVICE_ID } from '../../../../lib/contract/live-keys.ts';

/** Milliseconds a record, or its absence, is believed. */
const KEPT_MS = 4000;
const MOST_KEPT = 20_000;

interface Kept<T> {
  readonly at: number;
  readonly value: Promise<T>;
}

/** The record, or undefined: not registered. Rejects when the table cannot be asked. */
export class Registry {
  readonly #dynamo: Pick<DynamoDBDocumentClient, 'send'>;
  readonly #table: string;
  readonly #records = new Kepts<DeviceRecord | undefined>();
  readonly #mediaKeys = new Kepts<string | undefined>();

  constructor(dynamo: Pick<DynamoDBDocumentClient, 'send'>, table: string) {
    this.#dynamo = dynamo;
    this.#table = table;
  }

  /** At most a few seconds old. */
  get(id: string): Promise<DeviceRecord | undefined> {
    return DEVICE_ID.test(id) ? this.#records.get(id, () => this.#read(id)) : Promise.resolve(undefined);
  }

  /** As it is now. */
  fresh(id: string): Promise<DeviceRecord | undefined> {
    this.#records.forget(id);
    return this.get(id);
  }

  /** As it is now. That it was absent a moment ago is believed, though: strangers that keep coming cost no reads. */
  async arriving(id: string): Promise<DeviceRecord | undefined> {
    const kept = this.#records.kept(id);
    if (kept === undefined) return this.get(id);
    return (await kept) === undefined ? undefined : this.fresh(id);
  }

  /**
   * The device that a media packet's SIM, as an identity, belongs to. A terminal with more
   * digits than fit a SIM of six bytes sends the last ones only; where two devices share those, neither is taken.
   */
  async bySim(identity: string): Promise<DeviceRecord | undefined> {
    const same = await this.get(identity);
    if (same !== undefined) return same;
    const key = mediaKeyOf(identity);
    const id = await this.#mediaKeys.get(key, () => this.#find(key));
    return id === undefined ? undefined : this.get(id);
  }

  async #read(id: string): Promise<DeviceRecord | undefined> {
    const { Item } = await this.#dynamo.send(
      new GetCommand({ TableName: this.#table, Key: { id }, ConsistentRead: true }),
    );
    return Item === undefined ? undefined : deviceRecord.parse(Item);
  }

  async #find(mediaKey: string): Promise<string | undefined> {
    const { Items = [] } = await this.#dynamo.send(
      new QueryCommand({
        TableName: this.#table,
        IndexName: 'byMediaKey',
        KeyConditionExpression: 'mediaKey = :key',
        ExpressionAttributeValues: { ':key': mediaKey },
        Limit: 2,
      }),
    );
    const [only, another] = Items;
    return another === undefined && typeof only?.['id'] === 'string' ? only['id'] : undefined;
  }
}

/** Answers by key, kept for a while and asked for once at a time. */
class Kepts<T> {
  readonly #kept = new Map<string, Kept<T>>();

  kept(key: string): Promise<T> | undefined {
    const kept = this.#kept.get(key);
    return kept !== undefined && performance.now() - kept.at < KEPT_MS ? kept.value : undefined;
  }

  get(key: string, ask: () => Promise<T>): Promise<T> {
    const kept = this.kept(key);
    if (kept !== undefined) return kept;
    const value = ask();
    this.#kept.delete(key);
    this.#kept.set(key, { at: performance.now(), value });
    value.catch(() => this.forget(key));
    if (this.#kept.size > MOST_KEPT) this.forget(this.#kept.keys().next().value!);
    return value;
  }

  forget(key: string): void {
    this.#kept.delete(key);
  }
}
