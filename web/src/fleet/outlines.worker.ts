/** Reads a file of coasts and borders away from the page: of the fine ones a slow processor has a quarter of a second. */
import { shapesOf, type Atlas, type Shape } from './shapes.ts';

/** Shapes that are sent together: the page takes them within a millisecond or two. */
const BATCH = 100;

/** A part of them, all that there are, or why there are none. */
export type FromOutlines =
  | { readonly shapes: readonly Shape[]; readonly isLast: boolean }
  | { readonly lack: string };

const scope = globalThis as unknown as {
  postMessage: (message: FromOutlines) => void;
  addEventListener: (type: 'message', listener: (event: { readonly data: string }) => void) => void;
};

scope.addEventListener('message', ({ data }) => {
  void read(data).catch((error: unknown) => scope.postMessage({ lack: String(error) }));
});

async function read(url: string): Promise<void> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  let shapes: Shape[] = [];
  for (const shape of shapesOf((await response.json()) as Atlas)) {
    if (shapes.push(shape) < BATCH) continue;
    scope.postMessage({ shapes, isLast: false });
    shapes = [];
  }
  scope.postMessage({ shapes, isLast: true });
}
