/** `npm run smoke`: one scripted run against a throw-away account, or against the local engine. */
import { createInterface } from 'node:readline/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ProcessError } from '../../lib/process.ts';
import { ensureLayer } from '../../lib/constructs/ffmpeg-layer-cache.ts';
import { ClientError } from '../client.ts';
import { testVideo } from '../demo.ts';
import { costLines } from '../smoke/cost.ts';
import { checkAws, onAws, openAccount } from '../smoke/on-aws.ts';
import { onEngine } from '../smoke/on-engine.ts';
import { NEVER, QUESTIONS, type Question } from '../smoke/questions.ts';
import { Run } from '../smoke/run.ts';
import { SmokeError } from '../smoke/until.ts';
import type { Where } from '../smoke/where.ts';

const HELP = `npm run smoke -- [options]

Everything once: deploys all stacks, uploads a generated video, plays it by address and by cookie, has a simulated device
stream through the load balancer, deploys again, destroys, and lists what is left. docs/smoke.md has the details.

Against the local engine, which costs nothing:
  --engine            the default; AWS_ENDPOINT_URL names another engine than the one that is started

Against AWS, which costs money until it is destroyed:
  --account ID        the throw-away account, 12 digits; must be the one the shell's credentials are of
  --region NAME       where (default: the shell's)
  --token TOKEN       access token of an admin, where the environment \`smoke\` has an issuer of its own
  --destroy           only take down what a run left, and list what is still there
  --yes               do not ask before it begins

  -h, --help          this text`;

const started = Date.now();
const clear = () => (process.stdout.isTTY ? '\r\u001B[K' : '');
const seconds = () => `${((Date.now() - started) / 1000).toFixed(1).padStart(7)} s`;
const print = (line: string) => void process.stdout.write(`${clear()}${line}\n`);
const step = (line: string) => print(`${seconds()}  ${line}`);
const progress = (line: string) =>
  void (process.stdout.isTTY && process.stdout.write(`${clear()}${seconds()}  ${line.slice(0, 100)} …`));

function options() {
  try {
    const { values } = parseArgs({
      options: {
        engine: { type: 'boolean' },
        account: { type: 'string' },
        region: { type: 'string' },
        token: { type: 'string' },
        destroy: { type: 'boolean', default: false },
        yes: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const { engine, account, region, token, destroy } = values;
    if (account !== undefined && !/^\d{12}$/.test(account)) throw new Error(`--account: ${account} is not 12 digits`);
    if (account !== undefined && engine) throw new Error('--account and --engine exclude each other');
    if (account === undefined && (region ?? token ?? (destroy || undefined)) !== undefined)
      throw new Error('--region, --token and --destroy need --account');
    // Else a run that is meant for AWS would go to the engine, or a part of it.
    if (account !== undefined && Object.keys(process.env).some((name) => name.startsWith('AWS_ENDPOINT_URL')))
      throw new Error('--account: unset AWS_ENDPOINT_URL first, which leads away from AWS');
    return values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}\n`);
    return process.exit(2);
  }
}

async function main(): Promise<number> {
  const { account, region, token, destroy, yes, help } = options();
  if (help) {
    print(HELP);
    return 0;
  }
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort(new Error('stopped')));
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && stop.abort(new Error('stopped')), 1000).unref();

  let where: Where | undefined;
  let run: Run | undefined;
  try {
    if (account !== undefined) {
      const opened = await openAccount(account, region);
      where = onAws(opened, token, step, progress, stop.signal);
      print(`${where.title}: the credentials are good`);
      if (!destroy) await checkAws(opened);
      if (!(await agreed(where, account, destroy, yes))) return 1;
    }
    if (where && destroy) {
      run = new Run(where, stop.signal, step, progress);
      await run.takeDown();
      return run.left.length === 0 ? 0 : 1;
    }
    const ffmpegFolder = join(
      await ensureLayer(process.arch === 'arm64' ? 'arm64' : 'x86_64', step, { signal: stop.signal }),
      'bin',
    );
    const file = await testVideo(ffmpegFolder, step, { seconds: 20, size: '1280x720' });
    where ??= await onEngine(step, stop.signal);
    run = new Run(where, stop.signal, step, progress);
    await run.all({ file, ffmpegFolder });
    report(run);
    return run.left.length === 0 ? 0 : 1;
  } catch (error) {
    print(`\n${stop.signal.aborted ? 'Stopped.' : `Failed: ${said(error)}`}`);
    if (where && run) await sayWhatIsThere(where);
    return stop.signal.aborted ? 130 : 1;
  } finally {
    await where?.close();
  }
}

/** What a step found wrong says all; anything else is a fault whose place is wanted, too. */
const said = (error: unknown): string =>
  error instanceof SmokeError || error instanceof ClientError || error instanceof ProcessError
    ? error.message
    : ((error as Error).stack ?? String(error));

/** Says what it will do and cost, and has the account's number typed in. */
async function agreed(where: Where, account: string, destroy: boolean, yes: boolean): Promise<boolean> {
  print(destroy ? `Destroys ${where.stacks.join(' and ')}, and every video in them.` : costLines().join('\n'));
  if (yes) return true;
  if (!process.stdin.isTTY) {
    process.stderr.write('Nobody is there to ask: say --yes.\n');
    return false;
  }
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const typed = await lines.question(`Type the account's number to go on: `);
  lines.close();
  if (typed.trim() === account) return true;
  process.stderr.write('That is another one: nothing was done.\n');
  return false;
}

function report({ where, answers }: Run): void {
  const all = Object.entries(QUESTIONS) as [Question, (typeof QUESTIONS)[Question]][];
  print(
    where.aws
      ? '\nWhat was open, and what AWS says:'
      : '\nWhat only AWS can settle, and where a run there does (npm run smoke -- --account …):',
  );
  for (const [name, { asks, how }] of all) {
    const answer = answers.get(name);
    if (where.aws)
      print(
        `  ${answer === undefined ? 'NOT SETTLED' : 'settled'}: ${asks}\n      ${answer ?? `no answer; it is found by ${how}`}`,
      );
    else print(`  not settled here: ${asks}\n      by: ${how}${answer === undefined ? '' : ` (here: ${answer})`}`);
  }
  for (const what of NEVER) print(`  no run settles: ${what}`);
}

async function sayWhatIsThere(where: Where): Promise<void> {
  if (where.howToRemove === undefined) return print('All of it was on this machine and goes now.');
  const there = await where.facts().catch(() => undefined);
  print(
    there?.resources.size === 0
      ? 'None of its stacks is there (any more).'
      : `STILL THERE, and billed by the hour: ${there?.updated ?? where.stacks.join(', ')}; ${there?.resources.size ?? 'some'} resources.\nWhat CloudFormation has begun goes on. Look into it, then remove it:\n  ${where.howToRemove}`,
  );
}

process.exit(await main());
