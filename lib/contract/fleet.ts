/** Rows of the fleet table that live for a short while: tasks, unknown devices, recordings to come, what was kept today, viewers. Answers: commands.ts. */
import { z } from 'zod';
import { channelNumber, deviceId, requestId } from './device.ts';

const time = z.iso.datetime();

/** Seconds a task's lease is good. */
export const LEASE_SECONDS = 30;

/** Devices of one task that are named. */
export const MOST_LOSING = 20;

export const losing = z.object({
  device: deviceId,
  /** Of the packets that it sent in the last minute, those that did not arrive. */
  percent: z.int().min(0).max(100),
});
export type Losing = z.infer<typeof losing>;

export const taskRow = z.object({
  kind: z.literal('task'),
  id: z.string(),
  queueUrl: z.string(),
  startedAt: time,
  /** Epoch seconds until which the task is alive. */
  leaseUntil: z.int().positive(),
  draining: z.boolean(),
  /** Task definition, `family:revision`; absent when it is not on ECS. */
  revision: z.string().max(300).optional(),
  connections: z.int().nonnegative(),
  streams: z.int().nonnegative(),
  /** Whose networks lose packets; of tasks before this version, and where none do, absent. */
  losing: z.array(losing).max(MOST_LOSING).optional(),
  /** Epoch seconds; a day after the lease. */
  expiresAt: z.int().positive(),
});
export type TaskRow = z.infer<typeof taskRow>;

/** A device that came and is not registered. `count` grows by ADD; at most `unknownPerMinute` writes a task and minute. */
export const unknownRow = z.object({
  kind: z.literal('unknown'),
  id: deviceId,
  count: z.int().positive(),
  firstSeenAt: time,
  lastSeenAt: time,
  /** Of whom: the first three bytes of an IPv4 address, e.g. `203.0.113.0/24`. */
  address: z.string().max(64),
  /** What it wanted. */
  why: z.enum(['register', 'authenticate', 'location', 'media', 'attachment', 'other']),
  protocol: z.enum(['2011', '2013', '2019']).optional(),
  /** From 0x0100, where it came. */
  plate: z.string().max(40).optional(),
  model: z.string().max(40).optional(),
  expiresAt: z.int().positive(),
});
export type UnknownRow = z.infer<typeof unknownRow>;

/** A recording a device was asked to play back: whichever task its pictures arrive at takes it from here. */
export const playbackRow = z.object({
  kind: z.literal('playback'),
  /** `{device}/{channel}` */
  id: z.string(),
  requestId,
  device: deviceId,
  channel: channelNumber,
  from: time,
  to: time,
  speed: z.int().positive(),
  expiresAt: z.int().positive(),
});
export type PlaybackRow = z.infer<typeof playbackRow>;

/** What one device has had kept in one day. Each number grows by ADD, under the condition that it stays within the day's. */
export const usageRow = z.object({
  kind: z.string().regex(/^usage#[0-9a-f]+$/),
  /** The day, of UTC. */
  id: z.iso.date(),
  files: z.int().nonnegative().optional(),
  bytes: z.int().nonnegative().optional(),
  encodes: z.int().nonnegative().optional(),
  alarms: z.int().nonnegative().optional(),
  /** Epoch seconds; a day after its own. */
  expiresAt: z.int().positive(),
});

/** Of each device its own: all devices' in one would share one partition's writes. */
export const usageKind = (device: string): string => `usage#${device}`;

/** One viewer of an on-demand channel, until the signature ends. The API's own. */
export const viewerRow = z.object({
  kind: z.string().regex(/^viewer#[0-9a-f]+\/\d+$/),
  id: z.string(),
  expiresAt: z.int().positive(),
});
export const viewerKind = (device: string, channel: number): string => `viewer#${device}/${channel}`;
