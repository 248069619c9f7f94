/**
 * What the manifest function asks, in a process of its own: DynamoDB, S3 and Secrets Manager in the services' own protocol, one
 * video, and nobody else. Every write is taken, every other row is not there.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { marshall } from '@aws-sdk/util-dynamodb';
import { playbackSecret } from '../../test/support/secret.ts';
import { answerMessages } from '../ingest/pinned.ts';
import { mediaPlaylist, videoRecord } from './film.ts';

export type WorldMessage = { readonly do: 'open'; readonly minutes: number } | { readonly do: 'take' };

const { text } = playbackSecret('KBENCH');
let video = videoRecord(1);
let playlist = mediaPlaylist(1);
/** By operation, since they were last taken. */
let calls: Record<string, number> = {};

const server = createServer((request, response) => {
  void answer(request).then(
    (body) => response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(body),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});

async function answer(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const operation = String(request.headers['x-amz-target'] ?? `${request.method} object`).replace(/^.*\./, '');
  calls[operation] = (calls[operation] ?? 0) + 1;
  if (operation === 'GET object') return playlist;
  if (operation === 'GetSecretValue') return JSON.stringify({ SecretString: text });
  const asked = JSON.parse(Buffer.concat(chunks).toString()) as {
    TableName?: string;
    Key?: Record<string, unknown>;
    ExpressionAttributeValues?: Record<string, unknown>;
    RequestItems?: Record<string, { Keys: unknown[] }>;
  };
  if (operation === 'GetItem') return JSON.stringify(asked.TableName === 'videos' ? { Item: marshall(video) } : {});
  if (operation === 'BatchGetItem') {
    const found = Object.keys(asked.RequestItems ?? {}).map((name) => [
      name,
      name === 'videos' ? [marshall(video)] : [],
    ]);
    return JSON.stringify({ Responses: Object.fromEntries(found), UnprocessedKeys: {} });
  }
  // A session that begins: the row is what was written.
  if (operation === 'UpdateItem' && asked.TableName === 'sessions') {
    const set = Object.entries(asked.ExpressionAttributeValues ?? {}).map(([name, value]) => [name.slice(1), value]);
    return JSON.stringify({ Attributes: { ...asked.Key, ...Object.fromEntries(set) } });
  }
  if (operation === 'Query') return JSON.stringify({ Items: [], Count: 0, ScannedCount: 0 });
  return '{}';
}

const ready = new Promise<string>((resolve) => {
  server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
});

answerMessages<WorldMessage>({
  open: async ({ minutes }) => {
    video = videoRecord(minutes);
    playlist = mediaPlaylist(minutes);
    return await ready;
  },
  take: () => {
    const taken = calls;
    calls = {};
    return taken;
  },
});
