/** Kafka by configuration: nothing of it without, and with it a queue in order, one function, and only the rights it needs. */
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { Insight } from '../../../lib/constructs/insight.ts';
import { grantsOf, stageScope } from './stage.ts';

const SECRET = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:kafka-AbCdEf';

function insight(overrides: Readonly<Record<string, unknown>> = {}): Template {
  const { stack, config, api, storage } = stageScope(overrides);
  new Insight(stack, 'Insight', { config, api, storage });
  return Template.fromStack(stack);
}
const queuesOf = (template: Template) =>
  Object.entries(template.findResources('AWS::SQS::Queue')).filter(([id]) => id.startsWith('Insight'));
const kafkaOf = (template: Template) =>
  Object.entries(template.findResources('AWS::Lambda::Function')).find(([id]) => id.startsWith('InsightKafka'))?.[1] as
    | { Properties: { Environment: { Variables: Record<string, unknown> }; VpcConfig?: unknown; Timeout: number } }
    | undefined;

describe('without brokers', () => {
  it('there is nothing of it', () => {
    const template = insight();
    expect(queuesOf(template).filter(([id]) => !id.startsWith('InsightRaw'))).toHaveLength(4);
    expect(JSON.stringify(template.toJSON())).not.toMatch(/kafka/i);
  });
});

describe('with brokers', () => {
  const template = insight({
    'kafka.brokers': ['b-1.kafka.example:9096', 'b-2.kafka.example:9096'],
    'kafka.sasl': 'scram-sha-512',
    'kafka.secretArn': SECRET,
  });

  it('a queue keeps each session in order for as long as brokers may be away, beside its dead letters', () => {
    const fifo = queuesOf(template).filter(([, { Properties }]) => (Properties as { FifoQueue?: boolean }).FifoQueue);
    expect(fifo.map(([id]) => id.replace(/[0-9A-F]{8}$/, '')).toSorted()).toEqual([
      'InsightDeadOrdered',
      'InsightOrdered',
    ]);
    template.hasResourceProperties('AWS::SQS::Queue', {
      FifoQueue: true,
      // Else one session that waits for brokers would be in the way of all others.
      FifoThroughputLimit: 'perMessageGroupId',
      DeduplicationScope: 'messageGroup',
      MessageRetentionPeriod: 14 * 86_400,
      // Longer than the function may run: no later post is handed out while an earlier one is with it.
      VisibilityTimeout: 90,
    });
    expect(kafkaOf(template)!.Properties.Timeout).toBe(30);
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
    });
  });

  it('the function is told where, and not the password', () => {
    const { Variables } = kafkaOf(template)!.Properties.Environment;
    expect(JSON.parse(String(Variables['KAFKA']))).toEqual({
      brokers: ['b-1.kafka.example:9096', 'b-2.kafka.example:9096'],
      topic: 'sluice-events',
      tls: true,
      sasl: 'scram-sha-512',
    });
    expect(Variables['KAFKA_SECRET']).toBe(SECRET);
    const grants = grantsOf(template, 'InsightKafkaRole');
    expect(grants.get('secretsmanager:GetSecretValue')).toEqual([JSON.stringify(SECRET)]);
    expect([...grants.keys()].filter((action) => /^(?:kafka|ec2)/.test(action))).toEqual([]);
    expect(kafkaOf(template)!.Properties.VpcConfig).toBeUndefined();
  });

  it('of Amazon MSK, in subnets, it may write to the one topic', () => {
    const arn = 'arn:aws:kafka:eu-west-1:123456789012';
    const msk = insight({
      'concurrency.account': 1000,
      'kafka.brokers': ['b-1.events.kafka.eu-west-1.amazonaws.com:9098'],
      'kafka.sasl': 'iam',
      'kafka.clusterArn': `${arn}:cluster/events/0a1b-2`,
      'kafka.topic': 'watched',
      'kafka.subnetIds': ['subnet-0123456789abcdef0'],
      'kafka.securityGroupIds': ['sg-0123456789abcdef0'],
    });
    const grants = grantsOf(msk, 'InsightKafkaRole');
    const cluster = [JSON.stringify(`${arn}:cluster/events/0a1b-2`)];
    const topic = [JSON.stringify(`${arn}:topic/events/0a1b-2/watched`)];
    expect(grants.get('kafka-cluster:Connect')).toEqual(cluster);
    expect(grants.get('kafka-cluster:WriteDataIdempotently')).toEqual(cluster);
    expect(grants.get('kafka-cluster:WriteData')).toEqual(topic);
    expect(grants.get('kafka-cluster:DescribeTopic')).toEqual(topic);
    expect(kafkaOf(msk)!.Properties.VpcConfig).toEqual({
      SubnetIds: ['subnet-0123456789abcdef0'],
      SecurityGroupIds: ['sg-0123456789abcdef0'],
    });
    // Lambda looks whether it may when the function is made: its rights must be there by then.
    const [, fn] = Object.entries(msk.findResources('AWS::Lambda::Function')).find(([id]) =>
      id.startsWith('InsightKafka'),
    )!;
    expect((fn as { DependsOn: string[] }).DependsOn.some((id) => id.startsWith('InsightKafkaRoleDefaultPolicy'))).toBe(
      true,
    );
    msk.hasResourceProperties('AWS::Lambda::EventSourceMapping', { ScalingConfig: { MaximumConcurrency: 50 } });
  });
});
