/** The HTTP API in front of handlers in this process: routes by the contract's table, events as API Gateway makes them. */
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApiEvent } from '../../lambdas/shared/http.ts';
import { routes } from '../../lib/contract/api.ts';
import type { Route, Stage } from '../../lib/contract/route.ts';
import { authorized } from '../lambdas/engine.ts';

type Handler = (event: ApiEvent) => Promise<APIGatewayProxyStructuredResultV2>;

export async function apiServer(
  handlers: Partial<Record<Stage, Handler>>,
): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    void answer(handlers, request).then(({ statusCode = 200, headers, body }) =>
      response.writeHead(statusCode, headers as Record<string, string>).end(body),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(handlers: Partial<Record<Stage, Handler>>, request: IncomingMessage) {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://api.test');
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  for (const [routeKey, route] of Object.entries<Route>(routes)) {
    const [method, template = ''] = routeKey.split(' ');
    const pathParameters = method === request.method ? matched(template, pathname) : undefined;
    const handler = handlers[route.stage];
    if (pathParameters === undefined || handler === undefined) continue;
    const { authorization } = request.headers;
    const token = authorization?.split('.')[1];
    const claims = token && (JSON.parse(Buffer.from(token, 'base64url').toString()) as object);
    if (route.auth === 'user' && !claims) break;
    return await handler({
      version: '2.0',
      routeKey,
      headers: { ...(authorization !== undefined && { authorization }) },
      pathParameters,
      queryStringParameters: Object.fromEntries(searchParams),
      ...(chunks.length > 0 && { body: Buffer.concat(chunks).toString() }),
      isBase64Encoded: false,
      requestContext: {
        requestId: 'test',
        ...(claims && { authorizer: { jwt: { claims: authorized(claims), scopes: [] } } }),
      },
    } as unknown as ApiEvent);
  }
  return { statusCode: 401, headers: {}, body: '{"message":"Unauthorized"}' };
}

function matched(template: string, path: string): Record<string, string> | undefined {
  const [wanted, given] = [template.split('/'), path.split('/')];
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name !== undefined) params[name] = decodeURIComponent(given[i]!);
    else if (part !== given[i]) return undefined;
  }
  return params;
}
