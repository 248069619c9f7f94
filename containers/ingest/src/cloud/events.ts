/** `sluice.device` events, ten a call. Telling others is never worth a device's waiting: a bounded queue, the oldest lost. */
import { PutEventsCommand, type EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { DEVICE_EVENT_SOURCE, deviceEvent, type DeviceEvent } from '../../../../lib/contract/events.ts';

export interface EventOptions {
  readonly bus: string;
  readonly task: string;
  readonly failed: (error: unknown) => void;
  readonly dropped: () => void;
}

const BATCH = 10;
const MOST_WAITING = 2000;

export class DeviceEvents {
  readonly #client: Pick<EventBridgeClient, 'send'>;
  readonly #options: EventOptions;
  #waiting: DeviceEvent[] = [];
  #running: Promise<void> | undefined;

  constructor(client: Pick<EventBridgeClient, 'send'>, options: EventOptions) {
    this.#client = client;
    this.#options = options;
  }

  publish(event: Omit<DeviceEvent, 'task' | 'at'>): void {
    const made = deviceEvent.safeParse({ ...event, task: this.#options.task, at: new Date().toISOString() });
    if (!made.success) {
      this.#options.failed(made.error);
      return;
    }
    this.#waiting.push(made.data);
    if (this.#waiting.length > MOST_WAITING) {
      this.#waiting.shift();
      this.#options.dropped();
    }
  }

  /** Sends what waits. Call it once a second, and at the end. */
  flush(): Promise<void> {
    this.#running ??= this.#send().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH);
      let left: readonly DeviceEvent[] = batch;
      try {
        const Entries = batch.map((event) => entryOf(event, this.#options.bus));
        const answer = await this.#client.send(new PutEventsCommand({ Entries }));
        // A bus that is throttled takes some and leaves others.
        left = batch.filter((_, i) => answer.Entries?.[i]?.ErrorCode !== undefined);
        if (left.length > 0) this.#options.failed(new Error(`the bus left ${left.length} of ${batch.length} events`));
      } catch (error) {
        this.#options.failed(error);
      }
      if (left.length === 0) continue;
      // What waits for the next flush is bounded as ever.
      this.#waiting.unshift(...left);
      for (let over = this.#waiting.length - MOST_WAITING; over > 0; over -= 1) {
        this.#waiting.shift();
        this.#options.dropped();
      }
      return;
    }
  }
}

const entryOf = (event: DeviceEvent, bus: string) => ({
  EventBusName: bus,
  Source: DEVICE_EVENT_SOURCE,
  DetailType: event.type,
  Detail: JSON.stringify(event),
});
