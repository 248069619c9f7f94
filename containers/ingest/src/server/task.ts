/** Who this task is, and its protection from scale-in: the ECS agent's own HTTP endpoints, which only exist on ECS. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';

const TASK_ID = /^[a-z0-9]{8,40}$/;
const metadata = z.object({ TaskARN: z.string() });
const AGENT_TIMEOUT = 3000;

export class TaskIdError extends Error {
  override name = 'TaskIdError';
}

/** TASK_ID, else the last part of the task's ARN, else (not on ECS) a random one. */
export async function taskId(env: Readonly<Record<string, string | undefined>> = process.env): Promise<string> {
  const given = env['TASK_ID'];
  if (given !== undefined && given !== '') return checked(given);
  const uri = env['ECS_CONTAINER_METADATA_URI_V4'];
  if (uri === undefined) return randomBytes(16).toString('hex');
  const answer = await fetch(`${uri}/task`, { signal: AbortSignal.timeout(AGENT_TIMEOUT) });
  return checked(
    metadata
      .parse(await answer.json())
      .TaskARN.split('/')
      .at(-1) ?? '',
  );
}

function checked(id: string): string {
  if (!TASK_ID.test(id)) throw new TaskIdError(`not a task id: ${JSON.stringify(id)}`);
  return id;
}

/** Minutes a protection lasts unless it is renewed: a task that hangs must not be protected for ever. */
const PROTECTION_MINUTES = 30;
const RENEW_MS = 10 * 60_000;

/** Keeps ECS from stopping this task while streams run. Without an agent it does nothing. */
export class ScaleInProtection {
  readonly #agent: string | undefined;
  readonly #failed: (error: unknown) => void;
  #on = false;
  #at = -Infinity;
  #busy = false;

  constructor(failed: (error: unknown) => void, env: Readonly<Record<string, string | undefined>> = process.env) {
    this.#agent = env['ECS_AGENT_URI'];
    this.#failed = failed;
  }

  /** Call it now and then: asks only when the answer changes, or is about to run out. */
  async set(on: boolean, now = performance.now()): Promise<void> {
    if (this.#agent === undefined || this.#busy) return;
    if (on === this.#on && (!on || now - this.#at < RENEW_MS)) return;
    this.#busy = true;
    try {
      const answer = await fetch(`${this.#agent}/task-protection/v1/state`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ProtectionEnabled: on, ...(on && { ExpiresInMinutes: PROTECTION_MINUTES }) }),
        signal: AbortSignal.timeout(AGENT_TIMEOUT),
      });
      if (!answer.ok) throw new Error(`task protection: HTTP ${answer.status}`);
      this.#on = on;
      this.#at = now;
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#busy = false;
    }
  }
}
