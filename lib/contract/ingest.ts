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
 * Initialization sections are written once a UTC day (initPath) with codecs, width and height as metadata.
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
  }),
});
export type IngestOptions = z.infer<typeof ingestOptions>;
