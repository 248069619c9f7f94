/** A connected device, as far as alarms, pictures and commands need it. */
import type { DeviceRecord } from '../../../../lib/contract/device.ts';
import type { MessageInput, MessageName } from '../jt808/messages/registry.ts';
import type { Commander } from './control/commander.ts';

export interface DevicePort {
  readonly id: string;
  readonly record: DeviceRecord;
  /** What it is told, paced, and matched with its answers. */
  readonly commander: Pick<Commander, 'send'>;
  /** Minutes its clock is ahead of UTC at `now` (epoch milliseconds), or now. */
  zone(now?: number): number;
  /** Answers something it said, at once. */
  answer<N extends MessageName>(name: N, value: MessageInput<N>): void;
}
