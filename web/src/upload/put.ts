/** The PUT of a part: by XMLHttpRequest, since `fetch` does not tell how much went out. */
import { codeIn, StorageProblem, Unreadable } from './line.ts';

/**
 * Milliseconds in which nothing goes out, or no answer comes to what did: then the connection is taken for dead. Twice as
 * long after each such end, for a slow line may need it: what was written may still wait in the system's own buffers.
 */
const SILENCE = 120_000;
const LONGEST_SILENCE = 16 * SILENCE;

let silence = SILENCE;

/** Throws StorageProblem, or Unreadable where the file cannot be read any more; the reason of `signal` is thrown on. */
export async function put(
  url: string,
  part: Blob,
  signal: AbortSignal,
  progress: (bytes: number) => void,
): Promise<void> {
  signal.throwIfAborted();
  const [status, said] = await new Promise<[status: number, said: string]>((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        silence = Math.min(LONGEST_SILENCE, silence * 2);
        xhr.abort();
        resolve([0, '']);
      }, silence);
    };
    const abort = () => {
      xhr.abort();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort);
    xhr.addEventListener('loadend', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      resolve([xhr.status, xhr.responseText]);
    });
    xhr.upload.addEventListener('progress', ({ loaded }) => {
      watch();
      progress(Math.min(loaded, part.size));
    });
    xhr.open('PUT', url);
    xhr.send(part);
    watch();
  });
  if (status >= 200 && status < 300) return;
  if (status === 0) await checkReadable(part);
  throw new StorageProblem(status, codeIn(said));
}

/** A file that was changed or taken away fails like the network does. */
async function checkReadable(part: Blob): Promise<void> {
  try {
    await part.slice(0, 1).arrayBuffer();
  } catch (cause) {
    throw new Unreadable('The file cannot be read any more: it was changed, moved or taken away. Choose it again.', {
      cause,
    });
  }
}
