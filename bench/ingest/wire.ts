/**
 * Program, and who asks it: what one write of one packet costs on this machine's loopback, by a loop that does nothing else.
 * The kernel takes what is written to the reader's socket on the writer's processor, so no load generator can do with less.
 */
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { round } from './figures.ts';
import { answerMessages, cpuMs, fileOf, Program } from './pinned.ts';

/** Connections written to in turn, bytes of a full packet (JT/T 1078 5.5.3: 950 of body), ms of writing. */
const SOCKETS = 200;
const PACKET = 980;
const SPAN = 3_000;

type WireMessage = { readonly do: 'listen' } | { readonly do: 'write'; readonly port: number };

/** Microseconds of a processor for one write. */
export async function measureWire(): Promise<number> {
  const [reader, writer] = [new Program(fileOf('wire.ts'), { measured: true }), new Program(fileOf('wire.ts'))];
  try {
    const port = await reader.ask<number>({ do: 'listen' } satisfies WireMessage);
    return await writer.ask<number>({ do: 'write', port } satisfies WireMessage);
  } finally {
    await Promise.all([reader.end(), writer.end()]);
  }
}

if (process.argv[1] === fileOf('wire.ts')) answerMessages<WireMessage>({ listen, write });

async function listen(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => socket.destroy()).resume());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function write({ port }: Extract<WireMessage, { do: 'write' }>): Promise<number> {
  const sockets = Array.from({ length: SOCKETS }, () => connect({ port, host: '127.0.0.1', noDelay: true }));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  // The number that the kernel knows it by: what Node's streams do around a write is not the loopback's.
  const files = sockets.map((socket) => fileNumber(socket));
  const packet = Buffer.alloc(PACKET);
  let writes = 0;
  const [begun, cpu] = [performance.now(), cpuMs()];
  while (performance.now() - begun < SPAN)
    for (const file of files)
      try {
        writeSync(file, packet);
        writes += 1;
      } catch (error) {
        // Its reader is behind: the time of such a try counts, in favour of whoever is compared.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      }
  const micros = ((cpuMs() - cpu) * 1000) / writes;
  for (const socket of sockets) socket.destroy();
  return round(micros, 2);
}

function fileNumber(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle: { readonly fd: number } };
  return handle.fd;
}
