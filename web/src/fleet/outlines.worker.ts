/** Reads a file of coasts and borders away from the page: of the fine ones a slow processor has a quarter of a second. */
import { shapesOf, type Atlas, type Shape } from './shapes.ts';

/** Shapes that are sent together: the page takes them within a millisecond or two. */
const BATCH = 100;

/** A part of them, all that there are, or why there are none. */
export type FromOutlines = { readonly shapes: readonly Shape[]; readonly isLast: boolean } | { readonly lack: string };

/** What is a window's elsewhere. The worker's name is the address of its file. */
const scope = globalThis as unknown as {
  readonly name: string;
  readonly postMessage: (message: FromOutlines) => void;
};
const say = scope.postMessage.bind(scope);

void read(scope.name).catch((error: unknown) => say({ lack: String(error) }));

async function read(url: string): Promise<void> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  let shapes: Shape[] = [];
  for (const shape of shapesOf((await response.json()) as Atlas)) {
    if (shapes.push(shape) < BATCH) continue;
    say({ shapes, isLast: false });
    shapes = [];
  }
  say({ shapes, isLast: true });
}
