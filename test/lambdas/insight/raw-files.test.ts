/** Files of raw events, read back by readers that are not ours; and the ready queries, asked of them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { simulate, shuffled, videoNumber } from '../../../bench/events/viewers.ts';
import { nameOf, ofParquet, toParquet } from '../../../lambdas/insight/parquet.ts';
import { inOrder, rowsOf } from '../../../lambdas/insight/raw-rows.ts';
import { hourOf } from '../../../lib/contract/heatmap.ts';
import type { Report } from '../../../lib/contract/player-events.ts';
import { readyQueries } from '../../../lib/contract/raw-queries.ts';
import {
  RAW_COLUMNS,
  RAW_PREFIX,
  isRawKey,
  rawDatabase,
  rawKey,
  type RawRow,
} from '../../../lib/contract/raw-events.ts';
import { askDuckDb, type Answer } from '../../support/duckdb.ts';

const SECONDS = 600;
const DAY = 86_400;
const BEGAN = Math.floor(Date.now() / 1000 / DAY) * DAY - 2 * DAY;
const sessions = Array.from({ length: 400 }, (_, number) =>
  simulate({ number, what: videoNumber(number % 5), began: BEGAN + number * 300, posts: 4, seconds: SECONDS }),
);
const reports = sessions.flatMap((one) => one.reports);
const everyRow = reports.flatMap(rowsOf);

let folder: string;
let files = 0;

/** As the function writes them. */
async function write(some: readonly Report[]): Promise<void> {
  for (const [hour, of] of Map.groupBy(some, ({ receivedAt }) => hourOf(receivedAt / 1000))) {
    const rows = inOrder(of.flatMap(rowsOf));
    const path = join(folder, rawKey(hour, nameOf(rows)));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, toParquet(rows));
    files += 1;
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-raw-'));
  // In any order, and a third of them in other files, too.
  const sent = shuffled([...reports, ...reports.filter((_, index) => index % 3 === 0)], 5);
  for (let at = 0; at < sent.length; at += 300) await write(sent.slice(at, at + 300));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const DATABASE = rawDatabase({ name: 'sluice', environment: 'test-one' });
const ask = async (...queries: string[]): Promise<Answer[]> =>
  await askDuckDb(join(folder, RAW_PREFIX), `${DATABASE}.events`, queries);

describe('a file', () => {
  it('is read back as it was written, with every kind of event in it', async () => {
    const what = videoNumber(7);
    const at = BEGAN * 1000;
    const report: Report = {
      what,
      session: 's',
      began: BEGAN,
      receivedAt: at + 5,
      device: 'tv',
      units: [
        {
          sequence: 9,
          events: [
            { type: 'start', at },
            { type: 'first-frame', at, startup: 700 },
            { type: 'stall', at, position: 3, lasted: 12 },
            { type: 'seek', at, from: 3, to: 50 },
            { type: 'rendition', at, rendition: '1080p' },
            { type: 'error', at, kind: 'decode', fatal: true },
            { type: 'heartbeat', at, watched: [[50, 60]], again: [[3, 5]], played: 7, rendition: '720p', kbps: 3000 },
            { type: 'end', at, reason: 'left' },
          ],
        },
      ],
    };
    const rows = rowsOf(report);
    expect(rows.map(({ event }) => event)).toEqual(report.units[0]!.events.map(({ type }) => type));
    expect(rows[6]).toMatchObject({ at_second: 5, watched_seconds: 19, again_seconds: 2, watched: '[[50,60]]' });
    expect(rows[3]).toMatchObject({ at_second: 50, from_second: 3, viewer: null, country: null, video: what.slice(4) });
    expect(await ofParquet(toParquet(rows))).toEqual(rows);
    for (const row of rows) expect(Object.keys(row).toSorted()).toEqual(RAW_COLUMNS.map(({ name }) => name).toSorted());
    // A channel is no video.
    expect(rowsOf({ ...report, what: 'live/0a1b/2' })[0]).toMatchObject({ video: null, what: 'live/0a1b/2' });
  });

  it('is called after what is in it, whatever order that came in, and under the hour it was taken in', () => {
    const some = reports.slice(0, 50);
    const name = nameOf(inOrder(some.flatMap(rowsOf)));
    expect(nameOf(inOrder(shuffled(some, 3).flatMap(rowsOf)))).toBe(name);
    expect(nameOf(inOrder(some.slice(1).flatMap(rowsOf)))).not.toBe(name);
    const key = rawKey('2026-11-29T08', name);
    expect(key).toBe(`events/day=2026-11-29/hour=08/${name}.parquet`);
    expect(isRawKey(key)).toBe(true);
    expect(isRawKey('answers/x.csv')).toBe(false);
  });

  it('is small: a fifth of what it was as JSON at most', () => {
    const rows = inOrder(everyRow);
    const asJson = Buffer.byteLength(JSON.stringify({ reports }));
    expect(toParquet(rows).length).toBeLessThan(asJson / 5);
  });

  it('of a later version is refused, since its further columns would be lost', async () => {
    const { parquetWriteBuffer } = await import('hyparquet-writer');
    const later = parquetWriteBuffer({ columnData: [{ name: 'mood', type: 'STRING', data: ['good'] }] });
    await expect(ofParquet(new Uint8Array(later))).rejects.toThrow('mood');
  });
});

describe('DuckDB', () => {
  it('finds every column with its type, each event, and those that are there twice', async () => {
    const [columns, counts] = await ask(
      `SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_schema = '${DATABASE}'`,
      `SELECT count(*) AS rows, count(DISTINCT (session, sequence, place)) AS events, sum(watched_seconds) AS seconds,
         count(*) FILTER (WHERE day <> strftime(received_time AT TIME ZONE 'UTC', '%Y-%m-%d')) AS misplaced FROM ${DATABASE}.events`,
    );
    const types = { STRING: 'VARCHAR', INT32: 'INTEGER', BOOLEAN: 'BOOLEAN', TIMESTAMP: /^TIMESTAMP/ };
    const found = new Map(columns!.map(({ name, type }) => [name, type]));
    for (const { name, type } of RAW_COLUMNS) expect(found.get(name), name).toMatch(types[type]);
    const twice = reports.filter((_, index) => index % 3 === 0).flatMap(rowsOf).length;
    expect(counts).toEqual([
      {
        rows: everyRow.length + twice,
        events: everyRow.length,
        seconds: expect.any(Number) as number,
        misplaced: 0,
      },
    ]);
    console.log(`${everyRow.length} events, ${twice} twice, in ${files} files`);
  });

  it('answers the ready queries with what the viewers did, each event once', async () => {
    const queries = readyQueries(DATABASE);
    const [most, badly, leave] = await ask(...queries.map(({ sql }) => sql));
    const sum = (of: (row: RawRow) => number | null, rows: readonly RawRow[] = everyRow) =>
      rows.reduce((total, row) => total + (of(row) ?? 0), 0);
    const dayOf = (row: RawRow) => row.received_time.toISOString().slice(0, 10);

    const watched = Map.groupBy(
      everyRow.filter((row) => (row.watched_seconds ?? 0) > 0),
      (row) => `${dayOf(row)} ${row.what}`,
    );
    expect(Object.fromEntries(most!.map(({ day, what, ...rest }) => [`${day} ${what}`, rest]))).toEqual(
      Object.fromEntries(
        [...watched].map(([key, rows]) => [
          key,
          {
            views: new Set(rows.map(({ session }) => session)).size,
            viewers: new Set(rows.map(({ viewer }) => viewer)).size,
            hours: expect.closeTo(sum((row) => row.watched_seconds, rows) / 3600, 2) as number,
          },
        ]),
      ),
    );

    const kinds = Map.groupBy(everyRow, (row) => `${row.country ?? '?'} ${row.device}`);
    expect(badly!.map(({ country, device }) => `${country} ${device}`).toSorted()).toEqual(
      [...kinds.keys()].toSorted(),
    );
    for (const row of badly!) {
      const rows = kinds.get(`${row['country']} ${row['device']}`)!;
      expect(row).toMatchObject({
        views: new Set(rows.map(({ session }) => session)).size,
        stalls: rows.filter(({ stalled_ms }) => stalled_ms !== null).length,
        failed: 0,
      });
      const ratio = sum((one) => one.stalled_ms, rows) / 1000 / sum((one) => one.watched_seconds, rows);
      expect(Number(row['stall_ratio'])).toBeCloseTo(ratio, 3);
      const startups = rows.flatMap(({ startup_ms }) => startup_ms ?? []);
      expect(Number(row['startup_ms'])).toBeCloseTo(startups.reduce((a, b) => a + b, 0) / startups.length, -1);
      expect(Number(row['startup_ms_p95'])).toBeLessThanOrEqual(3000);
    }

    // Each view is over once, in a minute of its video.
    expect(leave!.reduce((total, { views }) => total + Number(views), 0)).toBe(sessions.length);
    for (const { minute, how } of leave!) {
      expect(Number(minute)).toBeLessThanOrEqual(SECONDS / 60);
      expect(['ended', 'left']).toContain(how);
    }
    expect(queries).toHaveLength(3);
  });
});
