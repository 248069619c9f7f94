/** Measured, on a core of its own: the functions of insight as they are deployed, and one that writes each event. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { APIGatewayProxyStructuredResultV2, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { readEventsToken, eventsToken } from '../../lambdas/shared/events-address.ts';
import { ensureInsightKeys } from '../../lambdas/shared/insight-keys.ts';
import { addressFor, parseAddress } from '../../lib/contract/events-address.ts';
import { required } from '../../lib/contract/env.ts';
import { playerPost, type Report } from '../../lib/contract/player-events.ts';
import { answerMessages, cpuMs } from '../ingest/pinned.ts';

export interface Post {
  readonly what: string;
  readonly session: string;
  readonly body: string;
}
export type MeasuredMessage =
  | { readonly do: 'take' | 'each'; readonly posts: readonly Post[]; readonly side: number }
  | { readonly do: 'spread'; readonly reports: readonly Report[] }
  | { readonly do: 'count'; readonly flushes: readonly (readonly (readonly Report[])[])[] };

const { handler: take } = (await import(required('EVENTS'))) as {
  handler: (event: object) => Promise<APIGatewayProxyStructuredResultV2>;
};
const { handler: count } = (await import(required('COUNT'))) as {
  handler: (event: SQSEvent) => Promise<SQSBatchResponse>;
};
const { handler: spread } = (await import(required('SPREAD'))) as {
  handler: (event: SQSEvent) => Promise<SQSBatchResponse>;
};
const table = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const now = Math.floor(Date.now() / 1000);

async function tokens(posts: readonly Post[]): Promise<string[]> {
  const keys = await ensureInsightKeys();
  return posts.map(({ what, session }) =>
    eventsToken(keys, addressFor({ what, session, viewer: undefined }, now + 600, now)),
  );
}

/** CPU seconds of all, one after another and `side` at a time. */
async function measured(posts: readonly Post[], side: number, one: (to: string, body: string) => Promise<void>) {
  const to = await tokens(posts);
  for (let index = 0; index < Math.min(200, posts.length); index += 1) await one(to[index]!, posts[index]!.body);
  const before = cpuMs();
  let next = 0;
  const work = async () => {
    for (let index = next++; index < posts.length; index = next++) await one(to[index]!, posts[index]!.body);
  };
  await Promise.all(Array.from({ length: side }, work));
  return { cpuSeconds: (cpuMs() - before) / 1000 };
}

answerMessages<MeasuredMessage>({
  take: async ({ posts, side }) =>
    await measured(posts, side, async (to, body) => {
      const { statusCode } = await take({
        version: '2.0',
        routeKey: 'POST /api/events',
        headers: { 'cloudfront-viewer-country': 'DE', 'cloudfront-is-desktop-viewer': 'true' },
        queryStringParameters: { to },
        body,
        isBase64Encoded: false,
        requestContext: { requestId: 'bench' },
      });
      if (statusCode !== 204) throw new Error(`answered ${statusCode}`);
    }),
  // The usual design: the same check, and then a write for each event.
  each: async ({ posts, side }) => {
    const keys = await ensureInsightKeys();
    return await measured(posts, side, async (to, body) => {
      const { what, session } = readEventsToken(keys, to, now) ?? parseAddress(to)!;
      for (const event of playerPost.parse(JSON.parse(body)).events)
        await table.send(
          new UpdateCommand({
            TableName: required('HEATMAPS_TABLE'),
            Key: { what, row: `${session}#${event.type}` },
            UpdateExpression: 'ADD #n :one SET #e = :event',
            ExpressionAttributeNames: { '#n': 'n', '#e': 'event' },
            ExpressionAttributeValues: { ':one': 1, ':event': event },
          }),
        );
    });
  },
  spread: async ({ reports }) => {
    const Records = reports.map((one, index) => ({ messageId: `m${index}`, body: JSON.stringify(one) }));
    const before = cpuMs();
    await spread({ Records } as unknown as SQSEvent);
    return { cpuSeconds: (cpuMs() - before) / 1000 };
  },
  // Executions of a flush run side by side, as Lambda lets them.
  count: async ({ flushes }) => {
    const before = cpuMs();
    for (const executions of flushes)
      await Promise.all(
        executions.map(async (reports) => {
          const Records = Array.from({ length: Math.ceil(reports.length / 200) }, (_, at) => ({
            messageId: `m${at}`,
            body: JSON.stringify({ reports: reports.slice(at * 200, at * 200 + 200) }),
          }));
          const { batchItemFailures } = await count({ Records } as unknown as SQSEvent);
          if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} bundles were not counted`);
        }),
      );
    return { cpuSeconds: (cpuMs() - before) / 1000 };
  },
});
