/**
 * CloudFront is one room for the whole account, whatever region a stack is in: a second region's policies, keys and
 * functions must have other names. Some of the CDK's own names carry no region (aws/aws-cdk#34336), so all are given here.
 */
import { Names, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Characters of the shortest of CloudFront's limits, that of functions and origin access controls. */
const LONGEST = 64;
/** Characters kept for a region's name; the longest there is has 15 (`us-isof-south-1`). */
const REGION = 16;

/** At most 64 characters: stack and `id`, shortened with a hash where it is long, and the region, known or not. */
export function edgeName(scope: Construct, id: string): string {
  const maxLength = LONGEST - REGION - id.length - 2;
  return `${Names.uniqueResourceName(scope, { maxLength, separator: '-' })}-${id}-${Stack.of(scope).region}`;
}
