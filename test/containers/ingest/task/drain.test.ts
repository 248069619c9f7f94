/** How a task ends: its devices leave one after another, however long the first write of its end took. */
import { expect, it } from 'vitest';
import { drain, type DrainParts } from '../../../../containers/ingest/src/task/drain.ts';

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

it('spaces the devices of a task that ends, also where its lease took longer than that', async () => {
  const left: number[] = [];
  const sessions = Array.from({ length: 5 }, (_, n) => ({
    device: { id: String(n) },
    hangUp: () => left.push(performance.now()),
  }));
  const nothing = async () => {};
  const parts = {
    services: {
      log: { info: () => {} },
      positions: { drain: nothing },
      events: { flush: nothing },
      outbox: { drained: nothing },
    },
    sessions: { all: () => sessions },
    streams: { count: 0, all: () => [] },
    lease: { drain: () => sleep(400), close: nothing },
    gate: { size: 5, closeAll: () => {} },
    seconds: 10,
  };
  await drain(parts as unknown as DrainParts);
  expect(left).toHaveLength(5);
  // Fifty milliseconds each, but for what a timer may be early.
  expect(left.at(-1)! - left[0]!).toBeGreaterThan(190);
});
