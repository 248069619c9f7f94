/**
 * Stand-ins for DynamoDB, SQS and EventBridge: every device is registered, every write is taken and counted, no command ever
 * comes. They speak the services' own protocol, so what is measured uses its SDK clients as it does in the cloud.
 */
import type { Reply, Request } from './http.ts';
import { headerOf } from './http.ts';

/** Devices whose ids begin with this stream channel 1 of their own accord; others have no channel. */
export const STREAMING = '139';

export class Tables {
  /** By operation, e.g. `GetItem`. */
  readonly calls: Record<string, number> = {};
  positionItems = 0;
  positions = 0;

  reply(request: Request, text: string): Reply | Promise<Reply> {
    const operation = headerOf(request.head, 'x-amz-target')?.split('.')[1] ?? '';
    this.calls[operation] = (this.calls[operation] ?? 0) + 1;
    if (operation === 'ReceiveMessage') {
      const { WaitTimeSeconds = 0 } = JSON.parse(text) as { WaitTimeSeconds?: number };
      return new Promise((resolve) => setTimeout(() => resolve(json({})), WaitTimeSeconds * 1000).unref());
    }
    return json(this.#answer(operation, text));
  }

  #answer(operation: string, text: string): object {
    switch (operation) {
      case 'GetItem': {
        const { TableName, Key } = JSON.parse(text) as { TableName: string; Key: { id: { S: string } } };
        return TableName === 'devices' ? { Item: device(Key.id.S) } : {};
      }
      case 'BatchWriteItem':
        // Items name how many points they hold.
        for (const [, count] of text.matchAll(/"count":\{"N":"(\d+)"\}/g)) {
          this.positionItems += 1;
          this.positions += Number(count);
        }
        return { UnprocessedItems: {} };
      case 'Query':
        return { Items: [], Count: 0, ScannedCount: 0 };
      case 'CreateQueue':
        return { QueueUrl: 'http://127.0.0.1/000000000000/bench' };
      case 'PutEvents': {
        const { Entries } = JSON.parse(text) as { Entries: unknown[] };
        return { FailedEntryCount: 0, Entries: Entries.map((_, i) => ({ EventId: String(i) })) };
      }
      case 'UpdateItem':
      case 'PutItem':
      case 'DeleteItem':
      case 'DeleteQueue':
        return {};
      default:
        throw new Error(`the benchmark's tables do not know ${operation}`);
    }
  }
}

const json = (value: object): Reply => ({
  status: 200,
  headers: 'content-type: application/x-amz-json-1.0\r\n',
  body: JSON.stringify(value),
});

const S = (value: string) => ({ S: value });
const CHANNEL = { M: { number: { N: '1' }, name: S('Channel 1'), live: S('always'), stream: S('main') } };

/** A registered device, as the devices table holds it. */
function device(id: string): object {
  const at = S('2025-01-01T00:00:00.000Z');
  return {
    id: S(id),
    kind: S('device'),
    name: S(id),
    timeZone: S('Asia/Shanghai'),
    channels: { L: id.startsWith(STREAMING) ? [CHANNEL] : [] },
    retentionDays: { N: '30' },
    viewers: { L: [] },
    mediaKey: S(id.slice(-12)),
    createdAt: at,
    createdBy: S('bench'),
    updatedAt: at,
    online: { BOOL: false },
    streams: { M: {} },
    watched: { M: {} },
    authCode: S('bench'),
  };
}
