/**
 * Measured: one function of the slicing, or one classic ffmpeg run, in a process of its own; a message is one invocation.
 * Sources are read by ranges and counted, as from S3; what would be stored there is written below `out`.
 */
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Chunk, Plan } from '../../lib/contract/plan.ts';
import { chunkTable, copyTable } from '../../lib/contract/segment-table.ts';
import type { ChunkResult, SlicingOptions } from '../../lib/contract/slicing.ts';
import type { ByteSource } from '../../lib/media/layout.ts';
import { run } from '../../lib/process.ts';
import { writeChunkSource } from '../../lambdas/slicing/chunk-source.ts';
import { copyGroup } from '../../lambdas/slicing/copier.ts';
import { encodeChunk } from '../../lambdas/slicing/encoder.ts';
import { inspect } from '../../lambdas/slicing/inspect.ts';
import { forTask } from '../../lambdas/slicing/outputs.ts';
import { planSlicing } from '../../lambdas/slicing/plan.ts';
import { beMeasured } from '../upload/measured.ts';
import { used, watchChildren, type Used } from './used.ts';

export type Work =
  | { readonly do: 'inspect'; readonly source: string; readonly out: string; readonly options: SlicingOptions }
  | {
      readonly do: 'chunk';
      readonly source: string;
      readonly out: string;
      readonly plan: Plan;
      readonly chunk: Chunk;
      readonly preset: string;
    }
  | { readonly do: 'run'; readonly program: string; readonly args: readonly string[] };

/** What one invocation took. `started`: before it, of the process. */
export interface Invocation<T> extends Used {
  readonly result: T;
  /** Requests to S3 and bytes, as they would be. */
  readonly reads: number;
  readonly readBytes: number;
  readonly writes: number;
  readonly writtenBytes: number;
}

export interface Planned {
  readonly plan: Plan;
  /** What the run would do. */
  readonly tasks: readonly Chunk[];
  /** The ladder alone, in chunks that each make every rendition. */
  readonly chunks: readonly Chunk[];
}
export type Results = { inspect: Planned; chunk: ChunkResult; run: undefined };

const counted = { reads: 0, readBytes: 0, writes: 0, writtenBytes: 0 };

async function withSource<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    return await use({
      size,
      read: async (offset, length) => {
        const bytes = Buffer.alloc(Math.min(length, Math.max(0, size - offset)));
        await file.read(bytes, 0, bytes.length, offset);
        counted.reads += 1;
        counted.readBytes += bytes.length;
        return bytes;
      },
    });
  } finally {
    await file.close();
  }
}

async function put(path: string, bytes: Buffer | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  counted.writes += 1;
  counted.writtenBytes += bytes.length;
}

const partOf = (out: string, index: number): string => join(out, 'work', `${index}.json`);
const ladderPart = (out: string, index: number): string => join(out, 'work', `ladder-${index}.json`);

async function look({ source: path, out, options }: Extract<Work, { do: 'inspect' }>): Promise<Planned> {
  return withSource(path, async (source) => {
    const scratch = join(out, 'stand-in');
    await mkdir(out, { recursive: true });
    const { info, table } = await inspect({
      source,
      path: scratch,
      fetchWhole: () => Promise.reject(new Error('this source has no index')),
      options,
      timeoutMs: 600_000,
    });
    if (table === undefined) throw new Error('this source has no segment table');
    const ids = { videoId: 'bench000000000000000', revision: 1, execution: 'bench' };
    const of = { ...ids, source: { bucket: 'bench', key: path, info } };
    const { plan, chunks: tasks } = planSlicing(of, options, table);
    const names = { video: plan.video[0]!.name, sounds: plan.audio.map(({ name }) => name) };
    for (const { index, firstSegment, segments = 1, copy: copies } of tasks) {
      const range = { firstSegment, segments };
      await put(partOf(out, index), JSON.stringify(copies ? table.copied!.part(range, names) : table.part(range)));
    }
    for (const chunk of table.chunks) await writeFile(ladderPart(out, chunk.index), JSON.stringify(table.part(chunk)));
    return { plan, tasks, chunks: table.chunks };
  });
}

async function encode({
  source: path,
  out,
  plan,
  chunk,
  preset,
}: Extract<Work, { do: 'chunk' }>): Promise<ChunkResult> {
  if (chunk.copy) return copy(path, out, chunk);
  const read = await readFile(ladderPart(out, chunk.index), 'utf8');
  counted.reads += 1;
  const { plan: made, table } = forTask(plan, chunk, chunkTable.parse(JSON.parse(read)));
  const scratch = join(out, 'scratch');
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  const own = join(scratch, 'source');
  await withSource(path, (source) => writeChunkSource(table!, source, own));
  const result = await encodeChunk({
    task: { plan: made, chunk },
    table,
    source: own,
    folder: scratch,
    preset,
    timeoutMs: 3_600_000,
    put: (name, bytes) => put(join(out, name), bytes),
  });
  await put(join(out, 'work', `${chunk.index}.result.json`), JSON.stringify(result));
  return result;
}

async function copy(path: string, out: string, chunk: Chunk): Promise<ChunkResult> {
  const table = copyTable.parse(JSON.parse(await readFile(partOf(out, chunk.index), 'utf8')));
  counted.reads += 1;
  const store = (name: string, bytes: Buffer) => put(join(out, name), bytes);
  return withSource(path, (source) => copyGroup({ chunk, table, source, put: store }));
}

async function work(message: Work): Promise<unknown> {
  if (message.do === 'inspect') return look(message);
  if (message.do === 'chunk') return encode(message);
  return run(message.program, message.args);
}

beMeasured(async (message): Promise<Invocation<unknown>> => {
  const before = used();
  const stop = watchChildren();
  const result = await work(message as Work);
  return { result, ...counted, ...used(before, stop()) };
});
