/** Free ports, for whoever listens on them a moment later. */
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { freePort } from '../../local/engine.ts';

it('are none that a system hands out by itself, another each time, and none that somebody listens on', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  expect(new Set(ports).size).toBe(20);
  expect(Math.min(...ports)).toBeGreaterThan(1024);
  expect(Math.max(...ports)).toBeLessThan(32_768);
  const next = (await freePort()) + 1;
  const server = createServer();
  // Where it cannot, somebody does already.
  await new Promise<void>((resolve) => server.once('error', () => resolve()).listen(next, '127.0.0.1', resolve));
  expect(await freePort()).not.toBe(next);
  server.close();
});
