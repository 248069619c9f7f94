/** Which tests `npm run check` runs after a change. */
import { describe, expect, it } from 'vitest';
import { Imports, importsOf, testsFor } from '../../../local/commands/changed.ts';

describe('imports of a source', () => {
  it.each([
    ["import { a } from './a.ts';", ['lib/a.ts']],
    ["import {\n  a,\n  type B,\n} from '../b.ts';", ['b.ts']],
    ["export * from './deep/c.ts';", ['lib/deep/c.ts']],
    ["import './d.ts';", ['lib/d.ts']],
    ["const { e } = await import('./e.ts');", ['lib/e.ts']],
    ["import * as f from './f.ts';\nimport g, { h } from './g.ts';", ['lib/f.ts', 'lib/g.ts']],
    ["import type { T } from './t.ts';\nexport type { U } from './u.ts';", []],
    ["import { z } from 'zod';\nimport { join } from 'node:path';", []],
  ])('%s', (text, expected) => {
    expect(importsOf('lib/x.ts', text)).toEqual(expected);
  });
});

describe('after a change', () => {
  const files: Record<string, string> = {
    'lib/contract/keys.ts': '',
    'lambdas/upload/plan.ts': "import { k } from '../../lib/contract/keys.ts';",
    'lambdas/upload/handler.ts': "import { p } from './plan.ts';",
    'local/engine.ts': '',
    'test/lambdas/engine.ts': "import { e } from '../../local/engine.ts';",
    'test/lambdas/upload/plan.test.ts': "import { p } from '../../../lambdas/upload/plan.ts';",
    'test/lambdas/upload/handler.test.ts':
      "import { e } from '../engine.ts';\nconst h = await import('../../../lambdas/upload/handler.ts');",
    'test/web/other.test.ts': '',
  };
  const after = (...changed: string[]) => {
    const { run, left } = testsFor(changed, new Imports(Object.keys(files), (file) => files[file]!));
    return { run, left: Object.fromEntries(left) };
  };
  const pure = 'test/lambdas/upload/plan.test.ts';
  const slow = 'test/lambdas/upload/handler.test.ts';

  it('the tests run that import it through others, but none that start an engine', () => {
    expect(after('lib/contract/keys.ts')).toEqual({ run: [pure], left: { [slow]: 'the engine' } });
  });

  it('those that start one run where they are its own, or are changed', () => {
    expect(after('lambdas/upload/handler.ts')).toEqual({ run: [slow], left: {} });
    expect(after(slow)).toEqual({ run: [slow], left: {} });
  });

  it('of a file that is gone the tests run that still import it', () => {
    const gone = 'lambdas/upload/plan.ts';
    const rest = Object.keys(files).filter((file) => file !== gone);
    expect(testsFor([gone], new Imports(rest, (file) => files[file]!)).run).toEqual([pure]);
  });
});
