/**
 * Ceilings: what one video may cost, and all of a month together. A month is one row of the uploads table, in millionths of
 * a dollar. A run adds its estimate before it encodes anything, in one transaction with its record, so that a retried step
 * adds it once; at the end the measured price takes the estimate's place, also of a run that fails (unfinished.ts).
 */
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { GetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { setTimeout as sleep } from 'node:timers/promises';
import { costOptions, type Cost, type CostOptions } from '../../lib/contract/cost.ts';
import { json, required } from '../../lib/contract/env.ts';
import { DAY_SECONDS } from '../../lib/contract/options.ts';
import type { Chunk, Plan } from '../../lib/contract/plan.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import type { Architecture } from '../../lib/contract/prices.ts';
import { dynamo } from '../shared/clients.ts';
import { readVideo } from '../shared/videos.ts';
import { estimateCost, madeNow } from './estimate.ts';
import { Refusal } from './refusal.ts';
import { ThrottledError } from './transient.ts';

type Ceilings = Partial<Pick<CostOptions, 'maxDollarsPerVideo' | 'maxDollarsPerMonth'>>;

/** Of the months' rows. No person: no subject of an issuer has a space. */
const OWNER = 'slicing dollars';

/** Days a month's row is kept. */
const KEPT_DAYS = 400;

/** Times two runs may meet at one row. */
const TRIES = 8;

/** `202611`, in UTC: the sort key of a month's row. */
export const monthOf = (now: Date): number => now.getUTCFullYear() * 100 + now.getUTCMonth() + 1;

export const microdollars = (dollars: number): number => Math.ceil(dollars * 1e6);

/** `$12.40`; below ten cents with as many digits as say something. */
export const spokenDollars = (dollars: number): string =>
  dollars === 0 || dollars >= 0.1
    ? `$${dollars.toFixed(2)}`
    : `$${dollars.toFixed(Math.min(6, 1 - Math.floor(Math.log10(dollars))))}`;

/** Functions of one deployment are all of one kind. */
export const architecture: Architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';

/** The plan with its price, which is counted from here on. Throws Refusal when a ceiling is passed. */
export async function afford(plan: Plan, chunks: readonly Chunk[]): Promise<Plan> {
  const options = json('SLICING_COST', costOptions);
  const cost = estimateCost(madeNow({ ...plan, chunks }), options, architecture);
  checkVideo(cost, options, plan.spent);
  await reserve({ ...plan, cost }, options);
  return { ...plan, cost };
}

/** Throws Refusal when the video alone is over its ceiling. `spent`: what the run before this one cost. */
export function checkVideo({ estimate }: Pick<Cost, 'estimate'>, { maxDollarsPerVideo }: Ceilings, spent = 0): void {
  if (maxDollarsPerVideo === undefined || estimate + spent <= maxDollarsPerVideo) return;
  if (spent > 0)
    throw new Refusal(
      'too-expensive',
      `Making the rest of this video would cost about ${spokenDollars(estimate)} after ${spokenDollars(spent)} for what there is, and one video may cost ${spokenDollars(maxDollarsPerVideo)} here; ask the operator for a higher slicing.maxDollarsPerVideo and upload it again.`,
    );
  throw new Refusal(
    'too-expensive',
    `Slicing this video would cost about ${spokenDollars(estimate)}, and one video may cost ${spokenDollars(maxDollarsPerVideo)} here; upload a shorter or smaller one, or ask the operator for a higher slicing.maxDollarsPerVideo.`,
  );
}

/**
 * Adds the run's estimate to its month and writes it into the record. Throws Refusal when the month's ceiling would be
 * passed. Does nothing when this run has done so, or the video is no longer its own.
 */
export async function reserve(
  { videoId, execution, cost, spent = 0 }: Pick<Plan, 'videoId' | 'execution' | 'spent'> & { readonly cost: Cost },
  { maxDollarsPerMonth }: Ceilings,
  now = new Date(),
): Promise<void> {
  const month = monthOf(now);
  const wanted = microdollars(cost.estimate);
  const room = maxDollarsPerMonth === undefined ? undefined : microdollars(maxDollarsPerMonth) - wanted;
  const record = {
    TableName: required('VIDEOS_TABLE'),
    Key: { id: videoId },
    UpdateExpression: 'SET #cost = :cost, #spend = :spend',
    ConditionExpression:
      '#slicing.#execution = :execution AND (attribute_not_exists(#spend) OR #spend.#execution <> :execution)',
    ExpressionAttributeNames: {
      '#cost': 'cost',
      '#spend': 'spend',
      '#slicing': 'slicing',
      '#execution': 'execution',
    },
    ExpressionAttributeValues: {
      ':cost': cost,
      ':spend': { execution, month, microdollars: wanted, ...(spent > 0 && { before: microdollars(spent) }) },
      ':execution': execution,
    },
  };
  const conditions = await transact(record, {
    ...add(month, wanted, now),
    ...(room !== undefined && {
      ConditionExpression: `${room < 0 ? '' : 'attribute_not_exists(microdollars) OR '}microdollars <= :room`,
    }),
    room,
  });
  // Its own reservation comes first: a step that is retried may find its month full by its own estimate.
  if (conditions?.[0] === true || conditions?.[1] !== true) return;
  const gone = (await spentIn(month)) / 1e6;
  const [what, again] =
    spent > 0 ? ['Making the rest of this video', 'play it again'] : ['Slicing this video', 'upload it'];
  throw new Refusal(
    'month-spent',
    `${what} would cost about ${spokenDollars(cost.estimate)}, and of the ${spokenDollars(maxDollarsPerMonth!)} that a month may cost here ${spokenDollars(gone)} are spent or planned; ${again} next month, or ask the operator for a higher slicing.maxDollarsPerMonth.`,
  );
}

/** Puts what the video's run cost in the place of its estimate, once that is known. Safe to repeat. */
export async function settle(id: string): Promise<void> {
  const { spend, cost } = (await readVideo(id)) ?? {};
  if (spend === undefined || cost?.actual == null) return;
  await settleAt({ id, spend, cost }, microdollars(cost.actual) - (spend.before ?? 0));
}

interface Settled {
  readonly id: string;
  readonly spend: NonNullable<VideoRecord['spend']>;
  readonly cost: Cost;
}

/** The same, of a run that took so many millionths: `cost` is what its video's record says from then on. */
export async function settleAt({ id, spend, cost }: Settled, amount: number): Promise<void> {
  await transact(
    {
      TableName: required('VIDEOS_TABLE'),
      Key: { id },
      UpdateExpression: 'SET #cost = :cost REMOVE #spend',
      ConditionExpression: '#spend.#execution = :execution',
      ExpressionAttributeNames: { '#cost': 'cost', '#spend': 'spend', '#execution': 'execution' },
      ExpressionAttributeValues: { ':cost': cost, ':execution': spend.execution },
    },
    add(spend.month, amount - spend.microdollars, new Date()),
  );
}

/** Millionths of a dollar that the month has so far. */
export async function spentIn(month: number): Promise<number> {
  const { Item } = await dynamo.send(
    new GetCommand({ TableName: required('UPLOADS_TABLE'), Key: { owner: OWNER, slot: month }, ConsistentRead: true }),
  );
  return Number(Item?.['microdollars'] ?? 0);
}

const add = (month: number, amount: number, now: Date) => ({
  TableName: required('UPLOADS_TABLE'),
  Key: { owner: OWNER, slot: month },
  UpdateExpression: 'ADD microdollars :amount SET expiresAt = :expiresAt',
  values: { ':amount': amount, ':expiresAt': Math.floor(now.getTime() / 1000) + KEPT_DAYS * DAY_SECONDS },
});

type RecordUpdate = Parameters<typeof transactWrite>[0];
type MonthUpdate = ReturnType<typeof add> & {
  readonly ConditionExpression?: string;
  readonly room?: number | undefined;
};

/** Both or none. Answers undefined when they were written, else which of the two conditions did not hold. */
async function transact(record: RecordUpdate, month: MonthUpdate): Promise<boolean[] | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await transactWrite(record, month);
      return undefined;
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code);
      if (codes.includes('ConditionalCheckFailed')) return codes.map((code) => code === 'ConditionalCheckFailed');
      if (attempt === TRIES) throw new ThrottledError('too many runs write their dollars at a time', { cause: error });
      // Another run is at the same row.
      await sleep(Math.random() * 50 * 2 ** attempt);
    }
  }
}

const transactWrite = (
  record: {
    TableName: string;
    Key: Record<string, unknown>;
    UpdateExpression: string;
    ConditionExpression: string;
    ExpressionAttributeNames: Record<string, string>;
    ExpressionAttributeValues: Record<string, unknown>;
  },
  { values, room, ...month }: MonthUpdate,
) =>
  dynamo.send(
    new TransactWriteCommand({
      TransactItems: [
        { Update: record },
        {
          Update: {
            ...month,
            ExpressionAttributeValues: { ...values, ...(room !== undefined && { ':room': room }) },
          },
        },
      ],
    }),
  );
