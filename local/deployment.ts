/** A deployment that a command is about: a stack in the account of the shell's credentials, or a local platform's. */
import { readFileSync } from 'node:fs';
import { CloudFormationClient, type CloudFormationClientConfig } from '@aws-sdk/client-cloudformation';
import type { AwsAccess } from './aws-request.ts';
import { engineClient } from './engine.ts';
import { stackFacts } from './smoke/stacks.ts';

/** Logical id of a resource whose hash nobody knows → its physical id; undefined where there is none. */
export type Find = (type: string, logicalId: string) => string | undefined;

export interface OpenDeployment {
  /** For clients of the SDK. */
  readonly options: Pick<CloudFormationClientConfig, 'region' | 'endpoint' | 'credentials'>;
  readonly stack: string;
  readonly region: string;
  /** Undefined: AWS. */
  readonly engine: string | undefined;
  readonly find: Find;
  readonly access: AwsAccess;
}

const WHICH =
  'For a stack on AWS: credentials in this shell (AWS_PROFILE, or AWS_ACCESS_KEY_ID and what belongs to it) and a region (AWS_REGION, or --region NAME). For a local platform: --ready-file FILE, as `npm start -- --ready-file FILE` wrote it.';

/** What the SDK says where a shell has no region, or no credentials: neither names what to do. */
function explained(error: unknown): unknown {
  const { name, message } = error as Error;
  if (message !== 'Region is missing' && name !== 'CredentialsProviderError') return error;
  return new Error(`Which deployment? ${message}. ${WHICH}`, { cause: error });
}

/** As commands are asked for it. Throws where there is no such stack, and says how one is named where none is. */
export async function openDeployment(asked: {
  readonly stack?: string | undefined;
  readonly region?: string | undefined;
  /** What `npm start` wrote. */
  readonly 'ready-file'?: string | undefined;
}): Promise<OpenDeployment> {
  const file = asked['ready-file'];
  const engine = file === undefined ? undefined : (JSON.parse(readFileSync(file, 'utf8')) as { engine: string }).engine;
  const options =
    engine === undefined ? (asked.region === undefined ? {} : { region: asked.region }) : engineClient(engine);
  const cloudFormation = new CloudFormationClient(options);
  const stack = asked.stack ?? (engine === undefined ? 'sluice-prod-vod' : 'sluice-local-vod');
  const found = async () => {
    const name = await cloudFormation.config.region();
    return { region: name, ...(await stackFacts(cloudFormation, [stack])) };
  };
  const { region, resources } = await found().catch((error: unknown) => {
    throw explained(error);
  });
  if (resources.size === 0) throw new Error(`there is no stack ${stack} in ${region}`);
  const find: Find = (type, logicalId) =>
    [...resources].find(
      ([name, one]) => one.type === type && name.replace(/[0-9A-F]{8}$/, '') === `${stack}/${logicalId}`,
    )?.[1].id;
  const access = {
    region,
    credentials: cloudFormation.config.credentials,
    ...(engine !== undefined && { endpoint: engine }),
  };
  return { options, stack, region, engine, find, access };
}
