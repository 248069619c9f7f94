/**
 * What one device has had kept today, counted in the fleet table: so a limit holds over all its connections, all tasks, and
 * their restarts. A day is one of UTC.
 */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { usageKind } from '../../../../lib/contract/fleet.ts';

export const COUNTED = ['files', 'bytes', 'encodes', 'alarms'] as const;
export type Counted = (typeof COUNTED)[number];
export type Limits = Readonly<Record<Counted, number>>;
export type Amounts = Readonly<Partial<Record<Counted, number>>>;

const DAY_SECONDS = 86_400;
/** Devices remembered as being over one of their limits. */
const MOST_KNOWN = 50_000;

export class Usage {
  readonly #dynamo: Pick<DynamoDBDocumentClient, 'send'>;
  readonly #table: string;
  readonly #limits: Limits;
  /** Device and what it is over, to the day: who has used up a day costs no more writes. */
  readonly #over = new Map<string, string>();

  constructor(dynamo: Pick<DynamoDBDocumentClient, 'send'>, table: string, limits: Limits) {
    this.#dynamo = dynamo;
    this.#table = table;
    this.#limits = limits;
  }

  /** Takes all of it, or nothing; answers whether. Rejects when the table cannot be written: then nothing may be kept. */
  async take(device: string, amounts: Amounts, now = Date.now()): Promise<boolean> {
    const names = COUNTED.filter((name) => amounts[name] !== undefined);
    if (names.some((name) => this.isOver(device, name, now) || amounts[name]! > this.#limits[name])) return false;
    try {
      await this.#add(
        device,
        amounts,
        now,
        names.map((name) => `(attribute_not_exists(#${name}) OR #${name} <= :${name}Left)`).join(' AND '),
        Object.fromEntries(names.map((name) => [`:${name}Left`, this.#limits[name] - amounts[name]!])),
      );
      return true;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      // Of several it is not said which; and a smaller file may still fit into the bytes of a day.
      const [only, another] = names;
      if (only !== undefined && another === undefined && amounts[only] === 1) this.#remember(device, only, now);
      return false;
    }
  }

  /** What was taken, and not used after all. */
  async giveBack(device: string, amounts: Amounts, now = Date.now()): Promise<void> {
    const less = Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, -amount]));
    await this.#add(device, less, now);
  }

  /** Known here already to be over: asks nobody. */
  isOver(device: string, what: Counted, now = Date.now()): boolean {
    return this.#over.get(`${device} ${what}`) === dayOf(now);
  }

  #remember(device: string, what: Counted, now: number): void {
    if (this.#over.size >= MOST_KNOWN) this.#over.clear();
    this.#over.set(`${device} ${what}`, dayOf(now));
  }

  async #add(device: string, amounts: Amounts, now: number, condition?: string, more: object = {}): Promise<void> {
    const names = Object.keys(amounts);
    await this.#dynamo.send(
      new UpdateCommand({
        TableName: this.#table,
        Key: { kind: usageKind(device), id: dayOf(now) },
        UpdateExpression: `ADD ${names.map((name) => `#${name} :${name}`).join(', ')} SET expiresAt = :expiresAt`,
        ...(condition !== undefined && { ConditionExpression: condition }),
        ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
        ExpressionAttributeValues: {
          ...Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [`:${name}`, amount])),
          ':expiresAt': (Math.floor(now / 1000 / DAY_SECONDS) + 2) * DAY_SECONDS,
          ...more,
        },
      }),
    );
  }
}

export const dayOf = (now: number): string => new Date(now).toISOString().slice(0, 10);
