/** What is posted, when, and what becomes of it: one object is accepted and stays, everything else goes. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, GetObjectTaggingCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { EventBridgeClient, type PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newVideoId } from '../../../lambdas/upload/draft.ts';
import { formKey, sourceKey, uploadPrefix } from '../../../lib/contract/keys.ts';
import type { ProbeResult } from '../../../lib/contract/slicing.ts';
import { UNACCEPTED_TAGGING } from '../../../lib/contract/upload.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { startHandlerEngine } from '../engine.ts';
import { aRecord } from '../catalog/record.ts';
import { ffmpeg, H264, picture, workFolder } from './media.ts';
import { OPTIONS } from './options.ts';

let close = async () => {};
let remove = async () => {};
let film: Buffer;
let another: Buffer;
let clients: typeof import('../../../lambdas/shared/clients.ts');
let videos: typeof import('../../../lambdas/shared/videos.ts');
let probe: typeof import('../../../lambdas/slicing/probe.ts').handler;

beforeAll(async () => {
  close = await startHandlerEngine({
    SLICING_OPTIONS: JSON.stringify({ ...OPTIONS, ladder: [234] }),
    SLICING_PLACES: '200',
    SLICING_TASKS: '0',
  });
  const files = await workFolder();
  ({ remove } = files);
  const make = async (name: string, seconds: number) => {
    const path = join(files.folder, name);
    await ffmpeg(...picture(seconds, '160x90'), ...H264, path);
    return await readFile(path);
  };
  [film, another] = [await make('film.mp4', 1), await make('another.mp4', 2)];
  clients = await import('../../../lambdas/shared/clients.ts');
  videos = await import('../../../lambdas/shared/videos.ts');
  ({ handler: probe } = await import('../../../lambdas/slicing/probe.ts'));
}, 600_000);
afterAll(async () => {
  await close();
  await remove();
});

const Bucket = () => process.env['SOURCE_BUCKET']!;
const put = (Key: string, Body: Buffer | string) =>
  clients.s3.send(new PutObjectCommand({ Bucket: Bucket(), Key, Body, Tagging: UNACCEPTED_TAGGING }));
const read = async (Key: string) => {
  const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: Bucket(), Key }));
  return Buffer.from(await Body!.transformToByteArray());
};
const tags = async (Key: string) =>
  (await clients.s3.send(new GetObjectTaggingCommand({ Bucket: Bucket(), Key }))).TagSet;
/** What is there of a video in the bucket of sources. */
const there = async (id: string) => {
  const { Contents = [] } = await clients.s3.send(
    new ListObjectsV2Command({ Bucket: Bucket(), Prefix: uploadPrefix(id) }),
  );
  return Contents.map(({ Key }) => Key!.split('/').at(-1));
};

async function started(kind: VideoRecord['upload']['kind'] = 'form'): Promise<string> {
  const record = aRecord({ id: newVideoId(), status: 'uploading', progress: 0, upload: { kind, slot: 0 } });
  await clients.dynamo.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record }));
  return record.id;
}

let runs = 0;
/** S3's event of the object, as the machine hands it to the first step. */
const event = (key: string, execution = `run-${++runs}`): Promise<ProbeResult> =>
  probe(
    { execution, event: { detail: { bucket: { name: Bucket() }, object: { key } } } },
    { getRemainingTimeInMillis: () => 60_000 },
  );

describe('an upload form', () => {
  it('posted once becomes the source, without the tag; the copy is no second source', async () => {
    const id = await started();
    await put(formKey(id), film);
    const planned = await event(formKey(id));
    expect(planned).toMatchObject({ outcome: 'planned', plan: { source: { key: sourceKey(id) } } });
    expect(await there(id)).toEqual(['source']);
    expect((await read(sourceKey(id))).equals(film)).toBe(true);
    expect(await tags(sourceKey(id))).toEqual([]);
    expect(await event(sourceKey(id))).toMatchObject({ outcome: 'duplicate' });
    expect(await there(id)).toEqual(['source']);
  });

  it.each(['uploaded', 'probed', 'ready'] as const)(
    'posted again while the video is %s replaces nothing, and what was posted goes',
    async (status) => {
      const id = await started();
      await put(formKey(id), film);
      await event(formKey(id));
      await videos.changeVideo(id, { status });
      await put(formKey(id), another);
      expect(await event(formKey(id))).toMatchObject({ outcome: 'duplicate' });
      expect(await there(id)).toEqual(['source']);
      expect((await read(sourceKey(id))).equals(film)).toBe(true);
    },
  );

  it.each(['form', 'source'] as const)('%s: what arrives after the video was deleted goes', async (name) => {
    const [marked, gone] = [await started(), newVideoId()];
    await videos.changeVideo(marked, { status: 'deleted' });
    for (const id of [marked, gone]) {
      const key = `${uploadPrefix(id)}${name}`;
      await put(key, film);
      expect(await event(key)).toMatchObject({ outcome: 'ignored' });
      expect(await there(id)).toEqual([]);
    }
  });

  it('posted after its video was refused goes', async () => {
    const id = await started();
    await put(formKey(id), 'no film');
    expect(await event(formKey(id))).toMatchObject({ outcome: 'refused' });
    expect(await there(id)).toEqual([]);
    await put(formKey(id), film);
    expect(await event(formKey(id))).toMatchObject({ outcome: 'duplicate' });
    expect(await there(id)).toEqual([]);
  });

  it('whose event comes twice is not taken from the run that has the video', async () => {
    const id = await started();
    await put(formKey(id), film);
    const { claim } = await import('../../../lambdas/slicing/claim.ts');
    // The first has claimed it, and not copied yet.
    await claim(id, 'first', film.length);
    expect(await event(formKey(id))).toMatchObject({ outcome: 'duplicate' });
    expect(await there(id)).toEqual(['form']);
    expect(await event(formKey(id), 'first')).toMatchObject({ outcome: 'planned' });
    expect(await there(id)).toEqual(['source']);
  });

  it('goes on where a step was tried again, with what was accepted then', async () => {
    const id = await started();
    await put(formKey(id), film);
    process.env['SLICING_PLACES'] = '1';
    const { holdPlace, leavePlace } = await import('../../../lambdas/slicing/place.ts');
    for (let n = 0; n < 20; n++) await holdPlace(newVideoId()).catch(() => {});
    await expect(event(formKey(id), 'waits')).rejects.toMatchObject({ name: 'NoPlaceError' });
    process.env['SLICING_PLACES'] = '200';
    await put(formKey(id), another);
    expect(await event(formKey(id), 'waits')).toMatchObject({ outcome: 'planned' });
    expect(await there(id)).toEqual(['source']);
    expect((await read(sourceKey(id))).equals(film)).toBe(true);
    await leavePlace(id);
  });

  it.each([false, true])(
    'that waits for a place is announced once, and its slot is free (broke off before the claim: %s)',
    async (breaks) => {
      const id = await started();
      const { owner } = (await videos.readVideo(id))!;
      const slot = { TableName: process.env['UPLOADS_TABLE'], Key: { owner, slot: 0 } };
      const expiresAt = Math.floor(Date.now() / 1000) + 600;
      await clients.dynamo.send(
        new PutCommand({ TableName: slot.TableName, Item: { ...slot.Key, videoId: id, expiresAt } }),
      );
      await put(formKey(id), film);
      process.env['SLICING_PLACES'] = '1';
      const { holdPlace, leavePlace } = await import('../../../lambdas/slicing/place.ts');
      for (let n = 0; n < 20; n++) await holdPlace(newVideoId()).catch(() => {});
      const announced: string[] = [];
      const answer = ({ input }: PutEventsCommand) => {
        const refuses = breaks && announced.length === 0;
        announced.push(refuses ? 'broke off' : input.Entries![0]!.DetailType!);
        return Promise.resolve(
          refuses ? { FailedEntryCount: 1, Entries: [{ ErrorCode: 'ThrottlingException' }] } : { FailedEntryCount: 0 },
        );
      };
      const bus = vi.spyOn(EventBridgeClient.prototype, 'send').mockImplementation(answer as never);
      try {
        if (breaks) await expect(event(formKey(id), 'asks')).rejects.toMatchObject({ name: 'ThrottledError' });
        for (let n = 0; n < 5; n++)
          await expect(event(formKey(id), 'asks')).rejects.toMatchObject({ name: 'NoPlaceError' });
        expect(announced).toEqual(breaks ? ['broke off', 'uploaded'] : ['uploaded']);
        expect((await clients.dynamo.send(new GetCommand({ ...slot, ConsistentRead: true }))).Item).toBeUndefined();
        process.env['SLICING_PLACES'] = '200';
        expect(await event(formKey(id), 'asks')).toMatchObject({ outcome: 'planned' });
        expect(announced.at(-1)).toBe('probed');
      } finally {
        bus.mockRestore();
        process.env['SLICING_PLACES'] = '200';
        await leavePlace(id);
      }
    },
  );

  it('whose object is gone before anybody looked is no source', async () => {
    const id = await started();
    expect(await event(formKey(id))).toMatchObject({ outcome: 'ignored' });
    expect(await videos.readVideo(id)).toMatchObject({ status: 'uploading' });
  });
});

it.each(['multipart', 'device'] as const)('a source of kind %s loses its tag when it is accepted', async (kind) => {
  const id = await started(kind);
  await put(sourceKey(id), film);
  expect(await tags(sourceKey(id))).toHaveLength(1);
  expect(await event(sourceKey(id))).toMatchObject({ outcome: 'planned' });
  expect(await tags(sourceKey(id))).toEqual([]);
  expect((await read(sourceKey(id))).equals(film)).toBe(true);
});

it.each(['uploads/x', 'uploads/../source', `uploads/${'a'.repeat(20)}/form/x`, 'vod/x'])(
  'leaves %s alone',
  async (key) => {
    await expect(event(key)).resolves.toMatchObject({ outcome: 'ignored' });
  },
);
