/** Between an engine and all who call it: passes requests on as they are, and counts what AWS would bill of them. */
import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { callsOf, NO_CALLS, plus, type Calls, type UnitsOf } from './calls.ts';

export interface Between {
  /** Of this, in place of the engine's. */
  readonly url: string;
  /** Where requests go from now on. */
  readonly to: (endpoint: string) => void;
  /** From now on writes are counted by these units; until then, one each. */
  readonly unitsAre: (units: UnitsOf) => void;
  /** What was counted since it was last taken. */
  readonly take: () => Calls;
  readonly close: () => Promise<void>;
}

export async function startBetween(): Promise<Between> {
  let target: URL | undefined;
  let units: UnitsOf = () => 1;
  let counted = NO_CALLS;
  const server = createServer((request, response) => {
    void pass(request, response).catch((error: unknown) => response.destroy(error as Error));
  });

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (target === undefined) throw new Error('nobody has said where the engine is');
    const { method = 'GET', url = '/', headers } = request;
    const chunks: Buffer[] = [];
    // Bodies of objects go through as they come; only a call that names its target is read.
    const isCall = headers['x-amz-target'] !== undefined;
    if (isCall) for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    counted = plus(counted, callsOf({ method, url, headers, body: body.toString('utf8') }, units));
    const forward = send({ host: target.hostname, port: target.port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    forward.on('error', (error) => response.destroy(error));
    if (isCall) forward.end(body);
    else request.pipe(forward);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    to: (endpoint) => (target = new URL(endpoint)),
    unitsAre: (given) => (units = given),
    take: () => {
      const taken = counted;
      counted = NO_CALLS;
      return taken;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
