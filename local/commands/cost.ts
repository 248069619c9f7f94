/** `npm run cost`: what a month costs, idle or under a load, by the templates and the project's price table. */
import { parseArgs } from 'node:util';
import { ConfigError } from '../../lib/config.ts';
import { ContextError } from '../context.ts';
import { idle } from '../cost/idle.ts';

const HELP = `npm run cost -- --idle [-e ENV] [-c OPTION=VALUE …]

Prints what a deployment costs in a month in which nobody does anything, by the resources of its templates, in US dollars.
Synthesizes them in this process; needs no credentials. The last two lines are the totals without and with the live stack.

  --idle         what costs while nobody uploads, watches or streams
  -e, --env      block of cdk.json whose options count (default: prod)
  -c, --context  an option of docs/configuration.md, as for cdk: -c operations.alarms=false; may be repeated`;

class UsageError extends Error {}

function main(): string[] {
  let parsed;
  try {
    parsed = parseArgs({
      options: {
        idle: { type: 'boolean', default: false },
        env: { type: 'string', short: 'e', default: 'prod' },
        context: { type: 'string', short: 'c', multiple: true, default: [] },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values } = parsed;
  if (values.help) return [HELP];
  if (!values.idle) throw new UsageError('What is asked for? npm run cost -- --idle');
  return idle(values.env, values.context);
}

try {
  process.stdout.write(`${main().join('\n')}\n`);
} catch (error) {
  if (error instanceof UsageError || error instanceof ContextError) {
    process.stderr.write(`${error.message}\n\n${HELP}\n`);
    process.exitCode = 2;
  } else if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  } else throw error;
}
