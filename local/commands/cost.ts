/** `npm run cost`: what a month costs, idle or under a load, by the templates, counted calls and the project's price table. */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ConfigError, optionPaths } from '../../lib/config.ts';
import { ContextError } from '../context.ts';
import { COUNTED_FILE, countedText } from '../cost/counted.ts';
import { estimate, setting } from '../cost/estimate.ts';
import { idle } from '../cost/idle.ts';
import { LOAD_NAMES, LoadError, loadFile, loadHelp } from '../cost/load.ts';

const HELP = `npm run cost -- [a load] [-e ENV] [-c OPTION=VALUE …]
npm run cost -- --setting slicing.segmentSeconds=2,6,10 [a load] …
npm run cost -- --idle [-e ENV] [-c OPTION=VALUE …]
npm run cost -- --count

Prints what a month costs in US dollars of AWS's list prices (docs/cost.md): of a described load, stage by stage and beside two
hosted services; of the same by several values of a setting; or while nobody does anything, by the resources of the templates,
which are synthesized in this process. Needs no credentials.

  -e, --env          block of cdk.json whose options count (default: prod)
  -c, --context      an option of docs/configuration.md, as for cdk: -c operations.alarms=false; may be repeated
      --setting      an option or a part of the load, and values by commas: a line each
      --details      each line of the estimate
      --load FILE    a load as JSON, by the names below; what is given beside it counts more
      --idle         what costs while nobody uploads, watches or streams; ends in the totals without and with the live stack
      --count        counts anew what an upload, a play, a device and others call, at a platform started for it (8 minutes),
                     and writes it to local/cost/counted.json

The load, a month:
${loadHelp().join('\n')}`;

class UsageError extends Error {}

function options() {
  try {
    return parseArgs({
      options: {
        ...Object.fromEntries(LOAD_NAMES.map((name) => [name, { type: 'string' } as const])),
        idle: { type: 'boolean', default: false },
        count: { type: 'boolean', default: false },
        details: { type: 'boolean', default: false },
        setting: { type: 'string' },
        load: { type: 'string' },
        env: { type: 'string', short: 'e', default: 'prod' },
        context: { type: 'string', short: 'c', multiple: true, default: [] },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Throws UsageError with what there is. */
function checkSetting(given: string): void {
  const [name = ''] = given.split('=');
  const there = [...LOAD_NAMES, ...optionPaths()];
  // Of a list or an object also what is in it, which is looked at with its value.
  if (there.some((one) => one === name || one.startsWith(`${name}.`) || name.startsWith(`${one}.`))) return;
  throw new UsageError(`--setting ${name}: no such option, and no part of a load. There are:\n${there.join(', ')}`);
}

async function main(): Promise<string[]> {
  const values = options();
  if (values.help) return [HELP];
  if (values.count) {
    // The platform's own tools come along, which an estimate needs none of.
    const { countAll } = await import('../cost/count.ts');
    const text = countedText(await countAll((line) => process.stderr.write(`${line}\n`)));
    await writeFile(COUNTED_FILE, text);
    return [text.trimEnd()];
  }
  const { env, context } = values;
  const given = Object.entries(values).filter(([name]) => LOAD_NAMES.some((one) => one === name));
  if (values.setting !== undefined) checkSetting(values.setting);
  if (values.idle) {
    const busy = [...given.map(([name]) => name), ...(['load', 'setting'] as const).filter((name) => values[name])];
    if (busy.length > 0)
      throw new UsageError(`--idle takes no load: nobody does anything. Leave out --${busy.join(', --')}, or --idle.`);
    return idle(env, context);
  }
  const load = { ...(values.load !== undefined && loadFile(values.load)), ...Object.fromEntries(given) };
  if (Object.keys(load).length === 0) throw new UsageError('What load? npm run cost -- --uploads 500 --viewers 2000');
  const asked = { env, context, load };
  return values.setting === undefined ? estimate(asked, values.details) : setting(asked, values.setting);
}

try {
  process.stdout.write(`${(await main()).join('\n')}\n`);
} catch (error) {
  if (error instanceof UsageError || error instanceof ContextError) {
    process.stderr.write(`${error.message}\n\n${HELP}\n`);
    process.exitCode = 2;
  } else if (error instanceof ConfigError || error instanceof LoadError) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  } else throw error;
}
