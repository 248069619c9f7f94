/** What players report, on to brokers of somebody's Kafka: only where `kafka.brokers` names some (docs/insight.md#kafka). */
import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { DeduplicationScope, FifoThroughputLimit, type Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import type { KafkaSettings } from '../contract/kafka.ts';
import { SluiceFunction } from './function.ts';
import { workQueue } from './queue.ts';

const TIMEOUT = Duration.seconds(30);
/** The most SQS knows: brokers that are down for a day keep nobody's posts from coming in order. */
const TRIES = 1000;
/** Lambda is given no more of a queue that keeps order. */
const MOST_POSTS = 10;
/** Executions: one of twenty of the account's, and two at least, as SQS wants it. Each sends some 500 posts a second. */
const SHARE = 20;
const LEAST = 2;
const MOST = 50;

/** The queue to fill, in order. */
export function kafka(scope: Construct, config: Config): Queue {
  const queue = workQueue(scope, 'Ordered', {
    config,
    workerTimeout: TIMEOUT,
    tries: TRIES,
    fifo: true,
    more: {
      // Each session for itself: else 300 posts a second are all that SQS takes.
      fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
      deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
    },
  });
  const { brokers, topic, tls, sasl, secretArn, clusterArn } = config.kafka;
  const settings: KafkaSettings = { brokers, topic, tls, sasl };
  const fn = new SluiceFunction(scope, 'Kafka', {
    config,
    entry: 'insight/kafka/handler.ts',
    description: 'Sends what players report to Kafka, in order for each session',
    timeout: TIMEOUT,
    environment: { KAFKA: JSON.stringify(settings) },
  }).sendTo('KAFKA_DEAD_QUEUE', queue.deadLetterQueue!.queue);
  if (secretArn !== undefined) fn.useSecret('KAFKA_SECRET', { secretArn });
  if (clusterArn !== undefined) allowCluster(fn, clusterArn, topic);
  attach(fn, config.kafka);
  fn.addEventSource(
    new SqsEventSource(queue, {
      batchSize: MOST_POSTS,
      maxConcurrency: Math.min(MOST, Math.max(LEAST, Math.floor(config.concurrency.account / SHARE))),
      reportBatchItemFailures: true,
    }),
  );
  return queue;
}

/** Actions of MSK's own ("Semantics of IAM authorization policy actions and resources", Amazon MSK Developer Guide). */
function allowCluster(fn: SluiceFunction, clusterArn: string, topic: string): void {
  const stack = Stack.of(fn);
  const { region, account, partition, resourceName } = stack.splitArn(clusterArn, ArnFormat.SLASH_RESOURCE_NAME);
  const topicArn = stack.formatArn({
    partition: partition!,
    region: region!,
    account: account!,
    service: 'kafka',
    resource: 'topic',
    resourceName: `${resourceName}/${topic}`,
  });
  fn.allow(['kafka-cluster:Connect', 'kafka-cluster:WriteDataIdempotently'], [clusterArn]);
  fn.allow(['kafka-cluster:DescribeTopic', 'kafka-cluster:WriteData'], [topicArn]);
}

/** Into subnets that are there already, by their ids alone: the construct library would ask for their VPC and zones. */
function attach(fn: SluiceFunction, { subnetIds, securityGroupIds }: Config['kafka']): void {
  if (subnetIds.length === 0) return;
  (fn.node.defaultChild as CfnFunction).vpcConfig = {
    subnetIds: [...subnetIds],
    securityGroupIds: [...securityGroupIds],
  };
  fn.allow(
    [
      'ec2:CreateNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:DeleteNetworkInterface',
    ],
    ['*'],
    'Lambda asks for these to put a function into subnets, and knows no resource for them',
  );
}
