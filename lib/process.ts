/**
 * Child processes: started without a shell reading any argument, bounded in time, memory, output and error text, and gone
 * when they are no longer wanted. Node alone, without CDK or SDK: functions run ffmpeg with it, the synthesis builds the
 * layer, and the local run starts its tools and servers.
 *
 * What does not start its processes here, and why: a construct cannot wait for a promise (`ensureLayerSync`); what inherits
 * the terminal, runs beside others in the checks, or is timed to its end (`local/commands`, `bench/ingest/classic.ts`); the benchmarks' workers
 * are spoken to by messages; `local/run.mjs` is there before anything that reads TypeScript.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** The program ended badly. `stderr` is the last of what it said. */
export class ProcessError extends Error {
  override name = 'ProcessError';
  readonly reason: 'exit' | 'signal' | 'timeout' | 'output';
  readonly code: number | null;
  readonly stderr: string;
  constructor(program: string, reason: ProcessError['reason'], code: number | null, stderr: string) {
    const said = stderr.slice(-KEPT_BYTES);
    super(`${program}: ${reason}${code === null ? '' : ` ${code}`}${said === '' ? '' : `: ${said}`}`);
    this.reason = reason;
    this.code = code;
    this.stderr = stderr;
  }
}

/** The program is not there or may not be run. */
export class StartError extends Error {
  override name = 'StartError';
}

/** Error text kept: its end says what broke. */
const KEPT_BYTES = 4096;

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
  /** Bytes of address space; the program fails to allocate more. Absent: no limit of its own. */
  readonly memoryBytes?: number;
  /** Calls the program off; `done` then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Pipes from file descriptor 3 on. */
  readonly pipes?: number;
  /** Fed to its standard input. What it breaks with ends the program and is what `done` throws. */
  readonly input?: AsyncIterable<Uint8Array> | undefined;
  /**
   * A process group of its own, so that what the program started goes with it: called off, the group is asked to end, and
   * killed after so many milliseconds. Without, the program alone is killed at once.
   */
  readonly group?: { readonly graceMs: number } | undefined;
  /** Standard output is not handed out but kept with the error text. */
  readonly together?: boolean;
  /** How much of the error text is kept; 4 KiB. */
  readonly keptBytes?: number;
  /** Given each line of what is kept, when it is whole. */
  readonly onLine?: (line: string) => void;
}

export interface Running {
  /** To be read, unless it is kept `together` with the error text. */
  readonly stdout: Readable;
  /** File descriptors 3, 4, …; all must be read. */
  readonly pipes: readonly Readable[];
  /** Settles when the program has ended and its pipes are closed; throws ProcessError, or StartError. */
  readonly done: Promise<{ stderr: string }>;
  readonly ended: boolean;
  /** The last it said so far. */
  readonly said: () => string;
  /** At once. */
  kill(): void;
  /** Asks its group to end, and kills what is left of it after `graceMs`. Only for one with a group. */
  end(graceMs: number): Promise<void>;
}

/** Starts a program. @throws the signal's reason when it is called off before. */
export function start(program: string, args: readonly string[], options: StartOptions = {}): Running {
  const { memoryBytes, pipes = 0, group, together = false, signal } = options;
  signal?.throwIfAborted();
  // The shell only sets the limit and becomes the program: arguments are its positional parameters, never its text.
  const [file, argv] =
    memoryBytes === undefined
      ? [program, args]
      : ['/bin/sh', ['-c', `ulimit -v ${Math.floor(memoryBytes / 1024)}; exec "$0" "$@"`, program, ...args]];
  const child = spawn(file, argv, {
    cwd: options.cwd,
    env: options.env,
    detached: group !== undefined,
    stdio: [options.input ? 'pipe' : 'ignore', 'pipe', 'pipe', ...Array.from({ length: pipes }, () => 'pipe' as const)],
  });
  const said = keepText(together ? [child.stderr!, child.stdout!] : [child.stderr!], options);
  const kill = () => {
    if (group === undefined) child.kill('SIGKILL');
    else signalGroup(child, 'SIGKILL');
  };
  const callOff = () => {
    if (group === undefined) kill();
    else void endGroup(child, group.graceMs);
  };
  let unfed: Error | undefined;
  if (options.input && child.stdin) {
    feed(options.input, child.stdin).catch((error: unknown) => {
      unfed = error as Error;
      callOff();
    });
  }
  let failed = false;
  const title = [program, ...args.slice(0, 3)].join(' ');
  const done = new Promise<{ stderr: string }>((resolve, reject) => {
    let timedOut = false;
    const expire = () => {
      timedOut = true;
      callOff();
    };
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(expire, options.timeoutMs);
    signal?.addEventListener('abort', callOff, { once: true });
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', callOff);
      end();
    };
    child.once('error', (cause) => {
      failed = true;
      settle(() => reject(new StartError(`cannot run ${program}: ${cause.message}`, { cause })));
    });
    child.once('close', (code, by) =>
      settle(() => {
        const stderr = said().trim();
        if (signal?.aborted) reject(signal.reason as Error);
        else if (unfed) reject(unfed);
        else if (timedOut) reject(new ProcessError(title, 'timeout', null, stderr));
        else if (by !== null) reject(new ProcessError(title, 'signal', null, `${by} ${stderr}`));
        else if (code !== 0) reject(new ProcessError(title, 'exit', code, stderr));
        else resolve({ stderr });
      }),
    );
  });
  // Whoever reads the pipes first may fail first; the program's own end is then looked at later, or not at all.
  done.catch(() => undefined);
  return {
    stdout: child.stdout!,
    pipes: child.stdio.slice(3) as Readable[],
    done,
    get ended() {
      return failed || hasEnded(child);
    },
    said,
    kill,
    end: (graceMs) => endGroup(child, graceMs),
  };
}

/** A program that ended, or wants no more, is no fault of its input. */
async function feed(input: AsyncIterable<Uint8Array>, stdin: Writable): Promise<void> {
  stdin.on('error', () => undefined);
  for await (const piece of input) {
    if (stdin.destroyed) return;
    if (!stdin.write(piece)) await drained(stdin);
  }
  stdin.end();
}

/** When there is room again, or nobody who would read. */
const drained = (stdin: Writable): Promise<void> =>
  new Promise((resolve) => {
    const go = (): void => {
      stdin.off('drain', go).off('close', go);
      resolve();
    };
    stdin.on('drain', go).on('close', go);
  });

/** Runs to the end and answers what it printed, at most `maxBytes` of it. */
export async function output(
  program: string,
  args: readonly string[],
  options: StartOptions & { readonly maxBytes: number },
): Promise<{ stdout: Buffer; stderr: string }> {
  const running = start(program, args, options);
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of running.stdout as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > options.maxBytes) {
      running.kill();
      throw new ProcessError(program, 'output', null, `more than ${options.maxBytes} bytes`);
    }
    pieces.push(piece);
  }
  const { stderr } = await running.done;
  return { stdout: Buffer.concat(pieces, length), stderr };
}

/** Runs a tool to its end; when it fails, what it printed last, on either output, is in the error. */
export async function run(
  program: string,
  args: readonly string[],
  options: Pick<StartOptions, 'cwd' | 'env' | 'signal'> = {},
): Promise<void> {
  // A group of its own only when it can be called off: Ctrl-C in a terminal is to reach it otherwise.
  const group = options.signal && { graceMs: 1000 };
  await start(program, args, { ...options, together: true, group }).done;
}

/** @returns what reads the last of them. */
function keepText(streams: readonly Readable[], { keptBytes = KEPT_BYTES, onLine }: StartOptions): () => string {
  let kept = Buffer.alloc(0);
  for (const stream of streams) {
    stream.on('data', (piece: Buffer) => {
      kept = Buffer.concat([kept, piece]).subarray(-keptBytes);
    });
    if (onLine) splitLines(stream, onLine);
  }
  return () => kept.toString('utf8');
}

function splitLines(stream: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  stream.on('data', (piece: Buffer) => {
    const lines = (rest + decoder.write(piece)).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach((line) => onLine(line));
  });
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

async function endGroup(child: ChildProcess, graceMs: number): Promise<void> {
  if (child.pid === undefined) return;
  const gone = new Promise<void>((resolve) => {
    if (hasEnded(child)) resolve();
    else child.once('exit', () => resolve());
  });
  signalGroup(child, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs);
  await gone;
  clearTimeout(timer);
  // Workers of the group that outlived their parent.
  signalGroup(child, 'SIGKILL');
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
