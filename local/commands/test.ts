/** `npm test`: every check there is, or the pieces named: `npm test -- types lint unit stack`. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pythonEnvironment } from '../python.ts';
import { COMMANDS, PROJECTS, root, runCommand, vitest } from './pieces.ts';

const HELP = `npm test -- [piece …] [vitest options]

Sets itself up and runs every check, or only the pieces named:
${[...Object.entries(COMMANDS).map(([name, { what }]) => [name, what]), ...Object.entries(PROJECTS)].map(([name, what]) => `  ${name!.padEnd(9)} ${what}`).join('\n')}

npm run check is the short one, for while you work.`;

const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('-h')) {
  process.stdout.write(`${HELP}\n`);
  process.exit(0);
}
const known = new Set([...Object.keys(COMMANDS), ...Object.keys(PROJECTS)]);
const named = args.filter((arg) => known.has(arg));
const rest = args.filter((arg) => !known.has(arg));
const wanted = new Set(named.length === 0 ? known : named);
const projects = Object.keys(PROJECTS).filter((name) => wanted.has(name));

const log = (line: string) => process.stderr.write(`${line}\n`);

if (wanted.has('stack')) ensureChromium();
// Minutes on a new machine, and most tests do without: those that run ffmpeg wait for this build. It uses apt, too.
if (named.length === 0) startLayer();

const commands = Object.entries(COMMANDS).filter(([name]) => wanted.has(name));
const ended = await Promise.all(
  commands.map(
    async ([name, { run }]) => [name, await Promise.all(run.map((command) => runCommand(command)))] as const,
  ),
);
for (const [name, results] of ended) {
  for (const { output } of results) process.stdout.write(output);
  log(`${name} ${results.every(({ ok }) => ok) ? 'ok' : 'failed'}`);
}
if (ended.some(([, results]) => results.some(({ ok }) => !ok))) process.exit(1);

if (projects.length > 0) {
  if (wanted.has('synth')) await pythonEnvironment('cfn-lint', ['cfn-lint==1.58.0'], log);
  const { status } = spawnSync(process.execPath, vitest(projects, ...rest), { cwd: root, stdio: 'inherit' });
  process.exit(status ?? 1);
}

/** Builds the layer's ffmpeg in the background where it is not there yet. It ends with this process. */
function startLayer(): void {
  const arch = process.arch === 'arm64' ? 'arm64' : 'x86_64';
  const program = fileURLToPath(new URL('../../lib/constructs/ffmpeg-layer-cache.ts', import.meta.url));
  spawn(process.execPath, [program, arch], { stdio: ['ignore', 'ignore', 'inherit'] });
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
      'The end-to-end tests drive Chromium at /usr/bin/chromium, which is not there. On Debian: apt-get install chromium. To run the rest: npm test -- types lint unit synth iam kafka lifecycle',
    );
    process.exit(1);
  }
}
