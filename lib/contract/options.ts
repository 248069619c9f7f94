/**
 * The options of a deployment that functions and tasks read again from their environment, each with its bounds, here and
 * nowhere else: lib/config.ts adds the default and says what it is for, and whoever reads the variable checks it by the same
 * schema. What only the templates need has its bounds in lib/config.ts; days of retention, which devices have of their own,
 * in device.ts.
 */
import { z } from 'zod';
import { offered } from './encryption.ts';
import { SEGMENT_TYPES } from './keys.ts';

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;
export const MINUTE_SECONDS = 60;
export const DAY_SECONDS = 86_400;

/** A whole number from `min` to `max`, both allowed. */
export const whole = (min: number, max: number) => z.int().min(min).max(max);
export const port = whole(1, 65_535);

/** The bounds of an option in a unit of which `factor` make one of its own, for a variable that holds whole numbers of it. */
export const times = ({ minValue, maxValue }: z.ZodNumber, factor: number) =>
  whole(Math.floor(minValue! * factor), Math.floor(maxValue! * factor));

/** For a list's `refine`: nothing stands in it twice. */
export const once = (values: readonly unknown[]): boolean => new Set(values).size === values.length;
export const TWICE = 'names something twice';

export const RUNGS = [2160, 1440, 1080, 720, 540, 360, 234] as const;

export const uploadBounds = {
  maxSizeGiB: z.number().min(0.001).max(5120),
  types: z
    .array(
      z
        .string()
        .max(100)
        .regex(/^[a-z0-9.+-]+\/(\*|[a-z0-9.+-]+)$/i),
    )
    .min(1)
    .max(16)
    .refine(once, TWICE),
  maxInFlight: whole(1, 1000),
  quotaGiB: z.number().min(0).max(1_000_000),
  urlMinutes: whole(1, 720),
  expireDays: whole(1, 30),
  pullBuckets: z
    .array(
      z
        .string()
        // Amazon S3 bucket naming rules, general purpose buckets.
        .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)
        .refine((name) => !name.includes('..'), 'is no bucket name'),
    )
    .max(20)
    .refine(once, TWICE),
};

export const videosBounds = {
  trashDays: whole(0, 365),
  /** S3 takes no object to Infrequent Access that is younger than 30 days. */
  infrequentDays: whole(0, 3650).refine((days) => days === 0 || days >= 30, 'is 0, or at least 30 as S3 takes it'),
};
/** Default of `videos.trashDays`. */
export const TRASH_DAYS = 7;

export const slicingBounds = {
  segmentSeconds: z.number().min(1).max(20),
  segmentType: z.enum(SEGMENT_TYPES),
  encryption: offered,
  keySegments: whole(1, 10_000),
  chunkSeconds: whole(6, 600),
  ladder: z
    .array(z.union(RUNGS.map((n) => z.literal(n))))
    .min(1)
    .refine(once, TWICE),
  ladderWhen: z.enum(['upload', 'first-play']),
  copyMaxMbps: z.number().min(0).max(100),
  audioKbps: whole(32, 320),
  preset: z.enum(['ultrafast', 'superfast', 'veryfast', 'faster', 'fast', 'medium']),
  maxDurationHours: z.number().min(0.01).max(24),
  maxDimension: whole(64, 16_384),
  storageMiB: whole(512, 10_240),
  keepSourceDays: whole(1, 3650).optional(),
};

/** Dollars; at least a cent, so that a slip is no ceiling of nothing. */
export const dollarBounds = {
  maxDollarsPerVideo: z.number().min(0.01).max(1_000_000),
  maxDollarsPerMonth: z.number().min(0.01).max(1_000_000).optional(),
};

export const playbackBounds = {
  signatureHours: z.number().min(0.1).max(168),
  tokenMinutes: whole(1, 43_200),
  keyDays: whole(7, 3650),
};

/** Seconds the longest signature lasts, whatever the options say: a long video's lasts an hour more than it (access.ts). */
export const LONGEST_SIGNATURE_SECONDS =
  Math.max(playbackBounds.signatureHours.maxValue!, slicingBounds.maxDurationHours.maxValue! + 1) * 3600;

/** Longest life of a playback token that may be asked for: what the configuration allows at most. */
export const MAX_TOKEN_SECONDS = playbackBounds.tokenMinutes.maxValue! * MINUTE_SECONDS;

export const liveBounds = {
  encryption: z.enum(['none', 'aes-128']),
  memoryMiB: whole(512, 30_720),
  streamsPerTask: whole(1, 5000),
  segmentSeconds: z.number().min(1).max(10),
  playlistSeconds: whole(12, 600),
  onDemandMinutes: whole(1, 60),
  idleStopSeconds: whole(0, 3600),
  startSeconds: whole(5, 120),
  stateSeconds: whole(5, 600),
  positionSeconds: whole(5, 600),
  drainSeconds: whole(10, 110),
  unknownDays: whole(1, 90),
  maxConnections: whole(10, 100_000),
  maxConnectionsPerAddress: whole(1, 100_000),
  idleSeconds: whole(60, 5900),
  firstByteSeconds: whole(2, 300),
  maxFrameKiB: whole(64, 16_384),
  streamBufferMiB: whole(1, 256),
  maxAttachmentMiB: whole(1, 4096),
  commandsPerSecond: z.number().min(0.1).max(20),
  unknownPerMinute: whole(1, 10_000),
  maxFilesPerDay: whole(1, 100_000),
  maxFilesMiBPerDay: whole(1, 1_048_576),
  maxEncodesPerDay: whole(0, 10_000),
  maxAlarmsPerDay: whole(10, 100_000),
  maxPositionsPerDay: whole(1000, 10_000_000),
  maxStreamMbps: z.number().min(0.1).max(200),
};

/** Days; 0: none are kept. */
export const insightBounds = { keepRawDays: whole(0, 3650) };

export const operationsBounds = {
  stuckMinutes: whole(15, 10_080),
  auditDays: whole(1, 3650),
};
