/** The run on this machine: what `npm start` starts, with IAM enforced. The edge is CloudFront, a process the task. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { LISTENING, openFiles } from '../../lib/contract/ingest.ts';
import { cdkOnEngine } from '../deploy.ts';
import { engineClient } from '../engine.ts';
import { startLocal } from '../stack.ts';
import { stackFacts } from './stacks.ts';
import type { Deployed, Options, Where } from './where.ts';

export async function onEngine(log: (line: string) => void, signal: AbortSignal): Promise<Where> {
  const stack = await startLocal({ port: 0, iam: true, log, signal });
  const access = engineClient(stack.engine.endpoint);
  const client = new CloudFormationClient(access);
  // Its live stack is not deployed: engines only pretend to run load balancers and tasks.
  const stacks = [stack.deployment.stack];
  const { ingest } = stack;
  if (ingest === undefined) throw new Error('the environment `local` has no live part');
  let first = true;
  return {
    title: `the local engine (${stack.engine.endpoint}), with its IAM enforced`,
    aws: false,
    access,
    stacks,
    patienceMinutes: 1,
    howToRemove: stack.engine.own
      ? undefined
      : `npx cdk destroy ${stacks.join(' ')} -c env=local --force, with AWS_ENDPOINT_URL set`,
    async deploy(options: Options): Promise<Deployed> {
      // The start has deployed it once.
      if (!first) await stack.redeploy(options);
      first = false;
      return { ...(await stackFacts(client, stacks)), url: stack.url, devices: ingest };
    },
    facts: () => stackFacts(client, stacks),
    admin: () => Promise.resolve({ name: 'ada', password: 'anything' }),
    async openFiles() {
      const lines = (await readFile(ingest.logFile, 'utf8')).split('\n');
      const line = lines.find((text) => text.includes(`"message":"${LISTENING}"`));
      return line === undefined ? undefined : openFiles.parse((JSON.parse(line) as { openFiles: unknown }).openFiles);
    },
    protectedTasks: () => Promise.resolve(undefined),
    async destroy() {
      await ingest.close();
      // It asks its distribution what was invalidated.
      await stack.edge.close();
      const app = join(stack.scratch, 'engine');
      await cdkOnEngine(['destroy', ...stacks, '--app', app, '--exclusively', '--force'], {
        endpoint: stack.engine.endpoint,
        signal,
      });
    },
    close: () => stack.close(),
  };
}
