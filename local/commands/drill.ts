/** `npm run drill`: makes the alarms of a running local platform ring, and stop. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { alarmsThere, drill } from '../drill.ts';
import { engineClient } from '../engine.ts';

const HELP = `npm run drill -- --ready-file FILE [ALARM…]

Makes alarms of docs/runbook.md ring on the engine of a platform that \`npm start -- --ready-file FILE\` runs, by values put to
CloudWatch's API, and waits until they have stopped. Nothing else is touched, and AWS is never asked.

  ALARM              the end of an alarm's name, e.g. dead-letters-pulls; without any, all there are
  --ready-file FILE  what \`npm start\` wrote
  -h, --help         this text

Exit code: 0 when each rang and stopped, 1 when one did not, 2 when the command makes no sense.`;

class UsageError extends Error {}

function parsed() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { 'ready-file': { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parsed();
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const file = values['ready-file'];
  if (file === undefined) throw new UsageError('Which platform? --ready-file FILE, as `npm start` was given it.');
  const { engine } = JSON.parse(readFileSync(file, 'utf8')) as { engine: string };
  const access = engineClient(engine);
  const all = await alarmsThere(access, { AlarmNamePrefix: '' });
  const wanted = all.filter(
    ({ AlarmName }) => positionals.length === 0 || positionals.some((name) => AlarmName.endsWith(`-${name}`)),
  );
  if (wanted.length === 0) throw new UsageError(`There is no such alarm among ${all.length}.`);
  const drilled = await drill(access, wanted);
  for (const { name, rang, stopped, byHand } of drilled)
    process.stdout.write(
      `${name}: ${rang ? 'rang' : 'DID NOT RING'}, ${stopped ? 'stopped' : 'RINGS ON'}${byHand ? ' (set by hand: the engine does not see silence)' : ''}\n`,
    );
  return drilled.every(({ rang, stopped }) => rang && stopped) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n\n${HELP}\n`);
  process.exitCode = 2;
}
