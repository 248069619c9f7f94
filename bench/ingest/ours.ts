/** How many streams one core holds: a few windows of growing load on one task. */
import { holds, kinds, share, limitOfLoad, MB, quantile, round, wait, type Kind, type Window } from './figures.ts';
import type { AddStreams } from './load.ts';
import { loadUse } from './loads.ts';
import { coreBusyMs, otherCoresBusyMs } from './pinned.ts';
import { Task, type TaskOptions } from './task.ts';

export interface OursCase {
  readonly kind: Kind;
  readonly arrival: 'burst' | 'packet';
  /** Streams that are asked for; undefined: none. */
  readonly bar?: number;
  readonly quick: boolean;
  readonly log: (line: string) => void;
}

export interface OursResult {
  readonly streams: number;
  /** Nothing above was tried, or the load generator could not make more. */
  readonly atLeast: boolean;
  readonly full: Window | undefined;
  /** At half of `streams`, or of what was tried when nothing held. */
  readonly half: Window;
  /** At the streams of `half` and never more, while S3 does not answer. */
  readonly backlog: Backlog;
  /** Why the load generator was the limit of what was tried, if it was. */
  readonly limitOfLoad: string | undefined;
  readonly bodiesChecked: number;
  readonly windows: readonly Window[];
}

export interface Backlog {
  readonly streams: number;
  /** How long S3 has not answered. */
  readonly seconds: number;
  /** Bytes of the process beyond those of an idle task and of segments, which wait, by stream; and with them. */
  readonly bytesPerStream: number;
  readonly allPerStream: number;
  /** Segments that were dropped because of it. */
  readonly dropped: number;
}

/** New streams a second: each costs a few table calls. */
const ARRIVALS = 80;
const QUICK_ARRIVALS = 160;
const STEP_UP = 1.15;
const STEP_DOWN = 0.85;
/** Of the estimate: half of the most that may be tried. */
const HALF = STEP_UP / 2;
/** Seconds without an answer of S3: less than a request waits for one. */
const STALL = 6;

export async function measureOurs(options: TaskOptions, wanted: OursCase): Promise<OursResult> {
  const found = await findMost(options, wanted);
  return { ...found, backlog: await measureBacklog(options, wanted, found.half.streams) };
}

/**
 * On a task of its own: one that had twice as many streams a minute ago has not given that memory back yet, and it would be
 * counted as that of these.
 */
async function measureBacklog(options: TaskOptions, wanted: OursCase, streams: number): Promise<Backlog> {
  const task = await Task.start(options);
  const bench = new Bench(task, wanted);
  try {
    bench.idleRss = (await task.usage()).rss;
    await bench.grow(streams);
    await wait(wanted.quick ? 4 : 20);
    return await bench.backlog(STALL);
  } finally {
    await task.end();
  }
}

async function findMost(options: TaskOptions, wanted: OursCase): Promise<Omit<OursResult, 'backlog'>> {
  const task = await Task.start(options);
  const bench = new Bench(task, wanted);
  const { quick, bar = 0, log } = wanted;
  try {
    bench.idleRss = (await task.usage()).rss;
    await bench.grow(wanted.kind === 'd1' ? 120 : 60);
    await wait(quick ? 3 : 4);
    const probe = await bench.window(quick ? 3 : 5);
    const estimate = fill(probe);
    log(`  ${round(probe.cpuMsPerStreamSecond, 2)} CPU ms per stream-second of ${bench.count}: trying ${estimate}`);

    // What more of them cost says more of the whole: much is shared.
    await bench.grow(Math.ceil(estimate * HALF));
    await wait(4);
    const some = await bench.window(quick ? 3 : 5);
    bench.say(some);

    const tried: Window[] = [];
    const attempt = async (count: number): Promise<Window> => {
      await bench.grow(count);
      await wait(5);
      const window = await bench.window(quick ? 8 : 30);
      bench.say(window);
      tried.push(window);
      return window;
    };
    /** The task waits 20 s for streams that ended, then writes about each; too much load leaves a backlog. The next has none. */
    const ease = async (count: number): Promise<void> => {
      await bench.grow(count);
      await wait(quick ? 10 : 30);
    };
    /** Twice if need be: something else may have had the machine. */
    const insist = async (count: number): Promise<Window> => {
      const window = await attempt(count);
      if (holds(window)) return window;
      await ease(Math.floor(count / 2));
      return attempt(count);
    };
    const first = await attempt(Math.max(some.streams, fill(some)));
    if (!holds(first)) {
      await ease(Math.floor(first.streams / 2));
      await insist(bar > 0 && first.streams > bar ? bar : Math.floor(first.streams * STEP_DOWN));
    } else if (!quick || first.streams < bar) {
      // Upwards one after the other: once a load was too much, the next one has a task in disorder.
      const next = first.streams < bar ? await insist(bar) : first;
      if (holds(next)) await attempt(Math.max(Math.floor(next.streams * STEP_UP), fill(next)));
    }
    const held = tried.filter(holds).toSorted((a, b) => b.streams - a.streams)[0];
    const failed = tried.filter((window) => !holds(window));
    await ease(Math.ceil((held ?? some).streams / 2));
    const half = await bench.window(quick ? 6 : 16);
    bench.say(half);
    const tops = [...failed, ...(failed.length === 0 && held !== undefined ? [held] : [])];
    return {
      streams: held?.streams ?? 0,
      atLeast: failed.every((window) => limitOfLoad(window) !== undefined),
      full: held,
      half,
      limitOfLoad: tops.map(limitOfLoad).find((why) => why !== undefined),
      bodiesChecked: bench.checked,
      windows: [probe, some, ...tried, half],
    };
  } finally {
    await task.end();
  }
}

/** Streams that would take all of the core but what others take of it. */
const fill = ({ streams, cpu, othersCpu }: Window): number =>
  Math.max(2, Math.floor((streams * share(othersCpu)) / cpu));

/** One task under a load that is moved up and down. */
export class Bench {
  readonly #task: Task;
  readonly #case: OursCase;
  /** From S3's answers when there is no sink that sees the playlists. */
  readonly #ownLags: boolean;
  count = 0;
  /** Bytes of the task before the first stream. */
  idleRss = 0;
  checked = 0;

  constructor(task: Task, wanted: OursCase, ownLags = false) {
    this.#task = task;
    this.#case = wanted;
    this.#ownLags = ownLags;
  }

  async grow(to: number): Promise<void> {
    const { load, ports } = this.#task;
    const { kind, arrival } = this.#case;
    if (to < this.count) {
      // They go in handfuls: it may be a few more than were to go.
      this.count -= await load.drop(this.count - to);
    }
    const count = to - this.count;
    if (count === 0) return;
    const rampSeconds = Math.max(kinds[kind].segmentSeconds, count / (this.#case.quick ? QUICK_ARRIVALS : ARRIVALS));
    const add: AddStreams = { do: 'add', count, port: ports.media, kind, arrival, rampSeconds };
    await load.add(add);
    this.count = to;
  }

  async window(seconds: number): Promise<Window> {
    const { load } = this.#task;
    const { kind } = this.#case;
    const [{ cpuMs: cloudBefore }] = await Promise.all([this.#task.counts(), load.late()]);
    const stats = await load.stats();
    const box = otherCoresBusyMs();
    const before = await this.#task.usage();
    const busy = coreBusyMs();
    const begun = performance.now();
    await wait(seconds);
    const after = await this.#task.usage();
    const passed = (performance.now() - begun) / 1000;
    const busyMs = coreBusyMs() - busy;
    const boxMs = otherCoresBusyMs() - box;
    const [then, seen] = await Promise.all([load.stats(), this.#task.counts()]);
    const loadLate = await load.late();
    if (seen.wrong > 0) throw new Error(`${seen.wrong} bodies are not what their x-amz-content-sha256 says`);
    this.checked += seen.checked;
    // By the device's clock a segment ends where the next begins: a picture later than its last one.
    const picture = 1000 / kinds[kind].frameRate;
    const lags = (this.#ownLags ? after.lags : seen.lags).map((lag) => lag + (this.#ownLags ? 0 : picture));
    const count = (name: string) => (after.counts[name] ?? 0) - (before.counts[name] ?? 0);
    const cpuMs = after.cpuMs - before.cpuMs;
    const lost = count('lostPackets') + count('droppedFrames') + count('droppedSegments');
    return {
      streams: this.count,
      seconds: round(passed, 1),
      cpu: cpuMs / 1000 / passed,
      othersCpu: Math.max(0, (busyMs - cpuMs) / 1000 / passed),
      cpuMsPerStreamSecond: cpuMs / passed / this.count,
      p50: round(quantile(lags, 0.5)),
      p99: round(quantile(lags, 0.99)),
      max: round(lags.reduce((most, lag) => Math.max(most, lag), 0)),
      ownP50: round(quantile(after.lags, 0.5)),
      ownP99: round(quantile(after.lags, 0.99)),
      bytesPerStream: round((after.rss - this.idleRss - after.segmentBytes) / this.count),
      segments: this.#ownLags ? count('segments') : seen.listed,
      expectedSegments: Math.floor((this.count * passed) / kinds[kind].segmentSeconds),
      faults: seen.gaps + seen.discontinuities + lost + then.skipped - stats.skipped,
      loadLate: round(loadLate),
      ...loadUse(then.cpuMs, stats.cpuMs, boxMs, passed),
      cloudCpu: round((seen.cpuMs - cloudBefore) / 1000 / passed, 3),
    };
  }

  /** S3 takes everything and answers nothing for so many seconds. */
  async backlog(seconds: number): Promise<Backlog> {
    const before = await this.#task.usage();
    await this.#task.stall(seconds);
    // What it is at its most, while the answers are still to come.
    await wait(seconds - 0.5);
    const { rss, segmentBytes, counts } = await this.#task.usage();
    const backlog = {
      streams: this.count,
      seconds,
      bytesPerStream: round((rss - this.idleRss - segmentBytes) / this.count),
      allPerStream: round((rss - this.idleRss) / this.count),
      dropped: (counts['droppedSegments'] ?? 0) - (before.counts['droppedSegments'] ?? 0),
    };
    const { bytesPerStream, allPerStream, dropped } = backlog;
    this.#case.log(
      `  ${this.count} streams, S3 silent for ${seconds} s: ${round(bytesPerStream / MB, 3)} MB a stream beside its segments, ` +
        `${round(allPerStream / MB, 3)} MB with them, ${dropped} segments dropped`,
    );
    return backlog;
  }

  say(window: Window): void {
    const { streams, cpu, p50, p99, max, segments, expectedSegments, faults, loadLate, loadCpu, boxBusy } = window;
    const limit = limitOfLoad(window);
    const percent = (part: number) => round(part * 100);
    this.#case.log(
      `  ${streams} streams: ${holds(window) ? 'held' : 'NOT held'}; ${round(cpu * 100)} % of the core (others ${round(window.othersCpu * 100)} %), lag p50 ${p50} p99 ${p99} max ${max} ms, ` +
        `${segments} of ${expectedSegments} segments, ${faults} faults; load ${loadCpu.map(percent).join(' + ')} % and stand-ins ${percent(window.cloudCpu ?? 0)} % of a core, theirs ${percent(boxBusy)} % busy, ` +
        `up to ${loadLate} ms late${limit === undefined ? '' : `: THE LOAD GENERATOR WAS THE LIMIT, ${limit}`}`,
    );
  }
}
