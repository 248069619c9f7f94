/** Streams for a load generator: media connections alone, as many as wanted, from one process and one shared loop. */
import { correlationKey, phoneBytes } from '../../containers/ingest/src/jt808/identity.ts';
import { loadClip, type PresetName } from '../../local/device/clip.ts';
import { noFaults, random, type Faults } from '../../local/device/faults.ts';
import { idOf } from '../../local/device/simulator.ts';
import { newStats, type Stats } from '../../local/device/stats.ts';
import { MediaStream } from '../../local/device/stream.ts';
import { clipTrack, UnitKind, type Sound, type Track } from '../../local/device/track.ts';
import { Uplink } from '../../local/device/uplink.ts';
import { wheel } from '../../local/device/wheel.ts';

export interface LoadOptions {
  readonly count: number;
  readonly host: string;
  readonly port: number;
  readonly kind: PresetName;
  /** One write per frame, or one per packet. */
  readonly arrival: 'burst' | 'packet';
  /** After that the streams end; without it they run until `stop`. */
  readonly seconds?: number;
  /** None unless said: the benchmark's streams are pictures alone. */
  readonly sound?: Sound;
  readonly simBytes?: 6 | 10;
  /** Digits of the first device; ids count up from it. */
  readonly firstId?: string;
  /** Of every device, 1 when not given. */
  readonly channel?: number;
  /** Seconds over which the streams begin, so that they do not cut their segments together; one GOP when not given. */
  readonly rampSeconds?: number;
  readonly localAddresses?: readonly string[];
  readonly faults?: Partial<Faults>;
  readonly ffmpegFolder?: string;
}

export interface Load {
  readonly stats: Readonly<Stats>;
  /** By its index: what the platform will call the stream. */
  readonly ids: readonly string[];
  /** Resolves when all connections are open and the ramp is over. */
  readonly started: Promise<void>;
  /** Resolves when the streams have ended. */
  readonly done: Promise<void>;
  /** Longest that anything was sent late since this was asked last: milliseconds. Hundreds mean that this process, not the platform, is the limit. */
  takeLate(): number;
  stop(): void;
}

/** Resolves once the loop is generated; the streams connect then. */
export async function loadStreams(options: LoadOptions): Promise<Load> {
  const {
    count,
    host,
    port,
    kind,
    arrival,
    sound = 'none',
    simBytes = 6,
    channel = 1,
    firstId = '13900000000',
  } = options;
  const track = clipTrack(await loadClip(kind, 0, options.ffmpegFolder), { simBytes, sound });
  const stats = newStats();
  const faults = { ...noFaults, ...options.faults };
  const ramp = (options.rampSeconds ?? gopOf(track) / 1000) * 1000;
  const ids = Array.from({ length: count }, (_, i) => idOf(firstId, i));
  const starts = keyUnits(track);
  const next = random(1);
  const streams = ids.map((id, i) => {
    const localAddress = options.localAddresses?.[i % options.localAddresses.length];
    const uplink = new Uplink(
      { host, port },
      { faults, burst: arrival === 'burst', localAddress, stats, random: next },
    );
    return new MediaStream(uplink, {
      sim: phoneBytes(id, simBytes === 6 ? 2013 : 2019),
      channel,
      track,
      clock: () => Date.now(),
      firstUnit: starts[i % starts.length]!,
    });
  });
  const timers = streams.map((stream, i) => setTimeout(() => stream.start(), (i * ramp) / count));
  let finish = (): void => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));
  const stop = (): void => {
    for (const timer of timers) clearTimeout(timer);
    for (const stream of streams) stream.stop();
    finish();
  };
  if (options.seconds !== undefined) timers.push(setTimeout(stop, ramp + options.seconds * 1000));
  const begun = performance.now();
  const open = (): boolean => stats.mediaConnections >= count && performance.now() - begun >= ramp;
  const started = (async () => {
    while (!open()) {
      const waited = await Promise.race([
        done.then(() => 'ended' as const),
        new Promise<'again'>((resolve) => setTimeout(() => resolve('again'), 20)),
      ]);
      if (waited === 'ended') return;
    }
  })();
  return { stats, ids: ids.map(correlationKey), started, done, takeLate: () => wheel.takeLate(), stop };
}

const keyUnits = ({ unitKind }: Track): number[] =>
  Array.from(unitKind, (kind, unit) => (kind === UnitKind.key ? unit : -1)).filter((unit) => unit >= 0);

/** Milliseconds from the first keyframe to the second. */
function gopOf(track: Track): number {
  const second = keyUnits(track)[1];
  return second === undefined ? track.duration : track.unitTime[second]!;
}
