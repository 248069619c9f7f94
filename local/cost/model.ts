/** What a load costs in a month, stage by stage: what was counted of each action, times how often it happens. Pure. */
import { ask } from '../../bench/playback/viewers.ts';
import type { Config } from '../../lib/config.ts';
import { PRICES } from '../../lib/contract/prices.ts';
import { RENEWED_SECONDS } from '../../lib/contract/session.ts';
import { HOURS, type Line } from './bill.ts';
import { plus, times, type Calls } from './calls.ts';
import type { Counted } from './counted.ts';
import type { Load } from './load.ts';
import { ofCamera, slicingOf } from './slicing.ts';

/** Days of a month. */
export const DAYS = HOURS / 24;

/**
 * A call of the API: its function's GiB-seconds, and GB of log (the API's line, the function's, Lambda's own). Not counted but
 * assumed, on the high side: `npm run bench:playback` measures some milliseconds of CPU, and the rest waits for tables.
 */
const A_CALL = { gbSeconds: 0.1, logGb: 1.5e-6 } as const;
/** What a worker does for a message: ten seconds with a core; and requests of a queue: sent, received, deleted. */
const A_MESSAGE = { gbSeconds: (10 * 1769) / 1024, requests: 3 } as const;
/**
 * What our player reports (docs/insight.md): a post a minute, and two for its beginning and end; its share of functions, log, queues and
 * table as `npm run bench:events` measures and prices them, rounded up. Its bar is 200 dollars for 60 million posts.
 */
const A_REPORT = { perHour: 60, perPlay: 2, gbSeconds: 0.006, logGb: 0.3e-6, requests: 1.2, writes: 0.5 } as const;
/**
 * What tells consoles of a device's state (docs/presence.md), whether or not one looks: of what changes in a second one call, and half a
 * read for each device. Assumed on the high side: 20 ms of 512 MiB; it writes no line.
 */
const A_TELLING = { gbSeconds: 0.01, reads: 0.5 } as const;
/** Of the edge's requests, those that it must ask S3 for: the other viewers of a city find it in the cache. */
const MISSED = 0.1;
/** Reads of the edge's store for a request of media: the four things that may have been revoked (lib/constructs/media-gate.ts). */
const EDGE_READS = 4;
/** Seconds of a live segment that streams were counted with (cdk.json, `local`). */
const COUNTED_SEGMENT_SECONDS = 2;
/** Streams at one time over their average while devices are connected. */
const PEAK = 2;
/** Of what a task can take, where scaling has one more made (lib/constructs/ingest.ts). */
const FULL = 0.6;
/** Hours of a live session. */
const LIVE_SITTING = 0.5;

const line = (group: string, what: string, amount: number, price: Line['price']): Line => ({
  group,
  what,
  amount,
  price,
});

/** Lines of what was called, `messages` included. */
export function called(group: string, calls: Calls, { architecture }: Pick<Config, 'architecture'>): Line[] {
  const { api, messages } = calls;
  return [
    line(group, 'API', api, PRICES.apiRequest),
    line(group, 'API: at the edge', api, PRICES.edgeRequest),
    line(group, 'functions', api + messages, PRICES.invocation),
    line(
      group,
      'functions: running',
      api * A_CALL.gbSeconds + messages * A_MESSAGE.gbSeconds,
      PRICES.gbSecond[architecture],
    ),
    line(group, 'functions: logs', (api + messages) * A_CALL.logGb, PRICES.logGb),
    line(group, 'S3: writes', calls.puts, PRICES.put),
    line(group, 'S3: reads', calls.gets, PRICES.get),
    line(group, 'tables: writes', calls.writes, PRICES.write),
    line(group, 'tables: reads', calls.reads, PRICES.read),
    line(group, 'queues', messages * A_MESSAGE.requests, PRICES.queueRequest),
    line(group, 'events', calls.events, PRICES.event),
    line(group, 'keys', calls.secretCalls, PRICES.secretCall),
  ];
}

/** Of media at the edge: requests, what checks each, what it must ask S3 for, and bytes. */
function delivered(group: string, requests: number, gigabytes: number): Line[] {
  return [
    line(group, 'edge: requests', requests, PRICES.edgeRequest),
    line(group, 'edge: signatures and revocations', requests, PRICES.edgeFunction),
    line(group, 'edge: reads of the store', requests * EDGE_READS, PRICES.edgeRead),
    line(group, 'S3: reads', requests * MISSED, PRICES.get),
    line(group, 'edge: bytes', gigabytes, PRICES.deliveredGb),
  ];
}

/** GB of so many hours at so many Mbit/s. */
const gigabytes = (hours: number, mbps: number): number => (hours * 3600 * mbps) / 8 / 1000;

function uploading(load: Load, { actions }: Counted, config: Config): Line[] {
  const parts = Math.ceil(
    (gigabytes(load.minutes / 60, load['source-mbps']) * 1e9) / 2 ** 20 / config.upload.partSizeMiB,
  );
  const each = plus(actions.upload, times(actions.part, parts));
  return called('upload', times(each, load.uploads), config);
}

function slicing(load: Load, config: Config): Line[] {
  const { used, bytes } = slicingOf(load, config);
  const all = load.uploads;
  return [
    line('slicing', 'functions', used.invocations * all, PRICES.invocation),
    line('slicing', 'functions: running', used.gbSeconds * all, PRICES.gbSecond[config.architecture]),
    line('slicing', 'steps', used.transitions * all, PRICES.transition),
    line('slicing', 'S3: writes', used.puts * all, PRICES.put),
    line('slicing', 'S3: reads', used.gets * all, PRICES.get),
    line('slicing', 'tables: writes', used.writes * all, PRICES.write),
    line('slicing', 'MediaConvert', used.normalizedMinutes * all, PRICES.normalizedMinute),
    ...stored(load, bytes, config),
  ];
}

/** Of sources the months that they lie in the cheaper class apart. What is read of them there is not counted: nobody plays them. */
function stored(load: Load, bytes: { readonly source: number; readonly media: number }, { videos }: Config): Line[] {
  const { uploads, 'months-kept': months } = load;
  const before = videos.infrequentDays === 0 ? months : Math.min(months, videos.infrequentDays / DAYS);
  const after = months - before;
  const [source, media] = [bytes.source / 1e9, bytes.media / 1e9];
  const standard = (source * before + media * months) * uploads;
  return [
    line('storage', 'videos: sources and slices', standard, PRICES.storedGbMonth),
    line('storage', 'videos: sources seldom read', source * after * uploads, PRICES.infrequentGbMonth),
    line('storage', 'videos: sources on their way there', after > 0 ? uploads : 0, PRICES.toInfrequent),
  ];
}

/** What players report of so many hours, live or not. */
function reporting(hours: number, plays: number, { architecture }: Config): Line[] {
  const posts = hours * A_REPORT.perHour + plays * A_REPORT.perPlay;
  return [
    line('reports', 'API', posts, PRICES.apiRequest),
    line('reports', 'API: at the edge', posts, PRICES.edgeRequest),
    line('reports', 'functions', posts, PRICES.invocation),
    line('reports', 'functions: running', posts * A_REPORT.gbSeconds, PRICES.gbSecond[architecture]),
    line('reports', 'functions: logs', posts * A_REPORT.logGb, PRICES.logGb),
    line('reports', 'queues', posts * A_REPORT.requests, PRICES.queueRequest),
    line('reports', 'tables: writes', posts * A_REPORT.writes, PRICES.write),
  ];
}

/** A play start each time somebody begins a video, which is watched to its end. */
function playing(load: Load, { actions }: Counted, config: Config): Line[] {
  const hours = load.viewers * load.hours;
  const length = load.minutes / 60;
  const plays = hours / length;
  const asked = ask({
    design: 'ours',
    viewers: 1,
    hours: length,
    signatureHours: RENEWED_SECONDS / 3600,
    segmentSeconds: config.slicing.segmentSeconds,
  });
  const each = plus(plus(times(actions.play, asked.first), times(actions.renewal, asked.renewals)), actions.library);
  return [
    ...reporting(hours, plays, config),
    ...called('play', times(each, plays), config),
    ...delivered('play', asked.edge * plays, gigabytes(hours, load['viewer-mbps'])),
  ];
}

/** Cameras: what a connected device, its stream, its alarms and clips call, the tasks beyond those that stand, and what is kept. */
function devices(load: Load, { actions }: Counted, config: Config): Line[] {
  const { live } = config;
  const online = load.devices * load['online-hours'] * DAYS;
  const streamed = load.devices * load['streaming-hours'] * DAYS;
  const alarms = load.devices * load.alarms * DAYS;
  const hour = {
    ...actions.streamHour,
    puts: (actions.streamHour.puts * COUNTED_SEGMENT_SECONDS) / live.segmentSeconds,
  };
  const gb = gigabytes(streamed, load['stream-mbps']);
  const alarmGb = (alarms * load['alarm-megabytes']) / 1000;
  const more = tasksBeyond(load, config);
  const cores = (more.hours * live.cpu) / 1024;
  const states = (online * 3600) / live.stateSeconds;
  const tellings = Math.min(states, HOURS * 3600);
  return [
    ...called('devices', plus(times(actions.deviceHour, online), times(actions.alarm, alarms)), config),
    line('devices', 'telling: functions', tellings, PRICES.invocation),
    line('devices', 'telling: running', tellings * A_TELLING.gbSeconds, PRICES.gbSecond[config.architecture]),
    line('devices', 'telling: tables', states * A_TELLING.reads, PRICES.read),
    ...called('streams', times(hour, streamed), config),
    ...called('clips', times(actions.clip, load.clips), config),
    ...encoded('devices', alarms, load['alarm-seconds'], load['stream-mbps'], config),
    ...encoded('clips', load.clips, load['clip-seconds'], load['stream-mbps'], config),
    line('streams', 'tasks beyond those that stand: processors', cores, PRICES.vcpuHour[config.architecture]),
    line('streams', 'tasks: memory', (more.hours * live.memoryMiB) / 1024, PRICES.gibHour[config.architecture]),
    // A unit is a GB an hour; new and open connections of so few devices are less.
    line('streams', 'load balancer', gb + alarmGb, PRICES.balancerUnit),
    line('storage', `recordings, ${live.retentionDays} days`, (gb / DAYS) * live.retentionDays, PRICES.storedGbMonth),
    line('storage', 'files of alarms', (alarmGb / DAYS) * live.retentionDays, PRICES.storedGbMonth),
  ];
}

/** What slicing so many short videos takes beside the calls, which are counted with what makes them. */
function encoded(group: string, many: number, seconds: number, mbps: number, config: Config): Line[] {
  if (many * seconds === 0) return [];
  const { invocations, gbSeconds, transitions } = ofCamera(seconds, mbps, config);
  return [
    line(group, 'slicing: functions', invocations * many, PRICES.invocation),
    line(group, 'slicing: running', gbSeconds * many, PRICES.gbSecond[config.architecture]),
    line(group, 'slicing: steps', transitions * many, PRICES.transition),
  ];
}

/** Tasks that scaling adds while devices are connected, and their hours a month. */
export function tasksBeyond(load: Load, { live }: Config): { readonly tasks: number; readonly hours: number } {
  const onlineHours = Math.max(load['online-hours'], load['streaming-hours']);
  if (load.devices * onlineHours === 0) return { tasks: 0, hours: 0 };
  const average = (load.devices * load['streaming-hours']) / onlineHours;
  const peak = Math.min(load.devices, average * PEAK);
  const tasks = Math.max(0, Math.min(live.maxTasks, Math.ceil(peak / (live.streamsPerTask * FULL))) - live.minTasks);
  return { tasks, hours: tasks * onlineHours * DAYS };
}

function watchingLive(load: Load, { actions }: Counted, config: Config): Line[] {
  const { live } = config;
  const viewers = 200; // Enough that their phases are every phase.
  const asked = ask({
    design: 'ours',
    viewers,
    hours: LIVE_SITTING,
    signatureHours: RENEWED_SECONDS / 3600,
    live: {
      segmentSeconds: live.segmentSeconds,
      signatureMinutes: live.onDemandMinutes,
      playlistCacheSeconds: Math.max(1, Math.floor(live.segmentSeconds / 2)),
    },
  });
  const hours = load['live-hours'];
  const sittings = hours / LIVE_SITTING / viewers;
  return [
    ...reporting(hours, hours / LIVE_SITTING, config),
    ...called('live play', times(actions.livePlay, (asked.first + asked.renewals) * sittings), config),
    ...delivered('live play', asked.edge * sittings, gigabytes(hours, load['stream-mbps'])),
  ];
}

/** All but what stands. */
export const loaded = (load: Load, counted: Counted, config: Config): Line[] =>
  [
    ...uploading(load, counted, config),
    ...slicing(load, config),
    ...playing(load, counted, config),
    ...devices(load, counted, config),
    ...watchingLive(load, counted, config),
  ].filter(({ amount }) => amount > 0);
