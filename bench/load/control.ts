/** Control connections for a load generator: as many as wanted, idle or reporting where they are at a given rate. */
import { setTimeout as sleep } from 'node:timers/promises';
import { phoneBytes } from '../../containers/ingest/src/jt808/identity.ts';
import { Status } from '../../containers/ingest/src/jt808/messages/location.ts';
import { idOf as numberOf } from '../../containers/ingest/src/jt808/messages/registry.ts';
import { utcToBcd } from '../../containers/ingest/src/jt808/time.ts';
import { noFaults, random } from '../../local/device/faults.ts';
import { Line, LineError } from '../../local/device/line.ts';
import { login } from '../../local/device/login.ts';
import { createRoute } from '../../local/device/route.ts';
import { idOf } from '../../local/device/simulator.ts';
import { newStats, type Stats } from '../../local/device/stats.ts';

export interface ControlLoadOptions {
  readonly count: number;
  readonly host: string;
  readonly port: number;
  /** 0x0200 messages a second, of all connections together and by turns; 0, the default, for none. */
  readonly locationsPerSecond?: number;
  readonly version?: 2013 | 2019;
  readonly firstId?: string;
  /** Connections begun a second; 1000. */
  readonly connectsPerSecond?: number;
  readonly localAddresses?: readonly string[];
}

export interface ControlLoad {
  readonly stats: Readonly<Stats>;
  /** Resolves when every connection is authenticated; rejects when one is refused or lost before. */
  readonly started: Promise<void>;
  /** Locations that the platform has answered (0x8001 with result 0). */
  readonly answered: number;
  /** Resolves when all connections are closed. */
  stop(): Promise<void>;
}

/** Milliseconds between handfuls of locations. */
const STEP = 10;

export function loadControl(options: ControlLoadOptions): ControlLoad {
  const { count, version = 2013, locationsPerSecond = 0, firstId = '13900000000', connectsPerSecond = 1000 } = options;
  const stats = newStats();
  const next = random(1);
  const ready: Line[] = [];
  const lines = new Set<Line>();
  const route = createRoute(31.2304, 121.4737, 1);
  let answered = 0;
  const stop = new AbortController();

  const connect = (index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const id = idOf(firstId, index);
      const terminal = { version, protocolVersion: version === 2019 ? 1 : 0, phone: phoneBytes(id, version) };
      const localAddress = options.localAddresses?.[index % options.localAddresses.length];
      const settings = { terminal, faults: noFaults, stats, random: next, link: { localAddress } };
      const line = new Line({ host: options.host, port: options.port }, settings, {
        onOpen: () => {
          stats.controlConnections += 1;
          login(line, { id, terminal }, undefined, stats).then(() => {
            stats.online += 1;
            ready.push(line);
            return resolve();
          }, reject);
        },
        onMessage: (message) => {
          if (message.name !== 'platformReply' || message.value.replyId !== LOCATION) return;
          if (message.value.result === 0) answered += 1;
        },
        onClose: (error) => {
          lines.delete(line);
          const at = stop.signal.aborted ? -1 : ready.indexOf(line);
          if (at >= 0) {
            ready.splice(at, 1);
            stats.online -= 1;
          }
          reject(new LineError(`${id} was disconnected`, { cause: error }));
        },
      });
      lines.add(line);
    });

  const started = (async () => {
    const waiting: Promise<void>[] = [];
    const begun = performance.now();
    while (waiting.length < count && !stop.signal.aborted) {
      const due = Math.min(count, Math.ceil(((performance.now() - begun + STEP) / 1000) * connectsPerSecond));
      while (waiting.length < due) {
        const connecting = connect(waiting.length);
        // It is looked at below.
        connecting.catch(() => undefined);
        waiting.push(connecting);
      }
      await sleep(STEP);
    }
    await Promise.all(waiting);
  })();
  started.catch(() => undefined);

  let turn = 0;
  let owed = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    // What was due before anybody was there is not made up for.
    owed = ready.length === 0 ? 0 : owed + ((now - last) / 1000) * locationsPerSecond;
    last = now;
    for (; owed >= 1; owed -= 1) {
      turn = (turn + 1) % ready.length;
      const utc = Date.now();
      const place = route.at(utc / 1000 + turn);
      ready[turn]!.send('location', {
        alarm: 0,
        status: Status.accOn | Status.positioned | Status.gps,
        latE6: Math.round(place.lat * 1e6),
        lonE6: Math.round(place.lon * 1e6),
        altitude: place.altitude,
        speedKmh: place.speedKmh,
        direction: Math.floor(place.direction),
        time: utcToBcd(utc, 480),
        items: { mileageKm: 1234, signalStrength: 28, satellites: 14 },
      });
      stats.locations += 1;
    }
  }, STEP);

  return {
    stats,
    started,
    get answered() {
      return answered;
    },
    async stop() {
      stop.abort();
      stats.online = 0;
      clearInterval(timer);
      const closed = [...lines].map((line) => line.link.closed);
      for (const line of lines) line.end();
      await Promise.all(closed);
    },
  };
}

const LOCATION = numberOf('location');
