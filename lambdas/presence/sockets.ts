/** A connection's life: it begins by a ticket, says what it wants to hear of, and ends. */
import { CONNECTION_SECONDS, MOST_BYTES, MOST_CONNECTIONS, wanted } from '../../lib/contract/presence.ts';
import { freeSlotsOf, takeSlot } from '../shared/slots.ts';
import { permitted } from './permitted.ts';
import { countMessage, forget, listen, putConnection, readConnection, takeTicket } from './rows.ts';
import { end, tell } from './told.ts';

/** An event of the WebSocket API (API Gateway Developer Guide, "Integration requests" of WebSocket APIs), as far as it is looked at. */
export interface SocketEvent {
  readonly requestContext: {
    readonly connectionId: string;
    readonly eventType: 'CONNECT' | 'MESSAGE' | 'DISCONNECT';
  };
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly queryStringParameters?: Readonly<Record<string, string | undefined>> | null;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
}

interface Answer {
  readonly statusCode: number;
}
const OK: Answer = { statusCode: 200 };

export async function socket(event: SocketEvent, now = Math.floor(Date.now() / 1000)): Promise<Answer> {
  const { connectionId: id, eventType } = event.requestContext;
  if (eventType === 'CONNECT') return await begin(id, event, now);
  if (eventType === 'MESSAGE') await hear(id, event, now);
  else await over(id);
  return OK;
}

/** A person's places, in the table of numbered places (lambdas/shared/slots.ts). No subject of an issuer has a space. */
const placesOf = (subject: string): string => `sockets of ${subject}`;

/** What is no 2xx refuses the connection: who came then polls. */
async function begin(id: string, { headers = {}, queryStringParameters }: SocketEvent, now: number): Promise<Answer> {
  const ticket = queryStringParameters?.['ticket'];
  const who = ticket === undefined || ticket.length > 100 ? undefined : await takeTicket(ticket, now);
  // The page that connects is of the origin that asked for the ticket: browsers say both, and no page can choose what they say.
  if (who === undefined || originOf(headers) !== who.origin || who.tokenEnds <= now) return { statusCode: 403 };
  const until = Math.min(who.tokenEnds, now + CONNECTION_SECONDS);
  const slot = await takeSlot({ owner: placesOf(who.subject), videoId: id, expiresAt: until }, MOST_CONNECTIONS);
  if (slot === undefined) return { statusCode: 429 };
  await putConnection({ ...who, id, topics: [], until });
  return OK;
}

const originOf = (headers: NonNullable<SocketEvent['headers']>): string | undefined =>
  Object.entries(headers).find(([name]) => name.toLowerCase() === 'origin')?.[1];

/** Whoever is over, talks nonsense or too much, is ended: a client of ours does none of it. */
async function hear(id: string, event: SocketEvent, now: number): Promise<void> {
  const connection = await readConnection(id, now);
  const said = connection && read(event);
  if (connection === undefined || said === undefined || !(await countMessage(connection, now))) {
    await end(id);
    return;
  }
  const topics = await permitted(connection, said, now);
  await listen(connection, topics, now);
  await tell(id, { topics, until: connection.until });
}

/** Undefined: it is not what a client says. */
function read({ body, isBase64Encoded }: SocketEvent): string[] | undefined {
  const text = body ?? '';
  if (isBase64Encoded === true || Buffer.byteLength(text) > MOST_BYTES) return undefined;
  try {
    return wanted.parse(JSON.parse(text)).topics;
  } catch {
    return undefined;
  }
}

async function over(id: string): Promise<void> {
  const connection = await forget(id);
  if (connection !== undefined) await freeSlotsOf(placesOf(connection.subject), id);
}
