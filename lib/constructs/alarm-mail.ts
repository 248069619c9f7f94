/** E-mail about alarms of devices: a rule that hears those whose rule of the configuration says so, and a topic. No function. */
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import type { Tell } from '../contract/alarm-rules.ts';
import { DEVICE_EVENT_SOURCE, type DeviceEvent } from '../contract/events.ts';
import { mailTopic } from './mail-topic.ts';

export interface AlarmMailProps {
  readonly config: Pick<Config, 'alarms'>;
  /** By the name of its table events say which deployment of the account they are of. */
  readonly devices: { readonly tableName: string };
  /** Of the console. */
  readonly publicUrl: string;
}

const TYPE: DeviceEvent['type'] = 'alarm';
const TELL: Tell = 'email';
/**
 * Nothing that a person may have called something: what stands in a text like this is not quoted, and a quotation mark would end it,
 * and with it the mail (EventBridge user guide, "Input transformation").
 */
const field = (path: string) => EventField.fromPath(`$.detail.${path}`);

/** There is none without an address. */
export class AlarmMail extends Construct {
  constructor(scope: Construct, id: string, { config, devices, publicUrl }: AlarmMailProps) {
    super(scope, id);
    const { emails } = config.alarms;
    if (emails.length === 0) return;
    // Of topics EventBridge takes no conditions on who it publishes for (its user guide, "Amazon SNS permissions").
    const publisher = new ServicePrincipal('events.amazonaws.com');
    const topic = mailTopic(this, 'Topic', { emails, publisher, what: 'what alarms of devices say' });
    const device = field('device');
    const message = RuleTargetInput.fromMultilineText(
      [
        `Alarm: ${field('alarm.type')}`,
        `Device: ${device}`,
        `At: ${field('at')}`,
        `Kind: ${field('alarm.kind')}, level ${field('alarm.level')}`,
        `Place: ${field('position.lat')} ${field('position.lon')}`,
        `Acknowledge it: ${publicUrl}/alarms?device=${device}`,
      ].join('\n'),
    );
    new Rule(this, 'Raised', {
      description: 'Alarms of devices of this deployment that are told by e-mail',
      eventPattern: {
        source: [DEVICE_EVENT_SOURCE],
        detailType: [TYPE],
        resources: [devices.tableName],
        detail: { tell: [TELL] },
      },
      targets: [new SnsTopic(topic, { message })],
    });
  }
}
