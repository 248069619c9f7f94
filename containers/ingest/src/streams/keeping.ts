/** What is to be done about a channel. Pure. */
import type { DeviceRecord } from '../../../../lib/contract/device.ts';
import { policyOf } from './policy.ts';

export interface ChannelNow {
  readonly record: Pick<DeviceRecord, 'channels' | 'watched'>;
  readonly channel: number;
  /** Its pictures arrive somewhere. */
  readonly runs: boolean;
  readonly idleStopSeconds: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

export interface Due {
  readonly act: 'start' | 'stop' | 'nothing';
  /** Milliseconds after which to look again. */
  readonly inMs: number;
}

/** Milliseconds: as often as a stream that runs is looked at for its last viewer having gone. */
const SOON = 15_000;
const LATER = 60_000;

export function due({ record, channel, runs, idleStopSeconds, now }: ChannelNow): Due {
  const policy = policyOf(record, channel);
  if (policy === 'always') return { act: runs ? 'nothing' : 'start', inMs: LATER };
  if (policy !== 'on-demand') return { act: runs ? 'stop' : 'nothing', inMs: LATER };
  const watchedUntil = Date.parse(record.watched[String(channel)] ?? '') || 0;
  if (!runs) return { act: watchedUntil > now ? 'start' : 'nothing', inMs: LATER };
  const over = watchedUntil + idleStopSeconds * 1000;
  if (over <= now) return { act: 'stop', inMs: LATER };
  // A goodbye of the last viewer moves it nearer, so it is not waited out.
  return { act: 'nothing', inMs: Math.min(over - now + 100, SOON) };
}
