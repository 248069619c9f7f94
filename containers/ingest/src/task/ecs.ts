/** Who this task is, and its protection from scale-in: the ECS agent's own HTTP endpoints, which only exist on ECS. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';

const TASK_ID = /^[a-z0-9]{8,40}$/;
const metadata = z.object({ TaskARN: z.string(), Family: z.string(), Revision: z.string() });
const AGENT_TIMEOUT = 3000;

type Env = Readonly<Record<string, string | undefined>>;

export class TaskIdError extends Error {
  override name = 'TaskIdError';
}

/** TASK_ID, else the last part of the task's ARN, else (not on ECS) a random one. */
export async function taskId(env: Env = process.env): Promise<string> {
  const given = env['TASK_ID'];
  if (given !== undefined && given !== '') return checked(given);
  const about = await describe(env);
  if (about === undefined) return randomBytes(16).toString('hex');
  return checked(about.TaskARN.split('/').at(-1) ?? '');
}

/** Which task definition it runs, `family:revision`; undefined when it is not on ECS. */
export async function taskRevision(env: Env = process.env): Promise<string | undefined> {
  const about = await describe(env);
  return about && `${about.Family}:${about.Revision}`;
}

/** What the agent says of this task (task metadata endpoint, version 4). */
async function describe(env: Env): Promise<z.infer<typeof metadata> | undefined> {
  const uri = env['ECS_CONTAINER_METADATA_URI_V4'];
  if (uri === undefined) return undefined;
  const answer = await fetch(`${uri}/task`, { signal: AbortSignal.timeout(AGENT_TIMEOUT) });
  return metadata.parse(await answer.json());
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

  constructor(failed: (error: unknown) => void, env: Env = process.env) {
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
