/**
 * Two keys of the deployment's own that only events need: one signs the addresses that events go to, one makes pseudonyms of
 * viewers. A row of the table of heatmaps, made by whoever needs it first; who deletes it makes every pseudonym that there is
 * one of nobody, and every address out of date.
 */
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
let held: { readonly keys: Promise<InsightKeys>; readonly until: number } | undefined;

/** `make`: whether to make them where there are none; else throws. A failure is not kept. */
export function insightKeys(make: boolean): Promise<InsightKeys> {
  if (held !== undefined && Date.now() < held.until) return held.keys;
  const keys = load(make).catch((error: unknown) => {
    held = undefined;
    throw error;
  });
  held = { keys, until: Date.now() + FRESH };
  return keys;
}

async function load(make: boolean): Promise<InsightKeys> {
  const TableName = required('HEATMAPS_TABLE');
  const read = async () => (await dynamo.send(new GetCommand({ TableName, Key: KEYS_ROW, ConsistentRead: true }))).Item;
  const there = await read();
  if (there !== undefined) return keysOf(there);
  if (!make) throw new Error('nobody was given an address for events yet');
  const made = { addresses: randomBytes(32).toString('base64url'), viewers: randomBytes(32).toString('base64url') };
  await dynamo
    .send(
      new PutCommand({ TableName, Item: { ...KEYS_ROW, ...made }, ConditionExpression: 'attribute_not_exists(what)' }),
    )
    .catch((error: unknown) => {
      if ((error as Error).name !== 'ConditionalCheckFailedException') throw error;
    });
  return keysOf(await read());
}

function keysOf(item: unknown): InsightKeys {
  const { addresses, viewers } = row.parse(item);
  return { addresses: Buffer.from(addresses, 'base64url'), viewers: Buffer.from(viewers, 'base64url') };
}

/** What stands for a person in events, 66 bits: who has no key cannot tell whose it is. `person`: as tickets name one. */
export const pseudonymOf = ({ viewers }: Pick<InsightKeys, 'viewers'>, person: string): string =>
  createHmac('sha256', viewers).update(person).digest('base64url').slice(0, 11);
