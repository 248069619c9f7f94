/**
 * The life of a stack: deployed, changed, renamed, failed, rolled back, taken down. What is in buckets and tables must
 * survive all but the last, and after that nothing may be left but what docs/deploy.md names. On the engine, with IAM
 * enforced; engine-start.py says what it refuses as AWS does. Steps follow each other: each begins where the last ended.
 */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DeleteTableCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { DeleteBucketCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Account, type Done, type Resource } from './account.ts';
import { failing, renamed, withoutIndex } from './edits.ts';

/** More than two pages of a listing. */
const MANY = 2100;
const OPTIONS = { 'upload.expireDays': '9', 'playback.tokenMinutes': '30', logRetentionDays: '3' };

let account: Account;
/** What there was before the stack. */
let before: Set<string>;
let held = 0;

beforeAll(async () => {
  account = await Account.open();
  before = await account.inventory();
  // Beside the first steps, which do not need them.
  for (const options of [OPTIONS, { removal: 'retain' }]) account.app(options).catch(() => {});
});
afterAll(async () => {
  console.log(`life-cycle: ${held} steps held`);
  await account?.close();
});

/** `run` answers what held, in a line. */
function step(name: string, run: () => Promise<string>): void {
  // oxlint-disable-next-line vitest/valid-title -- one call for each title, below
  it(name, async () => {
    const began = performance.now();
    const what = await run();
    held += 1;
    console.log(`life-cycle ${held}: ${name} (${((performance.now() - began) / 1000).toFixed(0)} s): ${what}`);
  });
}

const COMPLETE = (status: string): Done => ({ status, notDeleted: [] });

/** Buckets and tables of the stack as it is. */
async function holders(): Promise<string[]> {
  const resources = [...(await account.resources()).values()];
  return resources
    .filter(({ type }) => ['AWS::S3::Bucket', 'AWS::DynamoDB::Table'].includes(type))
    .map(({ physicalId }) => physicalId);
}

/** How much there is in each place, and a word for what it is: a difference of thousands of keys tells nobody anything. */
const inShort = (contents: Record<string, readonly string[]>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(contents).map(([name, keys]) => [name, `${keys.length} ${hash('sha256', keys.join()).slice(0, 8)}`]),
  );

/** Puts something into every bucket and table, and more than a listing's page into one. */
async function fill(): Promise<void> {
  for (const [id, { type, physicalId }] of await account.resources()) {
    if (type === 'AWS::DynamoDB::Table') await account.putItem(physicalId, 'kept');
    if (type === 'AWS::S3::Bucket')
      await account.putObjects(physicalId, 'vod/kept/', /Media|Films/.test(id) ? MANY : 3);
  }
}

/**
 * Does something after which all that was in buckets and tables must be there as it was. More may be: what a function that was called
 * before adds when it comes to it.
 */
async function losesNothing(operation: () => Promise<Done>, wanted: Done): Promise<string> {
  const names = await holders();
  const kept = await account.contents(names);
  const done = await operation();
  const are = await account.contents(names);
  const still = Object.entries(kept).map(([name, keys]) => {
    const there = new Set(are[name]);
    return [name, keys.filter((key) => there.has(key))] as const;
  });
  expect(inShort(Object.fromEntries(still))).toEqual(inShort(kept));
  expect(done).toEqual(wanted);
  return `${done.status}, ${Object.values(kept).flat().length} objects and items in ${names.length} places as they were`;
}

/** What there is more than before the stack, as `kind: construct` where it was a resource of the stack. */
async function left(resources: ReadonlyMap<string, Resource> = new Map()): Promise<string[]> {
  const names = new Map([...resources].map(([id, { physicalId }]) => [physicalId, id.replace(/[0-9A-F]{8}$/, '')]));
  return [...(await account.inventory())]
    .filter((one) => !before.has(one))
    .map((one) => {
      const [kind, name = ''] = one.split(': ');
      // A secret's physical id is its ARN.
      const id = names.get(name) ?? [...names].find(([physicalId]) => physicalId.includes(name))?.[1];
      return `${kind}: ${id ?? name}`;
    });
}

async function removeByHand(names: readonly string[]): Promise<void> {
  const contents = await account.contents(names);
  for (const [name, keys] of Object.entries(contents)) {
    if (/[A-Z]/.test(name)) {
      await account.dynamo.send(new DeleteTableCommand({ TableName: name }));
      continue;
    }
    for (let at = 0; at < keys.length; at += 1000) {
      const Objects = keys.slice(at, at + 1000).map((key) => ({ Key: key.slice(0, key.lastIndexOf(' ')) }));
      await account.s3.send(new DeleteObjectsCommand({ Bucket: name, Delete: { Objects } }));
    }
    await account.s3.send(new DeleteBucketCommand({ Bucket: name }));
  }
}

/** Sessions by what lets them in: an index that tables which are there already are given by an update. */
const BY_RIGHT = withoutIndex('StorageSessions', 'byRight');
const right = { S: 'video:kept\neveryone' };

async function sessionsTable(): Promise<string> {
  const [, { physicalId }] = [...(await account.resources())].find(([id]) => /^StorageSessions[0-9A-F]{8}$/.test(id))!;
  return physicalId;
}

step('deploys, as a version before did', async () => {
  expect(await account.deploy(await account.app({}, BY_RIGHT))).toEqual(COMPLETE('CREATE_COMPLETE'));
  await fill();
  const Item = { who: { S: 'u:kept' }, place: { S: 'vod/kept/player' }, session: { S: 'kept' }, right };
  await account.dynamo.send(new PutItemCommand({ TableName: await sessionsTable(), Item }));
  return `${(await account.resources()).size} resources`;
});

step('changes options, and gives a table that holds data an index of it', async () => {
  const were = await account.resources();
  const app = await account.app(OPTIONS);
  const what = await losesNothing(() => account.deploy(app), COMPLETE('UPDATE_COMPLETE'));
  expect(await account.resources()).toEqual(were);
  const { Items = [] } = await account.dynamo.send(
    new QueryCommand({
      TableName: await sessionsTable(),
      IndexName: 'byRight',
      KeyConditionExpression: '#right = :right',
      ExpressionAttributeNames: { '#right': 'right' },
      ExpressionAttributeValues: { ':right': right },
    }),
  );
  expect(Items.map(({ session }) => session)).toEqual([{ S: 'kept' }]);
  return `${what}; no resource is another, and what was there is in the index`;
});

/** The resources that empty, a queue and the console's files. */
const IDLE = [
  renamed('StorageMediaEmptied', 'StorageMediaCleared'),
  renamed('StorageSourcesEmptied', 'StorageSourcesCleared'),
  renamed('StorageSiteEmptied', 'StorageSiteCleared'),
  renamed('CatalogRemovals', 'CatalogDeletions'),
  renamed('ConsoleFiles', 'ConsolePages'),
];

step('renames constructs that hold no data, those that empty buckets among them', async () => {
  const app = await account.app({}, ...IDLE);
  const what = await losesNothing(() => account.deploy(app), COMPLETE('UPDATE_COMPLETE'));
  const queues = (await left(await account.resources())).filter(
    (one) => one.startsWith('queue: Catalog') && !one.includes('Downloads'),
  );
  expect(queues.toSorted()).toEqual(['queue: CatalogDeadRemovals', 'queue: CatalogDeletions']);
  return what;
});

const MEDIA = renamed('StorageMedia', 'StorageFilms');

step('renames a bucket that holds data: CloudFormation cannot delete the old one and leaves it', async () => {
  const old = [...(await account.resources())].find(([id]) => /^StorageMedia[0-9A-F]{8}$/.test(id))!;
  const app = await account.app({}, ...IDLE, MEDIA);
  const what = await losesNothing(() => account.deploy(app), {
    status: 'UPDATE_COMPLETE',
    notDeleted: [`${old[0]}: The bucket you tried to delete is not empty: ${old[1].physicalId}`],
  });
  // As docs/deploy.md has it. On AWS the bucket is no longer the stack's; the engine tries again with each update.
  await removeByHand([old[1].physicalId]);
  await fill();
  return what;
});

step('destroy → retain', async () => {
  const app = await account.app({ removal: 'retain' }, renamed('StorageSiteEmptied', 'StorageSiteCleared'), MEDIA);
  const what = await losesNothing(() => account.deploy(app), COMPLETE('UPDATE_COMPLETE'));
  const emptied = [...(await account.resources())].filter(([, { type }]) => type === 'Custom::SluiceEmptied');
  expect(emptied.map(([id]) => id.slice(0, -8))).toEqual(['StorageSiteCleared']);
  return what;
});

/** Names of buckets and tables that an update left, and that are no longer the stack's. */
let orphans: string[] = [];
const VIDEOS = [renamed('StorageVideos', 'StorageFilmRecords'), renamed('StorageSources', 'StorageOriginals')];

step('renames a table and a bucket that hold data, with retain', async () => {
  const were = await holders();
  const app = await account.app({ removal: 'retain' }, MEDIA, ...VIDEOS);
  const what = await losesNothing(() => account.deploy(app), COMPLETE('UPDATE_COMPLETE'));
  const are = new Set(await holders());
  orphans = were.filter((name) => !are.has(name));
  expect(orphans).toHaveLength(2);
  await fill();
  return `${what}; left to the account: ${orphans.length}`;
});

step('retain → destroy fails on one resource, and goes back', async () => {
  const were = await account.resources();
  const app = await account.app({}, MEDIA, ...VIDEOS, failing);
  const what = await losesNothing(() => account.deploy(app), COMPLETE('UPDATE_ROLLBACK_COMPLETE'));
  expect(await account.resources()).toEqual(were);
  expect((await left()).filter((name) => name.includes('Planned'))).toEqual([]);
  return what;
});

step('retain → destroy', async () => {
  const app = await account.app({}, MEDIA, ...VIDEOS);
  return await losesNothing(() => account.deploy(app), COMPLETE('UPDATE_COMPLETE'));
});

step('is destroyed', async () => {
  const kept = await account.contents(orphans);
  const app = await account.app({}, MEDIA, ...VIDEOS);
  const began = Date.now();
  expect(await account.destroy(app)).toEqual(COMPLETE('DELETE_COMPLETE'));
  expect(inShort(await account.contents(orphans))).toEqual(inShort(kept));
  // What a function says that was called before and is late makes its log group anew, as on AWS.
  const late = new Set((await account.logGroupsSince(began)).map((name) => `log group: ${name}`));
  const rest = (await left()).filter((one) => !late.has(one));
  expect(rest.map((one) => one.split(': ')[1]).toSorted()).toEqual(orphans.toSorted());
  await removeByHand(orphans);
  return 'left over: what the renaming with retain had left, as it was';
});

step('a first deploy fails on one resource, and goes back to nothing', async () => {
  expect(await account.deploy(await account.app({}, failing))).toEqual(COMPLETE('ROLLBACK_COMPLETE'));
  expect(await left()).toEqual(['stack: sluice-local-vod']);
  return 'left over: nothing but the report of the stack, which the next deploy replaces';
});

step('is deployed again, with retain', async () => {
  expect(await account.deploy(await account.app({ removal: 'retain' }))).toEqual(COMPLETE('CREATE_COMPLETE'));
  await fill();
  return `${(await account.resources()).size} resources`;
});

step('is destroyed with retain', async () => {
  const resources = await account.resources();
  const app = await account.app({ removal: 'retain' });
  const stays = (await holders()).filter(
    (name) => !/storagesite|Uploads|Fleet|Sessions|RevocationRecords|PresenceRows/.test(name),
  );
  const kept = await account.contents(stays);
  expect(await account.destroy(app)).toEqual(COMPLETE('DELETE_COMPLETE'));
  expect(inShort(await account.contents(stays))).toEqual(inShort(kept));
  const found = await left(resources);
  expect(found.toSorted()).toEqual(namedInDocs(resources).toSorted());
  const count = (kind: string) => found.filter((one) => one.startsWith(`${kind}: `)).length;
  return `left over: ${['bucket', 'table', 'user pool', 'secret', 'log group'].map((kind) => `${count(kind)} × ${kind}`).join(', ')}; docs/deploy.md names each`;
});

/** The table under "Take it down": `| bucket | `StorageSources`, … |`; of log groups it gives the number. */
function namedInDocs(resources: ReadonlyMap<string, Resource>): string[] {
  const text = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8');
  const section = /## Take it down\n([^]*?)\n## /.exec(text)![1]!;
  const rows = [...section.matchAll(/^\| (bucket|table|user pool|secret) \| (.*) \|$/gm)];
  const logs = [...resources].filter(([, { type }]) => type === 'AWS::Logs::LogGroup').map(([id]) => id.slice(0, -8));
  expect(section).toMatch(new RegExp(`^\\| log group \\| .*\\b${logs.length}\\b`, 'm'));
  return [
    ...rows.flatMap(([, kind, names]) => [...names!.matchAll(/`(\w+)`/g)].map((match) => `${kind}: ${match[1]}`)),
    ...logs.map((id) => `log group: ${id}`),
  ];
}
