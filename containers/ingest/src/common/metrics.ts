/** What a task counts, and the CloudWatch embedded metric line it prints once a minute. */
import { METRIC_NAMESPACE, STREAMS_METRIC } from '../../../../lib/contract/ingest.ts';

/** Why a device, or what it sent, was refused. */
export const refusals = [
  'unknown',
  'auth',
  'network',
  'connections',
  'address',
  'streams',
  'policy',
  'unasked',
  'tooOften',
  'attachment',
] as const;
export type Refusal = (typeof refusals)[number];

/** Why we closed a connection. */
export const closings = [
  'firstByte',
  'idle',
  'stranger',
  'flood',
  'slowReader',
  'stalled',
  'replaced',
  'fault',
] as const;
export type Closing = (typeof closings)[number];

const counted = [
  'disconnects',
  'bytesIn',
  'messages',
  'badFrames',
  'unknownMessages',
  'malformedMessages',
  'lostPackets',
  'resyncs',
  'droppedFrames',
  'oversizedFrames',
  'clockResets',
  // Packets of telephone sound: encoded; left out because nobody hears them; wanted, but lost on the way.
  'encodedSounds',
  'unheardSounds',
  'droppedSounds',
  'soundFaults',
  'segments',
  'segmentBytes',
  'droppedSegments',
  'storeRetries',
  'fencesLost',
  'positions',
  'droppedPositions',
  'badTimes',
  'alarms',
  'droppedAlarms',
  'attachments',
  'failedAttachments',
  // Over what a device may have kept in a day; and videos kept as files, not sliced.
  'filesOverLimit',
  'videosNotSliced',
  'commands',
  'droppedWrites',
  'droppedParts',
] as const;
export type Count = (typeof counted)[number];

/** Values kept of a lag in one minute: what one metric of an EMF line may hold. */
const LAGS = 100;

/**
 * What CloudWatch makes metrics of, at $0.30 a month each: what scaling, alarms and dashboards go by
 * (lib/contract/operations.ts). All else that is counted stands in the line, where Logs Insights finds it for nothing.
 */
export const DECLARED = [
  STREAMS_METRIC,
  'Devices',
  'BitsPerSecond',
  'SegmentLag',
  'Segments',
  'DroppedSegments',
  'StoreRetries',
  'LostPackets',
  'DisconnectedPercent',
  'LosingDevices',
] as const;

/** Fewer that lose their connection in a minute are no storm, however few there are. */
const STORM_LEAST = 5;

export interface Gauges {
  readonly streams: number;
  /** That are connected and known. */
  readonly devices: number;
  /** Of them, those whose network lost packets in this minute (losses.ts). */
  readonly losing: number;
  readonly control: number;
  readonly media: number;
  readonly attachments: number;
}

export class Metrics {
  readonly counts = zeros(counted);
  readonly refused = zeros(refusals);
  readonly closed = zeros(closings);
  #lags: number[] = [];
  #seen = 0;
  #isHandingOver = false;

  add(name: Count, by = 1): void {
    this.counts[name] += by;
  }

  refuse(why: Refusal): void {
    this.refused[why] += 1;
  }

  close(why: Closing): void {
    this.closed[why] += 1;
  }

  /** A device's connection has ended, and it has no newer one to this task. */
  disconnected(): void {
    // Of our own doing, and it comes to another task.
    if (!this.#isHandingOver) this.counts.disconnects += 1;
  }

  /** From here on devices leave because the task ends. */
  handOver(): void {
    this.#isHandingOver = true;
  }

  /** Milliseconds from a segment's last byte to its playlist being readable: a fair sample of the minute's. */
  lag(ms: number): void {
    this.#seen += 1;
    if (this.#lags.length < LAGS) this.#lags.push(ms);
    else {
      const at = Math.floor(Math.random() * this.#seen);
      if (at < LAGS) this.#lags[at] = ms;
    }
  }

  /** One EMF document of the last `seconds`; counts begin anew. */
  document(service: string, gauges: Gauges, seconds: number, now = Date.now()): string {
    const values: Record<string, number | number[]> = {
      [STREAMS_METRIC]: gauges.streams,
      Devices: gauges.devices,
      LosingDevices: gauges.losing,
      DisconnectedPercent: this.#disconnectedPercent(gauges),
      ControlConnections: gauges.control,
      MediaConnections: gauges.media,
      AttachmentConnections: gauges.attachments,
      BitsPerSecond: Math.round((this.counts.bytesIn * 8) / Math.max(1, seconds)),
    };
    for (const name of counted) values[title(name)] = this.counts[name];
    for (const name of refusals) values[`Refused${title(name)}`] = this.refused[name];
    for (const name of closings) values[`Closed${title(name)}`] = this.closed[name];
    if (this.#lags.length > 0) values['SegmentLag'] = this.#lags.map(Math.round);
    const units: Record<string, string> = {
      SegmentLag: 'Milliseconds',
      BitsPerSecond: 'Bits/Second',
      DisconnectedPercent: 'Percent',
    };
    for (const counts of [this.counts, this.refused, this.closed] as Record<string, number>[])
      for (const name of Object.keys(counts)) counts[name] = 0;
    this.#lags = [];
    this.#seen = 0;
    return JSON.stringify({
      _aws: {
        Timestamp: now,
        CloudWatchMetrics: [
          {
            Namespace: METRIC_NAMESPACE,
            Dimensions: [['Service']],
            Metrics: DECLARED.filter((Name) => values[Name] !== undefined).map((Name) => ({
              Name,
              Unit: units[Name] ?? 'Count',
            })),
          },
        ],
      },
      Service: service,
      ...values,
    });
  }

  /** Of those that were connected in this minute. */
  #disconnectedPercent({ devices }: Gauges): number {
    const { disconnects } = this.counts;
    return disconnects < STORM_LEAST ? 0 : Math.round((100 * disconnects) / (devices + disconnects));
  }
}

const zeros = <const N extends string>(names: readonly N[]): Record<N, number> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<N, number>;

const title = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
