/** What CloudFormation says of some stacks. */
import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';

export interface StackFacts {
  readonly outputs: Readonly<Record<string, string>>;
  /** `stack/logicalId` → type and physical id. */
  readonly resources: ReadonlyMap<string, { readonly type: string; readonly id: string }>;
  /** Changes with every update of any of them. */
  readonly updated: string;
}

/** Of those of them that are there. */
export async function stackFacts(client: CloudFormationClient, stacks: readonly string[]): Promise<StackFacts> {
  const outputs: Record<string, string> = {};
  const resources = new Map<string, { type: string; id: string }>();
  const updated: string[] = [];
  for (const StackName of stacks) {
    const described = await client.send(new DescribeStacksCommand({ StackName })).catch((error: unknown) => {
      if (/does not exist/.test(String(error))) return undefined;
      throw error;
    });
    const stack = described?.Stacks?.[0];
    if (stack === undefined || stack.StackStatus === 'DELETE_COMPLETE') continue;
    for (const { OutputKey = '', OutputValue = '' } of stack.Outputs ?? []) outputs[OutputKey] = OutputValue;
    updated.push(`${StackName} ${(stack.LastUpdatedTime ?? stack.CreationTime)?.toISOString()}`);
    for await (const { StackResourceSummaries = [] } of paginateListStackResources({ client }, { StackName }))
      for (const { LogicalResourceId, ResourceType = '', PhysicalResourceId = '' } of StackResourceSummaries)
        resources.set(`${StackName}/${LogicalResourceId}`, { type: ResourceType, id: PhysicalResourceId });
  }
  return { outputs, resources, updated: updated.join(', ') };
}

/** Physical id of the first resource of a type whose logical id begins so. */
export function resourceId(
  { resources }: Pick<StackFacts, 'resources'>,
  type: string,
  logical = '',
): string | undefined {
  for (const [name, one] of resources)
    if (one.type === type && name.slice(name.indexOf('/') + 1).startsWith(logical)) return one.id;
  return undefined;
}
