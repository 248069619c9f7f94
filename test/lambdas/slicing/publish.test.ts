/** The steps of a run on a real engine: what is playable when, whatever order tasks end in, die in, or come twice in. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { CreateStateMachineCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { Parser } from 'm3u8-parser';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newVideoId } from '../../../lambdas/upload/draft.ts';
import { chunkResultKey, revisionPrefix, sourceKey } from '../../../lib/contract/keys.ts';
import type { AssembleTask, Chunk, ProbeResult } from '../../../lib/contract/slicing.ts';
import { startHandlerEngine } from '../engine.ts';
import { aRecord } from '../catalog/record.ts';
import { asLarge, ffmpeg, H264, picture, tone, workFolder } from './media.ts';
import { OPTIONS } from './options.ts';

/** Of the next run: whether its source is taken for a large one, and whether probe does the first task, too. */
const next = { isLarge: true, begins: false };

vi.mock(import('../../../lambdas/slicing/tasks.ts'), async (original) => {
  const real = await original();
  const layTasks: typeof real.layTasks = (plan, table, when) =>
    real.layTasks(plan, next.isLarge ? asLarge(table) : table, when);
  return { ...real, layTasks };
});
vi.mock(import('../../../lambdas/slicing/begin.ts'), async (original) => {
  const real = await original();
  return { begin: async (run, table) => (next.begins ? real.begin(run, table) : undefined) };
});

let close = async () => {};
let remove = async () => {};
let film: Buffer;
let clients: typeof import('../../../lambdas/shared/clients.ts');
let videos: typeof import('../../../lambdas/shared/videos.ts');
type Handler = (input: unknown, context: { getRemainingTimeInMillis: () => number }) => Promise<unknown>;
const handlers: Record<string, Handler> = {};

/** Fifteen segments of two seconds. */
const SECONDS = 30;

beforeAll(async () => {
  close = await startHandlerEngine({
    SLICING_OPTIONS: JSON.stringify({ ...OPTIONS, copyMaxMbps: 16, chunkSeconds: 10, ladder: [360, 234] }),
    SLICING_PLACES: '200',
    PRESET: 'ultrafast',
  });
  const { stateMachineArn } = await new SFNClient({}).send(
    new CreateStateMachineCommand({
      name: `ladders-${process.pid}`,
      roleArn: 'arn:aws:iam::000000000000:role/states',
      definition: JSON.stringify({ StartAt: 'Done', States: { Done: { Type: 'Succeed' } } }),
    }),
  );
  process.env['STATE_MACHINE_ARN'] = stateMachineArn;
  const files = await workFolder();
  ({ remove } = files);
  const path = join(files.folder, 'film.mp4');
  const gop = ['-g', '60', '-sc_threshold', '0'];
  await ffmpeg(...picture(SECONDS, '640x360'), ...tone(SECONDS), ...H264, ...gop, '-c:a', 'aac', path);
  film = await readFile(path);
  clients = await import('../../../lambdas/shared/clients.ts');
  videos = await import('../../../lambdas/shared/videos.ts');
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

const context = { getRemainingTimeInMillis: () => 300_000 };
const call = (step: string, input: unknown) => handlers[step]!(input, context);

const eventOf = (key: string) => ({ detail: { bucket: { name: process.env['SOURCE_BUCKET'] }, object: { key } } });

/** Uploads the film; answers its run, planned. */
async function planned({ isLarge = true, begins = false } = {}): Promise<AssembleTask> {
  Object.assign(next, { isLarge, begins });
  const record = aRecord({ id: newVideoId(), status: 'uploading', progress: 0 });
  await clients.dynamo.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record }));
  const key = sourceKey(record.id);
  await clients.s3.send(new PutObjectCommand({ Bucket: process.env['SOURCE_BUCKET'], Key: key, Body: film }));
  const result = (await call('probe', { execution: record.id, event: eventOf(key) })) as ProbeResult;
  if (result.outcome !== 'planned') throw new Error(result.outcome);
  const { plan, chunks } = result;
  return { plan, chunks };
}

const perform = ({ plan }: AssembleTask, chunk: Chunk) => call(chunk.copy ? 'copy' : 'encode', { plan, chunk });
const status = async ({ plan }: AssembleTask) => (await videos.readVideo(plan.videoId))!;

/** A media playlist as somebody else reads it; undefined when there is none. */
async function playlist({ plan }: AssembleTask, path: string) {
  const Key = `${revisionPrefix(plan.videoId, 1)}${path}.m3u8`;
  const found = await clients.s3
    .send(new GetObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key }))
    .catch(() => undefined);
  if (found === undefined) return undefined;
  const text = await found.Body!.transformToString();
  const parser = new Parser();
  parser.push(text);
  parser.end();
  const { segments, endList, playlistType, targetDuration } = parser.manifest;
  const length = segments.reduce((sum: number, { duration }: { duration: number }) => sum + duration, 0);
  return {
    count: segments.length,
    ended: endList === true,
    type: playlistType,
    targetDuration,
    start: text.includes('#EXT-X-START:TIME-OFFSET=0.001,PRECISE=YES'),
    seconds: Math.round(length * 10) / 10,
    cache: found.CacheControl,
  };
}
const objects = async ({ plan }: AssembleTask, prefix = revisionPrefix(plan.videoId, 1)) => {
  const { Contents = [] } = await clients.s3.send(
    new ListObjectsV2Command({ Bucket: process.env['MEDIA_BUCKET'], Prefix: prefix }),
  );
  return new Map(Contents.map(({ Key, ETag }) => [Key!.slice(prefix.length), ETag!]));
};

/** What is listed is there. */
async function complete(run: AssembleTask): Promise<void> {
  const there = await objects(run);
  for (const { kind, name } of (await status(run)).renditions) {
    const Key = `${revisionPrefix(run.plan.videoId, 1)}${kind}/${name}.m3u8`;
    const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key }));
    const files = [...(await Body!.transformToString()).matchAll(/^(?:#EXT-X-MAP:URI=")?([^#\s]+)\?/gm)];
    expect(files.length).toBeGreaterThan(1);
    for (const [, file] of files) expect([...there.keys()]).toContain(`${kind}/${file}`);
  }
}

describe('a source that is copied', () => {
  it('is playable after its first group, grows, and is whole before the ladder is begun', async () => {
    const run = await planned();
    const groups = run.chunks.filter(({ copy }) => copy);
    expect(groups.map(({ segments }) => segments)).toEqual([3, 6, 6]);
    const rungs = run.chunks.filter(({ copy }) => !copy);
    expect(rungs.map(({ only }) => only)).toEqual(rungs.map(() => ['video/234p']));

    await perform(run, groups[0]!);
    expect(await status(run)).toMatchObject({
      status: 'playable',
      revision: 1,
      renditions: [
        { kind: 'video', name: '360p', width: 640 },
        { kind: 'audio', name: 'main' },
      ],
    });
    for (const path of ['video/360p', 'audio/main'])
      expect(await playlist(run, path)).toMatchObject({
        count: 3,
        ended: false,
        type: 'EVENT',
        start: true,
        targetDuration: 2,
        cache: 'public, max-age=2',
      });
    await complete(run);

    // The last group before the one in the middle: nothing is listed that has a hole before it.
    await perform(run, groups[2]!);
    for (const path of ['video/360p', 'audio/main']) expect(await playlist(run, path)).toMatchObject({ count: 3 });
    await perform(run, groups[1]!);
    for (const path of ['video/360p', 'audio/main'])
      expect(await playlist(run, path)).toMatchObject({
        count: 15,
        ended: true,
        type: 'EVENT',
        cache: 'public, max-age=31536000, immutable',
      });
    expect((await playlist(run, 'video/360p'))!.seconds).toBe(SECONDS);
    expect(await status(run)).toMatchObject({ status: 'playable' });

    for (const chunk of rungs.toReversed()) await perform(run, chunk);
    expect(await status(run)).toMatchObject({
      status: 'ready',
      progress: 100,
      hasPoster: true,
      renditions: [{ name: '360p' }, { name: '234p' }, { name: 'main' }],
      timeline: expect.arrayContaining([
        expect.objectContaining({ status: 'playable' }),
        expect.objectContaining({ status: 'ready' }),
      ]),
    });
    expect(await playlist(run, 'video/234p')).toMatchObject({ count: 15, ended: true, type: 'VOD', targetDuration: 2 });
    await complete(run);
    // The supervisor finds it done, and nothing between the steps is left.
    expect(await call('assemble', run)).toEqual({ outcome: 'ready', videoId: run.plan.videoId });
    expect((await objects(run, `work/${run.plan.videoId}/`)).size).toBe(0);
  });

  it('that is small has finished playlists at once, and none before', async () => {
    const run = await planned({ isLarge: false });
    const groups = run.chunks.filter(({ copy }) => copy);
    expect(groups.map(({ segments }) => segments)).toEqual([15]);
    expect(await status(run)).toMatchObject({ status: 'probed', renditions: [] });
    expect(await playlist(run, 'video/360p')).toBeUndefined();
    await perform(run, groups[0]!);
    expect(await status(run)).toMatchObject({ status: 'playable' });
    for (const path of ['video/360p', 'audio/main'])
      expect(await playlist(run, path)).toMatchObject({ count: 15, ended: true, type: 'VOD', start: false });
    await complete(run);
  });

  it.each([
    ['large', true, { count: 3, ended: false, type: 'EVENT' }],
    ['small', false, { count: 15, ended: true, type: 'VOD' }],
  ])('that is %s is playable once it is probed', async (_, isLarge, listed) => {
    const run = await planned({ isLarge, begins: true });
    expect(await status(run)).toMatchObject({ status: 'playable', renditions: [{ name: '360p' }, { name: 'main' }] });
    for (const path of ['video/360p', 'audio/main']) expect(await playlist(run, path)).toMatchObject(listed);
    await complete(run);
    // The task itself finds it done.
    for (const chunk of run.chunks) await perform(run, chunk);
    expect(await status(run)).toMatchObject({ status: 'ready', progress: 100 });
    for (const path of ['video/360p', 'audio/main', 'video/234p'])
      expect(await playlist(run, path)).toMatchObject({ count: 15, ended: true });
    await complete(run);
  });

  it('whose beginning cannot be copied by probe has it copied by its task', async () => {
    const { s3 } = clients;
    s3.middlewareStack.add(
      (following) => async (args) => {
        if ((args.input as { Key?: string }).Key?.endsWith('00002.m4s')) throw new Error('broken');
        return following(args);
      },
      { step: 'initialize', name: 'breaker' },
    );
    const run = await planned({ begins: true }).finally(() => s3.middlewareStack.remove('breaker'));
    expect(await status(run)).toMatchObject({ status: 'probed', renditions: [] });
    for (const chunk of run.chunks) await perform(run, chunk);
    expect(await status(run)).toMatchObject({ status: 'ready' });
    await complete(run);
  });

  it('all tasks at once, each of them twice, make one video', async () => {
    const run = await planned();
    await Promise.all([...run.chunks, ...run.chunks].map((chunk) => perform(run, chunk)));
    await call('assemble', run);
    const record = await status(run);
    expect(record.status).toBe('ready');
    expect(record.renditions.map(({ name }) => name)).toEqual(['360p', '234p', 'main']);
    expect(record.timeline.map((one) => one.status)).toEqual(['uploading', 'uploaded', 'probed', 'playable', 'ready']);
    for (const path of ['video/360p', 'audio/main', 'video/234p'])
      expect(await playlist(run, path)).toMatchObject({ count: 15, ended: true });
    await complete(run);
  });

  it('a task that is done again after the end takes nothing away', async () => {
    const run = await planned();
    for (const chunk of run.chunks) await perform(run, chunk);
    const before = await objects(run);
    for (const chunk of [run.chunks[0]!, run.chunks.at(-1)!]) {
      // Its table is gone with the rest of the work: it breaks, as a function that was thought lost may.
      await perform(run, chunk).catch(() => undefined);
    }
    expect(await objects(run)).toEqual(before);
    expect(await status(run)).toMatchObject({ status: 'ready' });
  });
});

describe('a task that is killed', () => {
  /** Kills it at the first call of S3 that `at` picks: nothing after that reaches the engine. */
  async function killed(run: AssembleTask, chunk: Chunk, at: (command: string, key: string) => boolean): Promise<void> {
    const { s3, dynamo } = clients;
    let isDead = false;
    const name = 'killer';
    const look = (command: string | undefined, input: object): void => {
      isDead ||= at(command ?? '', (input as { Key?: string }).Key?.toString() ?? '');
      if (isDead) throw new Error('killed');
    };
    const how = { step: 'initialize', name } as const;
    s3.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => (look(commandName, args.input), next(args)),
      how,
    );
    dynamo.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => (look(commandName, args.input), next(args)),
      how,
    );
    try {
      await expect(perform(run, chunk)).rejects.toThrow('killed');
    } finally {
      for (const client of [s3, dynamo]) client.middlewareStack.remove(name);
    }
  }

  const moments: [when: string, at: (command: string, key: string) => boolean][] = [
    ['at a segment in the middle', (command, key) => command === 'PutObjectCommand' && key.endsWith('00002.m4s')],
    ['before its result is stored', (command, key) => command === 'PutObjectCommand' && key.includes('chunk-')],
    ['before it is counted', (command) => command.includes('Update')],
    ['before the playlists are written', (command, key) => command === 'PutObjectCommand' && key.endsWith('.m3u8')],
    ['between two playlists', (command, key) => command === 'PutObjectCommand' && key.endsWith('main.m3u8')],
  ];
  it.each(moments)('%s is put right by a retry', async (_, at) => {
    const run = await planned();
    const [first, ...others] = run.chunks;
    let counts = 0;
    // The first write of the record only looks whether the run is still wanted.
    await killed(run, first!, (command, key) => at(command, key) && (!command.includes('Update') || ++counts > 1));
    await perform(run, first!);
    expect(await status(run)).toMatchObject({ status: 'playable' });
    for (const path of ['video/360p', 'audio/main']) expect(await playlist(run, path)).toMatchObject({ count: 3 });
    for (const chunk of others) await perform(run, chunk);
    expect(await status(run)).toMatchObject({ status: 'ready' });
    await complete(run);
  });

  it('after its work goes on from there: the source is not read again', async () => {
    const run = await planned();
    await killed(run, run.chunks[0]!, (command, key) => command === 'PutObjectCommand' && key.endsWith('.m3u8'));
    const key = chunkResultKey(run.plan.videoId, 1, 0);
    const before = (await objects(run, key)).get('');
    let reads = 0;
    clients.s3.middlewareStack.add(
      (next) => async (args) => {
        const { Bucket } = args.input as { Bucket?: string };
        if (Bucket === process.env['SOURCE_BUCKET']) reads += 1;
        return await next(args);
      },
      { step: 'initialize', name: 'counter' },
    );
    await perform(run, run.chunks[0]!);
    clients.s3.middlewareStack.remove('counter');
    expect(reads).toBe(0);
    expect((await objects(run, key)).get('')).toBe(before);
    expect(await status(run)).toMatchObject({ status: 'playable' });
  });
});

describe('a task that always fails', () => {
  it.each(['probed', 'playable'] as const)('fails a video that is %s, and says of which stretch', async (at) => {
    const run = await planned();
    if (at === 'playable') await perform(run, run.chunks[0]!);
    const chunk = run.chunks.findLast(({ copy }) => copy)!;
    const { source, execution } = run.plan;
    await call('fail', { execution, event: eventOf(source.key), error: { Error: 'TypeError' }, chunk });
    const record = await status(run);
    expect(record).toMatchObject({ status: 'failed', failure: { code: 'internal' } });
    expect(record.failure!.reason).toContain('while preparing the video from 0:18 to 0:30;');
    expect((await objects(run)).size).toBe(0);
    // What its other tasks still write goes, too.
    await perform(run, run.chunks[1]!);
    expect((await objects(run)).size).toBe(0);
  });
});

describe('the call that completes an upload and the event of the bucket', () => {
  it('make one revision, whichever comes first', async () => {
    const run = await planned();
    const event = eventOf(run.plan.source.key);
    expect(await call('probe', { execution: 'of-the-event', event })).toMatchObject({ outcome: 'duplicate' });
    expect((await status(run)).slicing).toEqual({ execution: run.plan.videoId, revision: 1 });
  });
});

describe('a source that is encoded', () => {
  it('is playable by a low rung of its beginning; the ladder joins when it has caught up', async () => {
    const options = process.env['SLICING_OPTIONS']!;
    process.env['SLICING_OPTIONS'] = JSON.stringify({
      ...JSON.parse(options),
      copyMaxMbps: 0,
      ladder: [540, 360, 234],
    });
    const run = await planned().finally(() => (process.env['SLICING_OPTIONS'] = options));
    const low = run.chunks.filter(({ only }) => only?.join() === 'video/360p,audio/main');
    const rest = run.chunks.filter((chunk) => !low.includes(chunk));
    expect(low.map(({ segments }) => segments)).toEqual([5, 10]);
    await perform(run, low[0]!);
    expect(await status(run)).toMatchObject({ status: 'playable', renditions: [{ name: '360p' }, { name: 'main' }] });
    expect(await playlist(run, 'video/360p')).toMatchObject({ count: 5, ended: false, type: 'EVENT' });
    expect(await playlist(run, 'video/234p')).toBeUndefined();
    await perform(run, low[1]!);
    expect(await playlist(run, 'video/360p')).toMatchObject({ count: 15, ended: true });
    for (const chunk of rest) await perform(run, chunk);
    expect(await status(run)).toMatchObject({ status: 'ready' });
    for (const path of ['video/360p', 'video/234p', 'audio/main'])
      expect(await playlist(run, path)).toMatchObject({ count: 15, ended: true });
    await complete(run);
  });
});

describe('a ladder that waits for its first viewer', () => {
  it.each([
    ['copied', 16, ['360p', '234p', 'main']],
    ['encoded', 0, ['360p', 'main']],
  ] as const)(
    'of a source that is %s: a low rung at once, the rest once somebody plays it',
    async (_, copyMaxMbps, now) => {
      const options = process.env['SLICING_OPTIONS']!;
      const ladder = copyMaxMbps > 0 ? [360, 234] : [540, 360, 234];
      process.env['SLICING_OPTIONS'] = JSON.stringify({
        ...JSON.parse(options),
        ladder,
        copyMaxMbps,
        ladderWhen: 'first-play',
      });
      try {
        const run = await planned({ isLarge: false });
        const later = copyMaxMbps > 0 ? [] : ['234p'];
        for (const chunk of run.chunks) await perform(run, chunk);
        const before = await status(run);
        expect(before.status).toBe('ready');
        expect(before.renditions.map(({ name }) => name)).toEqual(now);
        expect((before.later ?? []).map(({ name }) => name)).toEqual(later);
        if (later.length === 0) return;

        // Two viewers at once ask once; what they are told is what there is.
        const { askForLadder } = await import('../../../lambdas/shared/slicing-run.ts');
        await Promise.all([askForLadder(before), askForLadder(before)]);
        const execution = `${before.id}-ladder-1`;
        expect(await executions(execution)).toBe(1);
        expect((await status(run)).slicing).toEqual({ execution, revision: 1 });
        const event = { ...eventOf(sourceKey(before.id)), ladder: true };
        const result = (await call('probe', { execution, event })) as ProbeResult;
        if (result.outcome !== 'planned') throw new Error(JSON.stringify(result));
        const rest: AssembleTask = { plan: result.plan, chunks: result.chunks };
        expect(rest.chunks.map(({ only }) => only)).toEqual(rest.chunks.map(() => ['video/234p']));
        const objectsBefore = await objects(run);
        for (const chunk of rest.chunks.toReversed()) await perform(rest, chunk);
        expect(await call('assemble', rest)).toEqual({ outcome: 'ready', videoId: before.id });
        const after = await status(run);
        expect(after).toMatchObject({ status: 'ready', revision: 1 });
        expect(after.later).toBeUndefined();
        expect(after.renditions.map(({ name }) => name)).toEqual(['360p', '234p', 'main']);
        expect(after.timeline).toEqual(before.timeline);
        // What was there is untouched, and the new rung is cut where the others are.
        const there = await objects(run);
        for (const [name, etag] of objectsBefore) expect(there.get(name)).toBe(etag);
        expect(await playlist(run, 'video/234p')).toMatchObject({ count: 15, ended: true, type: 'VOD' });
        await complete(run);
        await askForLadder(after);
        expect(await executions(execution)).toBe(1);
      } finally {
        process.env['SLICING_OPTIONS'] = options;
      }
    },
  );

  async function executions(named: string): Promise<number> {
    const stateMachineArn = process.env['STATE_MACHINE_ARN']!;
    const found = await new SFNClient({}).send(new ListExecutionsCommand({ stateMachineArn }));
    return (found.executions ?? []).filter(({ name }) => name === named).length;
  }
});
