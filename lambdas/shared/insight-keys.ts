/**
 * Two keys of the deployment's own that only events need: one signs the addresses that events go to, one makes pseudonyms of
 * viewers. A row of the table of heatmaps, made by whoever needs it first; who deletes it makes every pseudonym that there is
 * one of nobody, and every address out of date.
 */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { KEYS_ROW } from '../../lib/contract/heatmap.ts';
import { required } from '../../lib/contract/env.ts';
import { dynamo } from './clients.ts';

/** 32 bytes each, base64url. */
const row = z.object({ addresses: z.string().length(43), viewers: z.string().length(43) });

export interface InsightKeys {
  readonly addresses: Buffer;
  readonly viewers: Buffer;
}

/** Milliseconds after which the row is read again: it may have been deleted. */
const FRESH = 5 * 60_000;
let held: { readonly keys: Promise<InsightKeys | undefined>; readonly until: number } | undefined;

/** Undefined: there are none, since nobody began to watch yet, or they were deleted. */
export async function insightKeys(): Promise<InsightKeys | undefined> {
  return await kept(read);
}

/** As they are there, or made now. */
export async function ensureInsightKeys(): Promise<InsightKeys> {
  return (await kept(async () => (await read()) ?? (await make())))!;
}

/** A failure is not kept, nor that there are none. */
async function kept(load: () => Promise<InsightKeys | undefined>): Promise<InsightKeys | undefined> {
  if (held !== undefined && Date.now() < held.until) return await held.keys;
  const now = { keys: load(), until: Date.now() + FRESH };
  held = now;
  const forget = () => {
    if (held === now) held = undefined;
  };
  const keys = await now.keys.catch((error: unknown) => {
    forget();
    throw error;
  });
  if (keys === undefined) forget();
  return keys;
}

async function read(): Promise<InsightKeys | undefined> {
  const query = { TableName: required('HEATMAPS_TABLE'), Key: KEYS_ROW, ConsistentRead: true };
  const { Item } = await dynamo.send(new GetCommand(query));
  return Item === undefined ? undefined : keysOf(Item);
}

async function make(): Promise<InsightKeys | undefined> {
  const made = { addresses: randomBytes(32).toString('base64url'), viewers: randomBytes(32).toString('base64url') };
  const Item = { ...KEYS_ROW, ...made };
  await dynamo
    .send(
      new PutCommand({
        TableName: required('HEATMAPS_TABLE'),
        Item,
        ConditionExpression: 'attribute_not_exists(what)',
      }),
    )
    .catch((error: unknown) => {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    });
  // Of two who make them at once one did.
  return await read();
}

function keysOf(item: unknown): InsightKeys {
  const { addresses, viewers } = row.parse(item);
  return { addresses: Buffer.from(addresses, 'base64url'), viewers: Buffer.from(viewers, 'base64url') };
}

/** What stands for a person in events, 66 bits: who has no key cannot tell whose it is. `person`: as tickets name one. */
export const pseudonymOf = ({ viewers }: Pick<InsightKeys, 'viewers'>, person: string): string =>
  createHmac('sha256', viewers).update(person).digest('base64url').slice(0, 11);
