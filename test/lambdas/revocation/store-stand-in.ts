/**
 * A key value store of CloudFront over HTTP with the bounds that AWS documents and no engine has: one version, 50 keys an update,
 * 5 MB, all of an update or nothing (CloudFront API reference, UpdateKeys; Quotas on key value stores).
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const MOST_KEYS = 50;
const MOST_BYTES = 5_000_000;

interface Answer {
  readonly status: number;
  readonly error?: string;
  readonly json?: object;
}

export interface StandIn extends AsyncDisposable {
  readonly url: string;
  readonly values: Map<string, string>;
  /** Calls, by their name. */
  readonly calls: { describe: number; update: number };
  /** Keys in each update that was made. */
  readonly sizes: number[];
  /** Somebody else changes it between two calls, so many times. */
  meddle: number;
  /** Bytes that each entry takes of the bound besides those that are told: AWS says nothing of any. */
  overhead: number;
  bytes(): number;
}

export async function standInStore(): Promise<StandIn> {
  const values = new Map<string, string>();
  let version = 1;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      // Signatures of no region; others are refused.
      const signed = request.headers.authorization?.startsWith('AWS4-ECDSA-P256-SHA256 ') === true;
      const { status, error, json }: Answer = signed
        ? answer(request.method!, request.headers['if-match'], Buffer.concat(chunks).toString())
        : { status: 403, error: 'AccessDeniedException' };
      response
        .writeHead(status, {
          'content-type': 'application/json',
          etag: String(version),
          ...(error !== undefined && { 'x-amzn-errortype': error }),
        })
        .end(JSON.stringify(json ?? { Message: error }));
    });
  });
  const state = () => ({ ItemCount: values.size, TotalSizeInBytes: standIn.bytes() });
  function answer(method: string, match: string | undefined, body: string): Answer {
    if (method === 'GET') {
      standIn.calls.describe += 1;
      return { status: 200, json: { ...state(), KvsARN: 'arn', Created: 1, LastModified: 1, Status: 'READY' } };
    }
    standIn.calls.update += 1;
    if (standIn.meddle > 0) {
      standIn.meddle -= 1;
      version += 1;
    }
    if (match !== String(version)) return { status: 409, error: 'ConflictException' };
    const { Puts = [], Deletes = [] } = JSON.parse(body) as {
      Puts?: { Key: string; Value: string }[];
      Deletes?: { Key: string }[];
    };
    if (Puts.length + Deletes.length > MOST_KEYS) return { status: 400, error: 'ValidationException' };
    const before = new Map(values);
    for (const { Key, Value } of Puts) values.set(Key, Value);
    for (const { Key } of Deletes) values.delete(Key);
    if (standIn.bytes() + standIn.overhead * values.size > MOST_BYTES) {
      values.clear();
      for (const [key, value] of before) values.set(key, value);
      return { status: 402, error: 'ServiceQuotaExceededException' };
    }
    standIn.sizes.push(Puts.length + Deletes.length);
    version += 1;
    return { status: 200, json: state() };
  }
  const standIn: StandIn = {
    url: '',
    values,
    calls: { describe: 0, update: 0 },
    sizes: [],
    meddle: 0,
    overhead: 0,
    bytes: () => {
      let sum = 0;
      for (const [key, value] of values) sum += Buffer.byteLength(key) + Buffer.byteLength(value);
      return sum;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(standIn, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}
