/** What `npm test` is made of, one table: commands that only look at the sources, and projects of vitest. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const tool = (path: string) => join(root, 'node_modules', path);

/** Arguments of Node: a tool of ours and its options. */
export type Command = readonly string[];

/** Prose is wrapped by hand, and what is generated is as its maker writes it. */
const NOT_FORMATTED = ['!**/*.md', '!docs/openapi.json', '!package-lock.json'];

const tsc = (project: string, ...more: readonly string[]): Command => [
  tool('typescript/bin/tsc'),
  '-p',
  join(root, project),
  ...more,
];
const types: readonly Command[] = [tsc('tsconfig.json'), tsc('web/tsconfig.json')];

/** What was found stays for the next run, which compiles only what depends on a change. The gate does not trust it. */
const incremental = (name: string) => ['--incremental', '--tsBuildInfoFile', tool(`.cache/sluice/${name}.tsbuildinfo`)];
export const typesOfChanges: readonly Command[] = [
  tsc('tsconfig.json', ...incremental('project')),
  tsc('web/tsconfig.json', ...incremental('console')),
];

export const oxlint = (...more: readonly string[]): Command => [
  tool('oxlint/bin/oxlint'),
  '-c',
  '.ci/oxlint.config.ts',
  '--deny-warnings',
  ...more,
];
export const format: Command = [tool('oxfmt/bin/oxfmt'), '-c', '.ci/oxfmt.json', '--check', '.', ...NOT_FORMATTED];

/** Pieces that are more than one project, since not all of a piece runs the same number of files at a time. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  unit: ['unit', 'real-time'],
  stack: ['stack', 'stack-side-by-side'],
};

/** The pieces that vitest runs, by the names of its projects. */
export const vitest = (pieces: readonly string[], ...more: readonly string[]): Command => [
  tool('vitest/vitest.mjs'),
  'run',
  '--config',
  'test/vitest.config.ts',
  ...pieces.flatMap((name) => PARTS[name] ?? [name]).flatMap((name) => ['--project', name]),
  ...more,
];

export const COMMANDS: Readonly<Record<string, { readonly what: string; readonly run: readonly Command[] }>> = {
  types: { what: 'TypeScript, of the project and of the console', run: types },
  lint: { what: 'oxlint, who may import whom, and the format', run: [oxlint('--type-aware'), format] },
};

export const PROJECTS: Readonly<Record<string, string>> = {
  unit: 'decisions, bytes and templates; real ffmpeg on small files',
  synth: 'the app for dev and prod: cdk-nag, cfn-lint, what must hold of the templates',
  stack: 'the whole flow on the local engine through HTTP, then the console and players in Chromium',
  iam: "the flow once more with the engine's IAM enforcement on",
  kafka: 'reports of players to a real broker of Kafka; says so where there is no Java to run one by',
  lifecycle: 'the stack is changed, renamed, failed, rolled back and destroyed: what is lost, and what is left',
  smoke: 'npm run smoke: deploy, use, update and destroy, as in an account, on the local engine',
};

export interface Ended {
  readonly ok: boolean;
  readonly output: string;
  readonly seconds: number;
}

/** Runs a command to its end in `cwd`; what it prints comes back, and is not shown. */
export async function runCommand(command: Command, cwd = root): Promise<Ended> {
  const began = performance.now();
  const child = spawn(process.execPath, command, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return { ok: code === 0, output, seconds: (performance.now() - began) / 1000 };
}
