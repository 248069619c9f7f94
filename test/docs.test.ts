/** The pages say what is there: dependencies, commands, links, rights and what a teardown leaves. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS, PROJECTS } from '../local/commands/pieces.ts';
import { everyRightsRow, prodResources } from './docs/rights.ts';

const root = resolve(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pages = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs')).flatMap((f) => (f.endsWith('.md') ? [`docs/${f}`] : [])),
];
const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;

describe('docs/dependencies.md', () => {
  const declared = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
    Object.keys(manifest[kind] ?? {}),
  );
  const rows = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$/gm)];

  it('has a row for each package of package.json, and for no other', () => {
    expect(rows.map((row) => row[1]!).toSorted()).toEqual(declared.toSorted());
  });

  it.each(rows.map((row) => [row[1]!, row[2]!.trim()]))('%s: %s is the licence it comes with', (name, licence) => {
    const path = join(root, 'node_modules', name, 'package.json');
    // Only the package of this machine's own processor is installed.
    if (!existsSync(path)) return expect(Object.keys(manifest['optionalDependencies'] ?? {})).toContain(name);
    expect((JSON.parse(readFileSync(path, 'utf8')) as { license: string }).license).toBe(licence);
  });
});

describe.each(pages)('%s', (page) => {
  const text = read(page);

  it('links to files that are there', () => {
    const targets = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)\s#]+)/g)].map((match) => match[1]!);
    expect(targets.filter((target) => !existsSync(resolve(root, dirname(page), target)))).toEqual([]);
  });

  it('names npm scripts and test pieces that exist', () => {
    const scripts = [...text.matchAll(/npm run ([a-z:]+)/g)].map((match) => match[1]!);
    expect(scripts.filter((script) => !(script in manifest['scripts']!))).toEqual([]);
    const known = new Set([...Object.keys(COMMANDS), ...Object.keys(PROJECTS)]);
    const pieces = [...text.matchAll(/npm test -- ((?:[a-z]+(?![a-z/]) ?)+)/g)].flatMap((match) =>
      match[1]!.trim().split(' '),
    );
    expect(pieces.filter((piece) => !known.has(piece))).toEqual([]);
  });
});

describe('what a first visitor and a contributor are told', () => {
  /** `lambdas/upload/handler.ts`; those of the ingest task are named from its `src` on. */
  const names = (text: string) =>
    [...text.matchAll(/(?<![\w./…-])((?:[\w-]+\/)+[\w.-]+\.(?:ts|js|json))(?![\w/])/g)].map((match) => match[1]!);
  const isThere = (path: string) =>
    ['', 'containers/ingest/src'].some((folder) => existsSync(join(root, folder, path)));

  it.each(['README.md', 'docs/CONTRIBUTING.md'])('%s names files that are there', (page) => {
    const named = names(read(page));
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((path) => !isThere(path) && !path.startsWith('tmp/'))).toEqual([]);
  });

  it('README.md is read in one sitting', () => {
    expect(read('README.md').split('\n').length).toBeLessThan(150);
  });
});

describe('what the pages say of the stack', () => {
  let resources: ReturnType<typeof prodResources>;
  beforeAll(() => {
    resources = prodResources();
  });

  it('docs/security.md lists the rights of every function and of the ingest task as the templates give them', () => {
    const rows =
      read('docs/security.md').match(/^\| (`[a-z]+(?:\/[a-z-]+)+\.ts(?:, a [a-z ]+)?`|the ingest task) \| .*\|$/gm) ??
      [];
    expect(rows).toEqual(everyRightsRow());
  });

  it('docs/deploy.md counts the log groups that a teardown leaves', () => {
    const groups = (stack: 'vod' | 'live') =>
      Object.values(resources[stack]).filter(({ Type }) => Type === 'AWS::Logs::LogGroup').length;
    expect(read('docs/deploy.md')).toContain(`${groups('vod')} log groups (${groups('live')} more of the live stack)`);
  });

  it('docs/deploy.md asks for resources by the command that lists all there are, and by the tag they have', () => {
    // Of more than a hundred `describe-stack-resources` answers the first hundred.
    expect(Object.keys(resources.vod).length).toBeGreaterThan(100);
    const text = read('docs/deploy.md');
    expect(text).toContain('aws cloudformation list-stack-resources --stack-name sluice-prod-vod');
    expect(text).not.toContain('describe-stack-resources');
    const tags = [...JSON.stringify(resources).matchAll(/"Key":"sluice","Value":"([^"]*)"/g)].map((match) => match[1]!);
    expect([...text.matchAll(/Key=sluice,Values=(\S+)/g)].map((match) => match[1])).toEqual([...new Set(tags)]);
  });
});
