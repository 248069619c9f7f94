/**
 * A queue that keeps order as SQS does ("FIFO queue delivery logic", SQS Developer Guide): messages of one group come in order, and none
 * while earlier ones are with somebody; what was not done comes again before what follows it. At once, and without SQS's own time-outs.
 */
import type { SQSEvent } from 'aws-lambda';

interface Message {
  readonly messageId: string;
  readonly group: string;
  readonly body: string;
}

/** What Lambda is given of one at most. */
const MOST = 10;

export const eventOf = (messages: readonly Message[]): SQSEvent =>
  ({
    Records: messages.map(({ messageId, group, body }) => ({ messageId, body, attributes: { MessageGroupId: group } })),
  }) as unknown as SQSEvent;

export class Fifo {
  readonly #groups = new Map<string, Message[]>();
  /** Groups that have something nobody is at. */
  readonly #ready = new Set<string>();
  #count = 0;

  send(group: string, value: unknown): void {
    const waiting = this.#groups.get(group) ?? [];
    waiting.push({ messageId: `m${(this.#count += 1)}`, group, body: JSON.stringify(value) });
    this.#groups.set(group, waiting);
    this.#ready.add(group);
  }

  /** None: all is done, or is with somebody. */
  receive(): Message[] {
    const taken: Message[] = [];
    for (const group of this.#ready) {
      taken.push(...this.#groups.get(group)!.slice(0, MOST - taken.length));
      this.#ready.delete(group);
      if (taken.length === MOST) break;
    }
    return taken;
  }

  /** `failed`: ids of those that come again. */
  settle(taken: readonly Message[], failed: ReadonlySet<string>): void {
    const done = new Set(taken.map(({ messageId }) => messageId).filter((id) => !failed.has(id)));
    for (const group of new Set(taken.map((one) => one.group))) {
      const left = this.#groups.get(group)!.filter(({ messageId }) => !done.has(messageId));
      this.#groups.set(group, left);
      if (left.length > 0) this.#ready.add(group);
    }
  }
}
