/** `npm run synth -- -e prod`: templates without credentials, checked by cdk-nag (at every synth) and cfn-lint. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { run } from '../../lib/process.ts';
import { cacheFolder } from '../cache.ts';
import { pythonEnvironment } from '../python.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const HELP = `npm run synth -- [options]

Synthesizes the CloudFormation templates of an environment, with cdk-nag's AwsSolutions rules, and lints them.
Needs no AWS credentials.

  -e, --env NAME        environment in cdk.json: local, dev (default), prod, smoke
  -c, --context K=V     override an option, e.g. -c upload.maxSizeGiB=100; may be repeated
  -o, --output DIR      where the templates go (default cdk.out)
  -h, --help            this text`;

/** cfn-lint rules that only speak of how the CDK writes templates. */
export const IGNORED_CFN_LINT = [
  'W3005', // a DependsOn that a Ref already implies
  'W3010', // availability zones by name: the CDK puts them there when told an account
];

/** Synthesizes into `output` and lints; answers the stacks' names. Throws with the tools' own words when one objects. */
export async function synth(environment: string, output: string, context: readonly string[] = []): Promise<string[]> {
  const cdk = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  const flags = [`env=${environment}`, ...context].flatMap((pair) => ['-c', pair]);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_')));
  await run(process.execPath, [cdk, 'synth', '--quiet', '--output', output, ...flags], {
    cwd: root,
    env: { ...env, SLUICE_BUNDLES: cacheFolder('bundles'), AWS_EC2_METADATA_DISABLED: 'true', CI: 'true' },
  });
  // The folder may hold templates of an earlier synth: the manifest says which are this one's.
  const manifest = JSON.parse(await readFile(join(output, 'manifest.json'), 'utf8')) as {
    artifacts: Record<string, { type: string; properties?: { templateFile?: string } }>;
  };
  const stacks = Object.values(manifest.artifacts).filter(({ type }) => type === 'aws:cloudformation:stack');
  const templates = stacks.flatMap(({ properties }) => properties?.templateFile ?? []);
  const nested = (await Promise.all(templates.map((file) => nestedTemplates(output, file)))).flat();
  const python = await pythonEnvironment('cfn-lint', ['cfn-lint==1.58.0'], (line) => process.stderr.write(`${line}\n`));
  await run(join(python, 'bin', 'cfn-lint'), [
    '--ignore-checks',
    ...IGNORED_CFN_LINT,
    '--',
    ...[...templates, ...nested].map((file) => join(output, file)),
  ]);
  return templates.map((file) => file.replace('.template.json', ''));
}

/** Of stacks that stand in another: they go to AWS as files of that one. */
async function nestedTemplates(folder: string, template: string): Promise<string[]> {
  const assets = join(folder, template.replace('.template.json', '.assets.json'));
  const { files } = JSON.parse(await readFile(assets, 'utf8')) as {
    files: Record<string, { source: { path: string } }>;
  };
  return Object.values(files).flatMap(({ source: { path } }) => (path.endsWith('.nested.template.json') ? path : []));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { values } = parseArgs({
      options: {
        env: { type: 'string', short: 'e', default: 'dev' },
        context: { type: 'string', short: 'c', multiple: true, default: [] },
        output: { type: 'string', short: 'o', default: join(root, 'cdk.out') },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) process.stdout.write(`${HELP}\n`);
    else {
      const stacks = await synth(values.env, resolve(values.output), values.context);
      process.stdout.write(
        `${values.env}: ${stacks.join(', ')} in ${values.output}\ncdk-nag AwsSolutions and cfn-lint: nothing unsuppressed\n`,
      );
    }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
