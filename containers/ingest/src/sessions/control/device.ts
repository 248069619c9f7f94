/**
 * A device that was let in: what its messages mean, and its latest state. Every message of JT/T 808 that asks for an answer
 * gets one, unknown ones too.
 */
import { zoneMinutes, type DeviceRecord, type Position } from '../../../../../lib/contract/device.ts';
import type { Header } from '../../jt808/header.ts';
import { Result } from '../../jt808/messages/general.ts';
import type { AvAttributes } from '../../jt808/messages/live.ts';
import { hasFix, type Location } from '../../jt808/messages/location.ts';
import type { Message, MessageInput, MessageName } from '../../jt808/messages/registry.ts';
import { utcToBcd } from '../../jt808/time.ts';
import {
  bitsNamed,
  bitsOf,
  changedAlarms,
  findAlarms,
  namesInForce,
  type FoundAlarm,
  isEmergency,
} from '../alarms/detect.ts';
import { AlarmTimeline } from '../alarms/timeline.ts';
import { saveMultimedia } from '../alarms/multimedia.ts';
import { noteLimit } from '../alarms/limit.ts';
import { reportAlarm } from '../alarms/report.ts';
import { tellUntold } from '../alarms/tell.ts';
import type { Services } from '../../services.ts';
import type { Connected, Seen } from '../../cloud/device-state.ts';
import { Keeper } from '../../streams/keeper.ts';
import type { Streams } from '../../streams/streams.ts';
import type { Closing } from '../../common/metrics.ts';
import type { DevicePort } from '../port.ts';
import type { Commander } from './commander.ts';
import { jt1078Puller } from './puller.ts';
import { inOrder, pointOf, positionOf, timeOf, type Report } from './reports.ts';

/** The control connection, as far as its device needs it. */
export interface ControlLink {
  /** Another one each time a device connects. */
  readonly id: string;
  /** Where it comes from. */
  readonly network: string;
  readonly commander: Commander;
  answer<N extends MessageName>(name: N, value: MessageInput<N>): void;
  close(why: Closing): void;
  /** Lets the device read what was answered, then ends. */
  finish(): void;
}

export interface DeviceParts {
  readonly services: Services;
  readonly streams: Streams;
  readonly link: ControlLink;
  readonly record: DeviceRecord;
  readonly protocol: Connected['protocol'];
}

/** Milliseconds at whose multiples the offset of a time zone may change. */
const ZONE_KEPT = 15 * 60_000;
const DAY = 86_400_000;
/** A device that sends nothing but heartbeats is written of once in so many `stateSeconds`. */
const QUIETER = 4;
/** Milliseconds after its arrival that a device is asked for its capabilities: its streams are asked for first. */
const ASK_AFTER = 15_000;
/** The same until it is looked what of it was never told: a task that it has left has told what it could by then. */
const LOOK_AFTER = 15_000;

export class ConnectedDevice implements DevicePort {
  readonly id: string;
  readonly keeper: Keeper;
  readonly #link: ControlLink;
  readonly #services: Services;
  readonly #protocol: Connected['protocol'];
  #record: DeviceRecord;
  #alarms: AlarmTimeline;
  /** Where it is, once it has said so over this connection. */
  #position: Position | undefined;
  /** Epoch milliseconds of the latest place that is known, of earlier connections too. */
  #positionAt: number;
  /** It has reported over this connection. */
  #reported = false;
  #zone = 0;
  /** Quarter of an hour that `#zone` is of. */
  #zoneAt = -Infinity;
  #seenAt = 0;
  /** As JSON, what was written last. */
  #capable: string;
  #writtenAt = -Infinity;
  #wrotePosition = false;
  /** When it is asked what its sound and picture are like (0x9003); once is enough. */
  #askAt = Infinity;
  /** When it is looked for alarms of it that nobody was told of. */
  #lookAt = Infinity;
  /** There is something to write. */
  #news = false;
  /** It has sent something since the last write, but nothing more than that it is there. */
  #isHeard = false;
  /** That it is here has been written: until then every second sees to it. */
  #online = false;
  /** The session its record named when this one came. */
  readonly #before: string | undefined;
  #connectedAt = '';

  constructor({ services, streams, link, record, protocol }: DeviceParts) {
    this.id = record.id;
    this.#link = link;
    this.#services = services;
    this.#record = record;
    this.#protocol = protocol;
    this.#before = record.session;
    this.#capable = JSON.stringify(record.capabilities);
    const { position, reportedAt = position?.time } = record;
    // A place without a date bears the time at which it came, by which no other is late.
    this.#positionAt = Math.min(timeOf(position?.time), timeOf(reportedAt));
    this.#alarms = new AlarmTimeline(bitsNamed(record.alarms ?? []), timeOf(reportedAt));
    this.keeper = new Keeper({
      services,
      streams,
      record,
      puller: jt1078Puller(services, link),
      renewed: (fresh) => this.#renew(fresh),
      deleted: () => link.close('fault'),
    });
  }

  get record(): DeviceRecord {
    return this.#record;
  }

  get commander(): Commander {
    return this.#link.commander;
  }

  answer<N extends MessageName>(name: N, value: MessageInput<N>): void {
    this.#link.answer(name, value);
  }

  /** Lets it read what was answered, then ends its connection. */
  finish(): void {
    this.#link.finish();
  }

  /** Its settings have changed. */
  #renew(record: DeviceRecord): void {
    const isRead = record.timeZone === this.#record.timeZone;
    this.#record = record;
    if (isRead) return;
    // Its clock is read otherwise from now on, which may be earlier than what was read of it.
    this.#zoneAt = -Infinity;
    this.#positionAt = -Infinity;
    this.#alarms = new AlarmTimeline(this.#alarms.inForce, -Infinity);
  }

  /** Minutes its clock is ahead of UTC, now. */
  zone(now = Date.now()): number {
    const quarter = Math.floor(now / ZONE_KEPT);
    if (quarter !== this.#zoneAt) {
      this.#zone = zoneMinutes(this.#record.timeZone, now);
      this.#zoneAt = quarter;
    }
    return this.#zone;
  }

  arrived(): void {
    this.#seenAt = Date.now();
    this.#writtenAt = performance.now();
    this.#lookAt = this.#writtenAt + LOOK_AFTER;
    if (this.#record.capabilities === undefined && this.#record.channels.length > 0) {
      this.#askAt = this.#writtenAt + ASK_AFTER;
    }
    this.#connectedAt = new Date(this.#seenAt).toISOString();
    this.#writePresence();
    this.#services.events.publish({ device: this.id, type: 'online' });
    this.#services.log.info('online', { device: this.id, session: this.#link.id });
    this.keeper.begin();
  }

  get #presenceKey(): string {
    return `device ${this.id}`;
  }

  /** Nobody can command it before this is written. Where a newer connection is there, or the device is not, this one ends. */
  #writePresence(): void {
    this.#services.outbox.put(this.#presenceKey, async () => {
      this.#online = await this.#connect(true);
      if (!this.#online) this.#link.close('replaced');
    });
  }

  #connect(online: boolean): Promise<boolean> {
    const { state, task } = this.#services;
    const { id: session, network } = this.#link;
    const about = { task, session, connectedAt: this.#connectedAt, protocol: this.#protocol, network };
    return state.connect(this.id, { online, ...about, ...this.#latest() }, this.#before);
  }

  /** What it has said over this connection. */
  #latest(): Seen {
    const { inForce, at } = this.#alarms;
    const reportedAt = Number.isFinite(at) ? new Date(at).toISOString() : undefined;
    return {
      lastSeenAt: new Date(this.#seenAt).toISOString(),
      position: this.#position,
      ...(this.#reported && { alarms: namesInForce(inForce), reportedAt }),
    };
  }

  /** `replaced`: by a newer connection to this task, so the device is still here. */
  left(replaced: boolean): void {
    this.keeper.end();
    if (replaced) return;
    const { state, outbox, events, metrics, log } = this.#services;
    metrics.disconnected();
    log.info('offline', { device: this.id, session: this.#link.id });
    // Where that it came could not be written, the record may still tell of a connection before this one.
    outbox.put(this.#presenceKey, () =>
      this.#online ? state.disconnect(this.id, this.#link.id, this.#latest()) : this.#connect(false),
    );
    events.publish({ device: this.id, type: 'offline', reason: 'The connection ended.' });
  }

  /** Call it once a second. */
  tick(now: number): void {
    this.keeper.tick(now);
    if (now >= this.#askAt) {
      this.#askAt = Infinity;
      this.#link.commander
        .send('avAttributesQuery', {})
        .catch((error: unknown) => this.#services.log.failure('capabilities', error));
    }
    if (now >= this.#lookAt) {
      this.#lookAt = Infinity;
      this.#services.outbox.put(`untold ${this.id}`, () => tellUntold(this.#services, this.#record));
    }
    // Too many writes may have waited.
    if (!this.#online && !this.#services.outbox.has(this.#presenceKey)) this.#writePresence();
    if (this.#news || this.#isHeard) this.#writeState(now);
  }

  /** `reply` sends 0x8001 with a result; parts of a message have had theirs already. */
  message(message: Message, header: Header, reply: (result: number) => void): void {
    const link = this.#link;
    this.#seenAt = Date.now();
    this.#isHeard = true;
    switch (message.name) {
      case 'location':
        reply(Result.ok);
        this.#locations([message.value]);
        return;
      case 'locationBatch':
        reply(Result.ok);
        this.#locations(message.value.locations);
        return;
      case 'locationReply':
        this.#locations([message.value.location]);
        return;
      case 'terminalReply':
        link.commander.replied(message.value.replySerial, message.value.replyId, message.value.result);
        return;
      case 'recordingList':
      case 'shootReply':
        reply(Result.ok);
        link.commander.answered(message.value.replySerial, message.name, message.value);
        return;
      case 'register':
        // Some register at every power-up, on a connection that is let in already.
        link.answer('registerReply', {
          replySerial: header.serial,
          result: 0,
          authCode: this.#record.authCode ?? '',
        });
        break;
      case 'timeQuery':
        link.answer('timeReply', { time: utcToBcd(Date.now(), 0) });
        break;
      case 'terminalRetransmit':
        // Nothing we send is longer than one frame.
        reply(Result.unsupported);
        break;
      case 'avAttributes':
        this.#capabilities(message.value);
        break;
      case 'mediaData':
        // One that is not acknowledged comes again.
        if (this.#mayReport()) {
          void saveMultimedia(this.#services, this, message.value, () => reply(Result.failed));
        }
        break;
      case 'logout':
        reply(Result.ok);
        link.finish();
        return;
      case 'heartbeat':
      case 'authenticate':
      case 'mediaEvent':
      case 'passengers':
      case 'uploadDone':
      case 'parametersReply':
        reply(Result.ok);
        break;
      case 'malformed':
        this.#services.metrics.add('malformedMessages');
        reply(Result.bad);
        break;
      default:
        this.#services.metrics.add('unknownMessages');
        this.#services.log.trouble('unknown-message', this.id, `0x${message.id.toString(16).padStart(4, '0')}`);
        reply(Result.unsupported);
    }
  }

  #locations(locations: readonly Location[]): void {
    const now = Date.now();
    const zoneMinutes = this.zone(now);
    const reports = inOrder(locations, { now, zoneMinutes, latest: this.#alarms.at });
    const positions = reports.map((report) => this.#place(report, now));
    for (const [n, { location, time }] of reports.entries()) {
      if (location.items.alarms === undefined) continue;
      const context = { device: this.id, time, now, zoneMinutes, position: positions[n] };
      for (const alarm of findAlarms(location, context)) this.#report(alarm);
    }
    this.#changes(reports, positions);
    this.#reported ||= reports.length > 0;
    this.#news = true;
  }

  /** Keeps a point, if it is one; where it is later than what is known, that is where the device is now. */
  #place({ location, time, at, isUndated, isNewest }: Report, now: number): Position | undefined {
    const { positions, metrics } = this.#services;
    const { retentionDays } = this.#record;
    if (isUndated) metrics.counts.badTimes += 1;
    if (!hasFix(location)) return undefined;
    if (time > now - retentionDays * DAY && this.#mayBeAt(now)) {
      positions.add(this.id, retentionDays, pointOf(location, time), performance.now());
    } else metrics.counts.droppedPositions += 1;
    const position = positionOf(location, time);
    if (at < this.#positionAt && !isNewest) return position;
    this.#positionAt = Math.max(at, this.#positionAt);
    this.#position = position;
    return position;
  }

  /** Alarms that began or ended. */
  #changes(reports: readonly Report[], positions: readonly (Position | undefined)[]): void {
    const seen = reports.map(({ location, at }) => ({ at, bits: bitsOf(location) }));
    if (seen.every((one) => this.#alarms.goesOn(one))) return;
    for (const change of this.#alarms.add(seen)) {
      const n = change.report;
      const [time, position] = n === undefined ? [change.at, undefined] : [reports[n]!.time, positions[n]];
      for (const alarm of changedAlarms(change, { device: this.id, time, position })) this.#report(alarm);
    }
  }

  #mayReport(isUrgent = false): boolean {
    const { reports, emergencies } = this.#services.rates;
    if (reports.take(this.id) || (isUrgent && emergencies.take(this.id))) return true;
    this.#services.metrics.add('droppedAlarms');
    return false;
  }

  #mayBeAt(now: number): boolean {
    if (this.#services.rates.positions.take(this.id, now)) return true;
    noteLimit(this.#services, this.#record, 'positions', now);
    return false;
  }

  #report(alarm: FoundAlarm): void {
    if (this.#mayReport(isEmergency(alarm))) reportAlarm(this.#services, this, alarm);
  }

  /**
   * Writes its latest state, at most every `stateSeconds`, and after heartbeats alone less often. Where a newer connection
   * of the device has written its own, this one ends.
   */
  #writeState(now: number): void {
    const { config, outbox, state } = this.#services;
    // The first position is written at once. Nothing is written before `connect` was, whose session the condition compares.
    const first = !this.#wrotePosition && this.#position !== undefined;
    const seconds = config.options.stateSeconds * (this.#news ? 1 : QUIETER);
    if (!this.#online || (!first && now - this.#writtenAt < seconds * 1000)) return;
    this.#writtenAt = now;
    this.#wrotePosition ||= first;
    this.#news = false;
    this.#isHeard = false;
    outbox.put(`seen ${this.id}`, async () => {
      if (!(await state.seen(this.id, this.#link.id, this.#latest()))) this.#link.close('replaced');
    });
  }

  #capabilities(value: AvAttributes): void {
    const { outbox, state, rates } = this.#services;
    const capable = JSON.stringify(value);
    if (capable === this.#capable || !rates.capabilities.take(this.id)) return;
    this.#capable = capable;
    outbox.put(`capabilities ${this.id}`, () => state.capabilities(this.id, { ...value }));
  }
}
