/** How many files this process may open: each connection is one. The task definition asks for the number; this is what came of it. */
import { readFileSync } from 'node:fs';
import type { OpenFiles } from '../../../../lib/contract/ingest.ts';

/** Undefined where there is no /proc to ask. */
export function openFiles(
  limits: () => string = () => readFileSync('/proc/self/limits', 'utf8'),
): OpenFiles | undefined {
  try {
    const row = /^Max open files +(\d+) +(\d+)/m.exec(limits());
    return row ? { soft: Number(row[1]), hard: Number(row[2]) } : undefined;
  } catch {
    return undefined;
  }
}
