/** Asking for a stream, and the signs of life of those who watch it. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Channel, DeviceRecord } from '../../../lib/contract/device.ts';
import { required } from '../../../lib/contract/env.ts';
import { viewerKind, viewerRow } from '../../../lib/contract/fleet.ts';
import { dynamo } from '../../shared/clients.ts';
import { hasJustFailed, streamNow, taskOf, type StreamNow } from '../../shared/device-state.ts';
import { queryFleet, readDevice, readTasks, sendCommand } from '../../shared/devices.ts';
import { ApiError } from '../../shared/errors.ts';

/** Throws `not-found` when the device has no such channel. */
export function channelOf(record: Pick<DeviceRecord, 'channels'>, number: number): Channel {
  const channel = record.channels.find((one) => one.number === number);
  if (channel === undefined) throw new ApiError('not-found', 'The device has no such channel.');
  return channel;
}

export interface Watch {
  readonly record: DeviceRecord;
  readonly channel: Channel;
  /** Of the player. */
  readonly session: string;
  /** When the signature it gets ends, and with it this sign of life. */
  readonly until: Date;
  readonly startSeconds: number;
  /** Called once it is known what the channel is doing, and before anybody is told of a viewer: nothing is where it throws. */
  readonly check: (found: StreamNow) => Promise<void>;
}

/** What the channel is doing, without asking for it. */
export async function readState({
  record,
  channel,
  startSeconds,
}: Pick<Watch, 'record' | 'channel' | 'startSeconds'>): Promise<StreamNow> {
  if (channel.live === 'never') return { state: 'offline', reason: 'This channel is not to be watched live.' };
  return streamNow({ record, channel: channel.number, tasks: await readTasks(), now: Date.now(), startSeconds });
}

/**
 * Asks for the channel and says what it is doing. A stream that runs is asked for, too: its task may be about to stop it,
 * and forgets that when it hears of us.
 */
export async function watch({ record, channel, session, until, startSeconds, check }: Watch): Promise<StreamNow> {
  const found = await readState({ record, channel, startSeconds });
  if (channel.live === 'never') return found;
  await check(found);
  const tasks = await readTasks();
  const task = taskOf(record, tasks, Date.now());
  await markWatched(record.id, channel.number, session, until);
  if (channel.live === 'always' && found.state === 'live') {
    const receiver = tasks.get(found.stream?.task ?? '');
    if (receiver !== undefined && isFirst(record, channel, Date.now()))
      await sendCommand(receiver, record.id, { type: 'watched', channel: channel.number });
    return found;
  }
  if (task === undefined || found.state === 'busy') return found;
  // Asking again would put `starting` in place of the word of why there is nothing to see.
  if (hasJustFailed(found, Date.now()) || (found.state === 'offline' && found.stream !== undefined)) return found;
  const { number, stream } = channel;
  if (!(await sendCommand(task, record.id, { type: 'start', channel: number, stream }))) return found;
  return found.state === 'offline' ? { state: 'starting', since: new Date().toISOString() } : found;
}

/** Whether nobody was watching until now, so that there may be no sound yet. Pure. */
export const isFirst = (
  { watched }: Pick<DeviceRecord, 'watched'>,
  { number, sound }: Pick<Channel, 'number' | 'sound'>,
  now: number,
): boolean => sound !== true && !(Date.parse(watched[String(number)] ?? '') > now);

/** The viewer's row first: a goodbye that does not see it yet then fails on the device's changed attribute. */
async function markWatched(device: string, channel: number, session: string, until: Date): Promise<void> {
  const row = viewerRow.parse({
    kind: viewerKind(device, channel),
    id: session,
    expiresAt: Math.ceil(until.getTime() / 1000),
  });
  await dynamo.send(new PutCommand({ TableName: required('FLEET_TABLE'), Item: row }));
  await setWatched(device, channel, until, {
    condition: 'attribute_not_exists(watched.#channel) OR watched.#channel < :until',
    values: {},
  });
}

/** A player that goes. Whoever else watches keeps the stream: only the last one's going brings its end forward. */
export async function goodbye(device: string, channel: number, session: string): Promise<void> {
  const record = await readDevice(device);
  const { Attributes } = await dynamo.send(
    new DeleteCommand({
      TableName: required('FLEET_TABLE'),
      Key: { kind: viewerKind(device, channel), id: session },
      ReturnValues: 'ALL_OLD',
    }),
  );
  const before = record?.watched[String(channel)];
  if (Attributes === undefined || before === undefined) return;
  const now = Date.now();
  const others = (await queryFleet(viewerKind(device, channel))).filter(
    (row) => viewerRow.parse(row).expiresAt * 1000 > now,
  );
  if (others.length > 0) return;
  await setWatched(device, channel, new Date(now), {
    condition: 'watched.#channel = :before',
    values: { ':before': before },
  });
}

async function setWatched(
  device: string,
  channel: number,
  until: Date,
  { condition, values }: { readonly condition: string; readonly values: Readonly<Record<string, string>> },
): Promise<void> {
  try {
    await dynamo.send(
      new UpdateCommand({
        TableName: required('DEVICES_TABLE'),
        Key: { id: device },
        UpdateExpression: 'SET watched.#channel = :until',
        ConditionExpression: `attribute_exists(id) AND (${condition})`,
        ExpressionAttributeNames: { '#channel': String(channel) },
        ExpressionAttributeValues: { ':until': until.toISOString(), ...values },
      }),
    );
  } catch (error) {
    // Somebody else's sign of life reaches further, or came in between: theirs stands.
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
