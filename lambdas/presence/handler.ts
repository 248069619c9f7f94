/**
 * Presence: tickets over the HTTP API, connections of the WebSocket API, and what changes in tables, told to who listens. One
 * function, for each of the three is a few calls, and what one decides another tells.
 */
import type { APIGatewayProxyStructuredResultV2, DynamoDBStreamEvent } from 'aws-lambda';
import type { ApiEvent } from '../shared/http.ts';
import { about } from '../shared/logger.ts';
import { api } from './api.ts';
import { push } from './push.ts';
import { socket, type SocketEvent } from './sockets.ts';

export async function handler(
  event: ApiEvent | SocketEvent | DynamoDBStreamEvent,
): Promise<APIGatewayProxyStructuredResultV2 | undefined> {
  if ('Records' in event) {
    about(undefined);
    await push(event.Records);
    return undefined;
  }
  if (!isSocket(event)) return await api(event);
  about(undefined, { connection: event.requestContext.connectionId });
  return await socket(event);
}

const isSocket = (event: ApiEvent | SocketEvent): event is SocketEvent => 'connectionId' in event.requestContext;
