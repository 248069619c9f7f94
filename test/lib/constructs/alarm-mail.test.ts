/** E-mail about alarms of devices: what the template makes, and what the engine sends by it. */
import { Template } from 'aws-cdk-lib/assertions';
import { Stack } from 'aws-cdk-lib';
import { PutEventsCommand, PutRuleCommand, PutTargetsCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AlarmMail } from '../../../lib/constructs/alarm-mail.ts';
import { DEVICE_EVENT_SOURCE } from '../../../lib/contract/events.ts';
import { awsRequest } from '../../../local/aws-request.ts';
import { engineEnvironment, startEngine, type Engine } from '../../../local/engine.ts';
import { stageScope } from './stage.ts';

const EMAILS = ['ops@example.com', 'night@example.com'];
const DEVICES = { tableName: 'devices-table' };

function made(emails: readonly string[]): Template {
  const { stack, config } = stageScope({ 'alarms.emails': emails });
  const own = new Stack(stack, 'Own');
  new AlarmMail(own, 'AlarmMail', { config, devices: DEVICES, publicUrl: 'https://video.example' });
  return Template.fromStack(own);
}

interface RuleProperties {
  readonly EventPattern: object;
  readonly Targets: readonly [
    { readonly InputTransformer: { InputPathsMap: Record<string, string>; InputTemplate: string } },
  ];
}
const ruleOf = (template: Template) =>
  Object.values(template.findResources('AWS::Events::Rule'))[0]!['Properties'] as RuleProperties;

describe('the template', () => {
  it('has nothing without an address', () => {
    expect(made([]).toJSON()['Resources'] ?? {}).toEqual({});
  });

  it('asks each address, and encrypts with a key that EventBridge may use', () => {
    const template = made(EMAILS);
    const subscriptions = Object.values(template.findResources('AWS::SNS::Subscription'));
    expect(subscriptions.map(({ Properties: { Protocol, Endpoint } }) => [Protocol, Endpoint])).toEqual(
      EMAILS.map((email) => ['email', email]),
    );
    template.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
    expect(JSON.stringify(template.findResources('AWS::KMS::Key'))).toContain('events.amazonaws.com');
  });
});

describe('the engine', () => {
  let engine: Engine;
  let queue: string;
  const [events, sqs] = [() => new EventBridgeClient({}), () => new SQSClient({})];
  const sns = async (form: Record<string, string>) =>
    awsRequest(
      {
        region: 'us-east-1',
        endpoint: engine.endpoint,
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      },
      { service: 'sns', form: { Version: '2010-03-31', ...form } },
    );

  beforeAll(async () => {
    engine = await startEngine({ log: () => {} });
    Object.assign(process.env, engineEnvironment(engine.endpoint));
    const [, topic = ''] = /<TopicArn>([^<]+)</.exec(await sns({ Action: 'CreateTopic', Name: 'mail' })) ?? [];
    queue = (await sqs().send(new CreateQueueCommand({ QueueName: 'mailbox' }))).QueueUrl!;
    const { Attributes } = await sqs().send(
      new GetQueueAttributesCommand({ QueueUrl: queue, AttributeNames: ['QueueArn'] }),
    );
    await sns({ Action: 'Subscribe', TopicArn: topic, Protocol: 'sqs', Endpoint: Attributes!['QueueArn']! });
    const { EventPattern, Targets } = ruleOf(made(EMAILS));
    await events().send(new PutRuleCommand({ Name: 'mail', EventPattern: JSON.stringify(EventPattern) }));
    const { InputTransformer } = Targets[0];
    await events().send(new PutTargetsCommand({ Rule: 'mail', Targets: [{ Id: '1', Arn: topic, InputTransformer }] }));
  }, 600_000);
  afterAll(() => engine.close());

  it('mails what its rule has for people by mail, of this deployment, with a way to it', async () => {
    const detail = {
      device: '13800000001',
      type: 'alarm',
      at: '2026-05-06T07:08:09.000Z',
      task: 't1',
      alarm: { id: 'a'.repeat(16), kind: 'status', type: 'sos', phase: 'start' },
      position: { lat: 31.2, lon: 121.4 },
      tell: ['inbox', 'email'],
    };
    const entry = (over: object, Resources = [DEVICES.tableName], DetailType = 'alarm') => ({
      Source: DEVICE_EVENT_SOURCE,
      Resources,
      DetailType,
      Detail: JSON.stringify({ ...detail, ...over }),
    });
    const Entries = [
      entry({ device: '1', tell: ['inbox', 'webhook'] }),
      entry({ device: '2', tell: [] }),
      entry({ device: '3' }, ['another-table']),
      entry({ device: '4' }, [DEVICES.tableName], 'attachment'),
      entry({}),
    ];
    await events().send(new PutEventsCommand({ Entries }));
    const came: string[] = [];
    await expect
      .poll(async () => {
        const { Messages = [] } = await sqs().send(
          new ReceiveMessageCommand({ QueueUrl: queue, MaxNumberOfMessages: 10, VisibilityTimeout: 600 }),
        );
        came.push(...Messages.map(({ Body }) => (JSON.parse(Body!) as { Message: string }).Message));
        return came.length;
      })
      .toBe(1);
    for (const line of ['Alarm: sos', 'Device: 13800000001', 'Place: 31.2 121.4']) expect(came[0]).toContain(line);
    expect(came[0]).toContain('https://video.example/alarms?device=13800000001');
  });
});
