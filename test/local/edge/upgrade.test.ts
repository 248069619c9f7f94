/** WebSockets through the edge: a real client, and an API that takes the handshake and says again what it hears. */
import { createHash } from 'node:crypto';
import http, { type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startEdge, type Edge } from '../../../local/edge/server.ts';
import { behaviour, UNCACHED } from './fixture.ts';

let seen: IncomingMessage[] = [];
let answers = true;
const open = new Set<Duplex>();

/** RFC 6455 4.2.2 and 5.2, for one short text in one frame at a time. */
const api = http.createServer((_, res) => res.writeHead(404).end());
api.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
  seen.push(req);
  if (!answers) {
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}');
    return;
  }
  open.add(socket);
  socket.on('close', () => open.delete(socket));
  socket.on('error', () => {});
  const accept = createHash('sha1')
    .update(`${req.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.unshift(head);
  socket.on('data', (frame: Buffer) => {
    if ((frame[0]! & 0x0f) === 8) {
      socket.end();
      return;
    }
    const length = frame[1]! & 0x7f;
    const mask = frame.subarray(2, 6);
    const text = frame.subarray(6, 6 + length).map((byte, i) => byte ^ mask[i % 4]!);
    socket.write(Buffer.concat([Buffer.from([0x81, length]), text]));
  });
});

let edge: Edge;
const logs: string[] = [];
beforeAll(async () => {
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  edge = await startEdge({
    config: {
      distributionId: 'EDIST',
      domainName: 'edist.cloudfront.net',
      behaviours: [
        behaviour({
          pathPattern: '/ws',
          originId: 'sockets',
          allowedMethods: ['GET', 'HEAD'],
          cachePolicy: UNCACHED,
          originRequestPolicy: {
            headers: { kind: 'except', names: ['host'] },
            queries: { kind: 'all' },
            cookies: { kind: 'all' },
          },
        }),
        behaviour({ pathPattern: '/signed', originId: 'sockets', trustedKeys: new Map() }),
        behaviour({ originId: 'site' }),
      ],
      origins: {
        sockets: { kind: 'api', apiId: 'sockets', readTimeout: 5 },
        site: { kind: 's3', bucket: 'site', grants: [], denials: [], readTimeout: 5 },
      },
      defaultRootObject: '',
      errorTtls: new Map(),
    },
    engineEndpoint: endpoint,
    apiBase: `${endpoint}/api-of/{apiId}/$default`,
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
    port: 0,
    log: (line) => logs.push(line),
    accessLog: true,
    pollInvalidations: false,
  });
});
beforeEach(() => {
  seen = [];
  answers = true;
});
afterAll(() => {
  api.closeAllConnections();
  api.close();
});

const at = (path: string) => `${edge.url.replace('http', 'ws')}${path}`;
const failed = async (path: string): Promise<boolean> => {
  const socket = new WebSocket(at(path));
  const event = await new Promise<string>((resolve) => {
    for (const type of ['error', 'open']) socket.addEventListener(type, () => resolve(type));
  });
  return event === 'error';
};

it('passes the handshake to the API whose path it is, and what is said both ways, until either ends', async () => {
  const socket = new WebSocket(at('/ws?ticket=abc'));
  await once(socket, 'open');
  for (const word of ['one', 'two']) {
    socket.send(word);
    const [{ data }] = (await once(socket, 'message')) as [MessageEvent];
    expect(data).toBe(word);
  }
  expect(seen[0]?.url).toBe('/api-of/sockets/ws?ticket=abc');
  expect(seen[0]?.headers).toMatchObject({ upgrade: 'websocket', 'x-forwarded-for': '127.0.0.1' });
  expect(seen[0]?.headers.host).not.toBe(new URL(edge.url).host);
  // Neither of them waits for the other.
  for (const one of open) one.destroy();
  await once(socket, 'close');
  const other = new WebSocket(at('/ws'));
  await once(other, 'open');
  other.close();
  await expect.poll(() => open.size).toBe(0);
  expect(logs.filter((line) => line.includes('upgrade'))).toEqual(['upgrade /ws 101', 'upgrade /ws 101']);
});

it('refuses what the API refuses, what no API answers, and what must be signed', async () => {
  answers = false;
  expect(await failed('/ws')).toBe(true);
  answers = true;
  seen = [];
  for (const path of ['/page', '/signed']) expect(await failed(path)).toBe(true);
  expect(seen).toEqual([]);
});

it('takes no other protocol, and nothing that is no path', async () => {
  const { port } = edge;
  const first = (head: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(head));
      socket.on('data', (data: Buffer) => {
        resolve(data.toString().split('\r\n', 1)[0]!);
        socket.destroy();
      });
      socket.on('error', reject);
    });
  const ask = (path: string, upgrade: string) =>
    first(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`);
  expect(await ask('/ws', 'h2c')).toBe('HTTP/1.1 400 Bad Request');
  expect(await ask(`/ws?${'x'.repeat(9000)}`, 'websocket')).toBe('HTTP/1.1 400 Bad Request');
  expect(seen).toEqual([]);
});

it('ends them when it is closed', async () => {
  const socket = new WebSocket(at('/ws'));
  await once(socket, 'open');
  const closed = once(socket, 'close');
  await edge.close();
  await closed;
});
