/** Where alarms are told: an encrypted topic, and the addresses of the configuration that are subscribed to it. */
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';

/**
 * CloudWatch may publish to it, and nobody else. CloudWatch cannot use the key that AWS keeps for SNS (CloudWatch user guide,
 * "Amazon SNS"), so the topic has one of its own, which costs $1 a month: there is none without an address.
 */
export function notices(scope: Construct, { operations }: Pick<Config, 'operations'>): Topic | undefined {
  if (!operations.alarms || operations.emails.length === 0) return undefined;
  const alarms = new ServicePrincipal('cloudwatch.amazonaws.com', {
    conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
  });
  const key = new Key(scope, 'NoticesKey', {
    description: 'Encrypts what alarms say on its way to the addresses that are told',
    enableKeyRotation: true,
    // Nothing is kept that it encrypts.
    removalPolicy: RemovalPolicy.DESTROY,
  });
  key.addToResourcePolicy(
    new PolicyStatement({ principals: [alarms], actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: ['*'] }),
  );
  const topic = new Topic(scope, 'Notices', { masterKey: key, enforceSSL: true });
  topic.addToResourcePolicy(
    new PolicyStatement({ principals: [alarms], actions: ['sns:Publish'], resources: [topic.topicArn] }),
  );
  for (const email of operations.emails) topic.addSubscription(new EmailSubscription(email));
  return topic;
}
