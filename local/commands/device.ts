/** `npm run device`: simulated vehicle cameras, or a capture sent again. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { HELP, parseCommand, UsageError, type Command } from '../device/command.ts';
import { replay } from '../device/replay.ts';
import { startDevices, type Simulation } from '../device/simulator.ts';

const log = (line: string) => process.stdout.write(`${new Date().toISOString().slice(11, 23)}  ${line}\n`);

async function main(): Promise<number> {
  let command: Command;
  try {
    command = parseCommand(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${HELP}\n`);
    return 2;
  }
  if (command.kind === 'help') {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  if (command.kind === 'replay') {
    const { file, host, port, speed } = command;
    const sent = await replay({ host, port, speed, capture: await readFile(file), signal: stop.signal });
    log(
      `${sent.packets} packets, ${sent.bytes} bytes in ${(sent.elapsed / 1000).toFixed(1)} s (${(sent.duration / 1000).toFixed(1)} s of recording)`,
    );
    return 0;
  }
  const { options, capture, seconds, quiet } = command;
  const simulation = await startDevices({
    ...options,
    ...(capture !== undefined && { capture: await readFile(capture) }),
    ...(!quiet && { log }),
  });
  const timer = quiet ? undefined : setInterval(() => report(simulation), 5000);
  const { signal } = stop;
  await sleep(seconds === undefined ? 2 ** 31 - 1 : seconds * 1000, undefined, { signal }).catch(() => undefined);
  clearInterval(timer);
  await simulation.close();
  process.stdout.write(`${JSON.stringify(simulation.stats)}\n`);
  return 0;
}

let before = 0;

function report({ stats }: Simulation): void {
  const mbit = ((stats.mediaBytes - before) * 8) / 5e6;
  before = stats.mediaBytes;
  log(`online ${stats.online}, streaming ${stats.streaming}, ${mbit.toFixed(1)} Mbit/s, locations ${stats.locations}`);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
