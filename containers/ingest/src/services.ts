/** What the parts of one task share. */
import type { ServerConfig } from './common/config.ts';
import type { AlarmStore } from './cloud/alarms.ts';
import type { Aws } from './cloud/aws.ts';
import type { DeviceState } from './cloud/device-state.ts';
import type { DeviceEvents } from './cloud/events.ts';
import type { Fleet } from './cloud/fleet.ts';
import type { PublicHost } from './net/host.ts';
import type { Losses } from './common/losses.ts';
import type { Log } from './common/log.ts';
import type { Budget, Shares } from './common/memory.ts';
import type { Metrics } from './common/metrics.ts';
import type { Rate } from './common/rate.ts';
import type { Outbox } from './cloud/outbox.ts';
import type { Positions } from './cloud/positions.ts';
import type { Registry } from './cloud/registry.ts';
import type { Sounds } from './sound/sounds.ts';
import type { Usage } from './cloud/usage.ts';
import type { UnknownDevices } from './cloud/unknown.ts';

export interface Rates {
  /** Connections that are let in. */
  readonly connections: Rate;
  /** Alarms and pictures: a loose contact reports thousands, and buries others'. */
  readonly reports: Rate;
  /** Alarms of an emergency beyond `reports`. */
  readonly emergencies: Rate;
  /** Lists of an alarm's files. */
  readonly lists: Rate;
  /** Files that begin to be written. */
  readonly files: Rate;
  /** Refusals that others are told of. */
  readonly refusals: Rate;
  /** Capabilities that are written. */
  readonly capabilities: Rate;
  /** Connections that begin to send one channel. */
  readonly arrivals: Rate;
  /** Segments of one channel, and changes of what they begin with. */
  readonly segments: Rate;
  /** A day's. */
  readonly positions: Rate;
}

export interface Services {
  readonly config: ServerConfig;
  readonly task: string;
  readonly aws: Aws;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly losses: Losses;
  readonly registry: Registry;
  readonly state: DeviceState;
  readonly fleet: Fleet;
  readonly unknown: UnknownDevices;
  readonly alarms: AlarmStore;
  readonly positions: Positions;
  readonly events: DeviceEvents;
  /** Writes that may wait and be overtaken. */
  readonly outbox: Outbox;
  /** What a device may have kept in a day. */
  readonly usage: Usage;
  /** What one device may do, over whichever connections to this task. */
  readonly rates: Rates;
  readonly host: PublicHost;
  readonly sounds: Sounds;
  readonly memory: {
    /** Segments that wait for S3. */
    readonly segments: Shares;
    /** Parts of files of alarms. */
    readonly files: Budget;
    /** Messages in parts that are not all here. */
    readonly messages: Budget;
  };
}
