/**
 * Measured: a plain server that takes the bytes itself. Each PUT's body is hashed (SHA-256) and written to a file as it
 * comes. That is the least such a server can do: sending the bytes on to S3 would come on top.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { beMeasured } from './measured.ts';

const folder = process.argv[2]!;
async function store(request: IncomingMessage): Promise<string> {
  const file = join(folder, 'part');
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform: (chunk: Buffer, _, done) => {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(request, hashing, createWriteStream(file));
  await unlink(file);
  return hash.digest('hex');
}

const server = createServer((request, response) => {
  store(request).then(
    (digest) => response.end(digest),
    () => response.destroy(),
  );
});
const port = new Promise<number>((resolve) => {
  server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
});
beMeasured(() => port);
