/**
 * A device that was let in: what its messages mean, and its latest state. Every message of JT/T 808 that asks for an answer
 * gets one, unknown ones too.
 */
import { zoneMinutes, type DeviceRecord, type Position } from '../../../../../lib/contract/device.ts';
import type { Point } from '../../../../../lib/contract/positions.ts';
import type { Header } from '../../jt808/header.ts';
import { Result } from '../../jt808/messages/general.ts';
import type { AvAttributes } from '../../jt808/messages/live.ts';
import { Status, hasFix, type Location } from '../../jt808/messages/location.ts';
import type { Message, MessageInput, MessageName } from '../../jt808/messages/registry.ts';
import { bcdToUtc, utcToBcd } from '../../jt808/time.ts';
import {
  bitsNamed,
  bitsOf,
  findAlarms,
  mayHoldAlarms,
  namesInForce,
  type AlarmBits,
  type FoundAlarm,
  isEmergency,
} from '../alarms/detect.ts';
import { saveMultimedia } from '../alarms/multimedia.ts';
import { noteLimit } from '../alarms/limit.ts';
import { reportAlarm } from '../alarms/report.ts';
import type { Services } from '../../services.ts';
import type { Connected } from '../../cloud/device-state.ts';
import { Keeper } from '../../streams/keeper.ts';
import type { Streams } from '../../streams/streams.ts';
import type { Closing } from '../../common/metrics.ts';
import type { DevicePort } from '../port.ts';
import type { Commander } from './commander.ts';
import { jt1078Puller } from './puller.ts';

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

/** Milliseconds the offset of a time zone is kept: where it changes, it does so on the hour. */
const ZONE_KEPT = 15 * 60_000;
/** Milliseconds ahead of ours at which a device's clock is wrong. */
const FUTURE = 60 * 60_000;
const DAY = 86_400_000;
/** A device that sends nothing but heartbeats is written of once in so many `stateSeconds`. */
const QUIETER = 4;
/** Milliseconds after its arrival that a device is asked for its capabilities: its streams are asked for first. */
const ASK_AFTER = 15_000;

export class ConnectedDevice implements DevicePort {
  readonly id: string;
  readonly keeper: Keeper;
  readonly #link: ControlLink;
  readonly #services: Services;
  readonly #protocol: Connected['protocol'];
  #record: DeviceRecord;
  #bits: AlarmBits = { alarm: 0, video: 0 };
  #position: Position | undefined;
  #zone = 0;
  #zoneAt = -Infinity;
  #seenAt = 0;
  /** As JSON, what was written last. */
  #capable: string;
  #writtenAt = -Infinity;
  #wrotePosition = false;
  /** When it is asked what its sound and picture are like (0x9003); once is enough. */
  #askAt = Infinity;
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
    this.#bits = bitsNamed(record.alarms ?? []);
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
    this.#record = record;
    this.#zoneAt = -Infinity;
  }

  /** Minutes its clock is ahead of UTC, now. */
  zone(now = Date.now()): number {
    if (now - this.#zoneAt > ZONE_KEPT) {
      this.#zone = zoneMinutes(this.#record.timeZone, now);
      this.#zoneAt = now;
    }
    return this.#zone;
  }

  arrived(): void {
    this.#seenAt = Date.now();
    this.#writtenAt = performance.now();
    if (this.#record.capabilities === undefined && this.#record.channels.length > 0) {
      this.#askAt = this.#writtenAt + ASK_AFTER;
    }
    this.#connectedAt = new Date(this.#seenAt).toISOString();
    this.#writePresence();
    this.#services.events.publish({ device: this.id, type: 'online' });
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
    return state.connect(this.id, { online, ...about, ...this.#seen() }, this.#before);
  }

  #seen() {
    return { lastSeenAt: new Date(this.#seenAt).toISOString(), position: this.#position };
  }

  /** `replaced`: by a newer connection to this task, so the device is still here. */
  left(replaced: boolean): void {
    this.keeper.end();
    if (replaced) return;
    const { state, outbox, events } = this.#services;
    // Where that it came could not be written, the record may still tell of a connection before this one.
    outbox.put(this.#presenceKey, () =>
      this.#online ? state.disconnect(this.id, this.#link.id, this.#seen()) : this.#connect(false),
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
        this.#locations([message.value], true);
        return;
      case 'locationBatch':
        reply(Result.ok);
        this.#locations(message.value.locations, message.value.type === 0);
        return;
      case 'locationReply':
        this.#locations([message.value.location], true);
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

  /** `latest`: the last of them says where the device is now. */
  #locations(locations: readonly Location[], latest: boolean): void {
    const now = Date.now();
    const { positions, metrics } = this.#services;
    const { retentionDays } = this.#record;
    let bits: AlarmBits = latest ? this.#bits : { alarm: 0, video: 0 };
    for (const location of locations) {
      const said = bcdToUtc(location.time, this.zone(now), now);
      const wrong = said === undefined || said > now + FUTURE;
      if (wrong) metrics.counts.badTimes += 1;
      const time = wrong ? now : said;
      const fix = hasFix(location);
      const position = fix ? positionOf(location, time) : undefined;
      if (fix && time > now - retentionDays * DAY && this.#mayBeAt(now)) {
        positions.add(this.id, retentionDays, pointOf(location, time), performance.now());
      } else if (fix) metrics.counts.droppedPositions += 1;
      if (mayHoldAlarms(location, bits)) {
        const context = { device: this.id, time, now, zoneMinutes: this.zone(now), position, before: bits };
        for (const alarm of findAlarms(location, context)) this.#report(alarm);
      }
      bits = bitsOf(location);
      if (latest && position !== undefined) this.#position = position;
    }
    if (latest) this.#bits = bits;
    this.#news = true;
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
      const seen = { ...this.#seen(), alarms: namesInForce(this.#bits) };
      if (!(await state.seen(this.id, this.#link.id, seen))) this.#link.close('replaced');
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

const positionOf = (location: Location, time: number): Position => ({
  time: new Date(time).toISOString(),
  lat: location.latE6 / 1e6,
  lon: location.lonE6 / 1e6,
  speedKmh: location.speedKmh,
  direction: location.direction % 360,
  altitude: location.altitude,
  accOn: (location.status & Status.accOn) !== 0,
});

const pointOf = (location: Location, time: number): Point => ({
  time,
  latE6: location.latE6,
  lonE6: location.lonE6,
  speed: Math.round(location.speedKmh * 10),
  direction: location.direction % 360,
  altitude: location.altitude,
  alarm: location.alarm,
  accOn: (location.status & Status.accOn) !== 0,
});
