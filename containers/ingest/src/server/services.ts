/** What the parts of one task share. */
import type { ServerConfig } from './config.ts';
import type { AlarmStore } from './alarms/store.ts';
import type { Aws } from './aws.ts';
import type { DeviceState } from './device-state.ts';
import type { DeviceEvents } from './events.ts';
import type { Fleet } from './fleet.ts';
import type { PublicHost } from './host.ts';
import type { Log } from './log.ts';
import type { Budget, Shares } from './memory.ts';
import type { Metrics } from './metrics.ts';
import type { Outbox } from './outbox.ts';
import type { Positions } from './positions.ts';
import type { Registry } from './registry.ts';
import type { Sounds } from './sound/sounds.ts';
import type { UnknownDevices } from './unknown.ts';

export interface Services {
  readonly config: ServerConfig;
  readonly task: string;
  readonly aws: Aws;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly registry: Registry;
  readonly state: DeviceState;
  readonly fleet: Fleet;
  readonly unknown: UnknownDevices;
  readonly alarms: AlarmStore;
  readonly positions: Positions;
  readonly events: DeviceEvents;
  /** Writes that may wait and be overtaken. */
  readonly outbox: Outbox;
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
