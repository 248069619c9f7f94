/**
 * Reads all media connections into one buffer. A socket of Node's otherwise gets memory of its own for each read, 64 KiB of
 * which nearly all is given back, and passes it through a stream: for a packet of a kilobyte that is most of the work.
 */
import { Socket } from 'node:net';

const READ_BYTES = 256 * 1024;
/** Of net.Socket. */
const HANDLE = '_handle';
let shared: Buffer | undefined;

/**
 * The same connection as a socket that calls `read` instead of emitting `data`. Node offers this (`onread`) to clients
 * alone; a server's connection is therefore handed over by its handle. `socket` must not have begun to read.
 * @param read gets a view that is good only during the call.
 */
export function reading(socket: Socket, read: (chunk: Buffer) => void): Socket {
  const from = socket as unknown as { [HANDLE]: object | null };
  const handle = from[HANDLE];
  // It was closed before we came to it.
  if (handle === null) return socket;
  from[HANDLE] = null;
  const buffer = (shared ??= Buffer.allocUnsafeSlow(READ_BYTES));
  const onread = {
    buffer,
    callback: (bytes: number) => {
      read(buffer.subarray(0, bytes));
      return true;
    },
  };
  return new Socket({ handle, onread } as ConstructorParameters<typeof Socket>[0]);
}
