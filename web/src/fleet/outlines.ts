/** Coasts and borders of all countries (Natural Earth, in `world-atlas`), files of the console's own. */
import coarse from 'world-atlas/countries-110m.json?url';
import fine from 'world-atlas/countries-50m.json?url';
import { shapesOf, type Atlas, type Shape } from './shapes.ts';

/** 1:110 million, 40 kB on the way, for the whole world; 1:50 million, 230 kB, for parts of it. */
const files = { coarse, fine };
export type Detail = keyof typeof files;

/** ms after which other work has its turn; a tenth of what a person notices. */
const SLICE = 10;

const known = new Map<Detail, Promise<readonly Shape[]>>();

/** Fetched once; what failed is fetched again. */
export function outlines(detail: Detail): Promise<readonly Shape[]> {
  const found = known.get(detail) ?? load(files[detail]);
  known.set(detail, found);
  found.catch(() => known.delete(detail));
  return found;
}

async function load(url: string): Promise<readonly Shape[]> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  const atlas = (await response.json()) as Atlas;
  const shapes: Shape[] = [];
  let since = performance.now();
  for (const shape of shapesOf(atlas)) {
    shapes.push(shape);
    if (performance.now() - since < SLICE) continue;
    await pause();
    since = performance.now();
  }
  return shapes;
}

/** Until the browser has done what else there is. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
