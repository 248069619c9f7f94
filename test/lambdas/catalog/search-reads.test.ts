/**
 * What a search reads of 100,000 videos. The table is a stand-in that keeps what the index would hold in order, answers the two calls a
 * search makes as DynamoDB does, and counts its read units (DynamoDB developer guide, "Read consumption": half a unit for each 4 KB,
 * of a query all together, of a batch of each item). What is found on a real one is in search.test.ts.
 */
import { BatchGetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { partitionOf, placeOf } from '../../../lambdas/catalog/index-rows.ts';
import { matches, rangeOf, type Filter } from '../../../lambdas/catalog/listing.ts';
import { recordedAsked } from '../../../lambdas/catalog/recorded.ts';
import { searchPage } from '../../../lambdas/catalog/search.ts';
import { termsAsked, termsOf } from '../../../lambdas/catalog/words.ts';
import { dynamo } from '../../../lambdas/shared/clients.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { aRecord, idOf } from './record.ts';

const VIDEOS = 100_000;
const UNIT = 4096;
/** Of an index row with the longest owner and term of these, and of a video's record with all its renditions. */
const ROW_BYTES = 250;
const RECORD_BYTES = 4000;

const records = new Map<string, VideoRecord>();
/** Places by term, newest first. */
const partitions = new Map<string, string[]>();
let [units, calls] = [0, 0];

const titleOf = (n: number): string =>
  [
    n % 2 === 0 ? 'even' : 'odd',
    `street ${n % 1000}`,
    n === 77 ? 'needle' : 'hay',
    n === 78 ? 'haystack odd' : '',
  ].join(' ');

/**
 * Half of them come from devices: of those one in ten from one yard, the others from anywhere in a town of 50 km by 33, one each day from a
 * village far away.
 */
function recordedBy(n: number, createdAt: string): Partial<VideoRecord> {
  if (n % 2 === 1) return {};
  const place: [number, number] =
    n % 1440 === 0
      ? [47_000_000, 9_000_000]
      : n % 20 === 0
        ? [52_500_000, 13_400_000]
        : [52_300_000 + ((n * 7919) % 450_000), 13_200_000 + ((n * 104_729) % 490_000)];
  return { origin: { kind: 'incident', device: '13900000016', channel: 1, from: createdAt }, places: [place] };
}

beforeAll(() => {
  vi.stubEnv('VIDEOS_TABLE', 'videos');
  for (let n = VIDEOS; n > 0; n -= 1) {
    const createdAt = new Date(Date.UTC(2024, 0, 1) + n * 60_000).toISOString();
    const record = aRecord({
      id: idOf(n),
      title: titleOf(n),
      filename: 'a.mp4',
      createdAt,
      ...recordedBy(n, createdAt),
    });
    records.set(record.id, record);
    for (const term of termsOf(record)) {
      const name = partitionOf(term);
      const places = partitions.get(name);
      if (places === undefined) partitions.set(name, [placeOf(record)]);
      else places.push(placeOf(record));
    }
  }
  vi.spyOn(dynamo, 'send').mockImplementation(((command: unknown) => {
    calls += 1;
    if (command instanceof QueryCommand) return Promise.resolve(query(command.input));
    if (command instanceof BatchGetCommand) {
      const keys = command.input.RequestItems!['videos']!.Keys!;
      units += (keys.length * Math.ceil(RECORD_BYTES / UNIT)) / 2;
      return Promise.resolve({ Responses: { videos: keys.map(({ id }) => records.get(id as string)) } });
    }
    throw new Error('a search calls nothing else');
  }) as never);
});
afterEach(() => ([units, calls] = [0, 0]));

function query({ ExpressionAttributeValues: values = {}, Limit = 0 }: QueryCommand['input']) {
  const places = partitions.get(values[':partition'] as string) ?? [];
  const from = places.findIndex((place) => place <= (values[':last'] as string));
  const found = from === -1 ? [] : places.slice(from, from + Limit).filter((place) => place >= values[':first']);
  units += Math.max(1, Math.ceil((found.length * ROW_BYTES) / UNIT)) / 2;
  const isLast = from === -1 || found.length < Limit;
  return { Items: found.map((createdAt) => ({ createdAt })), ...(!isLast && { LastEvaluatedKey: {} }) };
}

async function search(filter: Filter, limit = 24) {
  const lists = { terms: termsAsked({ ...filter, isTrash: false }), oneOf: recordedAsked(filter) };
  const asked = { ...lists, owner: undefined, range: rangeOf(filter), start: undefined };
  return await searchPage(asked, (record) => matches(record, filter), limit);
}

it.each([
  ['one word that all have', { q: 'street' }, 24, 20],
  ['one word that one has', { q: 'needle' }, 1, 1],
  ['a beginning that half of them have', { q: 'ev' }, 24, 20],
  ['a rare one beside one that all have', { q: 'street needle' }, 1, 17],
  ['two that a thousandth has both', { q: 'street 500' }, 24, 32],
  [
    'a word of those that are private, ready, and of some days',
    { q: 'hay', visibility: 'private', status: 'ready', from: '2024-02-01', to: '2024-02-02' },
    24,
    60,
  ],
  ['nothing that is there', { q: 'nothing' }, 0, 1],
  ['near the yard', { near: [52_500_000, 13_400_000], within: 500 }, 24, 60],
  ['near a street of the town', { near: [52_450_000, 13_300_000], within: 1000 }, 24, 300],
  ['in all of the town', { near: [52_500_000, 13_400_000], within: 50_000 }, 24, 100],
  ['in the village', { near: [47_000_000, 9_000_000], within: 100 }, 24, 60],
  [
    'near the yard in one hour of a day long ago',
    {
      near: [52_500_000, 13_400_000],
      within: 500,
      recordedFrom: '2024-01-15T10:00:00Z',
      recordedTo: '2024-01-15T11:00:00Z',
    },
    4,
    130,
  ],
  ['in a week of another month', { recordedFrom: '2024-02-05T00:00:00Z', recordedTo: '2024-02-11T23:59:59Z' }, 24, 60],
  ['near where nothing was', { near: [-33_000_000, 151_000_000], within: 50_000 }, 0, 10],
] as const)('%s', async (_, filter, many, most) => {
  const { records: found } = await search(filter);
  expect(found).toHaveLength(many);
  expect(units).toBeLessThanOrEqual(most);
});

it('of words that many have and hardly any together, a call reads so much and goes on in the next, and finds it', async () => {
  let [start, pages, most] = [undefined as Awaited<ReturnType<typeof search>>['next'], 0, 0];
  const found: string[] = [];
  const filter: Filter = { q: 'even odd' };
  do {
    [units, calls] = [0, 0];
    const page = await searchPage(
      { terms: termsAsked({ ...filter, isTrash: false }), owner: undefined, range: rangeOf(filter), start },
      (record) => matches(record, filter),
      24,
    );
    found.push(...page.records.map(({ id }) => id));
    start = page.next;
    pages += 1;
    most = Math.max(most, units);
  } while (start !== undefined);
  expect(found).toEqual([idOf(78)]);
  expect(pages).toBeLessThanOrEqual(26);
  expect(most).toBeLessThanOrEqual(140);
});

it('what the index finds and the filter refuses is bounded, too', async () => {
  const asked = { terms: ['street'], owner: undefined, range: rangeOf({}), start: undefined };
  const { records: found, next } = await searchPage(asked, () => false, 24);
  expect([found, next === undefined]).toEqual([[], false]);
  expect(units).toBeLessThanOrEqual(300);
});
