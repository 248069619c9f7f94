/** One simulated device: its control connection, what it reports by itself, and its cameras. */
import { alarmNames } from '../../lib/contract/alarms.ts';
import type { Header } from '../../containers/ingest/src/jt808/header.ts';
import { Result } from '../../containers/ingest/src/jt808/messages/general.ts';
import { Status, type LocationFields } from '../../containers/ingest/src/jt808/messages/location.ts';
import type { Message } from '../../containers/ingest/src/jt808/messages/registry.ts';
import { utcToBcd } from '../../containers/ingest/src/jt808/time.ts';
import { raise, type AlarmKind, type RaisedAlarm } from './alarm.ts';
import { answer, type AnsweringDevice } from './answers.ts';
import { Cameras } from './cameras.ts';
import { Line, LineError, type LineSettings } from './line.ts';
import { login, RefusedError, terminalIdOf } from './login.ts';
import type { DeviceSettings } from './settings.ts';

const FIRST_RETRY = 500;
const LAST_RETRY = 15_000;
/** Places remembered while there is no connection. */
const MAX_UNSENT = 200;
/** Locations in one batch. */
const BATCH = 20;
/** Alarms whose files the platform may still ask for. */
const MAX_ALARMS = 32;

export class Device implements AnsweringDevice {
  readonly settings: DeviceSettings;
  readonly cameras: Cameras;
  /** By the hexadecimal digits of their sign. */
  readonly alarms = new Map<string, RaisedAlarm>();
  /** Serial of part 1 of a picture's 0x0801, by media id. */
  readonly pictures = new Map<number, number>();
  readonly terminalId: string;
  online = false;
  line: Line | undefined;
  heartbeatSeconds: number;
  locationSeconds: number;
  #authCode: string | undefined;
  #retry = FIRST_RETRY;
  #stopped = false;
  readonly #stop = new AbortController();
  #timers: NodeJS.Timeout[] = [];
  #connecting: NodeJS.Timeout | undefined;
  #unsent: LocationFields[] = [];
  /** Milliseconds to stay away after the next break. */
  #away = 0;
  /** By serial, what the platform has not answered yet over this connection; kept for `receipts` alone. */
  readonly #unanswered = new Map<number, readonly LocationFields[]>();
  #alarmCount = 0;
  /** Alarm bits in force, which each report has (JT/T 808-2019 table 24). */
  #held = 0;
  readonly #reports: NodeJS.Timeout;
  /** Milliseconds from one look at what is due to the next. */
  readonly #step: number;
  #lastReport = 0;

  constructor(settings: DeviceSettings, cameras: Cameras, seconds: { heartbeat: number; location: number }) {
    this.settings = settings;
    this.cameras = cameras;
    this.terminalId = terminalIdOf(settings.id);
    this.heartbeatSeconds = seconds.heartbeat;
    this.locationSeconds = seconds.location;
    // A step in which every report interval fits; what is due is sent.
    this.#step = Math.min(1000, seconds.location * 1000);
    this.#reports = setInterval(() => this.#report(), this.#step);
  }

  connect(): void {
    const { endpoint, terminal, faults, stats, random, link } = this.settings;
    const line: LineSettings = { terminal, faults, stats, random, link };
    const opened = new Line(endpoint, line, {
      onOpen: () => {
        stats.controlConnections += 1;
        void this.#login(opened);
      },
      onMessage: (message, header) => this.#message(message, header),
      onClose: (error) => this.#closed(error),
    });
    this.line = opened;
  }

  /** Resolves when all its connections are closed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#reports);
    clearTimeout(this.#connecting);
    this.#stop.abort();
    this.line?.end();
    await Promise.all([this.line?.link.closed, this.cameras.stop()]);
  }

  /** Aborted when the device is stopped. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  reconnect(away = 0): void {
    if (this.line !== undefined) this.#away = away;
    this.cameras.kill();
    this.line?.link.kill();
  }

  /** Where it is now, as 0x0200 says it. */
  location(alarm = this.#held): LocationFields {
    const now = Date.now();
    const place = this.settings.route.at(now / 1000);
    return {
      alarm,
      status: Status.accOn | Status.positioned | Status.gps | Status.beiDou | Status.moving,
      latE6: Math.round(place.lat * 1e6),
      lonE6: Math.round(place.lon * 1e6),
      altitude: place.altitude,
      speedKmh: place.speedKmh,
      direction: Math.floor(place.direction),
      time: utcToBcd(now, this.settings.zoneMinutes),
      items: { mileageKm: place.mileageKm % 400_000, signalStrength: 28, satellites: 14 },
    };
  }

  hold(name: string, isOn: boolean): boolean {
    const bit = alarmNames.indexOf(name);
    if (bit < 0) throw new RangeError(`no alarm of a report is called ${name}`);
    this.#held = (isOn ? this.#held | (1 << bit) : this.#held & ~(1 << bit)) >>> 0;
    if (!this.online || this.line === undefined) return false;
    this.#locate(this.line, this.location());
    return true;
  }

  alarm(kind: AlarmKind): boolean {
    if (!this.online || this.line === undefined) return false;
    const { region, stats } = this.settings;
    const location = this.location();
    const alarmId = (this.#alarmCount += 1);
    const context = { region, terminalId: this.terminalId, alarmId, sequence: alarmId };
    const raised = raise(kind, location, this.settings.alarmFiles(location), context);
    this.alarms.set(raised.sign.raw.toString('hex'), raised);
    if (this.alarms.size > MAX_ALARMS) this.alarms.delete(this.alarms.keys().next().value!);
    this.#locate(this.line, { ...location, items: { ...location.items, alarms: [raised.item] } });
    stats.alarms += 1;
    return true;
  }

  async #login(line: Line): Promise<void> {
    const { stats } = this.settings;
    try {
      this.#authCode = await login(line, this.settings, this.#authCode, stats);
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      // A code that is not taken any more is not tried again.
      if (error instanceof RefusedError) {
        stats.refused += 1;
        this.#authCode = undefined;
      }
      this.settings.log(`${this.settings.id} ${error.message}`);
      line.end();
      return;
    }
    if (this.line === line) this.#begin();
  }

  #begin(): void {
    const { stats, push, media, log, id } = this.settings;
    if (this.line === undefined) return;
    this.online = true;
    stats.online += 1;
    this.#retry = FIRST_RETRY;
    log(`${id} online`);
    this.#timers.push(setInterval(() => this.line?.send('heartbeat', {}), this.heartbeatSeconds * 1000));
    while (this.#unsent.length > 0) {
      const locations = this.#unsent.splice(0, BATCH);
      this.#await(this.line.send('locationBatch', { type: 1, locations }), locations);
      stats.locations += locations.length;
    }
    this.#lastReport = 0;
    this.#report();
    if (push && media) {
      for (const channel of this.settings.archive.channels) this.cameras.start(channel, media, 0, 0, true);
    }
  }

  /** Sends a location when one is due, or keeps it for later. */
  #report(): void {
    const now = performance.now();
    if (this.#lastReport !== 0 && now - this.#lastReport < this.locationSeconds * 1000 - this.#step / 2) return;
    if (!this.online && this.#lastReport === 0) return;
    this.#lastReport = now;
    if (this.online && this.line) this.#locate(this.line, this.location());
    else if (this.#unsent.length < MAX_UNSENT) this.#unsent.push(this.location());
  }

  #locate(line: Line, location: LocationFields): void {
    this.#await(line.send('location', location), [location]);
    this.settings.stats.locations += 1;
  }

  #await(serial: number, locations: readonly LocationFields[]): void {
    if (this.settings.receipts !== undefined) this.#unanswered.set(serial, locations);
  }

  #message(message: Message, header: Header): void {
    if (message.name === 'platformReply') {
      const { replySerial, result } = message.value;
      const locations = this.#unanswered.get(replySerial);
      if (locations === undefined) return;
      this.#unanswered.delete(replySerial);
      if (result === Result.ok) this.settings.receipts?.located(this.settings.id, locations);
      return;
    }
    if (message.name === 'registerReply') return;
    answer(this, message, header);
  }

  #closed(error: Error | undefined): void {
    const { stats, log, id } = this.settings;
    if (this.online) stats.online -= 1;
    if (!this.#stopped) log(`${id} offline${error === undefined ? '' : `: ${error.message}`}`);
    this.online = false;
    this.line = undefined;
    this.#unanswered.clear();
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    if (this.#stopped) return;
    const wait = Math.max(this.#away, this.#retry * (0.8 + 0.4 * this.settings.random()));
    this.#away = 0;
    this.#connecting = setTimeout(() => this.connect(), wait);
    this.#retry = Math.min(LAST_RETRY, this.#retry * 2);
  }
}
