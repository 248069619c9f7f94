/** What this process and the programs it ran have used (Linux: proc(5)). */
import { readdirSync, readFileSync } from 'node:fs';

export interface Used {
  readonly seconds: number;
  /** User and system, of the process and its ended children. */
  readonly cpuSeconds: number;
  /** The same from the process's start to the work's. */
  readonly startCpuSeconds: number;
  /** The process's own highest, and its largest child's. */
  readonly memoryMiB: number;
  /** CPU seconds of the busiest thread of its programs: it takes that long, however many processors there are. */
  readonly threadSeconds: number;
  readonly at: number;
}

/** Fields 14 to 17 of a stat file: utime, stime, cutime, cstime, in ticks of 10 ms. */
function cpuSeconds(path: string): number {
  const stat = text(path);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) / 100, 0);
}

interface Children {
  readonly memoryMiB: number;
  readonly threadSeconds: number;
}

/** Since `before`, if that is given. */
export function used(before?: Used, children: Children = { memoryMiB: 0, threadSeconds: 0 }): Used {
  const at = performance.now() / 1000;
  const cpu = cpuSeconds('/proc/self/stat');
  return {
    at,
    seconds: before ? at - before.at : 0,
    cpuSeconds: before ? cpu - before.startCpuSeconds : 0,
    startCpuSeconds: before?.startCpuSeconds ?? cpu,
    memoryMiB: process.resourceUsage().maxRSS / 1024 + children.memoryMiB,
    threadSeconds: children.threadSeconds,
  };
}

/** Looks at the children until it is stopped. */
export function watchChildren(): () => Children {
  let memory = 0;
  const threads = new Map<string, number>();
  const timer = setInterval(() => {
    for (const pid of children('self')) {
      memory = Math.max(memory, highWater(pid));
      for (const thread of list(`/proc/${pid}/task`))
        threads.set(`${pid} ${thread}`, cpuSeconds(`/proc/${pid}/task/${thread}/stat`));
    }
  }, 250);
  return () => {
    clearInterval(timer);
    return { memoryMiB: memory / 1024, threadSeconds: Math.max(0, ...threads.values()) };
  };
}

/** Processes that a process has started and that have not ended. */
export const children = (pid: string): string[] =>
  list(`/proc/${pid}/task`).flatMap((thread) =>
    text(`/proc/${pid}/task/${thread}/children`)
      .split(' ')
      .filter((child) => child !== ''),
  );

/** KiB. */
const highWater = (pid: string): number => Number(/VmHWM:\s+([0-9]+)/.exec(text(`/proc/${pid}/status`))?.[1] ?? 0);

/** Of a process that has gone meanwhile: nothing. */
function text(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
