/** Functions that are called for what changes in a table. */
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { EventSourceMapping, FilterCriteria, FilterRule, type EventSourceMappingOptions } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { SluiceFunction } from './function.ts';

const STREAM_ACTIONS = ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map(
  (action) => `dynamodb:${action}`,
);

/** Of the videos table: changes of videos, and not of the rows beside them. */
export const OF_VIDEOS = ['NewImage', 'OldImage'].map((image) =>
  FilterCriteria.filter({ dynamodb: { [image]: { kind: { S: FilterRule.isEqual('video') } } } }),
);

/** Has the function called for what changes in the table, which has a stream. */
export function hears(
  scope: Construct,
  id: string,
  {
    target,
    table: { tableStreamArn },
    ...options
  }: EventSourceMappingOptions & { target: SluiceFunction; table: Table },
): void {
  target.allow(STREAM_ACTIONS, [tableStreamArn!]);
  const mapping = new EventSourceMapping(scope, id, { target, eventSourceArn: tableStreamArn!, ...options });
  mapping.node.addDependency(target.role!);
}
