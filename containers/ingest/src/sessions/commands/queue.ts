/** This task's command queue: made at start, polled while it runs, removed at its end. */
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  type Message,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { command, type Command } from '../../../../../lib/contract/commands.ts';
import { sleep } from '../../common/time.ts';

export interface QueueOptions {
  readonly name: string;
  readonly run: (command: Command) => void;
  readonly failed: (error: unknown) => void;
}

const POLL_SECONDS = 20;
/** Nobody waits for a command longer than that. */
const KEPT_SECONDS = 120;
/** A command that waited that long is not obeyed: whoever sent it has given up. */
const STALE_MS = 60_000;
/** Milliseconds before the queue is asked again when it could not be. */
const PAUSE = 1000;
/** Request ids remembered: SQS may deliver a message twice. */
const REMEMBERED = 500;

export class CommandQueue {
  readonly #sqs: SQSClient;
  readonly #options: QueueOptions;
  readonly #seen = new Set<string>();
  readonly #stop = new AbortController();
  #url = '';
  #loop: Promise<void> | undefined;

  constructor(sqs: SQSClient, options: QueueOptions) {
    this.#sqs = sqs;
    this.#options = options;
  }

  /** Its URL, which the API sends to. */
  async open(): Promise<string> {
    await this.#make();
    this.#loop = this.#poll();
    return this.#url;
  }

  /** Takes no more commands. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  /** Rejects when it is still there, or may be. */
  async remove(url = this.#url): Promise<void> {
    if (url === '') return;
    try {
      await this.#sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  async #make(): Promise<void> {
    const { QueueUrl } = await this.#sqs.send(
      new CreateQueueCommand({
        QueueName: this.#options.name,
        Attributes: { MessageRetentionPeriod: String(KEPT_SECONDS), VisibilityTimeout: '30' },
      }),
    );
    if (QueueUrl === undefined) throw new Error('SQS gave no queue URL');
    this.#url = QueueUrl;
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const { Messages = [] } = await this.#sqs.send(
          new ReceiveMessageCommand({ QueueUrl: this.#url, WaitTimeSeconds: POLL_SECONDS, MaxNumberOfMessages: 10 }),
          { abortSignal: signal },
        );
        if (Messages.length > 0) await this.#take(Messages);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.failed(error);
        await sleep(PAUSE);
        // Another task took this one for dead, whose lease could not be written for a while. Its URL stays the same.
        if (isGone(error)) await this.#make().catch(this.#options.failed);
      }
    }
  }

  async #take(messages: readonly Message[]): Promise<void> {
    for (const { Body } of messages) {
      const parsed = command.safeParse(json(Body));
      if (!parsed.success) this.#options.failed(parsed.error);
      else if (this.#isNew(parsed.data)) this.#options.run(parsed.data);
    }
    await this.#sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl: this.#url,
        Entries: messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle })),
      }),
    );
  }

  #isNew({ requestId, requestedAt }: Command): boolean {
    if (this.#seen.has(requestId) || Date.now() - Date.parse(requestedAt) > STALE_MS) return false;
    this.#seen.add(requestId);
    if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.values().next().value!);
    return true;
  }
}

const isGone = (error: unknown): boolean =>
  error instanceof Error && ['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue'].includes(error.name);

function json(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
