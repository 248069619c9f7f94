/** The run on a real account: the CDK's own command, the environment `smoke` of cdk.json, both stacks. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { z } from 'zod';
import { LISTENING, openFiles } from '../../lib/contract/ingest.ts';
import { start } from '../../lib/process.ts';
import { awsRequest, type AwsAccess } from '../aws-request.ts';
import { resourceId, stackFacts } from './stacks.ts';
import { SmokeError } from './until.ts';
import type { Deployed, Options, Person, Where } from './where.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cdk = join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk');
const ENVIRONMENT = 'smoke';
/** The first holds what the second imports. */
export const STACKS = [`sluice-${ENVIRONMENT}-vod`, `sluice-${ENVIRONMENT}-live`];
const USER = 'smoke@example.com';
/** Milliseconds the CDK has to end when it is called off; CloudFormation goes on by itself. */
const GRACE_MS = 5000;

const logPage = z.object({ events: z.array(z.object({ message: z.string() })), nextToken: z.string().optional() });

export interface AwsRun {
  readonly account: string;
  readonly access: AwsAccess;
}

/**
 * The credentials of the shell, and whose account they are of. `endpoint`: of an engine, for tests.
 * @throws SmokeError unless it is the one that was named.
 */
export async function openAccount(wanted: string, region?: string, endpoint?: string): Promise<AwsRun> {
  const client = new CloudFormationClient(region === undefined ? {} : { region });
  const at = await client.config.region().catch((cause: unknown) => {
    throw new SmokeError('no region: give --region, or set AWS_REGION', { cause });
  });
  const access: AwsAccess = {
    region: at,
    credentials: client.config.credentials,
    ...(endpoint !== undefined && { endpoint }),
  };
  const identity = await awsRequest(access, {
    service: 'sts',
    form: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
  }).catch((cause: unknown) => {
    throw new SmokeError(`no working AWS credentials in this shell: ${String(cause)}`, { cause });
  });
  const account = /<Account>(\d{12})</.exec(identity)?.[1];
  if (account !== wanted)
    throw new SmokeError(`these credentials are of account ${account}, not of ${wanted}: nothing was done`);
  return { account, access };
}

/** @throws SmokeError when something is missing without which a deploy would end half-way. */
export async function checkAws({ access, account }: AwsRun): Promise<void> {
  const docker = process.env['CDK_DOCKER'] ?? 'docker';
  if (spawnSync(docker, ['version'], { stdio: 'ignore' }).status !== 0)
    throw new SmokeError(
      `the live stack's image is built by Docker, and \`${docker} version\` fails here (CDK_DOCKER names another)`,
    );
  const client = new CloudFormationClient(access);
  await client.send(new DescribeStacksCommand({ StackName: 'CDKToolkit' })).catch((cause: unknown) => {
    throw new SmokeError(`not bootstrapped: npx cdk bootstrap aws://${account}/${access.region}`, { cause });
  });
}

export function onAws(
  { account, access }: AwsRun,
  token: string | undefined,
  step: (line: string) => void,
  progress: (line: string) => void,
  signal: AbortSignal,
): Where {
  const client = new CloudFormationClient(access);
  const env = { ...process.env, AWS_REGION: access.region, AWS_DEFAULT_REGION: access.region, CI: 'true' };
  const cdkRun = async (command: string, stacks: readonly string[], ...flags: readonly string[]) => {
    step(`cdk ${command} ${stacks.join(' ')}`);
    await start(process.execPath, [cdk, command, ...stacks, '-c', `env=${ENVIRONMENT}`, ...flags], {
      cwd: root,
      env,
      signal,
      group: { graceMs: GRACE_MS },
      together: true,
      keptBytes: 16 * 1024,
      onLine: (line) => (/fail|error|rollback/i.test(line) ? step(line) : progress(line)),
    }).done;
  };
  const json = async (service: string, target: string, body: object): Promise<unknown> => {
    const text = await awsRequest(access, { service, target, json: body });
    return text === '' ? {} : JSON.parse(text);
  };
  const cluster = (deployed: Deployed) => resourceId(deployed, 'AWS::ECS::Cluster');
  return {
    title: `AWS account ${account}, ${access.region}`,
    aws: true,
    access,
    stacks: STACKS,
    patienceMinutes: 10,
    howToRemove: `npm run smoke -- --account ${account} --region ${access.region} --destroy`,
    async deploy(options: Options): Promise<Deployed> {
      const flags = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      await cdkRun('deploy', STACKS, ...flags, '--require-approval', 'never');
      const facts = await stackFacts(client, STACKS);
      const { Url: url, DeviceHost: host, ControlPort: control } = facts.outputs;
      if (url === undefined || host === undefined || control === undefined)
        throw new SmokeError(`the stacks' outputs lack an address: ${JSON.stringify(facts.outputs)}`);
      return { ...facts, url, devices: { host, control: Number(control) } };
    },
    facts: () => stackFacts(client, STACKS),
    async admin(deployed): Promise<Person> {
      if (token !== undefined) return { token };
      const UserPoolId = resourceId(deployed, 'AWS::Cognito::UserPool');
      if (UserPoolId === undefined)
        throw new SmokeError('the environment names an issuer of its own: give an access token of an admin by --token');
      const cognito = (action: string, more: object) =>
        json('cognito-idp', `AWSCognitoIdentityProviderService.${action}`, { UserPoolId, Username: USER, ...more });
      // Every kind of character that the pool asks for; known to this run only.
      const password = `${randomBytes(18).toString('base64url')}aA1!`;
      await cognito('AdminCreateUser', {
        MessageAction: 'SUPPRESS',
        UserAttributes: [
          { Name: 'email', Value: USER },
          { Name: 'email_verified', Value: 'true' },
        ],
      }).catch((error: unknown) => {
        // Of a run that was stopped.
        if (!String(error).includes('UsernameExists')) throw error;
      });
      await cognito('AdminSetUserPassword', { Password: password, Permanent: true });
      await cognito('AdminAddUserToGroup', { GroupName: 'admin' });
      return { name: USER, password };
    },
    async openFiles(deployed) {
      const logGroupName = resourceId(deployed, 'AWS::Logs::LogGroup', 'Ingest');
      let line: string | undefined;
      let nextToken: string | undefined;
      // Pages may be empty, and yet not the last.
      do {
        const page = logPage.parse(
          await json('logs', 'Logs_20140328.FilterLogEvents', {
            logGroupName,
            filterPattern: `"${LISTENING}"`,
            ...(nextToken !== undefined && { nextToken }),
          }),
        );
        line = page.events.at(-1)?.message ?? line;
        ({ nextToken } = page);
      } while (nextToken !== undefined);
      return line === undefined ? undefined : openFiles.parse((JSON.parse(line) as { openFiles: unknown }).openFiles);
    },
    async protectedTasks(deployed) {
      const ecs = (action: string, body: object) =>
        json('ecs', `AmazonEC2ContainerServiceV20141113.${action}`, { cluster: cluster(deployed), ...body });
      const { taskArns } = z.object({ taskArns: z.array(z.string()) }).parse(await ecs('ListTasks', {}));
      if (taskArns.length === 0) return 0;
      const { protectedTasks } = z
        .object({ protectedTasks: z.array(z.object({ protectionEnabled: z.boolean() })) })
        .parse(await ecs('GetTaskProtection', { tasks: taskArns }));
      return protectedTasks.filter(({ protectionEnabled }) => protectionEnabled).length;
    },
    async destroy() {
      // What costs by the hour first.
      await cdkRun('destroy', STACKS.toReversed(), '--force');
    },
    close: () => Promise.resolve(),
  };
}
