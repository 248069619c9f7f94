/**
 * A small HTTP/1.1 server for what our clients send: requests one after another on a connection, bodies with a length. It
 * costs a fraction of node:http, so that the stand-in is not what the benchmark measures.
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { SharedReads } from '../../containers/ingest/src/net/reading.ts';

export interface Request {
  readonly method: string;
  readonly path: string;
  /** Everything before the body, as it came. */
  readonly head: string;
}

export interface Reply {
  readonly status: number;
  /** Header lines, each ended with CR LF. */
  readonly headers?: string;
  readonly body?: string;
}

export interface Handler {
  /** Whether the body is wanted; else it is counted and forgotten. */
  wants(request: Request): boolean;
  reply(request: Request, bodyBytes: number, body: Buffer | undefined): Reply | Promise<Reply>;
}

const END = Buffer.from('\r\n\r\n');
const MAX_HEAD = 64 * 1024;

export function serve(handler: Handler, port = 0): Promise<number> {
  // Memory of its own for each read is most of what taking a segment costs.
  const reads = new SharedReads();
  const server = createServer({ noDelay: true }, (socket) => new Connection(socket, reads, handler));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', backlog: 4096 }, () => resolve((server.address() as AddressInfo).port));
  });
}

class Connection {
  readonly #socket: Socket;
  readonly #handler: Handler;
  #head: Buffer = Buffer.alloc(0);
  #request: Request | undefined;
  #length = 0;
  #left = 0;
  #body: Buffer[] | undefined;

  constructor(socket: Socket, reads: SharedReads, handler: Handler) {
    this.#handler = handler;
    this.#socket = reads.open(socket, (chunk) => this.#take(chunk));
    this.#socket.on('error', () => {});
  }

  /** `chunk` is good only during the call. */
  #take(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#request === undefined) {
        const all = this.#head.length === 0 ? rest : Buffer.concat([this.#head, rest]);
        const end = all.indexOf(END);
        if (end < 0) {
          if (all.length > MAX_HEAD) this.#socket.destroy();
          // A copy of its own, unless it is one.
          this.#head = all === rest ? Buffer.from(rest) : all;
          return;
        }
        this.#head = Buffer.alloc(0);
        this.#begin(all.toString('latin1', 0, end));
        rest = all.subarray(end + END.length);
      }
      const take = Math.min(this.#left, rest.length);
      this.#body?.push(Buffer.from(rest.subarray(0, take)));
      this.#left -= take;
      rest = rest.subarray(take);
      if (this.#left === 0) this.#finish();
    }
  }

  #begin(head: string): void {
    const [method = '', path = ''] = head.slice(0, head.indexOf('\r\n')).split(' ');
    this.#request = { method, path, head };
    this.#length = Number(headerOf(head, 'content-length') ?? 0);
    this.#left = this.#length;
    this.#body = this.#handler.wants(this.#request) ? [] : undefined;
  }

  #finish(): void {
    const request = this.#request!;
    const body = this.#body && Buffer.concat(this.#body);
    this.#request = undefined;
    this.#body = undefined;
    const reply = this.#handler.reply(request, this.#length, body);
    if (reply instanceof Promise) void reply.then((later) => this.#send(later));
    else this.#send(reply);
  }

  #send({ status, headers = '', body = '' }: Reply): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(`HTTP/1.1 ${status} -\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`);
  }
}

const headers = new Map<string, RegExp>();

export function headerOf(head: string, name: string): string | undefined {
  let pattern = headers.get(name);
  if (pattern === undefined) headers.set(name, (pattern = new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i')));
  return pattern.exec(head)?.[1];
}
