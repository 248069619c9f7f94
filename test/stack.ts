/**
 * One running stack for all tests that need one. `SLUICE_READY_FILE` naming the file of a running `npm start` uses that
 * stack; otherwise one is started when the first test asks for it, and ended with the tests.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLocal, type LocalStack, type Ready } from '../local/stack.ts';

/** Lets a test see the end of what usually takes longer. */
const SHORT = { 'live.onDemandMinutes': '1', 'live.idleStopSeconds': '5', 'slicing.keySegments': '1' };

/** Sources are pulled from servers that tests run on this machine; without it they would be refused. */
const LOCAL = { 'upload.pullPrivate': 'true' };

/** Of the process that runs the tests: answers 202 while the stack starts, then what its ready file would hold. */
const ADDRESS = 'SLUICE_TEST_STACK';

export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  // Two projects of tests ask for it (vitest.config.ts): it is one stack, which ends when both have.
  if (process.env['SLUICE_READY_FILE'] !== undefined || process.env[ADDRESS] !== undefined) return undefined;
  let starting: Promise<LocalStack> | undefined;
  let answer = { status: 202, body: '' };
  const start = async () => {
    starting = startLocal({ port: 0, context: { ...SHORT, ...LOCAL }, log: () => {} });
    try {
      answer = { status: 200, body: JSON.stringify(await (await starting).ready()) };
    } catch (error) {
      answer = { status: 500, body: String(error) };
    }
  };
  const server = createServer((_, response) => {
    if (starting === undefined) void start();
    response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env[ADDRESS] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return async () => {
    server.close();
    await starting?.then((stack) => stack.close()).catch(() => {});
  };
}

/** The running stack, as its ready file describes it. Await it at the top of a file, where no timeout counts. */
export async function runningStack(): Promise<Ready> {
  const file = process.env['SLUICE_READY_FILE'];
  if (file !== undefined) return JSON.parse(await readFile(file, 'utf8')) as Ready;
  const address = process.env[ADDRESS];
  if (address === undefined) throw new Error('no stack is running: start these tests through `npm test -- stack`');
  for (;;) {
    const response = await fetch(address);
    if (response.status === 200) return (await response.json()) as Ready;
    if (response.status !== 202) throw new Error(`the stack did not start: ${await response.text()}`);
    await response.body?.cancel();
    await sleep(500);
  }
}
