/** What `cdk.json` says of an environment and what `-c` puts over it, as the CDK would hand it to the app. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ConfigError, optionPaths } from '../lib/config.ts';

/** Of `-c`, what is no `option=value`. */
export class ContextError extends Error {}

/** Throws ContextError, and ConfigError for an option that does not exist. */
export function contextOf(env: string, given: readonly string[]): Record<string, unknown> {
  const page = fileURLToPath(new URL('../cdk.json', import.meta.url));
  const { context } = JSON.parse(readFileSync(page, 'utf8')) as { context: Record<string, unknown> };
  const all: Record<string, unknown> = { ...context, env };
  for (const one of given) {
    const at = one.indexOf('=');
    if (at < 1) throw new ContextError(`-c ${one}: write -c option=value`);
    const name = one.slice(0, at);
    // The CDK takes other context, too; here it would be a misspelt option that changes nothing.
    if (!optionPaths().some((path) => path.split('.')[0] === name.split('.')[0]))
      throw new ConfigError(`${name}: no such option`);
    all[name] = one.slice(at + 1);
  }
  return all;
}
