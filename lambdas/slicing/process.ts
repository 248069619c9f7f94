/** Running ffmpeg and ffprobe: bounded time, memory, output and error text; killed when no longer wanted. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** The program ended badly. `stderr` is the last of what it said. */
export class ProcessError extends Error {
  override name = 'ProcessError';
  readonly reason: 'exit' | 'signal' | 'timeout' | 'output';
  readonly code: number | null;
  readonly stderr: string;
  constructor(program: string, reason: ProcessError['reason'], code: number | null, stderr: string) {
    super(`${program}: ${reason}${code === null ? '' : ` ${code}`}${stderr === '' ? '' : `: ${stderr}`}`);
    this.reason = reason;
    this.code = code;
    this.stderr = stderr;
  }
}

/**
 * `FFMPEG_PATH` or `FFPROBE_PATH` where that file is there (an engine that runs functions in containers does not see it);
 * else where the layer puts it; else the one on PATH.
 */
export function programPath(name: 'ffmpeg' | 'ffprobe', env: NodeJS.ProcessEnv = process.env): string {
  const given = env[`${name.toUpperCase()}_PATH`];
  if (given && existsSync(given)) return given;
  const layer = `/opt/bin/${name}`;
  return existsSync(layer) ? layer : name;
}

/** Error text kept: its end says what broke. */
const STDERR_BYTES = 4096;

export interface RunOptions {
  readonly timeoutMs: number;
  /** Bytes of address space; the program fails to allocate more. Absent: no limit of its own. */
  readonly memoryBytes?: number;
  /** Kills the program; `run` then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Pipes from file descriptor 3 on. */
  readonly pipes?: number;
}

export interface Running {
  readonly stdout: Readable;
  /** File descriptors 3, 4, … */
  readonly pipes: readonly Readable[];
  /** Settles when the program has ended; throws ProcessError. */
  readonly done: Promise<{ stderr: string }>;
  kill(): void;
}

/** Starts a program without a shell reading any argument. All its pipes must be read. */
export function start(program: string, args: readonly string[], options: RunOptions): Running {
  const { memoryBytes, pipes = 0 } = options;
  // The shell only sets the limit and becomes the program: arguments are its positional parameters, never its text.
  const [file, argv] =
    memoryBytes === undefined
      ? [program, args]
      : ['/bin/sh', ['-c', `ulimit -v ${Math.floor(memoryBytes / 1024)}; exec "$0" "$@"`, program, ...args]];
  const child = spawn(file, argv, {
    stdio: ['ignore', 'pipe', 'pipe', ...Array.from({ length: pipes }, () => 'pipe' as const)],
  });
  const kill = (): void => void child.kill('SIGKILL');
  let stderr = Buffer.alloc(0);
  child.stderr!.on('data', (piece: Buffer) => {
    stderr = Buffer.concat([stderr, piece]).subarray(-STDERR_BYTES);
  });
  const done = new Promise<{ stderr: string }>((resolve, reject) => {
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, options.timeoutMs);
    options.signal?.addEventListener('abort', kill, { once: true });
    if (options.signal?.aborted) kill();
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', kill);
      end();
    };
    child.once('error', (error) => settle(() => reject(error)));
    child.once('close', (code, signal) =>
      settle(() => {
        const text = stderr.toString('utf8').trim();
        if (options.signal?.aborted) reject(options.signal.reason as Error);
        else if (timedOut) reject(new ProcessError(program, 'timeout', null, text));
        else if (signal !== null) reject(new ProcessError(program, 'signal', null, `${signal} ${text}`));
        else if (code !== 0) reject(new ProcessError(program, 'exit', code, text));
        else resolve({ stderr: text });
      }),
    );
  });
  // Whoever reads the pipes first may fail first; the program's own end is then looked at later, or not at all.
  done.catch(() => undefined);
  return { stdout: child.stdout!, pipes: child.stdio.slice(3) as Readable[], done, kill };
}

/** Runs to the end and answers what it printed, at most `maxBytes` of it. */
export async function output(
  program: string,
  args: readonly string[],
  options: RunOptions & { readonly maxBytes: number },
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
