/** The settings of a device as a form holds them, and what of them has changed. Pure. */
import type { Channel, Device, DevicePatch, LivePolicy } from '../../../lib/contract/device.ts';
import { applied } from '../shared/applied.ts';

export interface ChannelDraft {
  readonly number: string;
  readonly name: string;
  readonly live: LivePolicy;
  readonly stream: 'main' | 'sub';
  /** Recorded with its sound. Means something where it always sends. */
  readonly sound: boolean;
}

export interface Draft {
  readonly name: string;
  readonly timeZone: string;
  readonly retentionDays: string;
  readonly channels: readonly ChannelDraft[];
  readonly viewers: readonly string[];
  /** Between commas. */
  readonly tags: string;
}

/** The lifetimes the contract knows, in days; a test keeps the two alike. */
export const RETENTION = [1, 2, 3, 5, 7, 14, 30, 60, 90, 180, 365];

export const policies: Readonly<Record<LivePolicy, string>> = {
  always: 'Always, and recorded',
  'on-demand': 'While somebody watches',
  never: 'Never',
};

export const draftOf = ({ name, timeZone, retentionDays, channels, viewers, tags = [] }: Device): Draft => ({
  name,
  timeZone,
  retentionDays: String(retentionDays),
  channels: channels.map((channel) => ({
    ...channel,
    number: String(channel.number),
    sound: channel.sound === true,
  })),
  viewers,
  tags: tags.join(', '),
});

/** What is wrong with a draft, by field; empty when it can be saved. */
export function faultsOf({ name, timeZone, channels, tags }: Draft): Record<string, string> {
  const faults: Record<string, string> = {};
  if (name.trim() === '') faults['name'] = 'A device has a name';
  if (!isZone(timeZone)) faults['timeZone'] = 'A name of the IANA database, such as Asia/Shanghai';
  if (tagsOf(tags).length > 20 || tagsOf(tags).some((tag) => tag.length > 50))
    faults['tags'] = 'At most 20, of 50 characters each';
  channels.forEach((channel, i) => {
    const number = Number(channel.number);
    if (!/^\d{1,3}$/.test(channel.number) || number < 1 || number > 255) faults[`channel ${i}`] = '1 to 255';
    else if (channels.some((other, j) => j < i && Number(other.number) === number))
      faults[`channel ${i}`] = 'Twice the same number';
    if (channel.name.trim() === '') faults[`channel name ${i}`] = 'A name';
  });
  return faults;
}

/**
 * Just what differs, so that two people who change different things do not undo one another: of a list, too, what is added to it and
 * taken from it as it is in `newest`.
 */
export function patchOf(device: Device, draft: Draft, newest: Device = device): DevicePatch {
  const channels = draft.channels.map(({ number, name, live, stream, sound }) =>
    settled({ number: Number(number), name: name.trim(), live, stream, sound }),
  );
  const wanted: DevicePatch = {
    name: draft.name.trim(),
    timeZone: draft.timeZone.trim(),
    retentionDays: Number(draft.retentionDays) as Device['retentionDays'],
    channels,
    viewers: [...draft.viewers],
    tags: tagsOf(draft.tags),
  };
  const there = listsOf(device);
  const patch = Object.fromEntries(
    Object.entries(wanted).filter(
      ([field, value]) => canonical(value) !== canonical({ ...device, ...there }[field as keyof DevicePatch]),
    ),
  ) as DevicePatch;
  const now = listsOf(newest);
  return {
    ...patch,
    ...(patch.channels && { channels: applied(there.channels, patch.channels, now.channels, ({ number }) => number) }),
    ...(patch.viewers && { viewers: applied(there.viewers, patch.viewers, now.viewers) }),
    ...(patch.tags && { tags: applied(there.tags, patch.tags, now.tags) }),
  };
}

/** As they are compared. */
const listsOf = ({ channels, viewers, tags = [] }: Device) => ({ channels: channels.map(settled), viewers, tags });

const tagsOf = (text: string): string[] =>
  [...new Set(text.split(',').map((tag) => tag.trim()))].filter((tag) => tag !== '');

/** Without sound is what a channel is unless it says otherwise. */
const settled = ({ sound, ...channel }: Channel): Channel => ({ ...channel, ...(sound === true && { sound }) });

/** The number a new channel begins with. */
export function freeNumber(channels: readonly ChannelDraft[]): string {
  const used = new Set(channels.map(({ number }) => Number(number)));
  let number = 1;
  while (used.has(number)) number += 1;
  return String(number);
}

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => a.localeCompare(b)))
      : inner,
  );

function isZone(name: string): boolean {
  try {
    return (
      new Intl.DateTimeFormat('en', { timeZone: name.trim() }).resolvedOptions().timeZone !== '' && !/^[+-]/.test(name)
    );
  } catch {
    return false;
  }
}
