/** `npm run check`: what most mistakes are found by, in seconds. The gate is `npm test`, which runs everything. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Imports, testsFor } from './changed.ts';
import { format, oxlint, root, runCommand, typesOfChanges, vitest, type Command } from './pieces.ts';

const HELP = `npm run check -- [options]

Types, lint, format, and the unit tests of what changed since the last commit, untracked files included:
  types    of project and console; compiled again is only what depends on a change
  lint     of everything; the rules that need types (promises) of changed files only
  format   of everything
  tests    those that import a changed file, however far away. Where a test starts an engine, ffmpeg, a template, a
           stack or Chromium, it runs only if it is changed or is a changed file's own (lambdas/upload/handler.ts:
           test/lambdas/upload/handler.test.ts); the others are counted and left to npm test

  --since REF   what changed since this commit instead, e.g. --since main
  --all         run the tests that are left, too (of the piece unit)
  -h, --help    this text`;

/** Says what is wrong and ends: a mistyped option needs no stack trace. */
function refuse(error: unknown): never {
  const { message } = error as Error;
  process.stderr.write(`${message.split('\n')[0]}\nnpm run check -- --help says what there is.\n`);
  process.exit(1);
}

const { values } = readOptions();

function readOptions() {
  try {
    return parseArgs({
      options: {
        since: { type: 'string', default: 'HEAD' },
        all: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return refuse(error);
  }
}
if (values.help) {
  process.stdout.write(`${HELP}\n`);
  process.exit(0);
}

const began = performance.now();
const git = (...args: readonly string[]) => {
  try {
    const printed = execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return printed.split('\n').filter(Boolean);
  } catch (error) {
    return refuse(new Error(String((error as { stderr?: string }).stderr ?? error).trim()));
  }
};
const untracked = git('ls-files', '--others', '--exclude-standard');
const changed = [...git('diff', '--name-only', '--no-renames', values.since), ...untracked];
const present = changed.filter((file) => existsSync(join(root, file)));
const sources = present.filter((file) => /\.(ts|tsx|js|mjs)$/.test(file));

const { run, left } = testsFor(changed, Imports.of(root, [...git('ls-files'), ...untracked]));
const isUnit = (test: string) => !/^test\/(synth|stack|e2e|iam|kafka|lifecycle)\//.test(test);
const tests = [...run, ...(values.all ? left.keys() : [])].filter(isUnit);

/** Two processors: the compiler takes one, everything else the other. */
const lanes: readonly (readonly (readonly [string, Command])[])[] = [
  typesOfChanges.map((command) => ['types', command] as const),
  [
    ['format', format],
    ['lint', oxlint()],
    ...(sources.length === 0 ? [] : [['lint', oxlint('--type-aware', ...sources)] as const]),
    ...(tests.length === 0 ? [] : [['tests', vitest(['unit'], ...tests)] as const]),
  ],
];
const results = await Promise.all(
  lanes.map(async (lane) => {
    let ok = true;
    for (const [name, command] of lane) {
      const ended = await runCommand(command);
      if (!ended.ok) process.stdout.write(ended.output);
      process.stdout.write(`${name.padEnd(6)} ${ended.ok ? 'ok' : 'FAILED'} ${ended.seconds.toFixed(1)} s\n`);
      ok &&= ended.ok;
    }
    return ok;
  }),
);

process.stdout.write(`${changed.length} changed files, ${tests.length} test files run`);
if (left.size > 0 && !values.all) {
  const needs = [...new Set(left.values())].join(', ');
  process.stdout.write(`; ${left.size} left to npm test, since they start ${needs}`);
}
process.stdout.write(`; ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
process.exitCode = results.every(Boolean) ? 0 : 1;
