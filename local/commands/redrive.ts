/** `npm run redrive`: what waits in the dead-letter queues of a deployment, and sending it again. */
import { parseArgs } from 'node:util';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { openDeployment } from '../deployment.ts';
import { DEAD_LETTERS, deadLetters, redrive, waiting } from '../redrive.ts';

const NAMES = [...DEAD_LETTERS.keys()].join(', ');
const HELP = `npm run redrive -- [QUEUE…] [options]

Says what waits in the dead-letter queues of a deployment, and with --go sends it again to those who are to work on it.
QUEUE: ${NAMES}; without any, all.

First find out why it is there, and mend that (docs/runbook.md): what fails again is here again, after as many tries.

  --go               send; without it nothing is touched
  --stack NAME       the stack (default: sluice-prod-vod), in the account and region of your shell's AWS credentials
  --region NAME      another region
  --most N           send at most N of each queue (default: as many as there are)
  --per-second N     so many a second, 1 to 100 (default 10)
  --ready-file FILE  of a local platform instead, as \`npm start\` wrote it
  -h, --help         this text

Exit code: 0 when nothing is left of what was asked for, 1 when something is, 2 when the command makes no sense.`;

class UsageError extends Error {}

function parsed() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        go: { type: 'boolean', default: false },
        stack: { type: 'string' },
        region: { type: 'string' },
        most: { type: 'string' },
        'per-second': { type: 'string', default: '10' },
        'ready-file': { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function whole(option: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new UsageError(`${option}: a whole number from 1 to ${most}, and not ${text}`);
  return value;
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
const say = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const { values, positionals } = parsed();
  if (values.help) {
    say(HELP);
    return 0;
  }
  const unknown = positionals.filter((name) => !DEAD_LETTERS.has(name));
  if (unknown.length > 0) throw new UsageError(`No such queue: ${unknown.join(', ')}. There are ${NAMES}.`);
  const names = positionals.length > 0 ? [...new Set(positionals)] : [...DEAD_LETTERS.keys()];
  const perSecond = whole('--per-second', values['per-second'], 100);
  const most = values.most === undefined ? undefined : whole('--most', values.most, 1_000_000);
  const { options, find, access } = await openDeployment(values);
  const clients = { sqs: new SQSClient(options), states: new SFNClient(options), access };
  let left = 0;
  for (const name of names) {
    const letters = deadLetters(name, find, clients);
    if (letters === undefined) continue;
    const count = await waiting(clients.sqs, letters);
    say(`${name}: ${count} ${count === 1 ? 'message waits' : 'messages wait'}`);
    if (count === 0) continue;
    if (!values.go) {
      left += count;
      continue;
    }
    const wanted = Math.min(count, most ?? count);
    const { sent, failed } = await redrive(clients.sqs, letters, {
      most: wanted,
      perSecond,
      signal: stop.signal,
      progress: (done) => say(`${name}: ${done} of ${wanted} sent again`),
      failure: ({ MessageId }, error) => say(`${name}: ${MessageId} stays, it was not taken: ${String(error)}`),
    });
    if (failed > 0 || sent < wanted) left += wanted - sent;
    if (stop.signal.aborted) break;
  }
  if (!values.go && left > 0) say('Nothing was sent: say --go for that.');
  return left === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof UsageError) process.stderr.write(`${error.message}\n\n${HELP}\n`);
  else process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
