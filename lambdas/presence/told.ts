/** Tells connections, and ends them, by the callback of the WebSocket API. */
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import type { Told } from '../../lib/contract/presence.ts';
import { forget } from './rows.ts';

/** Where it is says the SDK's own variable, `AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI`. */
const gateway = new ApiGatewayManagementApiClient({ maxAttempts: 2 });

/** Who went without a word is forgotten. */
export async function tell(id: string, message: Told): Promise<void> {
  try {
    await gateway.send(new PostToConnectionCommand({ ConnectionId: id, Data: Buffer.from(JSON.stringify(message)) }));
  } catch (error) {
    if (!(error instanceof GoneException)) throw error;
    await forget(id);
  }
}

/** Ends a connection. Harmless when it is over. */
export async function end(id: string): Promise<void> {
  try {
    await gateway.send(new DeleteConnectionCommand({ ConnectionId: id }));
  } catch (error) {
    if (!(error instanceof GoneException)) throw error;
  }
}
