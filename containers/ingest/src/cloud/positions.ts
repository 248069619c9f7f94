/** Points gathered per device and written as items of many (lib/contract/positions.ts): bounded, by time or by size. */
import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { MAX_POINTS, type Point, type PositionItem } from '../../../../lib/contract/positions.ts';
import { positionItems } from './position-items.ts';
import type { Metrics } from '../common/metrics.ts';
import { sleep } from '../common/time.ts';

export interface PositionOptions {
  /** Milliseconds points wait at most. */
  readonly waitMs: number;
  readonly metrics: Metrics;
  readonly failed: (error: unknown) => void;
  readonly write: (items: readonly PositionItem[]) => Promise<readonly PositionItem[]>;
  /** Items that wait for the table at most; beyond it the oldest are dropped. */
  readonly mostWaiting?: number;
}

interface Gathered {
  readonly since: number;
  readonly retentionDays: number;
  readonly points: Point[];
}

const BATCH = 25;
const PARALLEL = 4;
const PAUSE = 500;

export class Positions {
  readonly #options: PositionOptions;
  /** In the order their first points came. */
  readonly #gathered = new Map<string, Gathered>();
  #waiting: PositionItem[] = [];
  #running = 0;

  constructor(options: PositionOptions) {
    this.#options = options;
  }

  /** `now` monotonic milliseconds. */
  add(device: string, retentionDays: number, point: Point, now: number): void {
    let gathered = this.#gathered.get(device);
    if (gathered === undefined) {
      gathered = { since: now, retentionDays, points: [] };
      this.#gathered.set(device, gathered);
    }
    gathered.points.push(point);
    this.#options.metrics.counts.positions += 1;
    if (gathered.points.length >= MAX_POINTS) this.#flush(device, gathered);
  }

  /** Call it once a second. */
  tick(now: number): void {
    for (const [device, gathered] of this.#gathered) {
      if (now - gathered.since < this.#options.waitMs) break;
      this.#flush(device, gathered);
    }
    this.#send();
  }

  /** Writes everything, or gives up at `deadline` (monotonic milliseconds). */
  async drain(deadline: number): Promise<void> {
    for (const [device, gathered] of this.#gathered) this.#flush(device, gathered);
    this.#send();
    while ((this.#waiting.length > 0 || this.#running > 0) && performance.now() < deadline) await sleep(20);
  }

  #flush(device: string, { points, retentionDays }: Gathered): void {
    this.#gathered.delete(device);
    this.#waiting.push(...positionItems(device, points, retentionDays));
    const over = this.#waiting.length - (this.#options.mostWaiting ?? 20_000);
    if (over > 0) this.#options.metrics.add('droppedPositions', this.#waiting.splice(0, over).length);
    if (this.#waiting.length >= BATCH) this.#send();
  }

  #send(): void {
    while (this.#running < PARALLEL && this.#waiting.length > 0) {
      this.#running += 1;
      void this.#write(this.#waiting.splice(0, BATCH));
    }
  }

  async #write(items: readonly PositionItem[]): Promise<void> {
    let left = items;
    try {
      left = await this.#options.write(items);
    } catch (error) {
      this.#options.failed(error);
    }
    if (left.length > 0) {
      this.#waiting.unshift(...left);
      await sleep(PAUSE);
    }
    this.#running -= 1;
    this.#send();
  }
}

/** Writes at most 25 items; answers those the table has not taken. */
export function writePositions(dynamo: Pick<DynamoDBDocumentClient, 'send'>, table: string) {
  return async (items: readonly PositionItem[]): Promise<readonly PositionItem[]> => {
    // The table refuses a batch that names a key twice; the same points make the same key.
    const unique = [...new Map(items.map((item) => [`${item.track} ${item.start}`, item])).values()];
    const { UnprocessedItems } = await dynamo.send(
      new BatchWriteCommand({ RequestItems: { [table]: unique.map((Item) => ({ PutRequest: { Item } })) } }),
    );
    return (UnprocessedItems?.[table] ?? []).flatMap(({ PutRequest }) =>
      PutRequest?.Item === undefined ? [] : [PutRequest.Item as PositionItem],
    );
  };
}
