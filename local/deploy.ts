/** Deploys the app to the local engine with the ordinary CDK CLI. */
import { hash } from 'node:crypto';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApiGatewayV2Client, UpdateApiCommand } from '@aws-sdk/client-apigatewayv2';
import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import { run } from '../lib/process.ts';
import { assembly } from './assembly.ts';
import { cacheFolder } from './cache.ts';
import { engineClient, engineEnvironment } from './engine.ts';
import { forEngine, type Places, type Template } from './engine-rules.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const cdk = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk');

export interface Deployment {
  readonly stack: string;
  /** As synthesized, before the engine's rule. */
  readonly template: Template;
  /** logicalId → physical id on the engine */
  readonly physicalIds: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  /** Export name → value: what the live stack imports. */
  readonly exports: Readonly<Record<string, string>>;
  /**
   * The live stack as synthesized, when the configuration has one. It is not deployed here: engines only pretend to run
   * its load balancer and tasks (ingest.ts runs the task).
   */
  readonly live: Template | undefined;
}

export interface DeployOptions {
  readonly endpoint: string;
  /** Folder of this run, removed by the caller. */
  readonly scratch: string;
  /** `-c` overrides, option → value. */
  readonly context: Readonly<Record<string, string>>;
  readonly ffmpegLayer: string;
  /** Address of the stand-in for MediaConvert, where the configuration uses it. */
  readonly mediaConvert?: string;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** The ordinary CDK CLI, against the engine. Throws with the last of what it said. */
export async function cdkOnEngine(
  args: readonly string[],
  { endpoint, signal }: Pick<DeployOptions, 'endpoint' | 'signal'>,
): Promise<void> {
  const env = { ...process.env, ...engineEnvironment(endpoint), CI: 'true' };
  await run(process.execPath, [cdk, ...args], { cwd: root, env, signal });
}

export const bootstrap = (app: string, options: Pick<DeployOptions, 'endpoint' | 'signal'>): Promise<void> =>
  cdkOnEngine(['bootstrap', '--app', app, 'aws://000000000000/us-east-1'], options);

/**
 * The app as it is for AWS, synthesized or kept from before. Not to be written to. Not `bundled`, its functions have no code
 * that could run.
 */
export async function synthesized({
  endpoint,
  context,
  ffmpegLayer,
  log,
  signal,
  bundled = true,
}: Omit<DeployOptions, 'scratch'> & { readonly bundled?: boolean }): Promise<string> {
  const env = {
    ...process.env,
    ...engineEnvironment(endpoint),
    SLUICE_FFMPEG_LAYER: ffmpegLayer,
    SLUICE_BUNDLES: cacheFolder('bundles'),
    CI: 'true',
  };
  const flags = Object.entries({ env: 'local', ...context }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // `list` synthesizes, too, but bundles nothing.
  const command = bundled ? ['synth', '--quiet'] : ['list'];
  return await assembly({ command, flags, ffmpegLayer }, (folder) => {
    log('synthesizing');
    return run(process.execPath, [cdk, ...command, '--output', folder, ...flags], { cwd: root, env, signal });
  });
}

export interface ForEngine {
  readonly stack: string;
  /** Before the engine's rule. */
  readonly template: Template;
  readonly live: Template | undefined;
}

/** A copy of a synthesized app in the folder `to`, its template edited and then held to the engine's rule. */
export async function forLocalEngine(
  original: string,
  to: string,
  ffmpegLayer: string,
  edit: (template: Template) => Template = (template) => template,
  places: Places = {},
): Promise<ForEngine> {
  await cp(original, to, { recursive: true });
  const names = (await readdir(original)).filter((file) => file.endsWith('.template.json'));
  const read = async (file: string) => JSON.parse(await readFile(join(original, file), 'utf8')) as Template;
  const name = names.find((file) => file.endsWith('-vod.template.json'));
  const liveName = names.find((file) => file.endsWith('-live.template.json'));
  if (name === undefined) throw new Error('the synthesized app holds no stack');
  const template = edit(await read(name));
  const engine = forEngine(template, join(ffmpegLayer, 'bin'), places);
  const text = JSON.stringify(engine);
  await writeFile(join(to, name), text);
  await renameAsset(to, name, hash('sha256', text, 'hex'));
  return {
    stack: name.replace('.template.json', ''),
    template,
    live: liveName === undefined ? undefined : await read(liveName),
  };
}

/** A template is published by the hash of its text; one that kept its name would not be published again. */
async function renameAsset(folder: string, template: string, to: string): Promise<void> {
  const assets = join(folder, template.replace('.template.json', '.assets.json'));
  const { files } = JSON.parse(await readFile(assets, 'utf8')) as {
    files: Record<string, { source: { path: string } }>;
  };
  const from = Object.keys(files).find((key) => files[key]?.source.path === template);
  if (from === undefined) throw new Error(`${assets} does not name ${template}`);
  for (const file of [assets, join(folder, 'manifest.json')])
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll(from, to));
}

/** Deploys one stack of an app's folder alone. */
export const deployStack = (
  stack: string,
  app: string,
  options: Pick<DeployOptions, 'endpoint' | 'signal'>,
): Promise<void> =>
  cdkOnEngine(
    ['deploy', stack, '--app', app, '--exclusively', '--require-approval', 'never', '--method', 'direct'],
    options,
  );

export async function deploy(options: DeployOptions): Promise<Deployment> {
  const { endpoint, scratch, ffmpegLayer, log, mediaConvert } = options;
  const forLocal = join(scratch, 'engine');
  const { stack, template, live } = await forLocalEngine(await synthesized(options), forLocal, ffmpegLayer, undefined, {
    mediaConvert,
    endpoint,
  });
  log('bootstrapping');
  await bootstrap(forLocal, options);
  log(`deploying ${stack}`);
  await deployStack(stack, forLocal, options);

  const clientOptions = engineClient(endpoint);
  const cloudformation = new CloudFormationClient(clientOptions);
  const physicalIds: Record<string, string> = {};
  for await (const page of paginateListStackResources({ client: cloudformation }, { StackName: stack })) {
    for (const resource of page.StackResourceSummaries ?? [])
      physicalIds[resource.LogicalResourceId ?? ''] = resource.PhysicalResourceId ?? '';
  }
  const described = await cloudformation.send(new DescribeStacksCommand({ StackName: stack }));
  const Outputs = described.Stacks?.[0]?.Outputs ?? [];
  const outputs = Object.fromEntries(Outputs.map((o) => [o.OutputKey ?? '', o.OutputValue ?? '']));
  const exported = Outputs.filter((o) => o.ExportName !== undefined);
  const exports = Object.fromEntries(exported.map((o) => [o.ExportName ?? '', o.OutputValue ?? '']));

  await applyDropped(template, physicalIds, new ApiGatewayV2Client(clientOptions));
  return {
    stack,
    template,
    physicalIds,
    outputs,
    exports,
    live,
  };
}

/** Properties the engine drops in silence at deploy, and takes when they are set through the API. */
async function applyDropped(
  template: Template,
  ids: Readonly<Record<string, string>>,
  api: ApiGatewayV2Client,
): Promise<void> {
  for (const [logicalId, resource] of Object.entries(template.Resources)) {
    const cors = resource.Properties?.['CorsConfiguration'];
    if (resource.Type === 'AWS::ApiGatewayV2::Api' && cors) {
      await api.send(new UpdateApiCommand({ ApiId: ids[logicalId], CorsConfiguration: cors }));
    }
  }
}
