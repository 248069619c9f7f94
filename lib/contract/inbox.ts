/**
 * The inbox of alarms: which partition of its index an alarm lies in, and the routes. An alarm that is for people is `new` until
 * somebody acknowledges it, once for everybody who may see its device. That a lasting one is over is said of the one that
 * began (`endedAt`); its end is no alarm of its own here.
 */
import { z } from 'zod';
import type { Route } from './route.ts';
import { alarm, alarmRecord, channelNumber, deviceId, requestId, type AlarmRecord } from './device.ts';
import { opaque } from './text.ts';

/** Index of the alarms table: partition `inbox`, sort key `at`. */
export const INBOX = 'inbox';

/**
 * Partitions of one state, by the last character of the device's id: a partition takes 1,000 writes a second, which a large
 * fleet exceeds when much happens to it at once.
 */
export const SHARDS: readonly string[] = '0123456789abcdef'.split('');
export const shardOf = (device: string): string => device.slice(-1);

export const inboxState = z.enum(['new', 'acknowledged']);
export type InboxState = z.infer<typeof inboxState>;

export const inboxKey = (state: InboxState, shard: string): string => `${state}.${shard}`;

/** Undefined: it never was in the inbox. */
export const stateOf = ({ inbox }: Pick<AlarmRecord, 'inbox'>): InboxState | undefined =>
  inboxState.safeParse(inbox?.split('.')[0]).data;

/** What the index holds of an alarm: what it is asked by. */
export const inboxRow = alarmRecord.pick({ device: true, at: true, kind: true, quiet: true });
export type InboxRow = z.infer<typeof inboxRow>;

/** So many are counted; of more it is only said that there are more. */
export const MOST_COUNTED = 99;
/** Acknowledged by one call, at most. */
export const MOST_ACKNOWLEDGED = 100;

/** What names an alarm to the API. */
const alarmName = z.strictObject({ device: deviceId, time: z.iso.datetime(), id: requestId });
export type AlarmName = z.infer<typeof alarmName>;

const inboxAlarm = alarm.extend({
  deviceName: z.string().meta({ description: 'Its id where it is not registered any more; admins see those, too.' }),
  channels: z.array(channelNumber).meta({ description: 'Those of its device that may be watched live.' }),
});
export type InboxAlarm = z.infer<typeof inboxAlarm>;

export const inboxRoutes = {
  'GET /api/alarms': {
    stage: 'devices',
    auth: 'user',
    status: 200,
    summary:
      'Alarms for people, of all devices you may see, latest first. Of a lasting one only that it began, and when it ended.',
    query: z.object({
      state: z.enum([...inboxState.options, 'all']).default('new'),
      device: deviceId.optional(),
      kind: alarmRecord.shape.kind.optional(),
      pushed: z
        .enum(['0', '1'])
        .optional()
        .meta({ description: '1: those alone that people are told of as they come, as rules of `alarms.rules` say.' }),
      limit: z.coerce.number().int().min(1).max(100).default(50),
      cursor: opaque(2000).optional(),
    }),
    response: z.object({ alarms: z.array(inboxAlarm), cursor: z.string().nullable() }),
  },
  'GET /api/alarms/count': {
    stage: 'devices',
    auth: 'user',
    status: 200,
    summary: 'How many of them are new.',
    response: z.object({
      count: z.int().min(0).max(MOST_COUNTED),
      isMore: z.boolean().meta({ description: 'There are more, or may be: no more is looked at.' }),
    }),
  },
  'POST /api/alarms/acknowledge': {
    stage: 'devices',
    auth: 'user',
    status: 200,
    summary:
      'Somebody has seen to them: of devices you may see, once for everybody. Safe to repeat; who was first stays.',
    body: z.strictObject({
      alarms: z.array(alarmName).min(1).max(MOST_ACKNOWLEDGED, { abort: true }),
    }),
    response: z.object({ acknowledged: z.int().meta({ description: 'How many of them were new.' }) }),
  },
} as const satisfies Record<string, Route>;
