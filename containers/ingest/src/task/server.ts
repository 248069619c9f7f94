/** One task: puts its parts together, opens its ports, calls what runs once a second, and ends. */
import { AttachmentSession } from '../sessions/attachments/session.ts';
import { AlarmStore } from '../cloud/alarms.ts';
import { blocks } from '../hls/blocks.ts';
import { connectAws, type Aws } from '../cloud/aws.ts';
import { CalmCollection } from './calm.ts';
import { TaskLease } from '../sessions/commands/task-lease.ts';
import type { ServerConfig } from '../common/config.ts';
import { ControlConnection } from '../sessions/control/connection.ts';
import { Sessions } from '../sessions/control/sessions.ts';
import { DeviceState } from '../cloud/device-state.ts';
import { drain } from './drain.ts';
import { DeviceEvents } from '../cloud/events.ts';
import { Fleet } from '../cloud/fleet.ts';
import { Gate } from '../net/gate.ts';
import { Health } from './health.ts';
import { PublicHost } from '../net/host.ts';
import { Listener, SharedSession, type Accept, type ListenerParts } from '../net/listeners.ts';
import { arrivalRate, segmentRate } from '../streams/rates.ts';
import { Streams } from '../streams/streams.ts';
import { Losses } from '../common/losses.ts';
import { Log } from '../common/log.ts';
import { MediaSession } from '../sessions/media/session.ts';
import { Budget, Shares } from '../common/memory.ts';
import { Metrics } from '../common/metrics.ts';
import { openFiles } from '../common/open-files.ts';
import { LISTENING } from '../../../../lib/contract/ingest.ts';
import { Outbox, type Pauses } from '../cloud/outbox.ts';
import { Positions, writePositions } from '../cloud/positions.ts';
import { SharedReads } from '../net/reading.ts';
import { Registry } from '../cloud/registry.ts';
import type { Services } from '../services.ts';
import { Sounds } from '../sound/sounds.ts';
import { ScaleInProtection, taskRevision } from './ecs.ts';
import { Rate } from '../common/rate.ts';
import { Usage } from '../cloud/usage.ts';
import { UnknownDevices } from '../cloud/unknown.ts';

export type PortName = 'control' | 'media' | 'attachments' | 'health';
export type Ports = Readonly<Partial<Record<PortName, number>>>;

export interface Ingest {
  readonly services: Services;
  readonly sessions: Sessions;
  readonly streams: Streams;
  readonly ports: Ports;
  /** Hands everything over and ends; what is not done in time is given up. Safe to repeat. */
  drain(): Promise<void>;
}

/** Most bytes of attachments in memory, all connections together; and as a share of what segments may take. */
const ATTACHMENT_MEMORY = 192 * 1024 * 1024;
const ATTACHMENT_SHARE = 1 / 4;
/** Messages that arrive in parts: their share of what segments may take. */
const MESSAGE_SHARE = 1 / 8;
/** Encoders of sound: their share of what segments may take, and the bytes of one. */
const SOUND_SHARE = 1 / 4;
const ENCODER_BYTES = 850_000;
const MINUTE = 60;
const DAY = 86_400_000;
/** Of one device in a minute: more than any needs, whatever its link. */
const MOST_CONNECTS = 60;
const MOST_REPORTS = 240;
const MOST_EMERGENCIES = 60;
const MOST_LISTS = 60;
const MOST_FILES = 300;
const MOST_CAPABILITIES = 4;

export interface Overrides {
  readonly aws?: Aws;
  readonly log?: Log;
  /** Where the ECS agent is. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Faster than a deployment has them, for tests: before a failed write is tried again, and between renewals of the lease. */
  readonly times?: { readonly pauses?: Pauses; readonly renewMs?: number };
}

export async function startIngest(config: ServerConfig, task: string, overrides: Overrides = {}): Promise<Ingest> {
  const services = makeServices(config, task, overrides);
  const { log, metrics } = services;
  const { limits, ports: wanted, sharedPort } = config.options;
  const streams = new Streams(services);
  const sessions = new Sessions();
  const parts = { services, sessions, streams };
  const counts = { control: 0, media: 0, attachments: 0 };
  const mediaSessions = new Set<MediaSession>();

  const control = counting(counts, 'control', (connection) => new ControlConnection(parts, connection));
  const attachments = counting(counts, 'attachments', (connection) => new AttachmentSession(services, connection));
  const media = counting(counts, 'media', (connection) => {
    const session = new MediaSession(parts, connection);
    mediaSessions.add(session);
    connection.socket.once('close', () => mediaSessions.delete(session));
    return session;
  });

  const gate = new Gate(limits, metrics);
  const reads = new SharedReads();
  const listen = (accept: Accept, more: Partial<ListenerParts> = {}) => new Listener({ gate, log, ...more }, accept);
  const listeners = {
    control: listen(control),
    media: listen(sharedPort ? (connection) => new SharedSession(connection, media, attachments) : media, { reads }),
    ...(!sharedPort && { attachments: listen(attachments) }),
  };
  let ready = false;
  const health = new Health(() => ({ ok: ready, task, ports, connections: gate.size, streams: streams.count }));
  const { env = process.env } = overrides;
  const lease = new TaskLease(services, sessions, streams, await taskRevision(env), overrides.times?.renewMs);
  await lease.open(() => gate.size);
  const ports: Partial<Record<PortName, number>> = {};
  for (const [name, listener] of Object.entries(listeners)) {
    ports[name as PortName] = await listener.open(wanted[name as PortName], config.listenAddress);
  }
  ports.health = await health.open(wanted.health, config.listenAddress);
  ready = true;

  const protection = new ScaleInProtection((error) => log.failure('task-protection', error), env);
  const calm = new CalmCollection();
  let second = 0;
  const clock = setInterval(() => {
    const now = performance.now();
    second += 1;
    gate.sweep(now);
    sessions.tick(now);
    streams.tick(now);
    services.sounds.tick(now);
    services.positions.tick(now);
    void services.events.flush();
    log.summary();
    calm.tick(now);
    reads.tick();
    const busy = streams.count > 0 || counts.attachments > 0;
    void protection.set(busy && ready && !lease.outdated, now);
    if (second % MINUTE !== 0) return;
    blocks.trim();
    services.aws.store.trim();
    for (const session of [...mediaSessions, ...sessions.all()]) session.account();
    const gauges = { streams: streams.count, devices: sessions.count, losing: services.losses.close(), ...counts };
    process.stdout.write(`${metrics.document(config.service, gauges, MINUTE)}\n`);
  }, 1000);

  let draining: Promise<void> | undefined;
  const end = async () => {
    ready = false;
    metrics.handOver();
    for (const listener of Object.values(listeners)) listener.close();
    await drain({ services, sessions, streams, lease, gate, seconds: config.options.drainSeconds });
    await protection.set(false);
    clearInterval(clock);
    reads.close();
    services.outbox.close();
    health.close();
    services.sounds.close();
    services.aws.close();
    log.summary();
  };
  log.info(LISTENING, { ports, openFiles: openFiles() });
  return { services, sessions, streams, ports, drain: () => (draining ??= end()) };
}

function makeServices(
  config: ServerConfig,
  task: string,
  { aws = connectAws(config.region), log, times }: Overrides,
): Services {
  const { tables, options } = config;
  const ownLog = log ?? new Log({ task });
  const metrics = new Metrics();
  const failing = (kind: string) => (error: unknown) => ownLog.failure(kind, error);
  const dropped = () => metrics.add('droppedWrites');
  const fleet = new Fleet(aws.dynamo, tables.fleet);
  const outbox = new Outbox({
    parallel: 48,
    waiting: 50_000,
    failed: failing('table'),
    dropped,
    ...(times?.pauses && { pauses: times.pauses }),
  });
  return {
    config,
    task,
    aws,
    log: ownLog,
    metrics,
    losses: new Losses(),
    fleet,
    registry: new Registry(aws.dynamo, tables.devices),
    state: new DeviceState(aws.dynamo, tables.devices),
    alarms: new AlarmStore(aws.dynamo, tables.alarms),
    unknown: new UnknownDevices(fleet, {
      perMinute: options.limits.unknownPerMinute,
      days: options.unknownDays,
      outbox,
    }),
    positions: new Positions({
      waitMs: options.positionSeconds * 1000,
      metrics,
      failed: failing('positions'),
      write: writePositions(aws.dynamo, tables.positions),
    }),
    events: new DeviceEvents(aws.events, {
      bus: config.eventBus,
      task,
      of: tables.devices,
      failed: failing('events'),
      dropped,
    }),
    outbox,
    usage: new Usage(aws.dynamo, tables.fleet, options.limits.perDay),
    rates: {
      connections: new Rate(MOST_CONNECTS, 60_000),
      reports: new Rate(MOST_REPORTS, 60_000),
      emergencies: new Rate(MOST_EMERGENCIES, 60_000),
      lists: new Rate(MOST_LISTS, 60_000),
      files: new Rate(MOST_FILES, 60_000),
      refusals: new Rate(1, 60_000),
      capabilities: new Rate(MOST_CAPABILITIES, 60_000),
      arrivals: arrivalRate(),
      segments: segmentRate(options.segmentSeconds),
      positions: new Rate(options.limits.positionsPerDay, DAY),
    },
    host: new PublicHost(config.publicHost, options.announce.address),
    sounds: new Sounds({
      metrics,
      log: ownLog,
      most: Math.ceil((options.limits.bufferBytes * SOUND_SHARE) / ENCODER_BYTES),
    }),
    memory: {
      segments: new Shares(options.limits.bufferBytes),
      files: new Budget(Math.min(ATTACHMENT_MEMORY, options.limits.bufferBytes * ATTACHMENT_SHARE)),
      messages: new Budget(options.limits.bufferBytes * MESSAGE_SHARE),
    },
  };
}

/** How many there are of each kind, for the metrics. */
const counting =
  <N extends string>(counts: Record<N, number>, name: N, accept: Accept): Accept =>
  (connection) => {
    counts[name] += 1;
    connection.socket.once('close', () => (counts[name] -= 1));
    return accept(connection);
  };
