/** A ladder that waits for its first viewer, on a real engine: whatever the source, however often a run breaks. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { CreateStateMachineCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { Parser } from 'm3u8-parser';
import { parse } from 'mpd-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newVideoId } from '../../../lambdas/upload/draft.ts';
import { chunkResultKey, revisionPrefix, sourceKey, workPrefix } from '../../../lib/contract/keys.ts';
import type { Chunk } from '../../../lib/contract/plan.ts';
import type { AssembleTask, ProbeResult, SlicingOptions } from '../../../lib/contract/slicing.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { aRecord } from '../catalog/record.ts';
import { startHandlerEngine } from '../engine.ts';
import { openPlaylist } from './decrypt.ts';
import { ffmpeg, H264, picture, tone, workFolder } from './media.ts';
import { OPTIONS } from './options.ts';

let close = async () => {};
let remove = async () => {};
let folder: string;
let clients: typeof import('../../../lambdas/shared/clients.ts');
let videos: typeof import('../../../lambdas/shared/videos.ts');
let budget: typeof import('../../../lambdas/slicing/budget.ts');
let askForLadder: typeof import('../../../lambdas/shared/slicing-run.ts').askForLadder;
type Handler = (input: unknown, context: { getRemainingTimeInMillis: () => number }) => Promise<unknown>;
const handlers: Record<string, Handler> = {};

beforeAll(async () => {
  close = await startHandlerEngine({
    SLICING_PLACES: '200',
    SLICING_TASKS: '500',
    PRESET: 'ultrafast',
    SLICING_OPTIONS: '{}',
  });
  const { stateMachineArn } = await new SFNClient({}).send(
    new CreateStateMachineCommand({
      name: `ladders-${process.pid}`,
      roleArn: 'arn:aws:iam::000000000000:role/states',
      definition: JSON.stringify({ StartAt: 'Done', States: { Done: { Type: 'Succeed' } } }),
    }),
  );
  process.env['STATE_MACHINE_ARN'] = stateMachineArn;
  ({ folder, remove } = await workFolder());
  clients = await import('../../../lambdas/shared/clients.ts');
  videos = await import('../../../lambdas/shared/videos.ts');
  budget = await import('../../../lambdas/slicing/budget.ts');
  ({ askForLadder } = await import('../../../lambdas/shared/slicing-run.ts'));
  handlers['probe'] = (await import('../../../lambdas/slicing/probe.ts')).handler;
  handlers['copy'] = (await import('../../../lambdas/slicing/copy-group.ts')).handler;
  handlers['encode'] = (await import('../../../lambdas/slicing/encode.ts')).handler;
  handlers['assemble'] = (await import('../../../lambdas/slicing/assemble.ts')).handler;
  handlers['fail'] = (await import('../../../lambdas/slicing/fail.ts')).handler;
}, 600_000);
afterAll(async () => {
  await close();
  await remove();
});

const call = (step: string, input: unknown) => handlers[step]!(input, { getRemainingTimeInMillis: () => 300_000 });
const eventOf = (id: string) => ({
  detail: { bucket: { name: process.env['SOURCE_BUCKET'] }, object: { key: sourceKey(id) } },
});
const Bucket = () => process.env['MEDIA_BUCKET']!;
const recordOf = async (id: string): Promise<VideoRecord> => (await videos.readVideo(id))!;
const names = (of: readonly { readonly name: string }[] = []) => of.map(({ name }) => name);

async function objects(prefix: string): Promise<Map<string, string>> {
  const { Contents = [] } = await clients.s3.send(new ListObjectsV2Command({ Bucket: Bucket(), Prefix: prefix }));
  return new Map(Contents.map(({ Key, ETag }) => [Key!.slice(prefix.length), ETag!]));
}

async function textOf(id: string, path: string): Promise<string> {
  const Key = `${revisionPrefix(id, 1)}${path}`;
  const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: Bucket(), Key }));
  return Body!.transformToString();
}

function planned(result: unknown): AssembleTask {
  const found = result as ProbeResult;
  if (found.outcome !== 'planned') throw new Error(JSON.stringify(found));
  return { plan: found.plan, chunks: found.chunks };
}

const perform = ({ plan }: AssembleTask, chunk: Chunk) => call(chunk.copy ? 'copy' : 'encode', { plan, chunk });

/** Does all of a run, and answers the record after it. */
async function complete(run: AssembleTask): Promise<VideoRecord> {
  for (const chunk of run.chunks) await perform(run, chunk);
  expect(await call('assemble', run)).toEqual({ outcome: 'ready', videoId: run.plan.videoId });
  return recordOf(run.plan.videoId);
}

async function uploaded(file: string, options: Partial<SlicingOptions>): Promise<AssembleTask> {
  process.env['SLICING_OPTIONS'] = JSON.stringify({
    ...OPTIONS,
    chunkSeconds: 10,
    ladderWhen: 'first-play',
    ...options,
  });
  const record = aRecord({ id: newVideoId(), status: 'uploading', progress: 0 });
  await clients.dynamo.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record }));
  const Body = await readFile(join(folder, file));
  await clients.s3.send(
    new PutObjectCommand({ Bucket: process.env['SOURCE_BUCKET'], Key: sourceKey(record.id), Body }),
  );
  return planned(await call('probe', { execution: record.id, event: eventOf(record.id) }));
}

/** The run that was asked for. */
async function asked({ id, slicing }: VideoRecord): Promise<AssembleTask> {
  return planned(await call('probe', { execution: slicing!.execution, event: { ...eventOf(id), ladder: true } }));
}

async function executions(id: string): Promise<string[]> {
  const stateMachineArn = process.env['STATE_MACHINE_ARN']!;
  const found = await new SFNClient({}).send(new ListExecutionsCommand({ stateMachineArn }));
  return (found.executions ?? [])
    .map(({ name }) => name!)
    .filter((name) => name.startsWith(id))
    .toSorted();
}

/** Segments of each rung, as somebody else reads the HLS and the DASH manifest. */
async function rungs(id: string, of: readonly string[]) {
  const hls = [];
  for (const name of of) {
    const parser = new Parser();
    parser.push(await textOf(id, `video/${name}.m3u8`));
    parser.end();
    expect(parser.manifest.endList).toBe(true);
    hls.push(parser.manifest.segments.map(({ duration }: { duration: number }) => duration.toFixed(4)));
  }
  const { playlists } = parse(await textOf(id, 'manifest.mpd'), { manifestUri: 'https://video.example/m.mpd' });
  const dash = playlists.map(({ segments }) => segments.map(({ duration }) => duration.toFixed(4)));
  return { hls, dash, ids: playlists.map(({ attributes }) => attributes['NAME'] ?? attributes['id']) };
}

const PICTURE = [...H264, '-g', '60', '-sc_threshold', '0', '-c:a', 'aac'];
/** Of each kind of source: how it is made, and which rungs it has at once and later. */
const kinds = [
  ['chunks', 'film.mp4', [...picture(30, '640x360'), ...tone(30), ...PICTURE], {}, ['360p'], ['234p']],
  [
    'a copy',
    'large.mp4',
    [...picture(30, '960x540'), ...tone(30), ...PICTURE],
    { copyMaxMbps: 16, ladder: [540, 360, 234] },
    ['540p', '360p'],
    ['234p'],
  ],
  // Its sound begins before the picture, and ends after it.
  [
    'what is read whole',
    'film.mkv',
    [...picture(9, '640x360'), '-itsoffset', '-0.5', ...tone(10), ...PICTURE],
    {},
    ['360p'],
    ['234p'],
  ],
  [
    'what is remuxed',
    'long.ts',
    [...picture(310, '640x360', '5'), ...tone(310), ...H264, '-g', '20', '-c:a', 'aac'],
    { chunkSeconds: 120 },
    ['360p'],
    ['234p'],
  ],
] as const satisfies readonly (readonly [string, string, string[], Partial<SlicingOptions>, string[], string[]])[];

describe.each(kinds)('of %s', (kind, file, args, options, now, later) => {
  it('a low rung is made at once, and the rest once somebody plays it', { timeout: 300_000 }, async () => {
    await ffmpeg(...args, join(folder, file));
    const first = await uploaded(file, { ladder: [360, 234], ...options });
    expect(first.plan.timescale === null).toBe(kind === 'what is read whole');
    expect(first.plan.remuxed !== undefined).toBe(kind === 'what is remuxed');
    const before = await complete(first);
    const { id } = before;
    expect(before).toMatchObject({ status: 'ready', hasPoster: true, hasStoryboard: true });
    expect(names(before.renditions)).toEqual([...now, 'main']);
    expect(names(before.later)).toEqual(later);
    expect((await objects(workPrefix(id))).size).toBe(0);
    const there = await objects(revisionPrefix(id, 1));
    const month = await budget.spentIn(budget.monthOf(new Date()));

    // A run that died at its very end left this; it is no part of the next.
    const left = {
      Bucket: Bucket(),
      Key: chunkResultKey(id, 1, 0),
      Body: JSON.stringify({ index: 0, renditions: [] }),
    };
    await clients.s3.send(new PutObjectCommand(left));

    // Two viewers at once ask once; what they are told is what there is.
    const viewers = await Promise.all([askForLadder(before), askForLadder(before)]);
    expect(viewers.map(({ ladder }) => ladder?.state)).toEqual(['making', 'making']);
    expect(await executions(id)).toEqual([`${id}-ladder-1-1`]);
    const making = await recordOf(id);
    expect(making).toMatchObject({ status: 'ready', ladder: { state: 'making', tries: 1 } });
    const run = await asked(making);
    expect(run.chunks.map(({ only }) => only)).toEqual(run.chunks.map(() => later.map((name) => `video/${name}`)));
    const shown = (await recordOf(id)).cost!;
    expect(shown).toMatchObject({ actual: before.cost!.actual });
    expect(shown.estimate).toBeCloseTo(before.cost!.estimate + run.plan.cost!.estimate, 5);

    const after = await complete(run);
    expect(after).toMatchObject({ status: 'ready', revision: 1, progress: 100, timeline: before.timeline });
    expect([after.later, after.ladder, after.ladderPlan]).toEqual([undefined, undefined, undefined]);
    const all = first.plan.video.map(({ name }) => name);
    expect(names(after.renditions)).toEqual([...all, 'main']);
    // What was there is untouched but for the list of all, and the new rung is cut where the others are.
    const written = await objects(revisionPrefix(id, 1));
    for (const [name, etag] of there)
      if (name !== 'manifest.mpd') expect([name, written.get(name)]).toEqual([name, etag]);
    const { hls, dash, ids } = await rungs(id, all);
    expect(ids).toEqual(all.map((name) => `video/${name}`));
    expect(hls).toEqual(all.map(() => hls[0]));
    expect(dash).toEqual(hls);
    expect((await objects(workPrefix(id))).size).toBe(0);
    // Each run's price is in the month once.
    expect(after.cost!.estimate).toBeCloseTo(shown.estimate, 6);
    expect(after.cost!.actual).toBeGreaterThan(before.cost!.actual!);
    expect(await budget.spentIn(budget.monthOf(new Date()))).toBeCloseTo(
      month + (after.cost!.actual! - before.cost!.actual!) * 1e6,
      -1,
    );
    await askForLadder(after);
    expect(await executions(id)).toHaveLength(1);
    await clients.s3.send(new PutObjectCommand(left));
    expect(await call('assemble', run)).toEqual({ outcome: 'ready', videoId: id });
    expect((await objects(workPrefix(id))).size).toBe(0);
  });
});

it(
  'rungs that come later are encrypted as those that are there, whatever the options say by then',
  {
    timeout: 300_000,
  },
  async () => {
    await ffmpeg(...picture(30, '640x360'), ...tone(30), ...PICTURE, join(folder, 'film.mp4'));
    const first = await uploaded('film.mp4', { ladder: [360, 234], encryption: 'aes-128', keySegments: 4 });
    const before = await complete(first);
    const { id } = before;
    const keysOf = async () =>
      [...(await objects(revisionPrefix(id, 1)))].filter(([path]) => path.endsWith('.key')).toSorted();
    const keys = await keysOf();
    const named = (paths: readonly string[]) =>
      paths.flatMap((path) => [1, 2, 3, 4].map((number) => `${path}/0000${number}.key`));
    expect(keys.map(([path]) => path)).toEqual(named(['audio/main', 'video/360p']));
    const now = { ...JSON.parse(process.env['SLICING_OPTIONS']!), encryption: 'none', keySegments: 9 };
    process.env['SLICING_OPTIONS'] = JSON.stringify(now);
    await askForLadder(before);
    const after = await complete(await asked(await recordOf(id)));
    expect(names(after.renditions)).toEqual(['360p', '234p', 'main']);
    expect(after).toMatchObject({ encryption: 'aes-128', keySegments: 4 });
    const all = await keysOf();
    expect(all.map(([path]) => path)).toEqual(named(['audio/main', 'video/234p', 'video/360p']));
    expect(all.filter(([path]) => !path.includes('234p'))).toEqual(keys);
    const opened = await Promise.all(
      ['360p', '234p'].map(async (name) =>
        openPlaylist(await textOf(id, `video/${name}.m3u8`), async (address) => {
          const Key = `${revisionPrefix(id, 1)}video/${address}`;
          const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: Bucket(), Key }));
          return Buffer.from(await Body!.transformToByteArray());
        }),
      ),
    );
    for (const { segments, keys: used } of opened) {
      expect([segments.size, used.length]).toEqual([15, 4]);
      for (const bytes of segments.values()) expect(bytes.subarray(4, 8).toString()).toBe('styp');
    }
  },
);

describe('a run that breaks', () => {
  it('is tried again some time later, goes on with what there is, and the video plays all the while', async () => {
    await ffmpeg(...picture(30, '640x360'), ...tone(30), ...PICTURE, join(folder, 'film.mp4'));
    const before = await complete(await uploaded('film.mp4', { ladder: [360, 234] }));
    const { id } = before;
    await askForLadder(before);
    const run = await asked(await recordOf(id));
    expect(run.chunks.length).toBeGreaterThan(1);
    await perform(run, run.chunks[0]!);
    const Key = chunkResultKey(id, 1, 0);
    const made = (await clients.s3.send(new HeadObjectCommand({ Bucket: Bucket(), Key }))).ETag;
    const broken = { execution: run.plan.execution, event: eventOf(id), error: { Error: 'Error', Cause: 'no' } };
    for (const chunk of [run.chunks[1], undefined])
      expect(await call('fail', { ...broken, ...(chunk && { chunk }) })).toEqual({ outcome: 'kept' });
    const failed = await recordOf(id);
    expect(failed).toMatchObject({ status: 'ready', failure: null, ladder: { state: 'failed', tries: 1 } });
    expect(failed.cost).toEqual(before.cost);
    expect(names(failed.renditions)).toEqual(['360p', 'main']);

    // Nobody's asking makes a run before its time, however many ask.
    await Promise.all(Array.from({ length: 5 }, () => askForLadder(failed)));
    expect(await executions(id)).toHaveLength(1);
    const due = await videos.changeVideo(id, { set: { ladder: { ...failed.ladder!, next: 1 } } });
    await Promise.all(Array.from({ length: 5 }, () => askForLadder(due!)));
    expect(await executions(id)).toEqual([`${id}-ladder-1-1`, `${id}-ladder-1-2`]);
    // The first one's late words change nothing.
    await call('fail', broken);
    const again = await recordOf(id);
    expect(again.ladder).toMatchObject({ state: 'making', tries: 2 });

    const second = await asked(again);
    await perform(second, second.chunks[0]!);
    expect((await clients.s3.send(new HeadObjectCommand({ Bucket: Bucket(), Key }))).ETag).toBe(made);
    const after = await complete(second);
    expect(names(after.renditions)).toEqual(['360p', '234p', 'main']);
    expect(after.ladder).toBeUndefined();
  });

  it('because the source would be cut elsewhere today, or no task be done in time, says so in the record, too', async () => {
    const before = await complete(await uploaded('film.mp4', { ladder: [360, 234] }));
    await askForLadder(before);
    process.env['SLICING_OPTIONS'] = JSON.stringify({ ...OPTIONS, copyMaxMbps: 16, ladder: [360, 234] });
    const { execution } = (await recordOf(before.id)).slicing!;
    const event = { ...eventOf(before.id), ladder: true };
    expect(await call('probe', { execution, event })).toMatchObject({ outcome: 'ignored' });
    expect(await recordOf(before.id)).toMatchObject({
      status: 'ready',
      ladder: { state: 'failed', tries: 1, reason: expect.stringContaining('it would be cut elsewhere today') },
    });

    // A picture that takes longer than there is for it, which trying again does not change.
    const { ladder, ladderPlan } = await recordOf(before.id);
    const plan = JSON.parse(ladderPlan!);
    Object.assign(plan.source.info.video, { width: 7680, height: 4320 });
    const large = { ladder: { ...ladder!, next: 1 }, ladderPlan: JSON.stringify(plan) };
    await askForLadder((await videos.changeVideo(before.id, { set: large }))!);
    const again = (await recordOf(before.id)).slicing!.execution;
    const costs = process.env['SLICING_COST']!;
    process.env['SLICING_COST'] = JSON.stringify({ ...JSON.parse(costs), timeoutSeconds: 1 });
    process.env['SLICING_OPTIONS'] = JSON.stringify({ ...OPTIONS, chunkSeconds: 10, ladder: [360, 234] });
    const result = call('probe', { execution: again, event }).finally(() => (process.env['SLICING_COST'] = costs));
    expect(await result).toMatchObject({ outcome: 'ignored' });
    expect(await recordOf(before.id)).toMatchObject({
      status: 'ready',
      ladder: { state: 'failed', tries: 2, final: true, reason: expect.stringContaining('slicing.timeoutSeconds') },
    });
  });

  it('because the video would cost more than one may with it, says both numbers, and is not asked for again', async () => {
    const { id, cost } = await complete(await uploaded('film.mp4', { ladder: [360, 234] }));
    const before = (await videos.changeVideo(id, { set: { cost: { ...cost!, actual: 12 } } }))!;
    await askForLadder(before);
    const costs = process.env['SLICING_COST']!;
    // Enough for either run alone.
    process.env['SLICING_COST'] = JSON.stringify({ ...JSON.parse(costs), maxDollarsPerVideo: 12 });
    const { execution } = (await recordOf(before.id)).slicing!;
    const event = { ...eventOf(before.id), ladder: true };
    const result = await call('probe', { execution, event }).finally(() => (process.env['SLICING_COST'] = costs));
    expect(result).toMatchObject({ outcome: 'ignored' });
    const refused = await recordOf(before.id);
    expect(refused).toMatchObject({ status: 'ready', cost: before.cost, ladder: { state: 'failed', final: true } });
    expect(refused.ladder!.reason).toContain('after $12.00 for what there is, and one video may cost $12.00 here');
    // Whatever time it is.
    const due = await videos.changeVideo(before.id, { set: { ladder: { ...refused.ladder!, next: 1 } } });
    await askForLadder(due!);
    expect(await executions(before.id)).toHaveLength(1);
  });
});
