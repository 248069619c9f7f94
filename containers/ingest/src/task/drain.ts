/**
 * The end of a task: devices are handed over one after another within the time there is, each with what it sent published
 * first; then what waits is written, and the task's own traces are removed.
 */
import type { TaskLease } from '../sessions/commands/task-lease.ts';
import type { ControlSession } from '../sessions/control/session.ts';
import type { Sessions } from '../sessions/control/sessions.ts';
import type { Gate } from '../net/gate.ts';
import type { LiveStream } from '../streams/stream.ts';
import type { Streams } from '../streams/streams.ts';
import type { Services } from '../services.ts';
import { sleep, within } from '../common/time.ts';

export interface DrainParts {
  readonly services: Services;
  readonly sessions: Sessions;
  readonly streams: Streams;
  readonly lease: TaskLease;
  readonly gate: Gate;
  /** From SIGTERM to the end. */
  readonly seconds: number;
}

/** The part of the time that goes into closing connections; the rest is for writing what they left. */
const CLOSING_SHARE = 0.6;
/** Milliseconds from one device to the next, at most: a small fleet is done sooner. */
const SPACING = 50;

export async function drain({ services, sessions, streams, lease, gate, seconds }: DrainParts): Promise<void> {
  const { log, positions, events, outbox } = services;
  const began = performance.now();
  const deadline = began + seconds * 1000;
  log.info('draining', { connections: gate.size, streams: streams.count });
  await within(lease.drain(), 2000);
  const devices = byDevice(sessions.all(), streams.all());
  // From now on: what the lease took is over, and would else have the first of them leave at once.
  const from = performance.now();
  const time = Math.min(devices.length * SPACING, Math.max(0, began + seconds * 1000 * CLOSING_SHARE - from));
  const handing: Promise<unknown>[] = [];
  for (const [i, { session, sending }] of devices.entries()) {
    const due = from + (time * i) / devices.length;
    if (due > performance.now()) await sleep(due - performance.now());
    handing.push(...sending.map((stream) => stream.handOver(deadline)));
    session?.hangUp();
  }
  await within(Promise.all(handing), deadline - performance.now() - 1000);
  // Streams and attachments that came in the last moment begin again elsewhere.
  await Promise.all(
    streams.all().map((stream) => within(stream.handOver(deadline), deadline - performance.now() - 1000)),
  );
  gate.closeAll();
  await sleep(20);
  await positions.drain(deadline - 500);
  // What is written is told, and that it was told is written.
  for (let round = 0; round < 2; round += 1) {
    await within(events.flush(), deadline - performance.now());
    await within(outbox.drained(), deadline - performance.now());
  }
  await within(lease.close(), Math.max(1000, deadline - performance.now()));
  log.info('drained', { milliseconds: Math.round(performance.now() - began) });
}

interface Leaving {
  session?: ControlSession;
  readonly sending: LiveStream[];
}

function byDevice(sessions: readonly ControlSession[], streams: readonly LiveStream[]): Leaving[] {
  const leaving = new Map<string, Leaving>();
  const of = (device: string): Leaving => {
    const known = leaving.get(device) ?? { sending: [] };
    leaving.set(device, known);
    return known;
  };
  for (const stream of streams) of(stream.device).sending.push(stream);
  for (const session of sessions) if (session.device !== undefined) of(session.device.id).session = session;
  return [...leaving.values()];
}
