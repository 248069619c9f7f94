/**
 * `GET /health`: 200 while the task takes connections, 503 before and from SIGTERM on. It does not ask AWS: an outage there
 * must not have every task replaced, whose devices would all come back at once.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HEALTH_PATH } from '../../../../lib/contract/ingest.ts';

export interface HealthReport {
  readonly ok: boolean;
  readonly [detail: string]: unknown;
}

export class Health {
  readonly #server: Server;

  constructor(report: () => HealthReport) {
    this.#server = createServer({ requestTimeout: 5000, headersTimeout: 5000 }, (request, response) => {
      const known = request.url?.split('?', 1)[0] === HEALTH_PATH;
      const state = known ? report() : { ok: false };
      response.writeHead(known ? (state.ok ? 200 : 503) : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(state));
    });
    // One that asks and is gone, or a socket that could not be had, is no fault of the task's.
    this.#server.on('error', () => {});
  }

  open(port: number, host: string | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, ...(host !== undefined && { host }) }, () =>
        resolve((this.#server.address() as AddressInfo).port),
      );
    });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
