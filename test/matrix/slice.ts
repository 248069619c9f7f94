/**
 * Slices local files by the steps of a run as they are, on an engine of their own: probe, then each task, then assembling.
 * What comes of it is read back from the engine's bucket.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { newVideoId } from '../../lambdas/upload/draft.ts';
import { sourceKey } from '../../lib/contract/keys.ts';
import type { Plan } from '../../lib/contract/plan.ts';
import { probeResult, type SlicingOptions } from '../../lib/contract/slicing.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { aRecord } from '../lambdas/catalog/record.ts';
import { startHandlerEngine } from '../lambdas/engine.ts';
import { OPTIONS } from '../lambdas/slicing/options.ts';

/** As deployed, but in short segments and chunks: an odd file of some seconds is to have several. */
export const MATRIX_OPTIONS: SlicingOptions = { ...OPTIONS, ladder: [360], copyMaxMbps: 16 };

/** Milliseconds that a step has, as its function would. */
const STEP_MS = 600_000;

export interface Sliced {
  readonly record: VideoRecord;
  /** Whether its packets are its own, or it was encoded, by a table or not. */
  readonly how: 'copied' | 'chunks' | 'remuxed' | 'whole';
}

/** Why it was not. */
export interface Refused {
  readonly code: string;
  readonly reason: string;
}

export interface Slicer {
  /** Slices one file at a time, however many are asked for. */
  slice(path: string, segmentType?: SlicingOptions['segmentType']): Promise<Sliced | Refused>;
  /** What lies in the bucket that players read; undefined when nothing does. */
  read(key: string): Promise<{ readonly body: Buffer; readonly contentType: string } | undefined>;
  close(): Promise<void>;
}

export async function startSlicer(): Promise<Slicer> {
  const close = await startHandlerEngine({ SLICING_PLACES: '200', PRESET: 'veryfast' });
  // What they read of the environment, some read as they are loaded.
  const { dynamo, s3 } = await import('../../lambdas/shared/clients.ts');
  const { readVideo } = await import('../../lambdas/shared/videos.ts');
  const { handler: probe } = await import('../../lambdas/slicing/probe.ts');
  const { handler: copy } = await import('../../lambdas/slicing/copy-group.ts');
  const { handler: encode } = await import('../../lambdas/slicing/encode.ts');
  const { handler: assemble } = await import('../../lambdas/slicing/assemble.ts');
  const context = { getRemainingTimeInMillis: () => STEP_MS };
  const Bucket = process.env['SOURCE_BUCKET']!;

  async function run(path: string, segmentType: SlicingOptions['segmentType']): Promise<Sliced | Refused> {
    process.env['SLICING_OPTIONS'] = JSON.stringify({ ...MATRIX_OPTIONS, segmentType });
    const { id, ...rest } = aRecord({ id: newVideoId(), status: 'uploading', progress: 0 });
    await dynamo.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: { id, ...rest } }));
    const key = sourceKey(id);
    const { size: ContentLength } = await stat(path);
    await s3.send(new PutObjectCommand({ Bucket, Key: key, Body: createReadStream(path), ContentLength }));
    const event = { detail: { bucket: { name: Bucket }, object: { key } } };
    const probed = probeResult.parse(await probe({ execution: 'run', event }, context));
    if (probed.outcome === 'refused') return probed;
    if (probed.outcome !== 'planned') throw new Error(`${path}: ${JSON.stringify(probed)}`);
    const { plan, chunks } = probed;
    for (const chunk of chunks) await (chunk.copy ? copy({ plan, chunk }) : encode({ plan, chunk }, context));
    const failed = (await readVideo(id))?.failure;
    if (failed) return failed;
    await assemble({ plan, chunks });
    const record = await readVideo(id);
    if (record?.status !== 'ready') throw new Error(`${path} is ${record?.status}`);
    return { record, how: howOf(plan) };
  }

  // The options are in the environment, and an encoder has the machine to itself.
  let last: Promise<unknown> = Promise.resolve();
  return {
    slice: (path, segmentType = 'fmp4') => {
      const next = last.then(() => run(path, segmentType));
      last = next.catch(() => undefined);
      return next;
    },
    read: async (key) => {
      try {
        const { Body, ContentType } = await s3.send(
          new GetObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key: key }),
        );
        return { body: Buffer.from(await Body!.transformToByteArray()), contentType: ContentType! };
      } catch (error) {
        if ((error as Error).name !== 'NoSuchKey') throw error;
        return undefined;
      }
    },
    close,
  };
}

function howOf({ timescale, remuxed, video }: Plan): Sliced['how'] {
  if (timescale === null) return 'whole';
  if (remuxed) return 'remuxed';
  return video.some(({ copied }) => copied) ? 'copied' : 'chunks';
}
