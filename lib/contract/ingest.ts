/** What a task is told and how it is watched. What the cloud side and the tasks agree on beside it: docs/ingest.md. */
import { z } from 'zod';
import { alarmRules } from './alarm-rules.ts';
import { KIB, liveBounds, MIB, port, times } from './options.ts';

export const METRIC_NAMESPACE = 'Sluice/Ingest';
export const STREAMS_METRIC = 'Streams';
export const HEALTH_PATH = '/health';
export const RETENTION_TAG = 'retention';

/** Ports a task listens on in the cloud. The load balancer's own are configuration. */
export const TASK_PORTS = { control: 10_808, media: 11_078, attachments: 17_611, health: 8080 } as const;

/** Of a task's memory, for segments that wait; the rest is for open segments, connections and the program. */
export const BUFFER_SHARE = 0.5;

/** A port to listen on; 0 takes a free one. */
const listening = z.int().min(0).max(65_535);

/** What `INGEST_OPTIONS` holds: bounds are those of the configuration. */
export const ingestOptions = z.object({
  ports: z.object({ control: listening, media: listening, attachments: listening, health: listening }),
  /** Media and attachments both arrive at `ports.media`; `ports.attachments` is not opened. */
  sharedPort: z.boolean(),
  announce: z.object({
    /** Ports devices are told to connect to. */
    media: port,
    attachments: port,
    /** Resolve PUBLIC_HOST to an IPv4 address before it is sent. */
    address: z.boolean(),
  }),
  /** Of segments. Absent: in clear. */
  encryption: liveBounds.encryption.optional(),
  segmentSeconds: liveBounds.segmentSeconds,
  /** Length of the live playlist. */
  playlistSeconds: liveBounds.playlistSeconds,
  idleStopSeconds: liveBounds.idleStopSeconds,
  /** A stream asked for that has sent no picture by then is offline, and may be asked for again. */
  startSeconds: liveBounds.startSeconds,
  stateSeconds: liveBounds.stateSeconds,
  /** Points that have waited this long are written, however few they are. */
  positionSeconds: liveBounds.positionSeconds,
  /** From SIGTERM to the end of draining. */
  drainSeconds: liveBounds.drainSeconds,
  unknownDays: liveBounds.unknownDays,
  /** Who is told of an alarm. */
  alarmRules,
  /** A device must send the code it was given at registration, which it is given until it has used it. */
  requireAuthCode: z.boolean(),
  /** Media and attachments are taken only from the network the control connection comes from, while there is one. */
  sameNetwork: z.boolean(),
  limits: z.object({
    connections: liveBounds.maxConnections,
    connectionsPerAddress: liveBounds.maxConnectionsPerAddress,
    streams: liveBounds.streamsPerTask,
    /** Seconds without a byte after which a connection is closed. */
    idleSeconds: liveBounds.idleSeconds,
    /** Seconds a new connection has to send its first byte. */
    firstByteSeconds: liveBounds.firstByteSeconds,
    frameBytes: times(liveBounds.maxFrameKiB, KIB),
    /** Segments of a stream that wait for S3, bytes together: beyond it the oldest whole ones are dropped. */
    streamBufferBytes: times(liveBounds.streamBufferMiB, MIB),
    /** Those of all streams of the task, in equal shares; files and messages that arrive in parts have a part of it beside. */
    bufferBytes: times(liveBounds.memoryMiB, MIB * BUFFER_SHARE),
    attachmentBytes: times(liveBounds.maxAttachmentMiB, MIB),
    commandsPerSecond: liveBounds.commandsPerSecond,
    unknownPerMinute: liveBounds.unknownPerMinute,
    /** Of one device in a day of UTC, whichever tasks it comes to. */
    perDay: z.object({
      files: liveBounds.maxFilesPerDay,
      bytes: times(liveBounds.maxFilesMiBPerDay, MIB),
      /** Videos that are sliced; more are kept as files. */
      encodes: liveBounds.maxEncodesPerDay,
      alarms: liveBounds.maxAlarmsPerDay,
    }),
    /** The same, to one task. */
    positionsPerDay: liveBounds.maxPositionsPerDay,
    /** Of one channel, in the mean. */
    streamBytesPerSecond: times(liveBounds.maxStreamMbps, 125_000),
  }),
});
export type IngestOptions = z.infer<typeof ingestOptions>;

/** In a task's first line of log, whose message is LISTENING: the limits of open files it runs with. */
export const openFiles = z.object({ soft: z.int().positive(), hard: z.int().positive() });
export type OpenFiles = z.infer<typeof openFiles>;
export const LISTENING = 'listening';
