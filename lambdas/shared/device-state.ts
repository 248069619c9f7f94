/** What a device's record says now, given which tasks are alive. Pure. */
import { isReceived, type DeviceRecord, type Stream, type StreamState } from '../../lib/contract/device.ts';
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
  /** What its task says, while it receives it: `offline`, nothing of what the device sends can be shown. */
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
 * may accept a request and then send nothing. `offline` with no reason: nothing has been asked for; with one, `since` says
 * when that became known.
 */
export function streamNow({ record, channel, tasks, now, startSeconds }: StreamQuestion): StreamNow {
  const stream = record.streams[String(channel)];
  const age = stream === undefined ? Infinity : now - Date.parse(stream.since);
  const isHeld = stream?.task !== undefined && alive(tasks.get(stream.task), now) !== undefined;
  if (stream !== undefined && isHeld && isReceived(stream)) {
    const { state, since, reason } = stream;
    return { state, since, ...(reason !== undefined && { reason }), stream };
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
  if (stream === undefined || isReceived(stream)) return { state: 'offline' };
  if (stream.state === 'starting') {
    return {
      state: 'offline',
      since: new Date(Date.parse(stream.since) + startSeconds * 1000).toISOString(),
      reason: SILENT,
    };
  }
  return { state: 'offline', ...(stream.reason !== undefined && { since: stream.since, reason: stream.reason }) };
}

const SILENT = 'The device was asked for this channel and has sent no picture.';

/** What was asked for has just come to nothing: to be said for a while, before it is asked for again. */
export const hasJustFailed = ({ state, since, reason }: StreamNow, now: number): boolean =>
  state === 'offline' && since !== undefined && reason !== undefined && now - Date.parse(since) < BUSY_MS;
