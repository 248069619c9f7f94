/** Webhooks on the engine, told over real sockets: the API, what works on the queue, and a server that is told. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
  type Message,
} from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import type { Delivery } from '../../../lib/contract/webhook.ts';
import { fileServer, type FileServer } from '../../support/file-server.ts';
import { callRoute, startHandlerEngine } from '../engine.ts';

type Api = typeof import('../../../lambdas/webhooks/handler.ts').handler;
type Deliver = typeof import('../../../lambdas/webhooks/deliver.ts').handler;
export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export interface Came {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const ADA = { sub: 'ada', groups: ['admin'] };

let tellings = 0;
export const videoOf = (name: string) => name.padEnd(20, 'x');

/** As the bus brings it, which calls each telling something else: what happened to the video of this name. */
export const event = (name: string, detail: object = {}, source = 'sluice.video') =>
  JSON.stringify({
    version: '0',
    id: `bus-${++tellings}`,
    source,
    'detail-type': 'ready',
    time: '2026-05-06T07:08:09Z',
    detail: {
      videoId: videoOf(name),
      owner: 'uma',
      status: 'ready',
      at: '2026-05-06T07:08:09.010Z',
      duration: 60,
      ...detail,
    },
  });

export class Hooks {
  readonly came: Came[] = [];
  answer: Answer = () => {};
  readonly #sqs = new SQSClient({});
  #queues = 0;

  readonly api: Api;
  readonly deliver: Deliver;
  readonly server: FileServer;
  readonly close: () => Promise<void>;

  private constructor({ api, deliver, server, close }: Pick<Hooks, 'api' | 'deliver' | 'server' | 'close'>) {
    this.api = api;
    this.deliver = deliver;
    this.server = server;
    this.close = close;
  }

  static async start(): Promise<Hooks> {
    const stop = await startHandlerEngine({ WEBHOOK_PRIVATE: 'yes' });
    const { handler: api } = await import('../../../lambdas/webhooks/handler.ts');
    const { handler: deliver } = await import('../../../lambdas/webhooks/deliver.ts');
    const server = await fileServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const headers = request.headers as Record<string, string>;
        hooks.came.push({ path: request.url ?? '', headers, body: Buffer.concat(chunks).toString() });
        hooks.answer(response, request);
      });
    });
    const close = async () => {
      await server.close();
      await stop();
    };
    const hooks = new Hooks({ api, deliver, server, close });
    return hooks;
  }

  /** Another queue, so that what one test leaves hidden comes to no other, and a server that takes all. */
  async fresh(): Promise<void> {
    this.#queues += 1;
    const QueueName = `hooks-${process.pid}-${this.#queues}`;
    const { QueueUrl } = await this.#sqs.send(new CreateQueueCommand({ QueueName }));
    process.env['WEBHOOK_QUEUE'] = QueueUrl;
    this.came.length = 0;
    this.answer = (response) => void response.writeHead(204).end();
  }

  /** Deletes all webhooks. */
  async clear(): Promise<void> {
    const { json } = await this.call('GET /api/webhooks', {});
    for (const { id } of json.webhooks) await this.call('DELETE /api/webhooks/{webhook}', { params: { webhook: id } });
  }

  call(route: Parameters<typeof callRoute>[1], more: Omit<Parameters<typeof callRoute>[2], 'as'>) {
    return callRoute(this.api, route, { as: ADA, ...more });
  }

  async made(body: Record<string, unknown> = {}): Promise<{ id: string; secret: string }> {
    const { status, json } = await this.call('POST /api/webhooks', {
      body: { url: `${this.server.url}/hook`, types: ['video.ready'], ...body },
    });
    if (status !== 201) throw new Error(`not made: ${status}`);
    return json;
  }

  async shown(webhook: string) {
    const { json } = await this.call('GET /api/webhooks', {});
    return json.webhooks.find(({ id }: { id: string }) => id === webhook);
  }

  async deliveries(webhook: string, query: Record<string, string> = {}) {
    const { json } = await this.call('GET /api/webhooks/{webhook}/deliveries', { params: { webhook }, query });
    return json as { deliveries: Delivery[]; cursor: string | null };
  }

  /** How many messages of these are to come again, by the ids `m0`, `m1`, … */
  async work(messages: readonly (readonly [body: string, receipt: string])[]) {
    const Records = messages.map(([body, receiptHandle], i) => ({ messageId: `m${i}`, body, receiptHandle }));
    return (await this.deliver({ Records } as unknown as SQSEvent)).batchItemFailures;
  }

  /** Works on all that the queue has now, but not on what is there because time has passed; how many of it are to come again. */
  async drain(): Promise<number> {
    let again = 0;
    for (;;) {
      const QueueUrl = process.env['WEBHOOK_QUEUE'];
      const { Messages = [] } = await this.#sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      if (Messages.length === 0) return again;
      const now = Messages.filter((one) => !isLater(one));
      const failed = await this.work(now.map((one) => [one.Body!, one.ReceiptHandle!]));
      again += failed.length;
      const kept = new Set(failed.map(({ itemIdentifier }) => now[Number(itemIdentifier.slice(1))]));
      for (const one of Messages) {
        const { ReceiptHandle } = one;
        if (!kept.has(one)) await this.#sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
    }
  }

  /** Messages that are received, and not deleted. */
  async hidden(): Promise<number> {
    const { Attributes } = await this.#sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: process.env['WEBHOOK_QUEUE'],
        AttributeNames: ['ApproximateNumberOfMessagesNotVisible'],
      }),
    );
    return Number(Attributes!['ApproximateNumberOfMessagesNotVisible']);
  }
}

/** Of a webhook that is held: when another of its messages is tried. Tests say themselves when that is. */
const isLater = ({ Body }: Message): boolean => {
  const { wake } = JSON.parse(Body!) as { wake?: string };
  return wake !== undefined && wake !== '';
};
