/** Revoking what was signed: the one way for every stage. The edge refuses it some seconds later. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { createHash } from 'node:crypto';
import { required } from '../../lib/contract/env.ts';
import {
  keyOf,
  MOST_REVOKED,
  REVOCATION_GROUP,
  STORE_ROW,
  storeRow,
  type Revocable,
  type Revocation,
  type RevocationTask,
} from '../../lib/contract/revocation.ts';
import { dynamo } from './clients.ts';

/** Rows written at once. */
const PARALLEL = 25;
/** Milliseconds in which the store is not asked about again. */
const ROOM_KNOWN_MS = 30_000;

const sqs = new SQSClient({});

export interface Revoked {
  readonly kind: Revocable;
  /** The part of the ticket that names it, or the id of a video or a device. */
  readonly id: string;
  /** When the last signature that it is to refuse ends. */
  readonly until: Date;
}

/**
 * Has the edge refuse these from now on. When it returns, each is on record and the writer has been told; what has been revoked
 * before is revoked anew, for as long as is said now. Throws when one of the two could not be done: then repeat it all, which does no
 * harm. `now`: epoch ms, of sessions that a person, link, video or device began then or before.
 */
export async function revoke(revoked: readonly Revoked[], now = Date.now()): Promise<void> {
  const at = Math.floor(now / 1000);
  const revocations = revoked.map(({ kind, id, until }): Revocation => {
    return { key: keyOf(kind, id), at, until: Math.max(at, Math.ceil(until.getTime() / 1000)) };
  });
  for (let from = 0; from < revocations.length; from += MOST_REVOKED) {
    const some = revocations.slice(from, from + MOST_REVOKED);
    for (let row = 0; row < some.length; row += PARALLEL) {
      await Promise.all(some.slice(row, row + PARALLEL).map(record));
    }
    await tell({ step: 'write', revocations: some });
  }
}

const record = (Item: Revocation) => dynamo.send(new PutCommand({ TableName: required('REVOCATIONS_TABLE'), Item }));

/** Sends the writer a message. Two of one `id`, or else of the same content, within five minutes are one (SQS, FIFO queues). */
export async function tell(task: RevocationTask, id?: string): Promise<void> {
  const MessageBody = JSON.stringify(task);
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: required('REVOCATION_QUEUE'),
      MessageBody,
      MessageGroupId: REVOCATION_GROUP,
      MessageDeduplicationId: id ?? createHash('sha256').update(MessageBody).digest('hex'),
    }),
  );
}

let known: { readonly full: boolean; readonly until: number } | undefined;

/** Whether revocations wait for room at the edge. Then what is signed should end soon by itself. */
export async function edgeIsFull(now = Date.now()): Promise<boolean> {
  if (known === undefined || now >= known.until) {
    const { Item } = await dynamo.send(
      new GetCommand({ TableName: required('REVOCATIONS_TABLE'), Key: { key: STORE_ROW } }),
    );
    known = { full: Item !== undefined && storeRow.parse(Item).waiting > 0, until: now + ROOM_KNOWN_MS };
  }
  return known.full;
}
