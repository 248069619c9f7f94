/**
 * The engine with what the upload API uses, and before it a proxy that makes parts look as large as they would be: it
 * passes everything on as it is, but writes the part size wanted into S3's lists of parts.
 */
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { createServer, request as httpRequest } from 'node:http';
import { engineEnvironment, startEngine } from '../../local/engine.ts';

export interface Cloud {
  /** For the measured process. */
  readonly env: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

export async function startCloud(partBytes: number): Promise<Cloud> {
  const engine = await startEngine({ log: (line) => console.error(line) });
  const proxy = await startProxy(new URL(engine.endpoint), partBytes);
  const names = {
    SOURCE_BUCKET: `bench-${process.pid}`,
    VIDEOS_TABLE: `videos-${process.pid}`,
    UPLOADS_TABLE: `uploads-${process.pid}`,
  };
  const client = {
    endpoint: engine.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  await new S3Client({ ...client, forcePathStyle: true }).send(
    new CreateBucketCommand({ Bucket: names.SOURCE_BUCKET }),
  );
  const dynamo = new DynamoDBClient(client);
  for (const [TableName, partition, sort] of [
    [names.VIDEOS_TABLE, 'id'],
    [names.UPLOADS_TABLE, 'owner', 'slot'],
  ] as const) {
    await dynamo.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: partition, KeyType: 'HASH' },
          ...(sort ? [{ AttributeName: sort, KeyType: 'RANGE' } as const] : []),
        ],
        AttributeDefinitions: [
          { AttributeName: partition, AttributeType: 'S' },
          ...(sort ? [{ AttributeName: sort, AttributeType: 'N' } as const] : []),
        ],
      }),
    );
  }
  return {
    env: { ...engineEnvironment(engine.endpoint), AWS_ENDPOINT_URL_S3: proxy.endpoint, EVENT_BUS: 'default', ...names },
    close: async () => {
      proxy.close();
      await engine.close();
    },
  };
}

async function startProxy({ hostname, port }: URL, partBytes: number) {
  const server = createServer((incoming, outgoing) => {
    const { method, url = '/', headers } = incoming;
    const lists = method === 'GET' && url.includes('uploadId=');
    const onward = httpRequest({ hostname, port, method, path: url, headers }, (answer) => {
      if (!lists) {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
        return;
      }
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const text = Buffer.concat(chunks)
          .toString('utf8')
          .replaceAll(/<Size>\d+<\/Size>/g, `<Size>${partBytes}</Size>`);
        const { 'content-length': _, 'transfer-encoding': __, ...kept } = answer.headers;
        outgoing.writeHead(answer.statusCode ?? 502, { ...kept, 'content-length': Buffer.byteLength(text) });
        outgoing.end(text);
      });
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
