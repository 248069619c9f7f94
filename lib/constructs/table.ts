/** DynamoDB tables as all of Sluice's are: billed by use, and restorable to any moment of the last 35 days. */
import { AttributeType, BillingMode, Table, type Attribute, type TableProps } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';

export const table = (
  scope: Construct,
  id: string,
  props: Pick<TableProps, 'partitionKey' | 'sortKey' | 'timeToLiveAttribute' | 'removalPolicy' | 'stream'>,
): Table =>
  new Table(scope, id, {
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    ...props,
  });

export const text = (name: string): Attribute => ({ name, type: AttributeType.STRING });
