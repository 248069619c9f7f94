/**
 * No regular expression takes time by the square of a text's length, whoever sends the text: each one that is written in
 * what is deployed is run over texts made to bring that out. A linear one needs milliseconds for all of its texts, a
 * quadratic one minutes for one: what hangs is named.
 */
import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { parseSync } from 'vite';
import { expect, it } from 'vitest';
import { pumpsOf } from './support/pumps.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['lambdas', 'lib', 'containers/ingest/src', 'web/src', 'local/edge'];
/** Characters of a text. A megabyte is more than a body may have. */
const LENGTH = 500_000;
/** What no class of ours takes all of. */
const ENDS = ['\u0000', '!\n', '"'];
/** Milliseconds without the next expression after which one hangs. */
const HANGS = 60_000;

interface Expression {
  readonly name: string;
  readonly source: string;
  readonly flags: string;
}

function expressionsOf(file: string): Expression[] {
  const text = readFileSync(`${ROOT}${file}`, 'utf8');
  const found: Expression[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, regex, start } = node as {
      type?: string;
      regex?: { pattern: string; flags: string };
      start?: number;
    };
    if (type === 'Literal' && regex)
      found.push({
        name: `${file}:${text.slice(0, start).split('\n').length} /${regex.pattern}/${regex.flags}`,
        source: regex.pattern,
        flags: regex.flags,
      });
    Object.values(node).forEach(visit);
  };
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]!.message}`);
  visit(program);
  return found;
}

const sources = (): string[] =>
  execFileSync('git', ['ls-files', ...FOLDERS], { cwd: ROOT, encoding: 'utf8' })
    .split('\n')
    .filter((file) => /\.(ts|tsx|js|mjs)$/.test(file));

/** The first that hangs; undefined when none does. */
async function hanging(expressions: readonly Expression[], milliseconds: number): Promise<string | undefined> {
  const workerData = expressions.map(({ name, source, flags }) => ({
    name,
    source,
    flags,
    texts: pumpsOf({ source, flags }).flatMap(([way, text]) =>
      ENDS.map((end) => ({ way, text, times: Math.ceil(LENGTH / text.length), end })),
    ),
  }));
  const worker = new Worker(new URL('support/run-expressions.mjs', import.meta.url), { workerData });
  try {
    return await new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      worker.once('error', reject);
      worker.on('message', (name: string) => {
        clearTimeout(timer);
        if (name === '') resolve(undefined);
        else timer = setTimeout(() => resolve(name), milliseconds);
      });
    });
  } finally {
    await worker.terminate();
  }
}

it('no expression hangs on any text', { timeout: 600_000 }, async () => {
  const expressions = sources().flatMap(expressionsOf);
  expect(expressions.length).toBeGreaterThan(80);
  expect(await hanging(expressions, HANGS)).toBeUndefined();
});

it('one that did would be found', { timeout: 600_000 }, async () => {
  const quadratic = [String.raw`^\s*(null|undefined)?\s*$`, '"+$', String.raw`^(a|b|ab)*c`, String.raw`x(\w+)+y`];
  const found = quadratic.map((source) => hanging([{ name: source, source, flags: '' }], 5000));
  expect(await Promise.all(found)).toEqual(quadratic);
});

it('expressions are written as such, where this test sees them', () => {
  const made = sources().filter((file) => /\bRegExp\(/.test(readFileSync(`${ROOT}${file}`, 'utf8')));
  expect(made).toEqual([]);
});
