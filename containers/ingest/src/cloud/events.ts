/** `sluice.device` events, ten a call. Telling others is never worth a device's waiting: a bounded queue, the oldest lost. */
import { PutEventsCommand, type EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { DEVICE_EVENT_SOURCE, deviceEvent, type DeviceEvent } from '../../../../lib/contract/events.ts';

export interface EventOptions {
  readonly bus: string;
  readonly task: string;
  /** Of this deployment, by which it knows its own on a bus that all of an account share: its table of devices. */
  readonly of: string;
  readonly failed: (error: unknown) => void;
  readonly dropped: () => void;
}

const BATCH = 10;
const MOST_WAITING = 2000;
/** What the bus may say of an event that it takes a second later (EventBridge API, PutEventsResultEntry). */
const PASSING = new Set(['ThrottlingException', 'InternalFailure', 'InternalException']);

/** Of an event of which it matters that the bus takes it. */
export interface Followed {
  readonly name: string;
  /** Called when it has. Of one that is lost nothing is said. */
  readonly taken: () => void;
}

interface Waiting {
  readonly event: DeviceEvent;
  readonly followed: Followed | undefined;
}

export class DeviceEvents {
  readonly #client: Pick<EventBridgeClient, 'send'>;
  readonly #options: EventOptions;
  #waiting: Waiting[] = [];
  readonly #followed = new Set<string>();
  #running: Promise<void> | undefined;

  constructor(client: Pick<EventBridgeClient, 'send'>, options: EventOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** An event of this name waits, or is under way. */
  has(name: string): boolean {
    return this.#followed.has(name);
  }

  publish(event: Omit<DeviceEvent, 'task' | 'at'>, followed?: Followed): void {
    const made = deviceEvent.safeParse({ ...event, task: this.#options.task, at: new Date().toISOString() });
    if (!made.success) {
      this.#options.failed(made.error);
      return;
    }
    this.#waiting.push({ event: made.data, followed });
    if (followed) this.#followed.add(followed.name);
    this.#bound();
  }

  #bound(): void {
    while (this.#waiting.length > MOST_WAITING) {
      this.#over(this.#waiting.shift()!);
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
      const Entries = batch.map(({ event }) => entryOf(event, this.#options));
      try {
        // Some may be refused where the call as a whole is answered well.
        const { FailedEntryCount = 0, Entries: answers = [] } = await this.#client.send(
          new PutEventsCommand({ Entries }),
        );
        const codes = batch.map((_, i) => (FailedEntryCount === 0 ? undefined : answers[i]?.ErrorCode));
        const later = batch.filter((_, i) => PASSING.has(codes[i] ?? ''));
        for (const [i, one] of batch.entries()) {
          if (later.includes(one)) continue;
          this.#over(one);
          if (codes[i] === undefined) one.followed?.taken();
        }
        if (FailedEntryCount === 0) continue;
        this.#options.failed(new Error(`the bus refused ${FailedEntryCount} events: ${codes.find(Boolean)}`));
        this.#later(later);
      } catch (error) {
        this.#options.failed(error);
        this.#later(batch);
      }
      return;
    }
  }

  /** First in turn at the next call, a second from now. */
  #later(batch: readonly Waiting[]): void {
    this.#waiting.unshift(...batch);
    this.#bound();
  }

  #over({ followed }: Waiting): void {
    if (followed) this.#followed.delete(followed.name);
  }
}

const entryOf = (event: DeviceEvent, { bus, of }: Pick<EventOptions, 'bus' | 'of'>) => ({
  EventBusName: bus,
  Source: DEVICE_EVENT_SOURCE,
  Resources: [of],
  DetailType: event.type,
  Detail: JSON.stringify(event),
});
