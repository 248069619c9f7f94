/** `npm run upload`: files, folders and addresses into the library, from a terminal. */
import { basename, relative } from 'node:path';
import { FatalError, said } from '../upload/ask.ts';
import { openAccess } from '../upload/access.ts';
import { Board } from '../upload/board.ts';
import { HELP, isAddress, parseCommand, UsageError, type UploadCommand } from '../upload/command.ts';
import { findSources } from '../upload/files.ts';
import { playable, pullFrom } from '../upload/follow.ts';
import { SameFile, sendFile, type Sending } from '../upload/send.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => stop.abort(new Error('stopped')));

async function main(): Promise<number> {
  const command = parseCommand(process.argv.slice(2), process.env);
  if (command === undefined) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const { sources, others, failures: missing } = await findSources(command);
  if (others > 0)
    process.stdout.write(`${others} other files in the folders are no videos or sound by their names, and stay.\n`);
  const access = await openAccess(command);
  const sending = { ...command, access, signal: stop.signal, taken: new Map<string, string>() };
  const board = new Board(sources.length);
  const failures = [...missing];
  let next = 0;
  const worker = async () => {
    for (let source = sources[next++]; source !== undefined && !stop.signal.aborted; source = sources[next++]) {
      try {
        await one(source, command, sending, board);
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error instanceof SameFile) {
          board.print(`${nameOf(source)}: ${error.message}`);
          continue;
        }
        failures.push({ source, reason: said(error) });
        board.print(`${nameOf(source)}: FAILED: ${said(error)}`);
        if (error instanceof FatalError) next = sources.length;
      }
    }
  };
  try {
    // More at a time than one person may have under way would be refused.
    const atOnce = Math.min(command.files, access.config.upload.maxInFlight);
    await Promise.all(Array.from({ length: atOnce }, worker));
  } finally {
    board.close();
  }
  return report(sources.length + missing.length, failures);
}

async function one(source: string, command: UploadCommand, sending: Sending, board: Board): Promise<void> {
  const name = nameOf(source);
  const meter = board.begin(name);
  try {
    const { videoId, before } = await (isAddress(source) ? pullFrom : sendFile)(source, sending, meter);
    const { url } = command;
    const address = `${url}/v/${videoId}  (for players: ${url}/api/play/${videoId}/main.m3u8)`;
    board.print(`${name}: ${before ? 'was sent before: ' : ''}${address}`);
    if (!command.wait) return;
    const from = Date.now();
    let told = -1;
    const since = await playable(videoId, sending, (percent) => {
      // A line for each fifth: the bar is about bytes.
      if (Math.floor(percent / 20) <= told) return;
      told = Math.floor(percent / 20);
      if (percent > 0) board.print(`${name}: ${Math.round(percent)} % sliced`);
    });
    board.print(
      `${name}: can be played${before ? '' : `, ${Math.max(0, (since - from) / 1000).toFixed(1)} s after it arrived`}`,
    );
  } finally {
    meter.end();
  }
}

const nameOf = (source: string): string => {
  // The query of an address may be a key.
  if (isAddress(source)) return source.split('?', 1)[0]!;
  const path = relative(process.cwd(), source);
  return path.startsWith('..') ? basename(source) : path;
};

function report(count: number, failures: readonly { readonly source: string; readonly reason: string }[]): number {
  if (stop.signal.aborted) {
    process.stdout.write('Stopped. The same command goes on where it was.\n');
    return 130;
  }
  if (failures.length === 0) {
    if (count > 1) process.stdout.write(`All ${count} arrived.\n`);
    return 0;
  }
  process.stdout.write(`${failures.length} of ${count} failed:\n`);
  for (const { source, reason } of failures) process.stdout.write(`  ${nameOf(source)}: ${reason}\n`);
  process.stdout.write('The same command tries them again, and sends nothing twice that has arrived.\n');
  return 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n(npm run upload -- --help says more)\n`);
  process.exitCode = 2;
}
process.exit();
