/** The callback of a WebSocket API, as API Gateway answers it: what is told to whom, and who is gone. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Gateway {
  readonly url: string;
  /** Connections that are there. */
  readonly there: Set<string>;
  /** What each was told, in order. */
  readonly told: { readonly id: string; readonly message: unknown }[];
  /** Connections that were ended. */
  readonly ended: string[];
  close(): void;
}

export async function startGateway(): Promise<Gateway> {
  const there = new Set<string>();
  const told: Gateway['told'] = [];
  const ended: string[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const id = decodeURIComponent(
        /^\/ws\/@connections\/([^/?]+)$/.exec(decodeURIComponent(req.url ?? ''))?.[1] ?? '',
      );
      if (!there.has(id)) {
        res.writeHead(410, { 'x-amzn-errortype': 'GoneException', 'content-type': 'application/json' }).end('{}');
        return;
      }
      if (req.method === 'DELETE') {
        there.delete(id);
        ended.push(id);
        res.writeHead(204).end();
        return;
      }
      told.push({ id, message: JSON.parse(Buffer.concat(chunks).toString()) });
      res.writeHead(200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/ws`,
    there,
    told,
    ended,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
