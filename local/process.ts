/** Child processes that end when they should. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';

export class ProcessError extends Error {
  override name = 'ProcessError';
}

/** Runs a program to its end; throws with the last of its output when it fails. */
export async function run(
  program: string,
  args: readonly string[],
  options: SpawnOptions & { onLine?: (line: string) => void } = {},
): Promise<string> {
  const { onLine, signal, ...spawnOptions } = options;
  signal?.throwIfAborted();
  // A group of its own when it can be called off: what the program started goes with it.
  const child = spawn(program, [...args], {
    ...spawnOptions,
    detached: signal !== undefined,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const callOff = () => void endGroup(child, 1000);
  signal?.addEventListener('abort', callOff, { once: true });
  let output = '';
  let tail = '';
  const collect = (data: Buffer) => {
    const text = data.toString('utf8');
    output = (output + text).slice(-1024 * 1024);
    if (!onLine) return;
    const lines = (tail + text).split('\n');
    tail = lines.pop() ?? '';
    lines.forEach(onLine);
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (cause) => reject(new ProcessError(`cannot run ${program}: ${cause.message}`, { cause })));
    child.on('close', resolve);
  });
  signal?.removeEventListener('abort', callOff);
  signal?.throwIfAborted();
  if (code !== 0)
    throw new ProcessError(`${program} ${args.slice(0, 3).join(' ')} ended with ${code}\n${output.slice(-4000)}`);
  return output;
}

/** Ends a process group: asks, waits up to `graceMs`, then kills. The child must have been started `detached`. */
export async function endGroup(child: ChildProcess, graceMs = 3000): Promise<void> {
  const pid = child.pid;
  if (pid === undefined) return;
  const gone = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
  signalGroup(pid, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs);
  await gone;
  clearTimeout(timer);
  // Workers of the group that outlived their parent.
  signalGroup(pid, 'SIGKILL');
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
