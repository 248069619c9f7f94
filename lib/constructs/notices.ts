/** Where alarms are told: an encrypted topic, and the addresses of the configuration that are subscribed to it. */
import { Stack } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { mailTopic } from './mail-topic.ts';

/** CloudWatch may publish to it, and nobody else. */
export function notices(scope: Construct, { operations }: Pick<Config, 'operations'>): Topic | undefined {
  const { alarms, emails } = operations;
  if (!alarms || emails.length === 0) return undefined;
  const publisher = new ServicePrincipal('cloudwatch.amazonaws.com', {
    conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
  });
  return mailTopic(scope, 'Notices', { emails, publisher, what: 'what alarms say' });
}
