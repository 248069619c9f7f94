/** cdk-nag findings that are accepted: each on the one resource it is about, with its reason. */
import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Accepts one finding, e.g. `AwsSolutions-S1`, on one construct (and what is inside it). */
export function acknowledge(construct: IConstruct, finding: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: finding, reason });
}

/** Accepts `AwsSolutions-IAM5` for exactly these resources in the policies below `construct`. */
export function acknowledgeWildcards(construct: IConstruct, resources: readonly string[], reason: string): void {
  for (const resource of resources) {
    const name = flatten(Stack.of(construct).resolve(resource));
    if (name.includes('*')) acknowledge(construct, `AwsSolutions-IAM5[Resource::${name}]`, reason);
  }
}

/** A resolved ARN as cdk-nag spells it in a finding's id: references become `<LogicalId.Attribute>`. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[name, argument]] = Object.entries(value as Record<string, unknown>) as [[string, unknown]];
  if (name === 'Ref') return `<${String(argument)}>`;
  if (name === 'Fn::GetAtt') return `<${(argument as string[]).join('.')}>`;
  if (name === 'Fn::ImportValue') return flatten(argument);
  if (name === 'Fn::Join') {
    const [separator, parts] = argument as [string, unknown[]];
    return parts.map(flatten).join(separator);
  }
  throw new TypeError(`cannot name ${JSON.stringify(value)} in a finding`);
}
