/** Looking at a source in S3, with a stand-in of it in the scratch space. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SlicingOptions } from '../../lib/contract/slicing.ts';
import { inspect, type Inspected } from './inspect.ts';
import { download, objectSource, type ObjectRef } from './objects.ts';

export async function lookAt(
  ref: ObjectRef,
  size: number,
  options: SlicingOptions,
  timeoutMs: number,
  { anySize = false, remuxes = false }: { readonly anySize?: boolean; readonly remuxes?: boolean } = {},
): Promise<Inspected> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-probe-'));
  try {
    return await inspect({
      source: objectSource(ref, size),
      path: join(folder, 'source'),
      fetchWhole: (path, signal) => download(ref, path, signal),
      options,
      anySize,
      remuxes,
      timeoutMs,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
