/**
 * Counts what was reported, in one write for each video however many watch it. What was counted of a session stands in the row that
 * is written, so a report that comes twice, late, or again after this function was ended half way counts once.
 */
import { closesAt, hourOf, hourRow } from '../../lib/contract/heatmap.ts';
import { logger } from '../shared/logger.ts';
import { eachBundle, type Taken } from './consume.ts';
import { foldOld } from './fold.ts';
import { pathDigit } from './path.ts';
import { readRow, writeRow } from './rows.ts';
import { add, takes } from './tally.ts';

/** Rows that are read and written at a time. */
const AT_A_TIME = 16;
/** Times a row is read again that somebody else writes, too. */
const RACES = 12;

interface Group {
  readonly what: string;
  readonly hour: string;
  readonly path: string;
  readonly taken: readonly Taken[];
}

export const handler = eachBundle('COUNTS_QUEUE', async (taken) => {
  const now = Date.now() / 1000;
  const groups = new Map<string, Group & { readonly taken: Taken[] }>();
  let late = 0;
  for (const one of taken) {
    const { what, began } = one.report;
    const hour = hourOf(began);
    if (closesAt(hour) <= now) {
      late += 1;
      continue;
    }
    const key = `${what} ${hour}`;
    const group = groups.get(key) ?? { what, hour, path: '', taken: [] };
    group.taken.push(one);
    groups.set(key, group);
  }
  if (late > 0) logger.warn('reports came too late to be counted', { reports: late });
  const again = new Set<string>();
  const waiting: Group[] = [...groups.values()];
  const worker = async () => {
    for (let group = waiting.pop(); group !== undefined; group = waiting.pop()) {
      try {
        await countGroup(group);
      } catch (error) {
        logger.error('reports could not be counted', { what: group.what, error: error as Error });
        for (const { messageId } of group.taken) again.add(messageId);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return again;
});

/** Into one row, and what it has no room for into those below it. */
async function countGroup({ what, hour, path, taken }: Group): Promise<void> {
  const row = hourRow(hour, path);
  for (let race = 0; race < RACES; race += 1) {
    const read = await readRow(what, row);
    const { isFull: wasFull } = read.tally;
    const below = new Map<string, Taken[]>();
    let isNew = false;
    for (const one of taken) {
      const { session } = one.report;
      if (takes(read.tally, session)) {
        if (add(read.tally, one.report, Date.now())) isNew = true;
        continue;
      }
      const digit = pathDigit(session, path.length);
      below.set(digit, [...(below.get(digit) ?? []), one]);
    }
    // Whom it turned away it must turn away the next time as well.
    const isChanged = isNew || read.tally.isFull !== wasFull;
    if (isChanged && !(await writeRow({ what, row, day: hour.slice(0, 10) }, read))) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 50 * 2 ** Math.min(race, 5)));
      continue;
    }
    for (const [digit, rest] of below) await countGroup({ what, hour, path: path + digit, taken: rest });
    // Once an hour for each video that is watched: what is over for good.
    if (isNew && read.version === 0 && path === '') await foldOld(what, Date.now() / 1000);
    return;
  }
  throw new Error(`${row} was written by others each of ${RACES} times`);
}
