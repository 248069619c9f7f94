/** One channel being sent: units of a looped track, each when its time has come. The hot path of the load generator. */
import { garbage } from './faults.ts';
import { stamp, UnitKind, type Stamp, type Track } from './track.ts';
import type { Uplink, UplinkUser } from './uplink.ts';
import { wheel, type Timed } from './wheel.ts';

export interface StreamPlan extends Stamp {
  readonly track: Track;
  /** Timestamp of what is sent now, milliseconds of the device's clock. `played`: milliseconds of the track sent before. */
  readonly clock: (played: number) => number;
  /** Which unit to begin with; a keyframe. 0 when not given. */
  readonly firstUnit?: number;
  /** Milliseconds to wait before the first picture. */
  readonly delay?: number;
  /** How many times as fast as it was taken; 1 when not given. */
  readonly speed?: number;
  /** Milliseconds of the track after which the stream ends by itself. */
  readonly length?: number;
  readonly onEnd?: () => void;
}

/** Bytes that may wait in a connection before pictures are dropped, up to the next keyframe. */
const MAX_BACKLOG = 512 * 1024;

/** Where units are put together before they are written. Given away when the system does not take all of it. */
let scratch = Buffer.allocUnsafeSlow(256 * 1024);

export class MediaStream implements Timed, UplinkUser {
  readonly #uplink: Uplink;
  #plan: StreamPlan;
  #unit: number;
  #delay: number;
  /** Milliseconds of performance.now() and of the device's clock at which the loop in progress began. */
  #begun = 0;
  #base = 0;
  /** The first timestamp, for a clock that stands still. */
  #frozen: number | undefined;
  /** Milliseconds of the track sent before the loop in progress. */
  #before = 0;
  /** Counts openings: what was scheduled before the last one does nothing. */
  #round = 0;
  #scheduled = -1;
  #active = false;
  #stopped = false;
  #paused = false;
  #skipping = false;
  #keys = 0;
  #cut = false;
  /** Kinds that the platform wants, and that the camera sends. */
  video = true;
  sound = true;

  constructor(uplink: Uplink, plan: StreamPlan) {
    this.#uplink = uplink;
    this.#plan = plan;
    this.#unit = plan.firstUnit ?? 0;
    this.#delay = plan.delay ?? 0;
  }

  start(): void {
    this.#uplink.add(this);
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.lost();
    this.#uplink.remove(this);
  }

  opened(): void {
    this.#active = true;
    this.#uplink.settings.stats.streaming += 1;
    this.#begin(this.#delay);
    this.#delay = 0;
  }

  lost(): void {
    if (!this.#active) return;
    this.#active = false;
    this.#round += 1;
    this.#uplink.settings.stats.streaming -= 1;
  }

  get track(): Track {
    return this.#plan.track;
  }

  /** Goes on from here, so many times as fast as it was taken. */
  speed(speed: number): void {
    this.#plan = { ...this.#plan, speed };
    if (this.#active) this.#begin(0);
  }

  gaveUp(): void {
    this.#stopped = true;
    this.#plan.onEnd?.();
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  pause(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    this.#round += 1;
    if (!paused && this.#active) this.#begin(0);
  }

  /** Goes on with something else: another encoding, another clock, another stretch. Begins with a keyframe. */
  change(change: Partial<StreamPlan>): void {
    this.#plan = { ...this.#plan, ...change };
    if (change.track !== undefined || change.firstUnit !== undefined) this.#unit = change.firstUnit ?? 0;
    this.#before = 0;
    if (this.#active) this.#begin(0);
  }

  /** Begins, or goes on, with the keyframe at or before the current unit, after `delay` milliseconds. */
  #begin(delay: number): void {
    const { track, clock, speed = 1 } = this.#plan;
    let key = Math.min(this.#unit, track.unitKind.length - 1);
    while (key > 0 && track.unitKind[key] !== UnitKind.key) key -= 1;
    this.#unit = key;
    this.#round += 1;
    this.#skipping = false;
    this.#keys = 0;
    const into = track.unitTime[key]!;
    this.#begun = performance.now() + delay - into / speed;
    this.#base = clock(this.#played()) - into;
    this.#frozen ??= this.#base + into;
    this.#schedule();
  }

  /** Milliseconds of the track sent so far. */
  #played(): number {
    const { track, firstUnit = 0 } = this.#plan;
    return this.#before + (track.unitTime[this.#unit] ?? track.duration) - track.unitTime[firstUnit]!;
  }

  #schedule(): void {
    const { track, speed = 1 } = this.#plan;
    let unit = this.#unit;
    // In bursts, sound waits for the next picture.
    if (this.#uplink.settings.burst) {
      while (unit < track.unitKind.length && track.unitKind[unit] === UnitKind.sound) unit += 1;
    }
    const time = track.unitTime[unit] ?? track.duration;
    this.#scheduled = this.#round;
    wheel.add(this, this.#begun + time / speed);
  }

  run(now: number): void {
    if (this.#scheduled !== this.#round || !this.#active || this.#paused || this.#stopped) return;
    const { track, speed = 1, length = Infinity, firstUnit = 0 } = this.#plan;
    const units = track.unitKind.length;
    const into = (now - this.#begun) * speed;
    // Where in this loop the stretch ends.
    const end = length - this.#before + track.unitTime[firstUnit]!;
    const from = this.#unit;
    let to = from;
    while (to < units && track.unitTime[to]! <= into && track.unitTime[to]! < end) to += 1;
    if (to > from) this.#send(from, to);
    this.#unit = to;
    // It may end in the next loop, and this one be late: then that comes first.
    if (into >= end && (to < units || end <= track.duration)) return this.#finish();
    if (this.#scheduled !== this.#round) return;
    if (to === units) {
      this.#unit = 0;
      this.#begun += track.duration / speed;
      this.#base += track.duration;
      this.#before += track.duration;
    }
    this.#schedule();
  }

  #finish(): void {
    this.stop();
    this.#plan.onEnd?.();
  }

  /** Units `from` to `to` (exclusive) in one write, or in one per packet. */
  #send(from: number, to: number): void {
    const { settings } = this.#uplink;
    const { track } = this.#plan;
    const { unitKind, unitAt, packetAt, bytes, unitTime } = track;
    const late = this.#uplink.backlog;
    const size = packetAt[unitAt[to]!]! - packetAt[unitAt[from]!]! + (settings.faults.garbage > 0 ? 64 * 1024 : 0);
    // A connection that does not keep up gets a buffer of its own; others share one that is free again after the write.
    let out = scratch;
    if (late > 0 || size > scratch.length) out = Buffer.allocUnsafeSlow(size);
    let at = 0;
    let written = 0;
    let free = true;
    for (let unit = from; unit < to; unit += 1) {
      const kind = unitKind[unit]!;
      if (!this.#wanted(kind, late)) continue;
      if (kind === UnitKind.key) this.#keys += 1;
      const cut = kind === UnitKind.picture && this.#keys === 2 && settings.faults.killMidSegment && !this.#cut;
      const timestamp = Math.round(settings.faults.stuckClock ? this.#frozen! : this.#base + unitTime[unit]!);
      const last = unitAt[unit + 1]!;
      for (let packet = unitAt[unit]!; packet < last; packet += 1) {
        const start = packetAt[packet]!;
        const end = packetAt[packet + 1]!;
        const sequence = this.#uplink.sequence;
        this.#uplink.sequence = (sequence + 1) % 65_536;
        if (settings.faults.loss > 0 && settings.random() < settings.faults.loss) {
          settings.stats.lost += 1;
          continue;
        }
        if (settings.faults.garbage > 0 && settings.random() < settings.faults.garbage) {
          settings.stats.garbage += 1;
          if (at + 200 + end - start < out.length) at += garbage(settings.random).copy(out, at);
        }
        const header = at;
        at += bytes.copy(out, at, start, end);
        stamp(out, header, this.#plan, sequence, timestamp);
        settings.stats.packets += 1;
        if (cut) return this.#cutOff(out.subarray(written, header + Math.floor((at - header) / 2)));
        if (!settings.burst) {
          free = this.#uplink.write(out.subarray(written, at)) && free;
          written = at;
        }
      }
      if (kind === UnitKind.sound) settings.stats.sounds += 1;
      else settings.stats.pictures += 1;
    }
    if (at > written) free = this.#uplink.write(out.subarray(written, at)) && free;
    if (!free && out === scratch) scratch = Buffer.allocUnsafeSlow(scratch.length);
  }

  #wanted(kind: number, backlog: number): boolean {
    if (kind === UnitKind.sound ? !this.sound : !this.video) return false;
    if (backlog > MAX_BACKLOG) this.#skipping = true;
    else if (kind === UnitKind.key) this.#skipping = false;
    if (this.#skipping) this.#uplink.settings.stats.skipped += 1;
    return !this.#skipping;
  }

  /** Half a packet and then nothing: the rest of the picture never comes. */
  #cutOff(half: Buffer): void {
    this.#cut = true;
    this.#uplink.settings.stats.cut += 1;
    this.#uplink.write(Buffer.from(half));
    // The half goes out before the reset does.
    setTimeout(() => this.#uplink.kill(), 20);
    this.#round += 1;
  }
}
