/** Parts of the smoke run that decide: a sign-in page's form, what is bent of a signature, what it costs, its options. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { costLines, COSTS } from '../../../local/smoke/cost.ts';
import { tampered } from '../../../local/smoke/playing.ts';
import { QUESTIONS } from '../../../local/smoke/questions.ts';
import { STACKS } from '../../../local/smoke/on-aws.ts';
import { passwordForm } from '../../../local/smoke/sign-in.ts';
import { resourceId } from '../../../local/smoke/stacks.ts';
import { ofType, synthesized } from '../../support/app.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const smoke = (...args: readonly string[]) =>
  spawnSync(process.execPath, [`${root}local/commands/smoke.ts`, ...args], {
    encoding: 'utf8',
    cwd: root,
    timeout: 60_000,
    env: { PATH: process.env['PATH'], AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nonexistent' },
  });

describe('the command', () => {
  it('says what it does, where, and what it costs', () => {
    const { status, stdout } = smoke('--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^npm run smoke -- \[options\]$/m);
    for (const option of ['--engine', '--account', '--region', '--token', '--destroy', '--yes'])
      expect(stdout).toContain(`  ${option} `);
  });

  it.each([
    [['--account', '12345'], /--account: 12345 is not 12 digits/],
    [['--account', '123456789012', '--engine'], /exclude each other/],
    [['--destroy'], /need --account/],
    [['--acount', '123456789012'], /--acount/],
  ])('refuses %j and does nothing', (args, words) => {
    const { status, stderr } = smoke(...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(words);
  });

  it('does not begin without credentials', () => {
    const { status, stdout } = smoke('--account', '123456789012', '--region', 'eu-central-1', '--yes');
    expect(status).toBe(1);
    expect(stdout).toMatch(/no working AWS credentials/);
  });
});

describe("signing in by the issuer's pages", () => {
  const url = 'https://sluice.auth.eu-central-1.amazoncognito.com/login?client_id=a&state=b';

  it('fills in the form that asks for a password, and keeps what the page has put there', () => {
    const page = `<form action="/forgotPassword?a=b" method="get"><input type="text" name="other"></form>
      <form action="/login?client_id=a&amp;state=b" method="POST" name="cognitoSignInForm">
        <input type="hidden" name="_csrf" value="d3f&quot;x"/>
        <input id="signInFormUsername" name="username" type="email" value="" required>
        <input id="signInFormPassword" name="password" type="password">
        <input type="hidden" name="cognitoAsfData"/>
        <input name="signInSubmitButton" type="Submit" value="Sign in">
      </form>`;
    expect(passwordForm(page, url)).toEqual({
      action: 'https://sluice.auth.eu-central-1.amazoncognito.com/login?client_id=a&state=b',
      body: new URLSearchParams({ _csrf: 'd3f"x', cognitoAsfData: '' }),
      nameField: 'username',
      passwordField: 'password',
    });
  });

  it('finds none where there is none', () => {
    expect(passwordForm('<form action="/x"><input name="q"></form><p>Something went wrong', url)).toBeUndefined();
  });
});

it('bends one thing of a pass at a time', () => {
  const query = 'Policy=eyJTdGF0ZW1lbnQi&Key-Pair-Id=K123456789ABCD&Signature=MEUCIQDabcdefgh&Hash-Algorithm=SHA256';
  const bent = tampered({ query, cookie: '' });
  expect(bent).toHaveLength(3);
  for (const { query: other } of bent) {
    const differs = other.split('&').filter((part, i) => part !== query.split('&')[i]);
    expect(differs).toHaveLength(1);
    expect(other).toHaveLength(query.length);
  }
  const cookie = 'CloudFront-Policy=eyJTdGF0ZW1lbnQi; CloudFront-Signature=MEUCIQDabcdefgh; CloudFront-Key-Pair-Id=K12';
  for (const pass of tampered({ query: '', cookie })) {
    expect(pass.cookie).not.toBe(cookie);
    expect(pass.cookie).toHaveLength(cookie.length);
  }
});

it('deploys what the run looks for: both stacks, their outputs, and nothing that stays', () => {
  const { context } = JSON.parse(readFileSync(`${root}cdk.json`, 'utf8')) as {
    context: { environments: { smoke: Record<string, unknown> } };
  };
  const options = Object.entries(context.environments.smoke).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).map(([inner, option]) => [`${name}.${inner}`, option] as const)
      : [[name, value] as const],
  );
  const { stacks, vod, live } = synthesized(Object.fromEntries(options), 'smoke');
  expect([stacks.vod.stackName, stacks.live?.stackName]).toEqual(STACKS);
  expect([...Object.keys(vod.Outputs ?? {}), ...Object.keys(live?.Outputs ?? {})]).toEqual(
    expect.arrayContaining(['Url', 'DeviceHost', 'ControlPort']),
  );
  const stays = [vod, live!].flatMap(({ Resources }) =>
    Object.entries(Resources).flatMap(([id, { DeletionPolicy }]) => (DeletionPolicy?.startsWith('Retain') ? [id] : [])),
  );
  expect(stays).toEqual([]);
  const resources = new Map(
    [vod, live!].flatMap(({ Resources }, i) =>
      Object.entries(Resources).map(([id, { Type }]) => [`${STACKS[i]}/${id}`, { type: Type, id }] as const),
    ),
  );
  expect(resourceId({ resources }, 'AWS::Logs::LogGroup', 'Ingest')).toMatch(/^IngestLogs/);
  expect(resourceId({ resources }, 'AWS::ECS::Cluster')).toBeDefined();
  expect(resourceId({ resources }, 'AWS::Cognito::UserPool')).toBeDefined();
  expect(ofType(live!, 'AWS::ApplicationAutoScaling::ScalableTarget')[0]?.[1].Properties).toMatchObject({
    MinCapacity: 1,
  });
});

describe('docs/smoke.md', () => {
  const page = readFileSync(`${root}docs/smoke.md`, 'utf8');

  it('states the cost that the run states, with its sources', () => {
    const total = COSTS.reduce((sum, { dollars }) => sum + dollars, 0);
    expect(costLines().at(-1)).toContain(`$${total.toFixed(2)} together`);
    expect(page).toContain(`Together about $${total.toFixed(2)} for an hour`);
    for (const { source } of COSTS) expect(page).toContain(source);
  });

  it('names what the run itself asks of AWS', () => {
    const source = ['on-aws', 'leftovers', 'stacks', 'vod']
      .map((name) => readFileSync(`${root}local/smoke/${name}.ts`, 'utf8'))
      .join('');
    const called = [
      ...source.matchAll(
        /(?:\.|cognito\(')(Admin\w+|FilterLogEvents|ListTasks|GetTaskProtection|GetResources|GetCallerIdentity)/g,
      ),
    ].map((match) => match[1]!);
    expect(called.length).toBeGreaterThan(3);
    for (const name of called) expect(page).toContain(name);
  });

  it('tells what must be settled there', () => {
    for (const what of ['ecdsa', 'silent', 'protection', 'nofile']) expect(QUESTIONS).toHaveProperty(what);
  });
});
