/** Deploys the app to the local engine with the ordinary CDK CLI. */
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
import { engineClient, engineEnvironment } from './engine.ts';
import { forEngine, type Replacement, type Template } from './engine-rules.ts';

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
  readonly replaced: readonly Replacement[];
}

export interface DeployOptions {
  readonly endpoint: string;
  /** Folder of this run, removed by the caller. */
  readonly scratch: string;
  /** `-c` overrides, option → value. */
  readonly context: Readonly<Record<string, string>>;
  readonly ffmpegLayer: string;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
}

export async function deploy({
  endpoint,
  scratch,
  context,
  ffmpegLayer,
  log,
  signal,
}: DeployOptions): Promise<Deployment> {
  const env = { ...process.env, ...engineEnvironment(endpoint), SLUICE_FFMPEG_LAYER: ffmpegLayer, CI: 'true' };
  const forLocal = join(scratch, 'engine');
  const flags = Object.entries({ env: 'local', ...context }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const original = await assembly({ flags, ffmpegLayer }, (folder) => {
    log('synthesizing');
    return run(process.execPath, [cdk, 'synth', '--quiet', '--output', folder, ...flags], { cwd: root, env, signal });
  });
  await cp(original, forLocal, { recursive: true });
  const names = (await readdir(original)).filter((file) => file.endsWith('.template.json'));
  const read = async (file: string) => JSON.parse(await readFile(join(original, file), 'utf8')) as Template;
  const name = names.find((file) => file.endsWith('-vod.template.json'));
  const liveName = names.find((file) => file.endsWith('-live.template.json'));
  if (name === undefined) throw new Error('the synthesized app holds no stack');
  const stack = name.replace('.template.json', '');
  const template = await read(name);
  const engine = forEngine(template, join(ffmpegLayer, 'bin'));
  await writeFile(join(forLocal, name), JSON.stringify(engine.template));

  log('bootstrapping');
  await run(process.execPath, [cdk, 'bootstrap', '--app', forLocal, 'aws://000000000000/us-east-1'], {
    cwd: root,
    env,
    signal,
  });
  log(`deploying ${stack}`);
  await run(
    process.execPath,
    [cdk, 'deploy', stack, '--app', forLocal, '--exclusively', '--require-approval', 'never', '--method', 'direct'],
    { cwd: root, env, signal },
  );

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
    live: liveName === undefined ? undefined : await read(liveName),
    replaced: engine.replaced,
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
