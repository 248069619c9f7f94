/** What the functions of insight ask, in a process of its own: a table that keeps what it is given, and queues that take everything. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerMessages } from '../ingest/pinned.ts';

export interface Written {
  /** Calls that write, and their write units: of 1 KiB begun, those of the index included. */
  readonly writes: number;
  readonly writeUnits: number;
  readonly reads: number;
  /** Units of 4 KiB begun, read consistently. */
  readonly readUnits: number;
  readonly refused: number;
  readonly messages: number;
  readonly messageBytes: number;
}
export type WorldMessage = { readonly do: 'open' | 'take' };

type Value = Record<string, string>;
type Item = Record<string, Value>;
const rows = new Map<string, { readonly item: Item; readonly bytes: number }>();
const none = () => ({ writes: 0, writeUnits: 0, reads: 0, readUnits: 0, refused: 0, messages: 0, messageBytes: 0 });
let taken = none();

/** As DynamoDB counts an item: names, and values as they are kept. */
const sizeOf = (item: Item, names = Object.keys(item)): number =>
  names.reduce((sum, name) => {
    const [type, value = ''] = Object.entries(item[name] ?? {})[0] ?? [];
    return sum + name.length + (type === 'B' ? Math.floor((value.length * 3) / 4) : value.length);
  }, 0);
/** What the index by day has of a row. */
const INDEXED = ['what', 'row', 'day', 'counters', 'viewers'];
const units = (bytes: number, unit = 1024): number => Math.max(1, Math.ceil(bytes / unit));

const server = createServer((request, response) => {
  void answer(request).then(([status, body]) =>
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(body),
  );
});

async function answer(request: IncomingMessage): Promise<[number, string]> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '');
  if (operation === 'SendMessage') {
    taken.messages += 1;
    taken.messageBytes += body.length;
    const { MessageBody } = JSON.parse(body.toString()) as { MessageBody: string };
    // The SDK checks it.
    const MD5OfMessageBody = createHash('md5').update(MessageBody).digest('hex');
    return [200, JSON.stringify({ MessageId: 'x', MD5OfMessageBody })];
  }
  const asked = JSON.parse(body.toString()) as {
    Key?: Item;
    Item?: Item;
    ExpressionAttributeValues?: Item;
  };
  const at = asked.Item ?? asked.Key ?? {};
  const key = `${at['what']?.['S']} ${at['row']?.['S']}`;
  const there = rows.get(key);
  switch (operation) {
    case 'GetItem':
      taken.reads += 1;
      taken.readUnits += units(there?.bytes ?? 0, 4096);
      return [200, JSON.stringify(there === undefined ? {} : { Item: there.item })];
    case 'PutItem': {
      const item = asked.Item!;
      const wanted = asked.ExpressionAttributeValues?.[':version']?.['N'];
      taken.writes += 1;
      const bytes = sizeOf(item);
      taken.writeUnits += units(bytes) + (item['day'] === undefined ? 0 : units(sizeOf(item, INDEXED)));
      if (there?.item['version']?.['N'] !== wanted) {
        taken.refused += 1;
        return [400, JSON.stringify({ __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' })];
      }
      rows.set(key, { item, bytes });
      return [200, '{}'];
    }
    case 'UpdateItem':
      taken.writes += 1;
      taken.writeUnits += 1;
      return [200, '{}'];
    default:
      taken.reads += 1;
      taken.readUnits += 1;
      return [200, JSON.stringify({ Items: [], Count: 0, ScannedCount: 0 })];
  }
}

const ready = new Promise<string>((resolve) => {
  server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
});

answerMessages<WorldMessage>({
  open: async () => await ready,
  take: (): Written => {
    const now = taken;
    taken = none();
    return now;
  },
});
