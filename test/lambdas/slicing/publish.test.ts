/**
 * The steps of a run on a real engine: what is playable when, whatever order tasks end in, die in, or come twice in; what it is
 * counted with, and what goes afterwards. Over 400 lines, since all of it needs the same film, planned.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { Parser } from 'm3u8-parser';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newVideoId } from '../../../lambdas/upload/draft.ts';
import { chunkResultKey, revisionPrefix, sourceKey } from '../../../lib/contract/keys.ts';
import type { Chunk } from '../../../lib/contract/plan.ts';
import { chunkResult, type AssembleTask, type ProbeResult } from '../../../lib/contract/slicing.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { startHandlerEngine } from '../engine.ts';
import { aRecord } from '../catalog/record.ts';
import { openPlaylist } from './decrypt.ts';
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
let folder: string;
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
    SLICING_TASKS: '0',
    PRESET: 'ultrafast',
  });
  const files = await workFolder();
  ({ remove } = files);
  folder = files.folder;
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

/** Uploads the film, or something else; answers its run, planned. */
async function planned(
  { isLarge = true, begins = false, body = film } = {},
  said: Partial<VideoRecord> = {},
): Promise<AssembleTask> {
  Object.assign(next, { isLarge, begins });
  const record = aRecord({ id: newVideoId(), status: 'uploading', progress: 0, ...said });
  await clients.dynamo.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record }));
  const key = sourceKey(record.id);
  await clients.s3.send(new PutObjectCommand({ Bucket: process.env['SOURCE_BUCKET'], Key: key, Body: body }));
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

/** Performs a task, and kills it at the first call of S3 or DynamoDB that `at` picks: nothing after that reaches the engine. */
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

  it('is put together twice at a time, and the slower one takes nothing away', async () => {
    const run = await planned();
    for (const chunk of run.chunks.slice(0, -1)) await perform(run, chunk);
    const { s3 } = clients;
    const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let held = false;
    s3.middlewareStack.add(
      (following) => async (args) => {
        if (!held && (args.input as { Key?: string }).Key?.endsWith('.mpd')) {
          held = true;
          reached.resolve();
          await released.promise;
        }
        return following(args);
      },
      { step: 'initialize', name: 'holder' },
    );
    try {
      const slower = perform(run, run.chunks.at(-1)!);
      await reached.promise;
      await call('assemble', run);
      expect(await status(run)).toMatchObject({ status: 'ready' });
      released.resolve();
      await slower;
    } finally {
      s3.middlewareStack.remove('holder');
    }
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

describe('a source whose segments are encrypted', () => {
  /** Four segments a key, so that fifteen need four. */
  const KEYS = ['00001', '00002', '00003', '00004'];
  const ENCRYPTED = { encryption: 'aes-128', keySegments: 4 } as const;
  const read = async ({ plan }: AssembleTask, path: string): Promise<Buffer> => {
    const Key = `${revisionPrefix(plan.videoId, 1)}${path}`;
    const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key }));
    return Buffer.from(await Body!.transformToByteArray());
  };
  const opened = async (run: AssembleTask, path: string) => {
    const folder = path.slice(0, path.indexOf('/') + 1);
    const text = (await read(run, `${path}.m3u8`)).toString();
    return openPlaylist(text, async (address) => read(run, `${folder}${address}`));
  };

  it(
    'has what one in clear has, once it is decrypted, copied or encoded, while it grows and afterwards',
    {
      timeout: 300_000,
    },
    async () => {
      const [run, clear] = [await planned({}, ENCRYPTED), await planned()];
      expect(run.plan.encryption).toEqual({ scheme: 'aes-128', keySegments: 4 });
      expect(await status(run)).toMatchObject(ENCRYPTED);
      expect((await status(clear)).encryption).toBe('none');
      const groups = run.chunks.filter(({ copy }) => copy);
      await perform(run, groups[0]!);
      for (const path of ['video/360p', 'audio/main']) {
        const { segments, keys, ended } = await opened(run, path);
        expect([segments.size, keys, ended]).toEqual([3, [`${path.split('/')[1]}/00001.key`], false]);
      }
      await Promise.all(run.chunks.slice(1).map((chunk) => perform(run, chunk)));
      for (const chunk of clear.chunks) await perform(clear, chunk);
      for (const one of [run, clear]) await call('assemble', one);
      expect(await status(run)).toMatchObject({ status: 'ready', hasPoster: true, ...ENCRYPTED });

      for (const path of ['video/360p', 'audio/main', 'video/234p']) {
        const { segments, keys, ended } = await opened(run, path);
        const [kind, name] = path.split('/');
        expect([segments.size, keys, ended]).toEqual([15, KEYS.map((key) => `${name}/${key}.key`), true]);
        const names: string[] = [];
        for (const [address, bytes] of segments) {
          names.push(address);
          expect(bytes.equals(await read(clear, `${kind}/${address}`)), address).toBe(true);
          expect((await read(run, `${kind}/${address}`)).includes('moof')).toBe(false);
        }
        expect(new Set(names).size).toBe(15);
        // What codecs need to know stays in clear, before the first key.
        expect((await read(run, `${path}/init.mp4`)).equals(await read(clear, `${path}/init.mp4`))).toBe(true);
        const text = (await read(run, `${path}.m3u8`)).toString();
        expect(text.indexOf('#EXT-X-MAP')).toBeLessThan(text.indexOf('#EXT-X-KEY'));
      }
      const keys = await Promise.all(
        ['video/360p', 'video/234p', 'audio/main'].flatMap((path) =>
          KEYS.map((key) => read(run, `${path}/${key}.key`)),
        ),
      );
      expect(keys.map(({ length }) => length)).toEqual(keys.map(() => 16));
      expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(12);
      // Pictures for scrubbing and the poster are as they are, and DASH knows no such segments.
      const [there, those] = [await objects(run), await objects(clear)];
      expect([...there.keys()].filter((path) => !path.endsWith('.key')).toSorted()).toEqual(
        [...those.keys()].filter((path) => path !== 'manifest.mpd').toSorted(),
      );
      expect(those.has('manifest.mpd')).toBe(true);
      for (const path of there.keys())
        if (path.endsWith('.jpg')) expect([path, there.get(path)]).toEqual([path, those.get(path)]);

      // Who reads segments again has them in clear: a frame that is chosen for the poster, and an MP4 of a rung.
      const { frameAt } = await import('../../../lambdas/stills/frame.ts');
      const [frame, same] = await Promise.all([run, clear].map(async (one) => frameAt(await status(one), 11)));
      expect(frame!.equals(same!)).toBe(true);
      const { bytesOf, layOut } = await import('../../../lambdas/download/media.ts');
      const { publishedOf } = await import('../../../lambdas/slicing/sealing.ts');
      const { renditionsOf } = await import('../../../lambdas/download/renditions.ts');
      const mp4 = async (one: AssembleTask) => {
        const record = await status(one);
        const made = await layOut({ ...publishedOf(record), renditions: renditionsOf(record, '360p')! });
        // In parts that begin and end anywhere.
        const parts: Buffer[] = [];
        for (let from = 0; from < made.bytes; from += 99_991)
          parts.push(await bytesOf(made, from, Math.min(made.bytes, from + 99_991) - 1));
        return Buffer.concat(parts);
      };
      const [whole, other] = [await mp4(run), await mp4(clear)];
      expect(whole.length).toBeGreaterThan(100_000);
      expect(whole.equals(other)).toBe(true);
    },
  );

  it('has one key of a rendition and number, however many tasks ask for it at a time, and it stays', async () => {
    const { SegmentKeys } = await import('../../../lambdas/slicing/segment-keys.ts');
    const of = { videoId: newVideoId(), revision: 1 };
    const rung = { kind: 'video', name: '360p' } as const;
    const made: string[] = [];
    const all = await Promise.all(
      Array.from({ length: 24 }, () => new SegmentKeys(of, (path) => made.push(path)).orMade(rung, 2)),
    );
    expect(new Set(all.map((key) => key.toString('hex'))).size).toBe(1);
    expect(made).toEqual(['video/360p/00002.key']);
    expect(await new SegmentKeys(of).there(rung, 2)).toEqual(all[0]);
    await expect(new SegmentKeys(of).there(rung, 3)).rejects.toThrow('there is no key video/360p/00003.key');
  });

  it('leaves no key behind where it is deleted meanwhile', { timeout: 300_000 }, async () => {
    const run = await planned({}, ENCRYPTED);
    const [last, ...others] = run.chunks.toReversed();
    for (const chunk of others) await perform(run, chunk);
    const { s3 } = clients;
    s3.middlewareStack.add(
      (following) => async (args) => {
        // When it is put together: all of its own is there, and what deletes it has looked already.
        if ((args.input as { Key?: string }).Key?.endsWith('storyboard.vtt')) {
          s3.middlewareStack.remove('deleter');
          await videos.changeVideo(run.plan.videoId, { status: 'deleted' });
        }
        return following(args);
      },
      { step: 'initialize', name: 'deleter' },
    );
    await perform(run, last!).finally(() => s3.middlewareStack.remove('deleter'));
    await call('assemble', run);
    expect([...(await objects(run)).keys()].filter((path) => path.endsWith('.key'))).toEqual([]);
  });
});

describe('a task that is killed', () => {
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

  it('between the end and its tidying up leaves nothing that the next call does not remove', async () => {
    const run = await planned();
    const [last, ...others] = run.chunks.toReversed();
    for (const chunk of others) await perform(run, chunk);
    await killed(run, last!, (command) => command === 'DeleteObjectsCommand');
    expect(await status(run)).toMatchObject({ status: 'ready' });
    const work = `work/${run.plan.videoId}/`;
    expect((await objects(run, work)).size).toBeGreaterThan(run.chunks.length);
    expect(await call('assemble', run)).toEqual({ outcome: 'ready', videoId: run.plan.videoId });
    expect([...(await objects(run, work)).keys()]).toEqual([]);
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

describe('the month’s dollars', () => {
  const spent = async () => {
    const { monthOf, spentIn } = await import('../../../lambdas/slicing/budget.ts');
    return (await spentIn(monthOf(new Date()))) / 1e6;
  };

  it.each(['fails', 'is deleted'])('of a run whose video %s have what its finished tasks measured', async (how) => {
    const before = await spent();
    const run = await planned();
    const { estimate } = run.plan.cost!;
    expect(await spent()).toBeCloseTo(before + estimate, 4);
    for (const chunk of run.chunks.slice(0, 2)) await perform(run, chunk);
    const used = await Promise.all(
      run.chunks.slice(0, 2).map(async ({ index }) => {
        const Key = chunkResultKey(run.plan.videoId, 1, index);
        const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key }));
        return chunkResult.parse(JSON.parse(await Body!.transformToString())).used;
      }),
    );
    const { spentBy } = await import('../../../lambdas/slicing/unfinished.ts');
    const measured = spentBy(run.plan, used);
    expect(measured).toBeGreaterThan(0);
    const { videoId, execution, source } = run.plan;
    if (how === 'fails') {
      const broken = {
        execution,
        event: eventOf(source.key),
        error: { Error: 'TypeError' },
        chunk: run.chunks.at(-1)!,
      };
      // Tried again, it counts once.
      for (let attempt = 0; attempt < 2; attempt += 1) await call('fail', broken);
      const record = await status(run);
      expect(record.status).toBe('failed');
      expect(record.cost!.actual).toBeCloseTo(measured, 5);
      expect(record.spend).toBeUndefined();
    } else {
      const { settleUnfinished } = await import('../../../lambdas/slicing/unfinished.ts');
      await videos.changeVideo(videoId, { status: 'deleted' });
      for (let attempt = 0; attempt < 2; attempt += 1) await settleUnfinished(videoId, execution);
      // Of a run that has the video no more, nothing is changed.
      await settleUnfinished(videoId, 'another');
    }
    expect(await spent()).toBeCloseTo(before + measured, 5);
  });
});

describe('a source that was copied exactly', () => {
  it('goes on its day where the options say so, and the record and its download say what stands for it', async () => {
    const options = process.env['SLICING_OPTIONS']!;
    process.env['SLICING_OPTIONS'] = JSON.stringify({ ...JSON.parse(options), keepSourceDays: 30 });
    const run = await planned({ isLarge: false }).finally(() => (process.env['SLICING_OPTIONS'] = options));
    const other = await planned({ isLarge: false });
    for (const one of [run, other]) for (const chunk of one.chunks) await perform(one, chunk);
    const { removeSources } = await import('../../../lambdas/catalog/sources.ts');
    const { originalOf } = await import('../../../lambdas/download/answer.ts');
    const [before, kept] = [await status(run), await status(other)];
    const day = 86_400_000;
    const goes = new Date(Date.now() + 30 * day).toISOString().slice(0, 10);
    expect(before).toMatchObject({ status: 'ready', sourceRemoveOn: goes });
    expect(kept.sourceRemoveOn).toBeUndefined();
    await removeSources(Date.parse(goes) - 1);
    expect((await originalOf(before, before)).state).toBe('ready');
    await removeSources(Date.parse(goes));
    const after = await status(run);
    expect(after).toMatchObject({ status: 'ready', sourceRemovedOn: goes, bytes: { source: 0 } });
    expect(after.sourceRemoveOn).toBeUndefined();
    expect(after.cost!.monthly).toBeLessThan(before.cost!.monthly);
    await expect(originalOf(after, after)).rejects.toThrow(`removed on ${goes}, since 360p has all`);
    expect((await originalOf(kept, kept)).state).toBe('ready');
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
  async function encoded(): Promise<AssembleTask> {
    const options = process.env['SLICING_OPTIONS']!;
    process.env['SLICING_OPTIONS'] = JSON.stringify({
      ...JSON.parse(options),
      copyMaxMbps: 0,
      ladder: [540, 360, 234],
    });
    return planned().finally(() => (process.env['SLICING_OPTIONS'] = options));
  }

  it('is playable by a low rung of its beginning; the ladder joins when it has caught up', async () => {
    const run = await encoded();
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

  it('lists all renditions that are there, also where a task that knew of fewer was sooner', async () => {
    const run = await encoded();
    const [first, ...others] = run.chunks;
    // All is made, and the record says nothing of it yet: the first task dies before it publishes.
    for (const chunk of others) await perform(run, chunk);
    await killed(run, first!, (command, key) => command === 'PutObjectCommand' && key.endsWith('.m3u8'));
    expect(await status(run)).toMatchObject({ status: 'probed', renditions: [] });
    const { publish } = await import('../../../lambdas/slicing/publish.ts');
    const { dynamo } = clients;
    const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let held = false;
    dynamo.middlewareStack.add(
      (following, { commandName }) =>
        async (args) => {
          if (!held && commandName?.includes('Update')) {
            held = true;
            reached.resolve();
            await released.promise;
          }
          return following(args);
        },
      { step: 'initialize', name: 'holder' },
    );
    try {
      const more = publish(run, new Set(run.chunks.map(({ index }) => index)), first!.index);
      await reached.promise;
      await publish(run, new Set([first!.index]), first!.index);
      expect(await status(run)).toMatchObject({ status: 'playable', renditions: [{ name: '360p' }, { name: 'main' }] });
      released.resolve();
      await more;
    } finally {
      dynamo.middlewareStack.remove('holder');
    }
    const listed = (await status(run)).renditions.map(({ name }) => name);
    expect(listed.toSorted()).toEqual(['234p', '360p', 'main']);
  });
});

describe('where nothing is encoded', () => {
  const made = async (name: string, ...args: string[]): Promise<Buffer> => {
    const path = join(folder, name);
    await ffmpeg(...args, path);
    return readFile(path);
  };
  const AAC = ['-c:a', 'aac', '-metadata:s:a:0', 'language=ger'];

  it('a video plays before its pictures for scrubbing and captions, which a task of their own makes', async () => {
    const srt = join(folder, 'said.srt');
    await writeFile(srt, '1\n00:00:02,000 --> 00:00:03,000\nGuten Tag\n');
    const tracks = ['-map', '0', '-map', '1', '-map', '2', '-c:s', 'mov_text', '-metadata:s:s:0', 'language=ger'];
    const small = picture(12, '416x234');
    const body = await made('small.mp4', ...small, ...tone(12), '-i', srt, ...tracks, ...H264, '-g', '60', ...AAC);
    const run = await planned({ body });
    expect(run.plan.video).toMatchObject([{ name: '234p', copied: true }]);
    const along = run.chunks.filter((chunk) => chunk.along);
    expect(along).toMatchObject([{ firstSegment: 1, segments: 6 }]);
    for (const chunk of run.chunks.filter((one) => !one.along)) await perform(run, chunk);
    expect(await status(run)).toMatchObject({ status: 'playable' });
    expect(await playlist(run, 'video/234p')).toMatchObject({ count: 6, ended: true });
    await perform(run, along[0]!);
    expect(await status(run)).toMatchObject({
      status: 'ready',
      hasStoryboard: true,
      hasPoster: true,
      texts: [{ language: 'de', cues: 1 }],
    });
    await complete(run);
  });

  it('sound plays as it is, and has its cover for a poster', async () => {
    await made('art.jpg', ...picture(1, '64x64'), '-frames:v', '1', '-c:v', 'mjpeg', '-f', 'image2');
    const cover = ['-i', join(folder, 'art.jpg'), '-map', '0', '-map', '1', '-c:v', 'copy'];
    const body = await made('song.m4a', ...tone(60), ...cover, '-disposition:v:0', 'attached_pic', ...AAC);
    const run = await planned({ body });
    expect(run.plan).toMatchObject({ video: [], audio: [{ copied: true }], source: { info: { cover: 1 } } });
    const [first, ...others] = run.chunks;
    await perform(run, first!);
    expect(await status(run)).toMatchObject({ status: 'playable', renditions: [{ kind: 'audio', name: 'main' }] });
    expect(await playlist(run, 'audio/main')).toMatchObject({ count: 3, ended: false, type: 'EVENT' });
    for (const chunk of others) await perform(run, chunk);
    expect(await status(run)).toMatchObject({ status: 'ready', hasPoster: true, hasStoryboard: false });
    expect(await playlist(run, 'audio/main')).toMatchObject({ count: 30, ended: true, seconds: 60 });
    expect([...(await objects(run)).keys()].filter((name) => name.includes('poster'))).toHaveLength(1);
    await complete(run);
  });

  it('sound that cannot be copied plays after its first seconds', async () => {
    const body = await made('camera.mov', ...tone(300), '-c:a', 'pcm_s24le');
    const run = await planned({ body });
    expect(run.chunks.length).toBe(3);
    expect(run.chunks[0]!.duration).toBeLessThan(8);
    const { count } = run.plan.segments!;
    await perform(run, run.chunks[0]!);
    expect(await status(run)).toMatchObject({ status: 'playable' });
    await Promise.all(run.chunks.slice(1).map((chunk) => perform(run, chunk)));
    expect(await status(run)).toMatchObject({ status: 'ready' });
    expect(await playlist(run, 'audio/main')).toMatchObject({ count, ended: true, seconds: 300 });
    await complete(run);
  });
});
