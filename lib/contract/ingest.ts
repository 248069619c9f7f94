/**
 * What the cloud side and the ingest tasks agree on. Read this first, then device.ts, live-keys.ts, positions.ts.
 *
 * ENVIRONMENT of a task
 *   INGEST_OPTIONS         JSON of `ingestOptions` below: ports, times, limits
 *   PUBLIC_HOST            name or IPv4 address devices reach us at (0x9101, 0x9201, 0x9208). With `announce.address` a
 *                          name is resolved to one of its IPv4 addresses before it is sent: many devices know no names
 *   COMMAND_QUEUE_PREFIX   the task makes the queue `{prefix}{taskId}` at start and deletes it at its end
 *   DEVICES_TABLE POSITIONS_TABLE ALARMS_TABLE FLEET_TABLE VIDEOS_TABLE ENTITLEMENTS_TABLE
 *   MEDIA_BUCKET SOURCE_BUCKET EVENT_BUS
 *   TASK_ID                optional, `[a-z0-9]{8,40}`; without it the id in `${ECS_CONTAINER_METADATA_URI_V4}/task`
 *   SERVICE_NAME           dimension `Service` of the metrics (below)
 *   LISTEN_ADDRESS         optional, the address to listen on; without it all of them
 *   AWS_REGION, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or keys, AWS_ENDPOINT_URL (local), ECS_AGENT_URI (task protection)
 *
 * TABLES, and what a task may do
 *   devices    PK id                      Get, Update, Query on `byMediaKey` (PK mediaKey; keys only). Never Put or Delete
 *   positions  PK track, SK start         BatchWrite (positions.ts makes the items)
 *   alarms     PK device, SK at           Put, Update
 *   fleet      PK kind, SK id, TTL        Put, Update, Delete, Query, Get: `fleetRow` below
 *   videos     PK id                      Put: records of incident videos (device-video.ts)
 *   entitlements PK videoId, SK subject   Put: the device's viewers may watch them
 *
 * STATE in the device record. Set attributes one by one, with the conditions given, never the whole item:
 *   connect     SET online = true, task, session, connectedAt, lastSeenAt, protocol, network   if attribute_exists(id)
 *   position    SET position, alarms, lastSeenAt (at most every `stateSeconds`; of
 *               heartbeats alone a quarter as often)                                   if session = mine
 *   disconnect  SET online = false, lastSeenAt                                         if session = mine
 *   stream      SET streams.#channel                                                   if attribute_exists(id)
 * `streams` and `watched` are always there, so a path into them can be set. A device counts as online when `online` is
 * true AND its task's lease in the fleet table is good: after `kill -9` nobody sets it to false.
 *
 * TASKS renew `{kind: 'task', id: taskId, …}` every LEASE_SECONDS / 3 and delete it at their end. A task that finds the
 * expired lease of another deletes that one's queue, then its row.
 *
 * COMMANDS arrive in the task's queue, JSON of `command`. One for a device that the task does not hold (any more) is
 * answered `failed` with `not-here`. An answer goes to the fleet table: Put `{kind: 'answer', id: requestId, …}`.
 *
 * WATCHING on demand. The API sends `start` and sets `watched.#channel` to when the viewer's signature ends; it sends
 * `start` again at each renewal, so `start` must be cheap for a stream that runs. The task that holds the control
 * connection sends 0x9102 once `watched` has been over for `idleStopSeconds`: read the record again before stopping.
 * `watched` never goes back but by a goodbye of the last viewer. It is set for `always` channels, too: sound other than AAC
 * is encoded while it is good, and the task that receives the stream is told by `watched` when it becomes so.
 *
 * MEDIA CONNECTIONS may land on another task than the control connection. The task that sends 0x9101 first sets
 * `streams.#channel = {state: 'starting', since, requestId, task}`; the one the media arrives at finds the device
 * (by id, else by `byMediaKey`), accepts when the channel is `starting` or `live`, or its policy is `always`, and is from
 * then on the writer of `streams.#channel`.
 *
 * PUBLISHING one channel takes two PUTs a segment: the segment (segmentPath), then the playlist (LIVE_PLAYLIST). There
 * is no third object to keep in step: the playlist itself is the state. `readLivePlaylist` reads all of it back from
 * the text, since segment names say what their lines leave out; the writer's epoch is in the object's metadata
 * (EPOCH_METADATA). Fencing:
 *   claim    GET the playlist (403 AccessDenied or 404, there is none: epoch 1, If-None-Match: *), PUT it with epoch + 1 and If-Match of its ETag
 *   publish  every PUT of the playlist carries If-Match of the ETag the last one answered
 *   lost     412: somebody else has claimed the stream. Stop publishing it at once, do not claim it back, unless the
 *            device is connected here by media: then claim anew
 * Media and discontinuity sequences go on from what was read. A segment's name holds the epoch, so two writers never
 * write the same key. Objects carry the tag `retention={retentionDays}` (RETENTION_TAG), which lifecycle rules go by,
 * and playlists `Cache-Control: max-age=1`, everything else `max-age=86400, immutable`.
 * Initialization sections are written once a UTC day (initPath) with the metadata of `initMetadata`.
 *
 * METRICS are CloudWatch EMF lines on stdout, namespace METRIC_NAMESPACE, dimension set [["Service"]]. Scaling goes by
 * STREAMS_METRIC, a value each task says once a minute: the streams it receives.
 *
 * PROTECTION from scaling in (ECS_AGENT_URI) is held while streams or attachments are under way, and renewed for as long. A
 * deploy waits for protected tasks, and would never end where streams are always there: so a task holds none from when the
 * fleet table has a younger one of another `revision`.
 *
 * HEALTH: `GET /health` on the health port answers 200 while the task takes connections, 503 from SIGTERM on. The entry
 * is containers/ingest/src/task/main.ts; it is bundled into one file, with its sound worker beside it, that runs as a
 * person without rights on a read-only file system (a small /tmp is there).
 *
 * RECORDINGS are the hour folders; nothing else needs writing. A recording that a device plays back goes to the same
 * folders by its own time, with a playlist of its own (playbackPlaylistKey), which ends with EXT-X-ENDLIST.
 */
import { z } from 'zod';
import { channelNumber, deviceId, requestId } from './device.ts';
import { parseSegment } from './live-keys.ts';

/** Seconds a task's lease is good. */
export const LEASE_SECONDS = 30;
export const METRIC_NAMESPACE = 'Sluice/Ingest';
export const STREAMS_METRIC = 'Streams';
export const HEALTH_PATH = '/health';
export const RETENTION_TAG = 'retention';
/** User metadata of live playlists: the writer's epoch, decimal. */
export const EPOCH_METADATA = 'epoch';

/** Ports a task listens on in the cloud. The load balancer's own are configuration. */
export const TASK_PORTS = { control: 10_808, media: 11_078, attachments: 17_611, health: 8080 } as const;

const port = z.int().min(0).max(65_535);
const seconds = z.number().positive();
const count = z.int().positive();

export const ingestOptions = z.object({
  /** Ports to listen on; 0 takes a free one. */
  ports: z.object({ control: port, media: port, attachments: port, health: port }),
  /** Media and attachments both arrive at `ports.media`; `ports.attachments` is not opened. */
  sharedPort: z.boolean(),
  announce: z.object({
    /** Ports devices are told to connect to. */
    media: port,
    attachments: port,
    /** Resolve PUBLIC_HOST to an IPv4 address before it is sent. */
    address: z.boolean(),
  }),
  segmentSeconds: seconds,
  /** Length of the live playlist. */
  playlistSeconds: seconds,
  idleStopSeconds: seconds,
  /** A stream asked for that has sent no picture by then is offline, and may be asked for again. */
  startSeconds: seconds,
  stateSeconds: seconds,
  /** Points that have waited this long are written, however few they are. */
  positionSeconds: seconds,
  /** From SIGTERM to the end of draining. */
  drainSeconds: seconds,
  unknownDays: count,
  /** A device must send the code it was given at registration, which it is given until it has used it. */
  requireAuthCode: z.boolean(),
  /** Media and attachments are taken only from the network the control connection comes from, while there is one. */
  sameNetwork: z.boolean(),
  limits: z.object({
    connections: count,
    connectionsPerAddress: count,
    streams: count,
    /** Seconds without a byte after which a connection is closed. */
    idleSeconds: seconds,
    /** Seconds a new connection has to send its first byte. */
    firstByteSeconds: seconds,
    frameBytes: count,
    /** Segments of a stream that wait for S3, bytes together: beyond it the oldest whole ones are dropped. */
    streamBufferBytes: count,
    /** Those of all streams of the task, in equal shares; files and messages that arrive in parts have a part of it beside. */
    bufferBytes: count,
    attachmentBytes: count,
    commandsPerSecond: z.number().positive(),
    unknownPerMinute: count,
  }),
});
export type IngestOptions = z.infer<typeof ingestOptions>;

const time = z.iso.datetime();
const stretch = { channel: channelNumber, from: time, to: time };
const base = { requestId, device: deviceId, requestedAt: time };

/** A message in a task's command queue. */
export const command = z.discriminatedUnion('type', [
  z.object({ ...base, type: z.literal('start'), channel: channelNumber, stream: z.enum(['main', 'sub']) }),
  z.object({ ...base, type: z.literal('stop'), channel: channelNumber }),
  /** `channel` 0: all of them. */
  z.object({
    ...base,
    type: z.literal('list-recordings'),
    channel: z.int().min(0).max(255),
    from: time,
    to: time,
    stream: z.enum(['any', 'main', 'sub']),
  }),
  /** Answered when the device has accepted; its pictures go to playbackPlaylistKey(device, channel, requestId). */
  z.object({ ...base, type: z.literal('play'), ...stretch, speed: z.union([1, 2, 4, 8, 16].map((n) => z.literal(n))) }),
  z.object({
    ...base,
    type: z.literal('control-playback'),
    channel: channelNumber,
    action: z.enum(['pause', 'resume', 'seek', 'end']),
    to: time.optional().meta({ description: 'With `seek`.' }),
  }),
  z.object({ ...base, type: z.literal('snapshot'), channel: channelNumber }),
  /** The record's settings have changed: read it again. */
  z.object({ ...base, type: z.literal('refresh') }),
  /** The device was deleted: close its connections. */
  z.object({ ...base, type: z.literal('disconnect') }),
  /** To the task that receives a stream which always runs: somebody has begun to watch it. Not answered. */
  z.object({ ...base, type: z.literal('watched'), channel: channelNumber }),
]);
export type Command = z.infer<typeof command>;

/** A recording on the device, as 0x1205 lists it. */
export const recording = z.object({
  channel: z.int().min(0).max(255),
  from: time,
  to: time,
  stream: z.enum(['any', 'main', 'sub']),
  storage: z.enum(['any', 'main', 'backup']),
  media: z.enum(['audio-video', 'audio', 'video', 'any']),
  alarms: z.array(z.string()).max(64),
  bytes: z.int().nonnegative(),
});
export type Recording = z.infer<typeof recording>;

/** Recordings an answer holds at most; an item of the table may have 400 KB. */
export const MAX_RECORDINGS = 1500;

export const answerStatus = z.enum(['sent', 'done', 'failed']);
export const answerReason = z.enum(['not-here', 'refused', 'unsupported', 'timeout', 'busy', 'failed']);

/** `sent` is written by the API; the task writes one of the others over it. */
export const answerRow = z.object({
  kind: z.literal('answer'),
  id: requestId,
  device: deviceId,
  type: z.string(),
  status: answerStatus,
  at: time,
  reason: answerReason.optional(),
  recordings: z.array(recording).max(MAX_RECORDINGS).optional(),
  /** How many the device says there are, when it has more than fit. */
  total: z.int().nonnegative().optional(),
  expiresAt: z.int().positive(),
});
export type AnswerRow = z.infer<typeof answerRow>;

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

/** One viewer of an on-demand channel, until the signature ends. The API's own. */
export const viewerRow = z.object({
  kind: z.string().regex(/^viewer#[0-9a-f]+\/\d+$/),
  id: z.string(),
  expiresAt: z.int().positive(),
});
export const viewerKind = (device: string, channel: number): string => `viewer#${device}/${channel}`;

/** User metadata of an initialization section, for whoever plays a recording without having seen it written. */
export const initMetadata = z.object({
  codecs: z.string(),
  width: z.string().regex(/^\d+$/),
  height: z.string().regex(/^\d+$/),
});
export type InitMetadata = z.infer<typeof initMetadata>;

export interface LiveEntry {
  /** Relative to the playlist. */
  readonly uri: string;
  readonly map: string;
  /** Milliseconds. */
  readonly duration: number;
  /** Epoch milliseconds. */
  readonly programDateTime: number;
  readonly discontinuity: boolean;
  readonly gap: boolean;
}

export interface LiveState {
  readonly targetDuration: number;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly entries: readonly LiveEntry[];
}

/** A live playlist's text as state to go on from; undefined when it is not one that we wrote. */
export function readLivePlaylist(text: string): LiveState | undefined {
  const numbers: Record<string, number> = {};
  const entries: LiveEntry[] = [];
  let map = '';
  let discontinuity = false;
  let gap = false;
  for (const line of text.split('\n')) {
    const tag = /^#(EXT-X-TARGETDURATION|EXT-X-MEDIA-SEQUENCE|EXT-X-DISCONTINUITY-SEQUENCE):(\d{1,15})$/.exec(line);
    if (tag !== null) numbers[tag[1]!] = Number(tag[2]);
    else if (line.startsWith('#EXT-X-MAP:')) map = bare(/URI="([^"]*)"/.exec(line)?.[1] ?? '');
    else if (line === '#EXT-X-DISCONTINUITY') discontinuity = true;
    else if (line === '#EXT-X-GAP') gap = true;
    else if (line !== '' && !line.startsWith('#')) {
      const uri = bare(line);
      const name = parseSegment(uri);
      if (name === undefined || map === '') return undefined;
      entries.push({ uri, map, duration: name.duration, programDateTime: name.start, discontinuity, gap });
      [discontinuity, gap] = [false, false];
    }
  }
  const targetDuration = numbers['EXT-X-TARGETDURATION'];
  const mediaSequence = numbers['EXT-X-MEDIA-SEQUENCE'];
  const discontinuitySequence = numbers['EXT-X-DISCONTINUITY-SEQUENCE'];
  if (targetDuration === undefined || mediaSequence === undefined || discontinuitySequence === undefined)
    return undefined;
  return { targetDuration, mediaSequence, discontinuitySequence, entries };
}

const bare = (uri: string): string => uri.split('?', 1)[0]!;
