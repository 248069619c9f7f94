/** The videos table: reads are parsed, and every change of status is conditional on the status it leaves. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import type { VideoEvent, VideoEventType } from '../../lib/contract/events.ts';
import { videoRecord, type VideoRecord, type VideoStatus } from '../../lib/contract/video.ts';
import { dynamo } from './clients.ts';
import { publish } from './events.ts';
import { logger } from './logger.ts';
import { countVideo } from './storage.ts';

const table = () => required('VIDEOS_TABLE');

/** The record, read consistently; undefined when there is none. A video being deleted is still returned. */
export async function readVideo(id: string): Promise<VideoRecord | undefined> {
  const { Item } = await dynamo.send(new GetCommand({ TableName: table(), Key: { id }, ConsistentRead: true }));
  return Item === undefined ? undefined : videoRecord.parse(Item);
}

/** Fields to set (undefined: leave alone) and the names of fields to remove. */
export interface Change {
  readonly set?: Partial<Omit<VideoRecord, 'id' | 'kind' | 'timeline' | 'status'>>;
  readonly remove?: readonly (keyof VideoRecord)[];
  /** The status to move to; recorded in the timeline. */
  readonly status?: VideoStatus;
}

/** What must hold for a change to be made. */
interface Guard {
  /** The video must be in one of these. Always excludes `deleted` when left out. */
  readonly from?: readonly VideoStatus[];
  /** The slicing run must be this one. */
  readonly execution?: string;
  /** With `execution`: the video may also have no slicing run yet. One such write decides which of two runs has it. */
  readonly orUnclaimed?: boolean;
  /** It must still go on that day. */
  readonly removeOn?: string;
  /** It must still be in the trash, since that moment. */
  readonly trashedAt?: string;
  /** Its text tracks must still be these: a list is changed as a whole. */
  readonly texts?: { readonly before: VideoRecord['texts'] };
  /** And its tags. */
  readonly tags?: { readonly before: VideoRecord['tags'] };
}

/** Makes the change if the guard holds; answers the new record, or undefined when it does not hold or nothing is there. */
export async function changeVideo(id: string, change: Change, guard: Guard = {}): Promise<VideoRecord | undefined> {
  const now = new Date().toISOString();
  const set: Record<string, unknown> = { ...change.set, updatedAt: now };
  if (change.status) set['status'] = change.status;
  const assignments = Object.keys(set).filter((name) => set[name] !== undefined);
  const names: Record<string, string> = { '#status': 'status', '#id': 'id' };
  const values: Record<string, unknown> = {};
  for (const name of assignments) {
    names[`#${name}`] = name;
    values[`:${name}`] = set[name];
  }
  const parts = assignments.map((name) => `#${name} = :${name}`);
  if (change.status) {
    names['#timeline'] = 'timeline';
    values[':reached'] = [{ status: change.status, at: now }];
    parts.push('#timeline = list_append(#timeline, :reached)');
  }
  for (const name of change.remove ?? []) names[`#${name}`] = name;
  const from = guard.from ?? ['uploading', 'uploaded', 'probed', 'playable', 'ready', 'failed'];
  from.forEach((status, index) => (values[`:from${index}`] = status));
  const conditions = ['attribute_exists(#id)', `#status IN (${from.map((_, index) => `:from${index}`).join(', ')})`];
  if (guard.execution !== undefined) {
    names['#slicing'] = 'slicing';
    names['#execution'] = 'execution';
    values[':execution'] = guard.execution;
    const mine = '#slicing.#execution = :execution';
    conditions.push(guard.orUnclaimed === true ? `(attribute_not_exists(#slicing) OR ${mine})` : mine);
  }
  if (guard.removeOn !== undefined) {
    names['#removeOn'] = 'removeOn';
    values[':removeOnBefore'] = guard.removeOn;
    conditions.push('#removeOn = :removeOnBefore');
  }
  if (guard.trashedAt !== undefined) {
    names['#trashedAt'] = 'trashedAt';
    values[':trashedAtBefore'] = guard.trashedAt;
    conditions.push('#trashedAt = :trashedAtBefore');
  }
  for (const list of ['texts', 'tags'] as const) {
    const still = guard[list];
    if (still === undefined) continue;
    names[`#${list}`] = list;
    if (still.before === undefined) conditions.push(`attribute_not_exists(#${list})`);
    else {
      values[`:${list}Before`] = still.before;
      conditions.push(`#${list} = :${list}Before`);
    }
  }
  let changed: VideoRecord;
  try {
    const { Attributes } = await dynamo.send(
      new UpdateCommand({
        TableName: table(),
        Key: { id },
        UpdateExpression: `SET ${parts.join(', ')}${change.remove?.length ? ` REMOVE ${change.remove.map((name) => `#${name}`).join(', ')}` : ''}`,
        ConditionExpression: conditions.join(' AND '),
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: values,
        ReturnValues: 'ALL_NEW',
      }),
    );
    changed = videoRecord.parse(Attributes);
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
  if (change.set?.bytes !== undefined || change.set?.owner !== undefined) await countVideo(changed);
  return changed;
}

/**
 * Tells the world what the record now says, or said at `at`: when it got there, which what is written since does not move. Whoever
 * may be the first to know tells of it: receivers must expect the same event twice, and know it by the status and this moment.
 */
export async function announce(
  record: VideoRecord,
  status: VideoEventType,
  at = reachedAt(record, status),
): Promise<void> {
  const event: VideoEvent = { videoId: record.id, owner: record.owner, status, at };
  const revision = record.slicing?.revision ?? record.revision;
  if (revision > 0) event.revision = revision;
  if (record.duration !== null) event.duration = record.duration;
  if (status === 'failed' && record.failure) event.failure = record.failure;
  tell(record, status);
  await publish(event);
}

const reachedAt = ({ timeline, updatedAt }: VideoRecord, status: VideoEventType): string =>
  timeline.findLast((one) => one.status === status)?.at ?? updatedAt;

/** Each status of a video is a line of log under the video's id, beginning with its upload, and so is the trash. */
export function tell({ id, slicing, failure }: VideoRecord, status: VideoStatus | VideoEventType): void {
  logger.setCorrelationId(id);
  const code = status === 'failed' ? failure?.code : undefined;
  logger.info('video', { videoId: id, status, execution: slicing?.execution, code });
}
