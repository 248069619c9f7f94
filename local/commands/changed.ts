/** Which tests a change may break: those that import what changed, however far away. Read off the import statements. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** `import … from 'x'`, `export … from 'x'`, `import 'x'`, `import('x')`; types alone break no test. */
const IMPORT =
  /(?:^|[\s;}])(?:(?:import|export)\s+(?!type\s)(?:[\w*{][^'";]*?\sfrom\s*)?|import\()(['"])(\.{1,2}\/[^'"]+)\1/g;

/** Files that a source imports when it runs, as paths from the same root as its own. */
export const importsOf = (path: string, text: string): string[] =>
  [...text.matchAll(IMPORT)].map((match) => join(dirname(path), match[2]!));

export class Imports {
  readonly #importers = new Map<string, string[]>();
  readonly #imports = new Map<string, readonly string[]>();

  constructor(files: readonly string[], read: (path: string) => string) {
    for (const file of files) {
      const imports = importsOf(file, read(file));
      this.#imports.set(file, imports);
      for (const target of imports) this.#importers.set(target, [...(this.#importers.get(target) ?? []), file]);
    }
  }

  static of(root: string, files: readonly string[]): Imports {
    const sources = files.filter((file) => /\.(ts|tsx|js|mjs)$/.test(file) && existsSync(join(root, file)));
    return new Imports(sources, (file) => readFileSync(join(root, file), 'utf8'));
  }

  /** These files and everything that imports them. */
  importersOf(files: readonly string[]): Set<string> {
    return reach(files, (file) => this.#importers.get(file) ?? []);
  }

  /** This file and everything it imports. */
  importedBy(file: string): Set<string> {
    return reach([file], (one) => this.#imports.get(one) ?? []);
  }
}

function reach(from: readonly string[], next: (file: string) => readonly string[]): Set<string> {
  const found = new Set(from);
  for (const file of found) for (const other of next(file)) found.add(other);
  return found;
}

/** What a test needs that takes long to start: it is told by these files, which it imports. */
const HEAVY: Readonly<Record<string, string>> = {
  'local/engine.ts': 'the engine',
  'local/engine-rules.ts': 'the engine',
  'test/stack.ts': 'a running stack',
  'test/support/layer.ts': 'ffmpeg',
  'test/containers/ingest/streams.ts': 'ffmpeg',
  'lib/constructs/ffmpeg-layer-cache.ts': 'ffmpeg',
  'test/support/browser.ts': 'Chromium',
  'lib/vod-stack.ts': 'a template',
  'test/lib/constructs/stage.ts': 'a template',
};

export interface Chosen {
  readonly run: readonly string[];
  /** Left to `npm test`: test → what it would have to start. */
  readonly left: ReadonlyMap<string, string>;
}

/**
 * The tests to run after a change of `changed`. A test that starts something is among them only when it is itself
 * changed or is a changed file's own.
 */
export function testsFor(changed: readonly string[], imports: Imports): Chosen {
  const run: string[] = [];
  const left = new Map<string, string>();
  const mirrors = new Set(changed.map(mirrorOf));
  for (const test of [...imports.importersOf(changed)].filter((file) => file.endsWith('.test.ts')).toSorted()) {
    const needs = [...imports.importedBy(test)].find((file) => HEAVY[file] !== undefined);
    const near = changed.includes(test) || mirrors.has(test);
    if (needs === undefined || near) run.push(test);
    else left.set(test, HEAVY[needs]!);
  }
  return { run, left };
}

/** `lib/contract/keys.ts` → `test/lib/contract/keys.test.ts`. */
const mirrorOf = (file: string): string =>
  `test/${file.replace(/^(containers\/ingest|web)\/src\//, '$1/').replace(/\.tsx?$/, '')}.test.ts`;
