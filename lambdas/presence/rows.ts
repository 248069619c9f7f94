/**
 * The table of who listens to what. Four kinds of row under one key: a ticket, a connection, what a person said in a minute, and of a topic
 * each connection that listens to it. All end by themselves (`until`, epoch seconds), however long DynamoDB leaves them lying there.
 */
import { DeleteCommand, GetCommand, paginateQuery, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { required } from '../../lib/contract/env.ts';
import { MOST_MESSAGES } from '../../lib/contract/presence.ts';
import { LEASE_SECONDS } from '../../lib/contract/socket.ts';
import { dynamo } from '../shared/clients.ts';
import { unlessRefused } from '../shared/unless-refused.ts';

const TableName = () => required('PRESENCE_TABLE');

/** Who listens, as their token said when they asked for the ticket, and where they asked from. */
export const person = z.object({
  subject: z.string(),
  groups: z.array(z.string()),
  /** Origin of the page; absent: no page asked. */
  origin: z.string().optional(),
  ip: z.string().optional(),
  country: z.string().optional(),
  /** When their token ends. */
  tokenEnds: z.int(),
});
export type Person = z.infer<typeof person>;

const connectionRow = person.extend({
  topics: z.array(z.string()),
  /** Until when it listens to each of them, at least; absent: to some it may not yet. */
  leasedUntil: z.int().optional(),
  until: z.int(),
});
export type Connection = z.infer<typeof connectionRow> & { readonly id: string };

/** Who listens to a topic. */
export interface Reader {
  readonly id: string;
  readonly until: number;
}

/** Of a ticket only its hash is kept: who reads the table can begin nothing. */
const ticketKey = (ticket: string) => ({
  topic: `ticket/${createHash('sha256').update(ticket).digest('base64url')}`,
  connection: '-',
});
const connectionKey = (id: string) => ({ topic: `connection/${id}`, connection: '-' });

const put = (Item: object): Promise<unknown> => dynamo.send(new PutCommand({ TableName: TableName(), Item }));

export async function putTicket(given: Person, until: number): Promise<string> {
  const ticket = randomBytes(24).toString('base64url');
  await put({ ...ticketKey(ticket), ...given, until });
  return ticket;
}

/** Takes the ticket away, so that it opens one connection. Undefined: there is none, any more or at all. */
export async function takeTicket(ticket: string, now: number): Promise<Person | undefined> {
  const { Attributes } = await dynamo.send(
    new DeleteCommand({ TableName: TableName(), Key: ticketKey(ticket), ReturnValues: 'ALL_OLD' }),
  );
  if (Attributes === undefined || Number(Attributes['until']) < now) return undefined;
  return person.parse(Attributes);
}

export const putConnection = ({ id, ...row }: Connection): Promise<unknown> => put({ ...connectionKey(id), ...row });

/** Undefined: there is none, or it is over. */
export async function readConnection(id: string, now: number): Promise<Connection | undefined> {
  const { Item } = await dynamo.send(
    new GetCommand({ TableName: TableName(), Key: connectionKey(id), ConsistentRead: true }),
  );
  const row = Item === undefined ? undefined : connectionRow.parse(Item);
  return row === undefined || row.until <= now ? undefined : { ...row, id };
}

/** Counts one more message of a person, by whichever of their connections. False: they have sent as many in this minute as they may. */
export async function countMessage({ subject }: Pick<Person, 'subject'>, now: number): Promise<boolean> {
  const minute = Math.floor(now / 60);
  return await isWritten(
    dynamo.send(
      new UpdateCommand({
        TableName: TableName(),
        Key: { topic: `person/${subject}`, connection: String(minute) },
        UpdateExpression: 'SET #until = :until ADD messages :one',
        ConditionExpression: 'attribute_not_exists(messages) OR messages < :most',
        ExpressionAttributeNames: { '#until': 'until' },
        ExpressionAttributeValues: { ':until': (minute + 1) * 60, ':one': 1, ':most': MOST_MESSAGES },
      }),
    ),
  );
}

/** False: the write's condition does not hold. */
const isWritten = async (write: Promise<unknown>): Promise<boolean> => (await unlessRefused(write)) !== undefined;

const SIDE_BY_SIDE = 25;

async function sideBySide(items: readonly string[], work: (item: string) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < items.length; at += SIDE_BY_SIDE) {
    await Promise.all(items.slice(at, at + SIDE_BY_SIDE).map(work));
  }
}

const dropReader = (topic: string, connection: string): Promise<unknown> =>
  dynamo.send(new DeleteCommand({ TableName: TableName(), Key: { topic, connection } }));

/** Seconds in which what is asked for again is not written again. */
const YOUNG = 60;

/** Has the connection listen to these topics, and to no other. Writes what is another, and once in a while all. */
export async function listen(connection: Connection, topics: readonly string[], now: number): Promise<void> {
  const { id, until, leasedUntil = 0 } = connection;
  const lease = (seconds: number) => Math.min(until, now + seconds);
  const isYoung = leasedUntil >= lease(LEASE_SECONDS - YOUNG);
  const isNew = (topic: string) => !connection.topics.includes(topic);
  const written = isYoung ? topics.filter(isNew) : topics;
  const gone = connection.topics.filter((topic) => !topics.includes(topic));
  if (written.length + gone.length === 0) return;
  // Before they are there: what ends in between takes all of them away.
  if (topics.some(isNew) && !(await keep(id, [...new Set([...connection.topics, ...topics])]))) return;
  await sideBySide(written, (topic) => put({ topic, connection: id, until: lease(LEASE_SECONDS) }));
  await sideBySide(gone, (topic) => dropReader(topic, id));
  const isThere = await keep(id, topics, isYoung ? leasedUntil : lease(LEASE_SECONDS));
  if (!isThere) await sideBySide(topics, (topic) => dropReader(topic, id));
}

/** False: the connection is gone. */
async function keep(id: string, topics: readonly string[], leasedUntil?: number): Promise<boolean> {
  const isLeased = leasedUntil !== undefined;
  return await isWritten(
    dynamo.send(
      new UpdateCommand({
        TableName: TableName(),
        Key: connectionKey(id),
        UpdateExpression: `SET topics = :topics${isLeased ? ', leasedUntil = :leased' : ' REMOVE leasedUntil'}`,
        ConditionExpression: 'attribute_exists(topics)',
        ExpressionAttributeValues: { ':topics': topics, ...(isLeased && { ':leased': leasedUntil }) },
      }),
    ),
  );
}

/** All that is kept of a connection. Harmless when there is none. */
export async function forget(id: string): Promise<Connection | undefined> {
  const { Attributes } = await dynamo.send(
    new DeleteCommand({ TableName: TableName(), Key: connectionKey(id), ReturnValues: 'ALL_OLD' }),
  );
  if (Attributes === undefined) return undefined;
  const connection = { ...connectionRow.parse(Attributes), id };
  await sideBySide(connection.topics, (topic) => dropReader(topic, id));
  return connection;
}

/** Of a topic, at most: what more would hear asks in its own time. */
const MOST_READERS = 500;

/**
 * Who listens to it now. One query, which half a read unit pays where nobody does; more of them where many rows are over that nobody took
 * away, since a page counts those, too.
 */
export async function readersOf(topic: string, now: number): Promise<Reader[]> {
  const query = {
    TableName: TableName(),
    KeyConditionExpression: 'topic = :topic',
    FilterExpression: '#until > :now',
    ExpressionAttributeNames: { '#until': 'until' },
    ExpressionAttributeValues: { ':topic': topic, ':now': now },
  };
  const readers: Reader[] = [];
  for await (const { Items = [] } of paginateQuery({ client: dynamo, pageSize: MOST_READERS }, query)) {
    readers.push(...Items.map((item) => ({ id: String(item['connection']), until: Number(item['until']) })));
    if (readers.length >= MOST_READERS) break;
  }
  return readers.slice(0, MOST_READERS);
}
