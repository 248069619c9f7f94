/** This task as the fleet knows it: its lease, its command queue, and the clearing away of tasks that died. */
import { LEASE_SECONDS, type TaskRow } from '../../../../../lib/contract/fleet.ts';
import type { Command } from '../../../../../lib/contract/commands.ts';
import type { Sessions } from '../control/sessions.ts';
import type { Streams } from '../../streams/streams.ts';
import type { Services } from '../../services.ts';
import type { Answer } from '../../cloud/fleet.ts';
import { CommandQueue } from './queue.ts';
import { failed, runCommand } from './run.ts';

/** Milliseconds after its lease ended that another task's traces are removed: until then it may only be slow. */
const DEAD_MS = 3 * LEASE_SECONDS * 1000;
const RENEW_MS = (LEASE_SECONDS * 1000) / 3;
/** Lease renewals between two looks for dead tasks. */
const CLEARING = 6;

export class TaskLease {
  readonly #services: Services;
  readonly #sessions: Sessions;
  readonly #streams: Streams;
  readonly #queue: CommandQueue;
  readonly #startedAt = new Date().toISOString();
  #queueUrl = '';
  #connections: () => number = () => 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #revision: string | undefined;
  readonly #renewMs: number;
  #draining = false;
  #outdated = false;
  #renewals = 0;

  /** `revision`: of this task's definition. `renewMs`: milliseconds from one renewal to the next. */
  constructor(services: Services, sessions: Sessions, streams: Streams, revision?: string, renewMs = RENEW_MS) {
    this.#services = services;
    this.#revision = revision;
    this.#renewMs = renewMs;
    this.#sessions = sessions;
    this.#streams = streams;
    this.#queue = new CommandQueue(services.aws.sqs, {
      name: services.config.queuePrefix + services.task,
      run: (command) => void this.#run(command),
      failed: (error) => services.log.failure('commands', error),
    });
  }

  async open(connections: () => number): Promise<void> {
    this.#connections = connections;
    this.#queueUrl = await this.#queue.open();
    await this.#renew();
    this.#timer = setInterval(() => void this.#tick(), this.#renewMs);
  }

  /** A deploy is under way, and this task is of what it replaces. */
  get outdated(): boolean {
    return this.#outdated;
  }

  /** Says that this task is about to end. */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.#renew().catch((error: unknown) => this.#services.log.failure('lease', error));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const { fleet, task, log } = this.#services;
    await this.#queue.close();
    try {
      await this.#queue.remove();
      // While this row is there, another task finds the queue by it and removes both.
      await fleet.removeTask(task);
    } catch (error) {
      log.failure('lease', error);
    }
  }

  async #tick(): Promise<void> {
    this.#renewals += 1;
    try {
      await this.#renew();
      const about = { startedAt: this.#startedAt, revision: this.#revision };
      this.#outdated = isOutdated(await this.#services.fleet.tasks(), about, Date.now());
      if (this.#renewals % CLEARING === 1) await this.#clear();
    } catch (error) {
      this.#services.log.failure('lease', error);
    }
  }

  #renew(): Promise<void> {
    const { fleet, task, losses } = this.#services;
    return fleet.renew({
      id: task,
      queueUrl: this.#queueUrl,
      startedAt: this.#startedAt,
      draining: this.#draining,
      ...(this.#revision !== undefined && { revision: this.#revision }),
      connections: this.#connections(),
      streams: this.#streams.count,
      ...(losses.latest.length > 0 && { losing: [...losses.latest] }),
    });
  }

  /** Whoever finds the expired lease of another removes its queue, then its row. */
  async #clear(): Promise<void> {
    const { fleet, task } = this.#services;
    for (const row of await fleet.tasks()) {
      if (row.id === task || row.leaseUntil * 1000 + DEAD_MS > Date.now()) continue;
      await this.#queue.remove(row.queueUrl);
      await fleet.removeTask(row.id);
    }
  }

  async #run(command: Command): Promise<void> {
    const { log, metrics } = this.#services;
    metrics.add('commands');
    try {
      // For the task that the pictures come to, which need not be the one with the device's connection.
      if (command.type === 'watched') return await this.#streams.get(command.device, command.channel)?.viewerArrived();
      const device = this.#sessions.get(command.device)?.device;
      const answer =
        device === undefined
          ? failed('not-here')
          : await runCommand(command, device, { services: this.#services, streams: this.#streams });
      if (answer !== undefined) this.#answer(command, answer);
    } catch (error) {
      log.failure('command', error);
      this.#answer(command, failed('failed'));
    }
  }

  /** What a device has done is not told otherwise because the table cannot be written just now. */
  #answer(command: Command, answer: Answer): void {
    const { fleet, outbox } = this.#services;
    outbox.put(`answer ${command.requestId}`, () => fleet.answer(command, answer));
  }
}

/** Whether a task that lives is younger and of another revision: also after a roll-back, to an older one. Pure. */
export function isOutdated(
  rows: readonly Pick<TaskRow, 'startedAt' | 'revision' | 'leaseUntil' | 'draining'>[],
  { startedAt, revision }: Pick<TaskRow, 'startedAt' | 'revision'>,
  now: number,
): boolean {
  if (revision === undefined) return false;
  return rows.some(
    (row) =>
      row.revision !== undefined &&
      row.revision !== revision &&
      row.startedAt > startedAt &&
      row.leaseUntil * 1000 > now &&
      !row.draining,
  );
}
