/**
 * The life of throttled videos: the steps as they are, on an engine and with real ffmpeg, run by the machine that the
 * template declares; AWS throttles at first, and two places are there for four videos.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { Code, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Slicing } from '../../../lib/constructs/slicing.ts';
import { sourceKey } from '../../../lib/contract/keys.ts';
import { execute, machineOf, VirtualClock, type Ended, type Machine } from '../../support/machine.ts';
import { stageScope } from '../../lib/constructs/stage.ts';
import { startHandlerEngine } from '../engine.ts';
import { aRecord, idOf } from '../catalog/record.ts';
import { ffmpeg, H264, picture, workFolder } from './media.ts';
import { OPTIONS } from './options.ts';

type Handler = (input: unknown, context: { getRemainingTimeInMillis: () => number }) => Promise<unknown>;

let close = async () => {};
let remove = async () => {};
let machine: Machine;
let film: Buffer;
let clients: typeof import('../../../lambdas/shared/clients.ts');
let readVideo: typeof import('../../../lambdas/shared/videos.ts').readVideo;
const steps: Record<string, Handler> = {};

/** Throttles every call of the SDK while it is true. */
let throttling = () => false;
let clock: VirtualClock;

beforeAll(async () => {
  close = await startHandlerEngine({
    SLICING_OPTIONS: JSON.stringify({ ...OPTIONS, ladder: [234] }),
    SLICING_PLACES: '2',
    SLICING_TASKS: '0',
    PRESET: 'ultrafast',
  });
  const files = await workFolder();
  ({ remove } = files);
  const path = join(files.folder, 'film.mp4');
  await ffmpeg(...picture(1, '160x90'), ...H264, path);
  film = await readFile(path);
  const { stack, config, storage } = stageScope();
  const ffmpegLayer = new LayerVersion(stack, 'Ffmpeg', { code: Code.fromAsset(import.meta.dirname) });
  new Slicing(stack, 'Slicing', { config, storage, ffmpegLayer });
  machine = machineOf(Template.fromStack(stack));
  clients = await import('../../../lambdas/shared/clients.ts');
  ({ readVideo } = await import('../../../lambdas/shared/videos.ts'));
  for (const name of ['Probe', 'Chunk', 'Encode', 'Assemble', 'Fail']) {
    const file = name === 'Chunk' ? 'encode' : name.toLowerCase();
    const module = (await import(`../../../lambdas/slicing/${file}.ts`)) as { handler: Handler };
    steps[name] = module.handler;
  }
  const throttle = <T>(next: (args: never) => Promise<T>) => {
    return (args: never): Promise<T> => {
      if (throttling()) throw Object.assign(new Error('slower, please'), { name: 'ThrottlingException' });
      return next(args);
    };
  };
  // Beneath the handlers, above the SDK's own three tries, which would take real time.
  for (const { middlewareStack } of [clients.dynamo, clients.s3]) {
    (middlewareStack as { add: (middleware: unknown, options: { step: string }) => void }).add(throttle, {
      step: 'initialize',
    });
  }
}, 600_000);
afterAll(async () => {
  await close();
  await remove();
});
beforeEach(() => {
  clock = new VirtualClock();
  throttling = () => false;
});

/** A record as an upload leaves it, and its source. */
async function arrived(n: number): Promise<string> {
  const record = aRecord({
    id: idOf(n),
    status: 'uploading',
    progress: 0,
    expiresAt: Math.floor(Date.now() / 1000) + 60,
  });
  await clients.dynamo.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record }));
  const Bucket = process.env['SOURCE_BUCKET'];
  await clients.s3.send(new PutObjectCommand({ Bucket, Key: sourceKey(record.id), Body: film }));
  return record.id;
}

const event = (id: string) => ({
  detail: { bucket: { name: process.env['SOURCE_BUCKET'] }, object: { key: sourceKey(id) } },
});

async function invoke(resource: string, input: unknown): Promise<unknown> {
  const name = /^Slicing(Probe|Chunk|Encode|Assemble|Fail)[0-9A-F]{8}$/.exec(resource)![1]!;
  return await clock.work(() => steps[name]!(input, { getRemainingTimeInMillis: () => 120_000 }));
}
const run = (id: string): Promise<Ended> => execute(machine, `run-${id}`, event(id), { clock, invoke });

it('throttled for a quarter of an hour, and with more videos than places, all are ready', async () => {
  const ids = await Promise.all([1, 2, 3, 4].map(arrived));
  throttling = () => clock.now < 900;
  const ended = await clock.run(ids.map(run));
  expect(ended.map(({ state }) => state)).toEqual(['Done', 'Done', 'Done', 'Done']);
  for (const id of ids) {
    const record = await readVideo(id);
    expect(record).toMatchObject({ status: 'ready', revision: 1 });
    // Waiting for its turn, it did not expire.
    expect(record?.expiresAt).toBeUndefined();
  }
}, 300_000);

it('a video that finds no place is claimed and waits; it takes the place that is given back', async () => {
  const { holdPlace, leavePlace } = await import('../../../lambdas/slicing/place.ts');
  const others = [idOf(11), idOf(12)] as const;
  for (const other of others) await holdPlace(other);
  const id = await arrived(13);
  const waiting = run(id);
  const given = (async () => {
    await clock.sleep(3600);
    expect(await readVideo(id)).toMatchObject({ status: 'uploaded', slicing: { execution: `run-${id}` } });
    await clock.work(() => leavePlace(others[0]));
    return undefined;
  })();
  const [ended] = await clock.run<Ended | undefined>([waiting, given]);
  expect(ended).toMatchObject({ state: 'Done' });
  expect(ended!.seconds).toBeGreaterThan(3600);
  // Its own is free again, the other's is not.
  await expect(holdPlace(idOf(14))).resolves.toBeUndefined();
  await expect(holdPlace(idOf(15))).rejects.toMatchObject({ name: 'NoPlaceError' });
  // Kept by who has it.
  await expect(holdPlace(others[1])).resolves.toBeUndefined();
  for (const other of [others[1], idOf(14)]) await leavePlace(other);
}, 300_000);

it('gives its place back however it ends: refused, deleted meanwhile, broken', async () => {
  const { holdPlace, leavePlace } = await import('../../../lambdas/slicing/place.ts');
  const places = async () => {
    const free = [idOf(31), idOf(32)];
    for (const one of free) await holdPlace(one);
    for (const one of free) await leavePlace(one);
  };
  const refused = await arrived(21);
  const Bucket = process.env['SOURCE_BUCKET'];
  await clients.s3.send(new PutObjectCommand({ Bucket, Key: sourceKey(refused), Body: 'no film' }));
  const [none] = await clock.run([run(refused)]);
  expect(none).toMatchObject({ state: 'Nothing to slice' });
  await expect(places()).resolves.toBeUndefined();

  const { changeVideo } = await import('../../../lambdas/shared/videos.ts');
  const deleted = await arrived(22);
  const ended = await clock.run([
    execute(machine, `run-${deleted}`, event(deleted), {
      clock,
      invoke: async (resource, input) => {
        if (/^Slicing(Encode|Chunk)/.test(resource)) await changeVideo(deleted, { status: 'deleted' });
        // The removal stops the run: no step comes after the one under way.
        if (resource.startsWith('SlicingAssemble')) return {};
        return await invoke(resource, input);
      },
    }),
  ]);
  expect(ended[0]).toMatchObject({ state: 'Done' });
  await expect(places()).resolves.toBeUndefined();

  const broken = await arrived(23);
  const [failed] = await clock.run([
    execute(machine, `run-${broken}`, event(broken), {
      clock,
      invoke: async (resource, input) => {
        if (/^Slicing(Encode|Chunk)/.test(resource)) throw new TypeError('a bug');
        return await invoke(resource, input);
      },
    }),
  ]);
  expect(failed).toMatchObject({ state: 'Broken' });
  expect(await readVideo(broken)).toMatchObject({ status: 'failed' });
  await expect(places()).resolves.toBeUndefined();
  // The source of what we broke stays.
  await expect(clients.s3.send(new GetObjectCommand({ Bucket, Key: sourceKey(broken) }))).resolves.toBeDefined();
}, 300_000);
