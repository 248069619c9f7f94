/** `npm run estimate`: what slicing a local file would cost, before anything is uploaded. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Refusal } from '../../lambdas/slicing/refusal.ts';
import { ConfigError, readAppConfig, type Config } from '../../lib/config.ts';
import { ensureLayer, LayerError } from '../../lib/constructs/ffmpeg-layer-cache.ts';
import { ContextError, contextOf } from '../context.ts';

const HELP = `npm run estimate -- FILE [--env NAME] [-c OPTION=VALUE …]

Prints what slicing FILE would cost in US dollars, and what keeping it a month, beside the same work's price at MediaConvert
and at two hosted services. The file is looked at by the code that the functions run; nothing is sent anywhere.

  --env  block of cdk.json whose options count (default: prod)
  -c     an option of docs/configuration.md, as for cdk: -c slicing.preset=fast -c architecture=arm64

Exits with 1 where the file would be refused, and says why.`;

class UsageError extends Error {}

function options(): { file: string; config: Config } | undefined {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: {
        env: { type: 'string', default: 'prod' },
        context: { type: 'string', short: 'c', multiple: true, default: [] },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (values.help) return undefined;
  const [file, ...more] = positionals;
  if (file === undefined) throw new UsageError('Which file? npm run estimate -- FILE');
  if (more.length > 0) throw new UsageError(`One file at a time, and not also ${more.join(', ')}`);
  return { file, config: configOf(values.env, values.context) };
}

function configOf(env: string, given: readonly string[]): Config {
  const all = contextOf(env, given);
  return readAppConfig({ tryGetContext: (key) => all[key], getAllContext: () => all });
}

/** Why a file cannot be read at all, for whoever named it. */
function unreadable(file: string): string | undefined {
  try {
    return statSync(file).isFile() ? undefined : `${file} is no file; name one video.`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? `There is no ${file}; check the path.` : `${file} cannot be read: ${code ?? 'unknown'}.`;
  }
}

const say = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const asked = options();
  if (asked === undefined) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const { file, config } = asked;
  const wrong = unreadable(file);
  if (wrong !== undefined) throw new UsageError(wrong);
  const bin = join(await ensureLayer(process.arch === 'arm64' ? 'arm64' : 'x86_64', say), 'bin');
  process.env['FFMPEG_PATH'] ??= join(bin, 'ffmpeg');
  process.env['FFPROBE_PATH'] ??= join(bin, 'ffprobe');
  // What the functions log is for operators; they ask once, when they are loaded.
  process.env['POWERTOOLS_LOG_LEVEL'] ??= 'SILENT';
  const { planFile, report } = await import('../estimate.ts');
  const { lines, refusal } = report(await planFile(file, config, say), config);
  process.stdout.write(`${[file, ...lines].join('\n')}\n`);
  if (refusal === undefined) return 0;
  say(`\nThis deployment would refuse it: ${refusal}`);
  return 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof UsageError || error instanceof ContextError) say(`${error.message}\n\n${HELP}`);
  else if (error instanceof Refusal) say(`Slicing would refuse this file (${error.code}): ${error.reason}`);
  else if (error instanceof ConfigError || error instanceof LayerError) say(error.message);
  else throw error;
  process.exitCode = error instanceof UsageError || error instanceof ContextError ? 2 : 1;
}
