/** What a device's record says now, given which tasks are alive. Pure. */
import type { DeviceRecord, Stream, StreamState } from '../../lib/contract/device.ts';
import type { TaskRow } from '../../lib/contract/fleet.ts';
import type { Tasks } from './devices.ts';

/** The task that holds the device's connection, while its lease is good. `now` is epoch milliseconds. */
export function taskOf(
  { online, task }: Pick<DeviceRecord, 'online' | 'task'>,
  tasks: Tasks,
  now: number,
): TaskRow | undefined {
  if (!online || task === undefined) return undefined;
  return alive(tasks.get(task), now);
}

const alive = (row: TaskRow | undefined, now: number): TaskRow | undefined =>
  row !== undefined && row.leaseUntil * 1000 > now ? row : undefined;

export interface StreamNow {
  readonly state: StreamState;
  readonly since?: string;
  /** For a person. */
  readonly reason?: string;
  /** What its task says, while it is live. */
  readonly stream?: Stream;
}

/** Milliseconds after which a stream that could not be had is asked for again. */
const BUSY_MS = 10_000;

interface StreamQuestion {
  readonly record: Pick<DeviceRecord, 'online' | 'task' | 'streams' | 'channels' | 'lastSeenAt'>;
  readonly channel: number;
  readonly tasks: Tasks;
  /** Epoch milliseconds. */
  readonly now: number;
  /** A stream that has been starting for longer does not start. */
  readonly startSeconds: number;
}

/**
 * What a channel is doing. The record may say what is over: the task that wrote it may have been killed, and a device
 * may accept a request and then send nothing. `offline` with no reason: nothing has been asked for.
 */
export function streamNow({ record, channel, tasks, now, startSeconds }: StreamQuestion): StreamNow {
  const stream = record.streams[String(channel)];
  const age = stream === undefined ? Infinity : now - Date.parse(stream.since);
  if (stream?.state === 'live' && stream.task !== undefined && alive(tasks.get(stream.task), now)) {
    return { state: 'live', since: stream.since, stream };
  }
  if (taskOf(record, tasks, now) === undefined) {
    return {
      state: 'offline',
      ...(record.lastSeenAt && { since: record.lastSeenAt }),
      reason: 'The device is not connected.',
    };
  }
  if (stream?.state === 'busy' && age < BUSY_MS) {
    return { state: 'busy', since: stream.since, reason: stream.reason ?? 'The device cannot send this channel now.' };
  }
  if (stream?.state === 'starting' && age < startSeconds * 1000) return { state: 'starting', since: stream.since };
  return { state: 'offline', ...(stream?.reason !== undefined && { reason: stream.reason }) };
}
