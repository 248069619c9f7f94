/** The ECS agent in small. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers as the agent beside a task does, and keeps what it was asked to protect. */
export async function ecsAgent(revision = '7') {
  const asked: { readonly ProtectionEnabled: boolean; readonly ExpiresInMinutes?: number }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      if (request.method === 'PUT' && request.url === '/task-protection/v1/state')
        asked.push(JSON.parse(body) as (typeof asked)[number]);
      const TaskARN = 'arn:aws:ecs:eu-west-1:1:task/c/0123456789abcdef0123456789abcdef';
      response.end(JSON.stringify({ TaskARN, Family: 'ingest', Revision: revision }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
}
