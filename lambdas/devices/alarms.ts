/** An alarm as the API shows it: its files with a path that may be fetched. */
import { alarm, type Alarm, type AlarmRecord } from '../../lib/contract/device.ts';
import { stateOf } from '../../lib/contract/inbox.ts';
import { loadSigner } from '../shared/signing.ts';

/** Milliseconds. A file's path stays the same for up to an hour, so that a browser that asks again has it already. */
const STEP = 3_600_000;

export async function showAlarm(record: AlarmRecord, now = Date.now()): Promise<Alarm> {
  const until = new Date((Math.floor(now / STEP) + 2) * STEP);
  const files = await Promise.all(
    record.files.map(async ({ key, ...file }) => {
      if (key === undefined || file.state !== 'complete') return file;
      return { ...file, url: `/${key}?${(await loadSigner()).sign(`/${key}`, until)}` };
    }),
  );
  return alarm.parse({ ...record, files, state: stateOf(record) });
}
