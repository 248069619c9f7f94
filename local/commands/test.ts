/** `npm test`: every check there is, or the pieces named: `npm test -- types lint unit stack`. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureLayer } from '../../lib/constructs/ffmpeg-layer.ts';
import { pythonEnvironment } from '../python.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tool = (path: string) => join(root, 'node_modules', path);
const node = process.execPath;

/** Prose is wrapped by hand, and what is generated is as its maker writes it. */
const FORMATTED = ['.', '!**/*.md', '!docs/openapi.json', '!package-lock.json'];

const COMMANDS: Record<string, { what: string; run: () => string[][] }> = {
  types: {
    what: 'TypeScript, of the project and of the console',
    run: () =>
      ['tsconfig.json', 'web/tsconfig.json'].map((file) => [node, tool('typescript/bin/tsc'), '-p', join(root, file)]),
  },
  lint: {
    what: 'oxlint and the format',
    run: () => [
      [node, tool('oxlint/bin/oxlint'), '-c', '.ci/oxlint.json', '--type-aware', '--deny-warnings'],
      [node, tool('oxfmt/bin/oxfmt'), '-c', '.ci/oxfmt.json', '--check', ...FORMATTED],
    ],
  },
};

const PROJECTS: Record<string, string> = {
  unit: 'decisions, bytes and templates',
  synth: 'the app for dev and prod: cdk-nag, cfn-lint, what must hold of the templates',
  stack: 'the whole flow on the local engine through HTTP, then the console and players in Chromium',
  iam: "the flow once more with the engine's IAM enforcement on",
};

const HELP = `npm test -- [piece …] [vitest options]

Sets itself up and runs every check, or only the pieces named:
${[...Object.entries(COMMANDS).map(([name, { what }]) => [name, what]), ...Object.entries(PROJECTS)].map(([name, what]) => `  ${name!.padEnd(8)} ${what}`).join('\n')}`;

const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('-h')) {
  process.stdout.write(`${HELP}\n`);
  process.exit(0);
}
const known = new Set([...Object.keys(COMMANDS), ...Object.keys(PROJECTS)]);
const named = args.filter((arg) => known.has(arg));
const rest = args.filter((arg) => !known.has(arg));
const wanted = new Set(named.length === 0 ? known : named);

const log = (line: string) => process.stderr.write(`${line}\n`);
for (const [name, { run }] of Object.entries(COMMANDS)) {
  if (!wanted.has(name)) continue;
  for (const [program, ...rest] of run()) {
    const { status } = spawnSync(program!, rest, { cwd: root, stdio: 'inherit' });
    if (status !== 0) {
      log(`${name} failed`);
      process.exit(status ?? 1);
    }
  }
  log(`${name} ok`);
}

const projects = Object.keys(PROJECTS).filter((name) => wanted.has(name));
if (projects.length > 0) {
  await ensureLayer(process.arch === 'arm64' ? 'arm64' : 'x86_64', log);
  if (wanted.has('synth')) await pythonEnvironment('cfn-lint', ['cfn-lint==1.58.0'], log);
  if (wanted.has('stack')) ensureChromium();
  const { status } = spawnSync(
    node,
    [
      tool('vitest/vitest.mjs'),
      'run',
      '--config',
      'test/vitest.config.ts',
      ...projects.flatMap((name) => ['--project', name]),
      ...rest,
    ],
    { cwd: root, stdio: 'inherit' },
  );
  process.exit(status ?? 1);
}

/** The browser of the end-to-end tests comes from Debian. */
function ensureChromium(): void {
  if (existsSync('/usr/bin/chromium')) return;
  const debian = existsSync('/usr/bin/apt-get') && process.getuid?.() === 0;
  if (debian) {
    log('installing chromium (apt-get)');
    spawnSync('apt-get', ['update', '-qq'], { stdio: ['ignore', 2, 2] });
    spawnSync(
      'apt-get',
      ['install', '-y', '-qq', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', 'chromium'],
      { stdio: ['ignore', 'ignore', 2] },
    );
  }
  if (!existsSync('/usr/bin/chromium')) {
    log(
      'The end-to-end tests drive Chromium at /usr/bin/chromium, which is not there. On Debian: apt-get install chromium. To run the rest: npm test -- types lint unit synth iam',
    );
    process.exit(1);
  }
}
