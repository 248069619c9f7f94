/** Everything a simulation can be told, with units and defaults; and what can be done to a device that runs. */
import type { Terminal } from '../../containers/ingest/src/jt808/header.ts';
import type { LocationFields } from '../../containers/ingest/src/jt808/messages/location.ts';
import type { Region } from '../../containers/ingest/src/jt808/subiao/sign.ts';
import type { AlarmKind, AttachedFile, RaisedAlarm } from './alarm.ts';
import type { CLOCKS } from './clock.ts';
import type { Clip, PresetName } from './clip.ts';
import type { Faults } from './faults.ts';
import type { Endpoint, LinkOptions } from './link.ts';
import type { Archive } from './recordings.ts';
import type { Route } from './route.ts';
import type { Stats } from './stats.ts';
import type { Sound } from './track.ts';

export interface DeviceOptions {
  readonly host: string;
  /** Port of the control connection (JT/T 808). */
  readonly control: number;
  /** Where media goes instead of where the platform says; needed with `push`. */
  readonly media?: Endpoint;
  /** Where attachments go instead of where the platform says. */
  readonly attachments?: Endpoint;
  /** How many devices; 1. Their ids count up from `firstId`. */
  readonly count?: number;
  /** Digits of the first one's phone number; 13800000001. */
  readonly firstId?: string;
  /** Header generation of JT/T 808; 2013. */
  readonly version?: 2013 | 2019;
  /** Bytes of the SIM in media packets; 6 with 2013 and 10 with 2019. */
  readonly simBytes?: 6 | 10;
  /** Cameras of each device; 1. */
  readonly channels?: number;
  /** Main and sub stream; cif and qcif. A clip is shown by all cameras. */
  readonly video?: PresetName | Clip;
  readonly subVideo?: PresetName;
  readonly sound?: Sound;
  /** A capture file, shown in a loop instead of generated video: its bytes. `simBytes` is the capture's then. */
  readonly capture?: Buffer;
  /** One write per frame instead of one per packet; false. */
  readonly burst?: boolean;
  /** Stream all channels without being asked, once authenticated; false. */
  readonly push?: boolean;
  /** All channels of a device on one media connection; false. */
  readonly multiplex?: boolean;
  /** Seconds; 30 and 10. The platform can set them (0x8103). */
  readonly heartbeatSeconds?: number;
  readonly locationSeconds?: number;
  /** Seconds from one Su Biao alarm to the next; 0, the default, for none. */
  readonly alarmSeconds?: number;
  /** Layout of alarm signs; jiangsu with 2013, guangdong with 2019. */
  readonly region?: Region;
  /** Minutes its clock is ahead of UTC; 480. */
  readonly zoneMinutes?: number;
  /** What its media timestamps count; utc. */
  readonly clock?: (typeof CLOCKS)[number];
  /** Minutes of recordings that the device says it has; 60. */
  readonly recordedMinutes?: number;
  /** Where the routes are, degrees; Shanghai. */
  readonly centre?: readonly [lat: number, lon: number];
  readonly faults?: Partial<Faults>;
  /** Source addresses, taken in turn. */
  readonly localAddresses?: readonly string[];
  readonly tls?: boolean;
  /** Decides routes and chances; 1. */
  readonly seed?: number;
  /** Folder of the ffmpeg that generates video; the layer's own when not given. */
  readonly ffmpegFolder?: string;
  readonly log?: (line: string) => void;
  readonly receipts?: Receipts;
}

/** Told of what the platform has acknowledged, which it must not lose from then on. */
export interface Receipts {
  /** 0x8001 with result 0 for a 0x0200 or 0x0704 in one frame; their alarms are in their items. */
  located(device: string, locations: readonly LocationFields[]): void;
  /** 0x9212 asked for no more of a file. */
  filed(device: string, alarm: RaisedAlarm, name: string, file: AttachedFile): void;
}

export interface DeviceHandle {
  readonly id: string;
  readonly online: boolean;
  /** Channels being sent live. */
  readonly live: readonly number[];
  /** Raises an alarm now. Answers false while the device is not online. */
  alarm(kind: AlarmKind): boolean;
  /** Begins or ends a lasting alarm, such as `sos`, and reports it now; false: with the next report, once the device is online. */
  hold(name: string, isOn: boolean): boolean;
  /** Breaks all connections; they come again, the control connection not before `away` milliseconds have passed. */
  reconnect(away?: number): void;
  jumpClock(milliseconds: number): void;
  sound(on: boolean): void;
  /** Every camera shows another resolution from now on. */
  show(video: PresetName | Clip): Promise<void>;
  /**
   * Epoch milliseconds at which the loop that a channel sends live would have begun: what is `t` milliseconds into it was
   * due at this time plus `t`, and a loop's length later once more. Another one each time a stream begins anew.
   */
  loopBegan(channel: number): number | undefined;
}

/** What one device of a simulation is given. */
export interface DeviceSettings {
  readonly id: string;
  readonly endpoint: Endpoint;
  readonly media: Endpoint | undefined;
  readonly attachments: Endpoint | undefined;
  readonly terminal: Terminal;
  readonly push: boolean;
  readonly region: Region;
  readonly zoneMinutes: number;
  readonly route: Route;
  readonly archive: Archive;
  readonly picture: Buffer;
  readonly alarmFiles: (location: LocationFields) => readonly AttachedFile[];
  readonly faults: Faults;
  readonly stats: Stats;
  readonly random: () => number;
  readonly link: LinkOptions;
  readonly log: (line: string) => void;
  readonly receipts?: Receipts | undefined;
}
