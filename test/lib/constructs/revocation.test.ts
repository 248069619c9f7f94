import { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { SluiceFunction } from '../../../lib/constructs/function.ts';
import { grantsOf, stageScope } from './stage.ts';

/** Findings of cdk-nag fail `Template.fromStack`, so every test here is also one of those. */
describe('the revocation stage', () => {
  let template: Template;
  beforeAll(() => {
    const { stack, config, revocation } = stageScope();
    revocation.revokedBy(new SluiceFunction(stack, 'Revoker', { config, entry: 'catalog/remove.ts' }));
    revocation.takenBackBy(new SluiceFunction(stack, 'Taker', { config, entry: 'sharing/handler.ts' }));
    template = Template.fromStack(stack);
  }, 60_000);
  const queue = (id: string) =>
    Object.entries(template.findResources('AWS::SQS::Queue')).find(([name]) => name.startsWith(id))! as [
      string,
      { Properties: Record<string, unknown> },
    ];

  it('has one store, and one writer with the rights to change it and no other', () => {
    template.resourceCountIs('AWS::CloudFront::KeyValueStore', 1);
    const [store] = Object.keys(template.findResources('AWS::CloudFront::KeyValueStore'));
    const grants = grantsOf(template, 'RevocationWriterRole');
    const arn = [JSON.stringify({ 'Fn::GetAtt': [store, 'Arn'] })];
    expect(grants.get('cloudfront-keyvaluestore:UpdateKeys')).toEqual(arn);
    expect(grants.get('cloudfront-keyvaluestore:DescribeKeyValueStore')).toEqual(arn);
    const holders = Object.values(template.findResources('AWS::IAM::Policy')).filter((one) =>
      JSON.stringify(one).includes('cloudfront-keyvaluestore:'),
    );
    expect(holders).toHaveLength(1);
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { REVOCATION_STORE: { 'Fn::GetAtt': [store, 'Arn'] } } },
    });
  });

  it('works through a FIFO queue, whose dead letters are kept for a person as long as SQS keeps any', () => {
    const [dead, { Properties: letters }] = queue('RevocationDeadTasks');
    expect(letters).toMatchObject({ FifoQueue: true, MessageRetentionPeriod: 14 * 86_400 });
    const [id, { Properties: tasks }] = queue('RevocationTasks');
    expect(tasks).toMatchObject({
      FifoQueue: true,
      ContentBasedDeduplication: true,
      VisibilityTimeout: 180,
      RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': [dead, 'Arn'] }, maxReceiveCount: 10 },
    });
    const [mapping] = Object.values(template.findResources('AWS::Lambda::EventSourceMapping')).filter((one) =>
      JSON.stringify(one).includes(id),
    ) as { Properties: object }[];
    expect(mapping!.Properties).toMatchObject({ BatchSize: 10, FunctionResponseTypes: ['ReportBatchItemFailures'] });
    // A batch that waits to fill would be revoked later, and FIFO queues take none.
    expect(mapping!.Properties).not.toHaveProperty('MaximumBatchingWindowInSeconds');
  });

  it('sweeps by a message to the same queue and the same group, each hour', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'rate(1 hour)',
      Targets: [
        {
          Arn: { 'Fn::GetAtt': [queue('RevocationTasks')[0], 'Arn'] },
          Input: '{"step":"sweep"}',
          SqsParameters: { MessageGroupId: 'store' },
        },
      ],
    });
  });

  it('ends what was taken back apart from the writer, so that a thousand sessions hold up nothing that is revoked', () => {
    const [id, { Properties: endings }] = queue('RevocationEndings');
    expect(endings).not.toHaveProperty('FifoQueue');
    const [mapping] = Object.values(template.findResources('AWS::Lambda::EventSourceMapping')).filter((one) =>
      JSON.stringify(one).includes(id),
    ) as { Properties: object }[];
    expect(mapping!.Properties).toMatchObject({ BatchSize: 1, ScalingConfig: { MaximumConcurrency: 2 } });
    const may = (role: string) =>
      [...grantsOf(template, role).keys()].filter((action) => !action.startsWith('logs:')).toSorted();
    expect(may('RevocationEnderRole').filter((action) => action.startsWith('dynamodb:'))).toEqual(
      ['BatchGetItem', 'DeleteItem', 'PutItem', 'Query', 'Scan'].map((action) => `dynamodb:${action}`),
    );
    // Who takes something back sees no session.
    expect(may('TakerRole')).toEqual(['sqs:SendMessage']);
  });

  it('lets a stage that revokes write rows and messages, and nothing at the edge', () => {
    const grants = grantsOf(template, 'RevokerRole');
    expect([...grants.keys()].filter((action) => !action.startsWith('logs:'))).toEqual([
      'dynamodb:PutItem',
      'sqs:SendMessage',
    ]);
  });
});
