/** Writing to a place of a file. */
import type { FileHandle } from 'node:fs/promises';

/** Writes all of it: a disk that is nearly full takes a part, and says that it is full only when asked again. */
export async function writeAt(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}
