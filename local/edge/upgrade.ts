/**
 * WebSockets (RFC 6455) through the edge, as CloudFront passes them (Developer Guide, "Use WebSockets with CloudFront
 * distributions"): the handshake goes through behaviour and policies like any request; after it bytes go both ways as they come.
 */
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import type { Behaviour, EdgeConfig } from './config.ts';
import { forwarded, type ViewerRequest } from './forward.ts';
import { queryText } from './target.ts';

/** What CloudFront passes of the handshake whatever policies say, besides `Sec-WebSocket-*`. */
const UPGRADE = { connection: 'Upgrade', upgrade: 'websocket' };

export const isWebSocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket';

export interface Upgraded {
  readonly config: EdgeConfig;
  readonly request: ViewerRequest;
  readonly behaviour: Behaviour;
  /** Base URL of an API by its id, without a stage: that is the path's first part. */
  readonly apiBase: (apiId: string) => string;
  readonly socket: Duplex;
  /** What came after the handshake already. */
  readonly head: Buffer;
}

/** Answers the status the viewer got; 101: it is passed on from now on. Undefined: the viewer went before there was one. */
export function passUpgrade({
  config,
  request,
  behaviour,
  apiBase,
  socket,
  head,
}: Upgraded): Promise<number | undefined> {
  const origin = config.origins[behaviour.originId];
  if (origin?.kind !== 'api') return Promise.resolve(refuse(socket, 403, 'Forbidden'));
  const { query, headers } = forwarded(request, behaviour);
  const url = new URL(apiBase(origin.apiId));
  const path = `${url.pathname === '/' ? '' : url.pathname}${request.path}${queryText(query)}`;
  const { request: send } = url.protocol === 'https:' ? https : http;
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const outgoing = send(url, { path, agent: false, headers: { ...Object.fromEntries(headers), ...UPGRADE } });
  socket.on('error', () => outgoing.destroy());
  socket.on('close', () => {
    outgoing.destroy();
    resolve(undefined);
  });
  outgoing.on('upgrade', (answer: IncomingMessage, behind: Duplex, first: Buffer) => {
    const lines = pairs(answer.rawHeaders).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
    behind.on('error', () => socket.destroy());
    behind.on('close', () => socket.destroy());
    socket.on('close', () => behind.destroy());
    behind.write(head);
    socket.write(first);
    behind.pipe(socket);
    socket.pipe(behind);
    resolve(101);
  });
  outgoing.on('response', (answer: IncomingMessage) => {
    answer.resume();
    const { statusCode = 502, statusMessage = '' } = answer;
    resolve(refuse(socket, statusCode, statusMessage));
  });
  outgoing.on('error', () => resolve(refuse(socket, 502, 'Bad Gateway')));
  outgoing.end();
  return promise;
}

/** An answer without a body that ends the connection. */
export function refuse(socket: Duplex, status: number, message: string): number {
  if (socket.writable)
    socket.end(`HTTP/1.1 ${status} ${message}\r\nServer: CloudFront\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  return status;
}

const pairs = (raw: readonly string[]): (readonly [string, string])[] =>
  Array.from({ length: Math.floor(raw.length / 2) }, (_, i) => [raw[2 * i]!, raw[2 * i + 1]!] as const);
