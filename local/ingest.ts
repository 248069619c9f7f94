/**
 * The ingest task as a plain process: local engines only pretend to run ECS tasks and load balancers. Its environment is
 * the one of the task definition in the synthesized live stack; only addresses and ports are this machine's.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { bundleIngest } from '../lib/constructs/ingest-image.ts';
import { HEALTH_PATH, ingestOptions } from '../lib/contract/ingest.ts';
import { start } from '../lib/process.ts';
import type { Deployment } from './deploy.ts';
import { createResolver } from './edge/resolve.ts';
import { engineEnvironment, freePort } from './engine.ts';
import type { Template } from './engine-rules.ts';

/** Milliseconds a task has to drain. */
const GRACE_MS = 5000;

export interface IngestTask {
  readonly host: string;
  readonly control: number;
  readonly media: number;
  readonly attachments: number;
  /** Everything it prints, until the scratch folder goes. */
  readonly logFile: string;
  /** The last lines it printed. */
  readonly recentLog: () => string;
  /** Asks it to drain, and ends it after `graceMs`. */
  readonly close: (graceMs?: number) => Promise<void>;
}

/** Which ports devices are told; a second task behind the same "load balancer" is told the first one's. */
export type Announced = Pick<IngestTask, 'media' | 'attachments'>;

export async function startIngest(
  deployment: Deployment,
  endpoint: string,
  scratch: string,
  announced?: Announced,
): Promise<IngestTask> {
  if (!deployment.live) throw new Error('the configuration has no live part');
  const bundle = join(scratch, 'ingest');
  await mkdir(bundle, { recursive: true });
  bundleIngest(bundle);
  const host = '127.0.0.1';
  const [control, media, attachments, health] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const environment = taskEnvironment(deployment.live, deployment);
  const options = ingestOptions.parse(JSON.parse(environment['INGEST_OPTIONS'] ?? ''));
  const logFile = join(scratch, `ingest-${control}.log`);
  const kept = createWriteStream(logFile);
  const running = start(process.execPath, ['--enable-source-maps', join(bundle, 'main.mjs')], {
    cwd: scratch,
    group: { graceMs: GRACE_MS },
    together: true,
    keptBytes: 64 * 1024,
    onLine: (line) => void kept.write(`${line}\n`),
    env: {
      PATH: process.env['PATH'],
      ...engineEnvironment(endpoint),
      ...environment,
      PUBLIC_HOST: host,
      LISTEN_ADDRESS: host,
      INGEST_OPTIONS: JSON.stringify({
        ...options,
        ports: { control, media, attachments, health },
        announce: {
          media: announced?.media ?? media,
          attachments: announced?.attachments ?? attachments,
          address: false,
        },
      }),
    },
  });
  const task: IngestTask = {
    host,
    control,
    media,
    attachments,
    logFile,
    recentLog: running.said,
    close: (graceMs = GRACE_MS) => running.end(graceMs),
  };
  for (const deadline = Date.now() + 60_000; !running.ended && Date.now() < deadline;) {
    const up = await fetch(`http://${host}:${health}${HEALTH_PATH}`, { signal: AbortSignal.timeout(1000) }).then(
      (answer) => answer.ok,
      () => false,
    );
    if (up) return task;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await task.close(0);
  throw new Error(`the ingest task did not come up:\n${running.said().slice(-3000)}`);
}

const taskDefinition = z.object({
  ContainerDefinitions: z
    .array(z.object({ Environment: z.array(z.object({ Name: z.string(), Value: z.unknown() })) }))
    .length(1),
});

/** The container's variables, with what they refer to in the other stack. */
function taskEnvironment(live: Template, { exports }: Deployment): Record<string, string> {
  const definition = Object.values(live.Resources).find(({ Type }) => Type === 'AWS::ECS::TaskDefinition');
  const { ContainerDefinitions } = taskDefinition.parse(definition?.Properties);
  const resolve = createResolver({ resources: {}, imports: exports });
  const variables: Record<string, string> = {};
  for (const { Name, Value } of ContainerDefinitions[0]!.Environment) {
    // The load balancer's name: there is none here, and the caller gives the address.
    if (Name !== 'PUBLIC_HOST') variables[Name] = resolve(Value);
  }
  return variables;
}
