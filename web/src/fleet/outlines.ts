/** Coasts and borders of all countries (Natural Earth, in `world-atlas`), files of the console's own. */
import coarse from 'world-atlas/countries-110m.json?url';
import fine from 'world-atlas/countries-50m.json?url';
import type { FromOutlines } from './outlines.worker.ts';
import type { Shape } from './shapes.ts';

/** 1:110 million, 40 kB on the way, for the whole world; 1:50 million, 230 kB, for parts of it. */
const files = { coarse, fine };
export type Detail = keyof typeof files;

const known = new Map<Detail, Promise<readonly Shape[]>>();

/** Fetched once; what failed is fetched again. */
export function outlines(detail: Detail): Promise<readonly Shape[]> {
  const found = known.get(detail) ?? load(files[detail]);
  known.set(detail, found);
  found.catch(() => known.delete(detail));
  return found;
}

async function load(url: string): Promise<readonly Shape[]> {
  const name = new URL(url, location.href).href;
  const worker = new Worker(new URL('./outlines.worker.ts', import.meta.url), { type: 'module', name });
  try {
    return await new Promise((resolve, reject) => {
      const all: Shape[] = [];
      worker.addEventListener('message', ({ data }: MessageEvent<FromOutlines>) => {
        if ('lack' in data) return reject(new Error(data.lack));
        all.push(...data.shapes);
        if (data.isLast) resolve(all);
      });
      worker.addEventListener('error', () => reject(new Error(`${url} could not be read`)));
    });
  } finally {
    worker.terminate();
  }
}
