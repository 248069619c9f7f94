/** Our way over one source: every function an invocation in a process of its own, one after another. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plan } from '../../lib/contract/plan.ts';
import type { ChunkResult, SlicingOptions } from '../../lib/contract/slicing.ts';
import { INIT_NAME, renditionFolder } from '../../lib/contract/keys.ts';
import { merge, type MergedRendition } from '../../lambdas/slicing/playlists.ts';
import { Measured } from '../upload/measured.ts';
import type { Invocation, Planned, Results, Work } from './worker.ts';

export interface Ours extends Planned {
  readonly inspected: Invocation<Planned>;
  readonly encoded: readonly Invocation<ChunkResult>[];
  readonly renditions: readonly MergedRendition[];
}

/** A process of its own, with this one's environment. */
export function startWorker(worker: string): Measured {
  const env = Object.fromEntries(Object.entries(process.env).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])));
  return new Measured(new URL(`file://${worker}`), [], env);
}

/** In a fresh process, as a function that starts cold; what starting it takes is not in the figures. */
export async function invoke<K extends keyof Results>(
  worker: string,
  message: Extract<Work, { do: K }>,
): Promise<Invocation<Results[K]>> {
  const measured = startWorker(worker);
  try {
    return await measured.ask<Invocation<Results[K]>>(message);
  } finally {
    measured.end();
  }
}

interface Wish {
  readonly source: string;
  readonly out: string;
  readonly options: SlicingOptions;
  readonly preset: string;
}

interface Steps {
  readonly log: (line: string) => void;
  /** Called with the plan before anything is encoded, and with the CPU seconds of each chunk after it. */
  readonly planned: (plan: Plan) => Promise<void>;
  readonly encoded: (cpuSeconds: number) => Promise<void>;
}

/** The whole ladder in chunks: nothing is copied, and nothing is made ahead of it. */
export async function slice(worker: string, wish: Wish, steps: Steps): Promise<Ours> {
  const { source, out, preset } = wish;
  const options = { ...wish.options, copyMaxMbps: 0 };
  const inspected = await invoke<'inspect'>(worker, { do: 'inspect', source, out, options });
  const { plan, chunks, tasks } = inspected.result;
  await steps.planned(plan);
  const encoded: Invocation<ChunkResult>[] = [];
  for (const chunk of chunks) {
    encoded.push(await invoke<'chunk'>(worker, { do: 'chunk', source, out, plan, chunk, preset }));
    const { cpuSeconds } = encoded.at(-1)!;
    steps.log(`chunk ${chunk.index + 1} of ${chunks.length}: ${cpuSeconds.toFixed(1)} CPU-s`);
    await steps.encoded(cpuSeconds);
  }
  const renditions = merge(encoded.map(({ result }) => result));
  return { plan, chunks, tasks, inspected, encoded, renditions };
}

export interface Copying {
  readonly inspected: Invocation<Planned>;
  readonly groups: readonly Invocation<ChunkResult>[];
}

/** What is copied of it by default. */
export async function copyFirst(worker: string, { source, out, options, preset }: Wish): Promise<Copying> {
  const inspected = await invoke<'inspect'>(worker, { do: 'inspect', source, out, options });
  const { plan, tasks } = inspected.result;
  const groups: Invocation<ChunkResult>[] = [];
  for (const chunk of tasks.filter(({ copy }) => copy === true))
    groups.push(await invoke<'chunk'>(worker, { do: 'chunk', source, out, plan, chunk, preset }));
  if (groups.length === 0) throw new Error('the source is not copied');
  return { inspected, groups };
}

/** A rendition's initialization section and segments in one file. */
export async function joined(out: string, { kind, name, segments }: MergedRendition): Promise<string> {
  const path = join(out, `${name}.mp4`);
  await writeFile(path, '');
  for (const file of [INIT_NAME, ...segments.map((segment) => segment.name)])
    await writeFile(path, await readFile(join(out, renditionFolder(kind, name), file)), { flag: 'a' });
  return path;
}
