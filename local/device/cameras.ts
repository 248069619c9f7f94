/** The cameras of one device: live streams and recordings played back, each on a connection of its own or all on one. */
import type { Track } from './track.ts';
import { timestamp, type ClockKind } from './clock.ts';
import type { Endpoint } from './link.ts';
import { MediaStream } from './stream.ts';
import { Uplink, type MediaSettings } from './uplink.ts';

export interface CameraSettings {
  /** The SIM field of its media packets. */
  readonly sim: Buffer;
  readonly channels: readonly number[];
  /** By stream, 0 main and 1 sub, then by channel. */
  readonly track: (stream: number, channel: number) => Track;
  readonly clock: ClockKind;
  readonly zoneMinutes: number;
  /** Channels that go to one endpoint share a connection. */
  readonly multiplex: boolean;
  readonly media: MediaSettings;
}

/** 0x9201's and 0x9202's speed codes; 0 and what is unknown is 1. */
const SPEEDS = [1, 1, 2, 4, 8, 16] as const;

interface Playback {
  readonly stream: MediaStream;
  readonly to: number;
}

export class Cameras {
  readonly #settings: CameraSettings;
  readonly #live = new Map<number, { stream: MediaStream; endpoint: string }>();
  readonly #began = new Map<number, number>();
  readonly #playbacks = new Map<number, Playback>();
  readonly #uplinks = new Set<Uplink>();
  /** Milliseconds by which the cameras' clock was set forward since. */
  #offset = 0;
  /** Tracks shown instead of the settings' own. */
  #shown: ((stream: number, channel: number) => Track) | undefined;
  #sound = true;

  constructor(settings: CameraSettings) {
    this.#settings = settings;
  }

  /** Channels being sent live, or trying to be. */
  get live(): number[] {
    return [...this.#live.keys()];
  }

  /** See DeviceHandle. */
  loopBegan(channel: number): number | undefined {
    return this.#began.get(channel);
  }

  has(channel: number): boolean {
    return this.#settings.channels.includes(channel);
  }

  /** `kinds` 0 picture and sound, 1 picture only. Asked for once more, the stream goes on as it is. */
  start(channel: number, endpoint: Endpoint, stream: number, kinds: number, persistent = false): void {
    const where = `${endpoint.host} ${endpoint.port} ${stream}`;
    const running = this.#live.get(channel);
    if (running !== undefined && running.endpoint === where && !running.stream.stopped) {
      running.stream.sound = this.#sound && kinds !== 1;
      running.stream.video = true;
      running.stream.pause(false);
      return;
    }
    running?.stream.stop();
    const live = new MediaStream(this.#uplink(endpoint, persistent), {
      sim: this.#settings.sim,
      channel,
      track: this.#track(stream, channel),
      // Asked whenever the stream begins or goes on: what comes `played` into the loops is due now.
      clock: (played) => {
        const now = Date.now();
        this.#began.set(channel, now - played);
        return this.#stamp(now + this.#offset);
      },
      onEnd: () => this.#live.delete(channel),
    });
    live.sound = this.#sound && kinds !== 1;
    this.#live.set(channel, { stream: live, endpoint: where });
    live.start();
  }

  /** 0x9102. Answers whether there was such a stream. */
  control(channel: number, command: number, closeType: number, stream: number): boolean {
    const running = this.#live.get(channel)?.stream;
    if (running === undefined) return false;
    if (command === 1) running.change({ track: this.#track(stream, channel) });
    else if (command === 2 || command === 3) running.pause(command === 2);
    else if (command === 0 && closeType === 1) running.sound = false;
    else if (command === 0 && closeType === 2) running.video = false;
    else if (command === 0) {
      running.stop();
      this.#live.delete(channel);
    }
    return true;
  }

  /** Sends what was recorded from `from` to `to` (UTC milliseconds), then closes. */
  play(channel: number, endpoint: Endpoint, stream: number, from: number, to: number, speed: number): void {
    this.#playbacks.get(channel)?.stream.stop();
    const track = this.#track(stream, channel);
    const playback = new MediaStream(this.#uplink(endpoint, false), {
      sim: this.#settings.sim,
      channel,
      track,
      ...this.#recording(track, from, to),
      speed: SPEEDS[speed] ?? 1,
      onEnd: () => this.#playbacks.delete(channel),
    });
    this.#playbacks.set(channel, { stream: playback, to });
    playback.start();
  }

  /** 0x9202; `position` in UTC milliseconds. Answers false when nothing is played, or the device cannot do it. */
  controlPlayback(channel: number, control: number, speed: number, position: number | undefined): boolean {
    const playback = this.#playbacks.get(channel);
    if (playback === undefined) return false;
    const { stream, to } = playback;
    if (control === 0 || control === 1) stream.pause(control === 1);
    else if (control === 2) {
      stream.stop();
      this.#playbacks.delete(channel);
    } else if (control === 3) stream.speed(SPEEDS[speed] ?? 1);
    else if (control === 5 && position !== undefined && position < to) {
      stream.change(this.#recording(stream.track, position, to));
    } else return false;
    return true;
  }

  /** Sets the cameras' clock forward (or back) by so many milliseconds, in the middle of the stream. */
  jumpClock(milliseconds: number): void {
    this.#offset += milliseconds;
    for (const { stream } of this.#live.values()) stream.change({});
  }

  /** Switches every camera's microphone. */
  sound(on: boolean): void {
    this.#sound = on;
    for (const { stream } of this.#live.values()) stream.sound = on;
  }

  /** Every camera shows something else from now on: another resolution, say. */
  show(track: (stream: number, channel: number) => Track): void {
    this.#shown = track;
    for (const [channel, { stream, endpoint }] of this.#live) {
      stream.change({ track: track(Number(endpoint.split(' ')[2]), channel) });
    }
  }

  /** The connections break, and come again. */
  kill(): void {
    for (const uplink of this.#uplinks) uplink.kill();
  }

  /** Resolves when all connections are closed. */
  async stop(): Promise<void> {
    for (const { stream } of [...this.#live.values(), ...this.#playbacks.values()]) stream.stop();
    this.#live.clear();
    this.#playbacks.clear();
    await Promise.all([...this.#uplinks].map((uplink) => uplink.ended()));
  }

  #track(stream: number, channel: number): Track {
    return (this.#shown ?? this.#settings.track)(stream, channel);
  }

  #stamp(utc: number): number {
    return timestamp(this.#settings.clock, utc, this.#settings.zoneMinutes);
  }

  /** The loop stands for what was recorded: at any time it shows what it would have shown live. */
  #recording(track: Track, from: number, to: number) {
    const into = from % track.duration;
    let unit = 0;
    while (unit + 1 < track.unitTime.length && track.unitTime[unit + 1]! <= into) unit += 1;
    while (track.unitKind[unit] !== 0 && unit > 0) unit -= 1;
    const begin = from - (into - track.unitTime[unit]!);
    return { firstUnit: unit, length: to - begin, clock: (played: number) => this.#stamp(begin + played) };
  }

  #uplink(endpoint: Endpoint, persistent: boolean): Uplink {
    for (const uplink of this.#uplinks) {
      if (uplink.closed) this.#uplinks.delete(uplink);
      else if (this.#settings.multiplex && same(uplink.endpoint, endpoint)) return uplink;
    }
    const uplink = new Uplink(endpoint, this.#settings.media, persistent);
    this.#uplinks.add(uplink);
    return uplink;
  }
}

const same = (a: Endpoint, b: Endpoint): boolean => a.host === b.host && a.port === b.port;
