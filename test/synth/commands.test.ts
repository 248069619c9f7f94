/** Every `npx cdk` and `npm run synth` line of the pages means stacks that are there, with devices in cdk.json and without. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { sluiceStacks } from '../../lib/app.ts';
import { readAppConfig } from '../../lib/config.ts';
import { appOf } from '../support/app.ts';
import { commandsOf, parsed, selected, shellWords, type StackOfApp } from '../support/cdk-cli.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pages = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs')).flatMap((f) => (f.endsWith('.md') ? [`docs/${f}`] : [])),
];
const commands = pages.flatMap((page) => commandsOf(page, read(page)));
const known = Object.keys((JSON.parse(read('cdk.json')) as { context: { environments: object } }).context.environments);

const apps = new Map<string, StackOfApp[]>();

/** The app of a command line, synthesized; `devices` is what cdk.json says. */
function appOfLine({ env = 'dev', ...options }: Readonly<Record<string, string>>, devices: boolean): StackOfApp[] {
  const given = { ...(devices && { 'live.enabled': true }), ...options };
  const key = JSON.stringify([env, given]);
  if (!apps.has(key)) {
    const app = appOf(given, env);
    const { vod, live } = sluiceStacks(app);
    app.synth();
    const stacks = live === undefined ? [vod] : [vod, live];
    apps.set(
      key,
      stacks.map((stack) => ({ name: stack.stackName, needs: stack.dependencies.map(({ stackName }) => stackName) })),
    );
  }
  return apps.get(key)!;
}

describe('the pages', () => {
  it('tell how to deploy, the live stack too, and how to take down all and a part', () => {
    const guides = ['README.md', 'docs/deploy.md'];
    const meaning = commands.flatMap(({ page, program, args: [verb, ...args] }) => {
      if (program !== 'cdk' || !guides.includes(page) || (verb !== 'deploy' && verb !== 'destroy')) return [];
      const { names, all, context } = parsed(args);
      return [`${page} ${verb}: ${selected(verb, names, all, appOfLine(context, true)).join(' ')}`];
    });
    expect([...new Set(meaning)].toSorted()).toEqual([
      'README.md deploy: sluice-prod-vod sluice-prod-live',
      'README.md destroy: sluice-prod-vod sluice-prod-live',
      'docs/deploy.md deploy: sluice-prod-vod',
      'docs/deploy.md deploy: sluice-prod-vod sluice-prod-live',
      'docs/deploy.md destroy: sluice-prod-live',
      'docs/deploy.md destroy: sluice-prod-vod sluice-prod-live',
    ]);
  });

  describe.each(commands.map((command) => [command.page, command.line, command] as const))(
    '%s: %s',
    (_page, _line, command) => {
      it.each([
        ['with devices', true],
        ['without', false],
      ])('%s in cdk.json', (_, devices) => {
        if (command.program === 'synth') {
          const { values } = parseArgs({
            args: [...command.args],
            options: {
              env: { type: 'string', short: 'e', default: 'dev' },
              context: { type: 'string', short: 'c', multiple: true, default: [] },
            },
          });
          const { context } = parsed(values.context.flatMap((pair) => ['-c', pair]));
          expect(known).toContain(values.env);
          expect(appOfLine({ env: values.env, ...context }, devices)[0]!.name).toBe(`sluice-${values.env}-vod`);
          return;
        }
        const [verb, ...args] = command.args;
        const { names, all, context } = parsed(args);
        if (verb === 'bootstrap') return expect(names).toEqual([expect.stringMatching(/^aws:\/\/\d{12}\/[a-z0-9-]+$/)]);
        expect(['deploy', 'destroy']).toContain(verb);
        // Without npx it is another CDK or none, and without env it means `dev`.
        expect(command.line).toMatch(/^([A-Z_]+=\S+ )?npx cdk /);
        expect(known).toContain(context['env']);
        // The line that takes a stack down that cdk.json no longer asks for says so itself.
        expect(selected(verb!, names, all, appOfLine(context, devices))).not.toEqual([]);
        return undefined;
      });
    },
  );

  it('take down in the region that they deploy to', () => {
    const places = (verb: string) =>
      commands.flatMap(({ page, args: [is, ...args] }) => {
        const { env, region } = is === verb ? parsed(args).context : {};
        return region === undefined ? [] : [`${page}: ${env} ${region}`];
      });
    expect(places('deploy')).not.toEqual([]);
    expect(places('destroy')).toEqual(places('deploy'));
  });

  it('give options that there are, and values they take', () => {
    for (const { program, args } of commands) {
      if (program !== 'cdk' || args[0] === 'bootstrap') continue;
      const { env = 'dev', ...options } = parsed(args.slice(1)).context;
      expect(readAppConfig(appOf(options, env).node).environment).toBe(env);
    }
  });
});

it('a line is taken whether it calls the CDK by npx or by its own name', () => {
  const text =
    'Say `cdk destroy` again, or `npx cdk deploy --all`.\n\n```sh\ncdk deploy --no-rollback\n```\n`cdk.json`, `cdk synth`';
  expect(commandsOf('x.md', text).map(({ program, args }) => [program, ...args].join(' '))).toEqual([
    'cdk deploy --no-rollback',
    'cdk destroy',
    'cdk deploy --all',
  ]);
});

it('a line is parted as a shell does', () => {
  expect(shellWords(`npx cdk deploy -c 'a=[1, 2]' -c b="c d"e x#y   # and so on`)).toEqual([
    'npx',
    'cdk',
    'deploy',
    '-c',
    'a=[1, 2]',
    '-c',
    'b=c de',
    'x#y',
  ]);
});

describe("the CDK's own CLI", () => {
  const folders: string[] = [];
  const assemblyOf = (options: Readonly<Record<string, string>>): string => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-assembly-'));
    folders.push(folder);
    const app = appOf({ account: '000000000000', region: 'us-east-1', ...options }, 'prod', folder);
    sluiceStacks(app);
    app.synth();
    return folder;
  };
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  /** Nothing here reaches AWS: no credentials, nowhere to ask for some, no confirmation, and nobody at that address. */
  const cdk = (assembly: string, ...args: string[]): string => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/aws-cdk/bin/cdk'), ...args, '--app', assembly],
      {
        cwd: assembly,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: assembly,
          AWS_CONFIG_FILE: '/dev/null',
          AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
          AWS_EC2_METADATA_DISABLED: 'true',
          AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
          CDK_DISABLE_CLI_TELEMETRY: 'true',
          CI: 'true',
        },
      },
    );
    return stdout + stderr;
  };
  const [one, two] = [assemblyOf({}), assemblyOf({ 'live.enabled': 'true' })];

  // Whoever has no terminal is not asked, and nothing is destroyed: so far it comes once it knows which stacks.
  it.each([
    ['deploy', two, [], /specify which stacks to use/],
    ['deploy', one, ['sluice-prod-live'], /No stacks match/],
    ['destroy', two, [], /specify which stacks to use/],
    ['destroy', one, ['sluice-prod-live'], /No stacks match/],
    ['destroy', one, [], /^Destroying stacks is an irreversible action/],
    ['destroy', two, ['--all'], /^Destroying stacks is an irreversible action/],
    ['destroy', two, ['sluice-prod-live'], /^Destroying stacks is an irreversible action/],
    ['destroy', two, ['sluice-prod-vod'], /^Including depending stacks: \S*sluice-prod-live/],
  ])('%s %#: means what the rule above says', (verb, assembly, args, said) => {
    const app = appOfLine({ env: 'prod' }, assembly === two);
    const names = args.filter((arg) => arg !== '--all');
    const rule = () => selected(verb, names, args.includes('--all'), app);
    expect(cdk(assembly, verb, ...args)).toMatch(said);
    if (/specify|No stacks/.test(said.source)) expect(rule).toThrow(said);
    else if (names.length > 0 && !said.source.includes('Including')) expect(rule()).toEqual(names);
    else expect(rule()).toEqual(app.map(({ name }) => name));
  });
});
