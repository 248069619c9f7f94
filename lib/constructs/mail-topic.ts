/** A topic for e-mail: encrypted, one service of AWS may publish to it, and the addresses of the configuration are subscribed. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, type ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';

export interface MailTopicProps {
  readonly emails: readonly string[];
  readonly publisher: ServicePrincipal;
  /** What goes through it, for who comes upon its key. */
  readonly what: string;
}

/**
 * No service can use the key that AWS keeps for SNS (SNS developer guide, "Key management", on event sources), so the topic has one
 * of its own, which costs $1 a month: make none without an address.
 */
export function mailTopic(scope: Construct, id: string, { emails, publisher, what }: MailTopicProps): Topic {
  const key = new Key(scope, `${id}Key`, {
    description: `Encrypts ${what} on its way to the addresses that are told`,
    enableKeyRotation: true,
    // Nothing is kept that it encrypts.
    removalPolicy: RemovalPolicy.DESTROY,
  });
  key.addToResourcePolicy(
    new PolicyStatement({ principals: [publisher], actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: ['*'] }),
  );
  const topic = new Topic(scope, id, { masterKey: key, enforceSSL: true });
  topic.addToResourcePolicy(
    new PolicyStatement({ principals: [publisher], actions: ['sns:Publish'], resources: [topic.topicArn] }),
  );
  for (const email of emails) topic.addSubscription(new EmailSubscription(email));
  return topic;
}
