/**
 * Which of the files that a device lists are taken. As many as its alarm's report said, over all lists and connections; and as
 * many as the device may have kept in a day. Files that are there stay, whatever is listed again.
 */
import { isDeepStrictEqual } from 'node:util';
import type { AlarmFile, AlarmRecord, DeviceRecord } from '../../../../../lib/contract/device.ts';
import { keptName } from '../../jt808/subiao/names.ts';
import type { AttachmentList } from '../../jt808/subiao/upload.ts';
import type { AlarmKey } from '../../cloud/alarms.ts';
import { sleep } from '../../common/time.ts';
import type { Services } from '../../services.ts';
import { noteLimit, type Noting } from '../alarms/limit.ts';
import { announcedKind } from './kinds.ts';

export interface TakenList {
  /** All files of the alarm; a file's place is its number. */
  readonly files: AlarmFile[];
  /** As the device calls them. */
  readonly refused: readonly string[];
  readonly changed: boolean;
  /** Files that were counted for it, to be given back where the list cannot be written. */
  readonly counted: number;
}

/** Kinds of alarm whose files were asked for before their records said how many there are. */
const WITH_FILES = new Set<AlarmRecord['kind']>(['adas', 'dsm', 'tyre', 'blind-spot']);

/** Rejects when the day's count cannot be written. */
async function takeList(
  services: Noting & Pick<Services, 'usage'>,
  record: DeviceRecord,
  alarm: AlarmRecord,
  list: Pick<AttachmentList, 'files'>,
): Promise<TakenList> {
  const most = mostFiles(alarm, list);
  const files = [...alarm.files];
  const refused: string[] = [];
  let counted = 0;
  for (const { name, size } of list.files) {
    const kept = keptName(name);
    const at = files.findIndex((file) => file.name === kept);
    const known = files[at];
    if (known?.state === 'complete') continue;
    if (known === undefined && files.length >= most) {
      refused.push(name);
      noteLimit(services, record, 'unannounced-files');
      continue;
    }
    // One that is expected was counted when it was listed first.
    const isCounted = known?.state !== 'expected' && (await countFile(services, record.id, counted));
    if (isCounted) counted += 1;
    const isTaken = known?.state === 'expected' || isCounted;
    if (!isTaken) {
      refused.push(name);
      noteLimit(services, record, 'files');
    }
    const file: AlarmFile = {
      name: kept,
      kind: announcedKind(Number.parseInt(name, 10)),
      bytes: size,
      ...(isTaken ? { state: 'expected' } : { state: 'failed', reason: OVER.files }),
    };
    if (known === undefined) files.push(file);
    else files[at] = file;
  }
  return { files, refused, changed: JSON.stringify(files) !== JSON.stringify(alarm.files), counted };
}

/** One more. When that cannot be written, those `before` of the same list are given back: none of it is noted. */
async function countFile(services: Pick<Services, 'usage' | 'log'>, device: string, before: number): Promise<boolean> {
  try {
    return await services.usage.take(device, { files: 1 });
  } catch (error) {
    await giveBackFiles(services, device, before);
    throw error;
  }
}

/** The same list, sent again, counts them again. */
async function giveBackFiles(
  { usage, log }: Pick<Services, 'usage' | 'log'>,
  device: string,
  files: number,
): Promise<void> {
  if (files === 0) return;
  try {
    await usage.giveBack(device, { files });
  } catch (error) {
    log.failure('usage', error);
  }
}

/** Why, for a person. */
export const OVER = {
  files: 'Refused: the device has had as many files kept today as it may (live.maxFilesPerDay).',
  bytes: 'Refused: the device has had as many bytes kept today as it may (live.maxFilesMiBPerDay).',
  encodes: 'Kept as a file: as many videos of the device were sliced today as may be (live.maxEncodesPerDay).',
} as const;

/** It is not taken. Its message is for the log. */
export class Refused extends Error {
  override name = 'Refused';
}

/** Times a list is read because another task changed it, and milliseconds between them at most. */
const MOST_TRIES = 8;
const PAUSE = 100;

type Used = Noting & Pick<Services, 'usage'>;

/**
 * Adds to the alarm's list, which other connections add to as well: those of this task in turn, and what other tasks have
 * added since it was read is read again. Throws Refused.
 */
export function addToList(
  services: Used,
  record: DeviceRecord,
  key: AlarmKey,
  list: Pick<AttachmentList, 'files'>,
): Promise<{ readonly alarm: AlarmRecord; readonly taken: TakenList }> {
  const { alarms } = services;
  return alarms.inTurn(key, async () => {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const alarm = await alarms.read(key);
      if (alarm === undefined) throw new Refused('no such alarm');
      const taken = await takeList(services, record, alarm, list);
      if (!taken.changed || (await isWritten(services, key, alarm, taken))) return { alarm, taken };
      await sleep(Math.random() * PAUSE);
    }
    throw new Error('its list changes all the time');
  });
}

/** False: it was changed since it was read, and nothing of `taken` counts. */
async function isWritten(services: Used, key: AlarmKey, { files: before }: AlarmRecord, taken: TakenList) {
  const write = services.alarms.files(key, taken.files, before);
  if (await write.catch(() => false)) return true;
  // Written all the same, its answer lost: then it is counted once.
  const written = await services.alarms.read(key).catch(() => undefined);
  if (isDeepStrictEqual(written?.files, taken.files)) return true;
  await giveBackFiles(services, key.device, taken.counted);
  return write;
}

/** How many files an alarm may have. */
export function mostFiles(
  { announced, seed, kind, files }: Pick<AlarmRecord, 'announced' | 'seed' | 'kind' | 'files'>,
  list: Pick<AttachmentList, 'files'>,
): number {
  if (announced !== undefined) return announced;
  // Recorded before an update of this platform: then what is listed first is what there is.
  if (seed === undefined && WITH_FILES.has(kind)) return files.length || list.files.length;
  return 0;
}
