/** The functions of slicing: each with what it may do, and how much of it. */
import { Duration, Size } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import type { ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { concurrency, type Config } from '../config.ts';
import { costOptions, type CostOptions } from '../contract/cost.ts';
import { CONTENT_KEYS_PREFIX, SOURCE_PREFIX, VOD_PREFIX, WORK_PREFIX } from '../contract/keys.ts';
import { CHUNK_SCRATCH_MIB, slicingOptions, type SlicingOptions } from '../contract/slicing.ts';
import { SluiceFunction, type SluiceFunctionProps } from './function.ts';
import type { Storage } from './storage.ts';

export interface SlicingProps {
  readonly config: Config;
  readonly storage: Storage;
  readonly ffmpegLayer: ILayerVersion;
}

/** To take a place, keep it and give it back (lambdas/slicing/place.ts). */
const HOLD_PLACE = ['Query', 'PutItem', 'DeleteItem'];

/** The month's dollars, which lie in the same table (lambdas/slicing/budget.ts). */
const COUNT_DOLLARS = ['GetItem', 'UpdateItem'];

type Settings = Omit<SluiceFunctionProps, 'config' | 'entry'> & Partial<Pick<SluiceFunctionProps, 'entry'>>;

export type Steps = Record<'probe' | 'copy' | 'encode' | 'chunk' | 'assemble' | 'fail', SluiceFunction>;

/** Each function by the step it does. They stand in `scope`. */
export function slicingSteps(scope: Construct, { config, storage, ffmpegLayer }: SlicingProps): Steps {
  const bus = EventBus.fromEventBusName(scope, 'Bus', 'default');
  const options = optionsOf(config);
  const step = (
    id: string,
    { entry = `slicing/${id.toLowerCase()}.ts`, ...settings }: Settings,
    actions: readonly string[],
  ) =>
    new SluiceFunction(scope, id, { config, entry, ...settings })
      .useTable('VIDEOS_TABLE', storage.videos, actions)
      .useEvents('EVENT_BUS', bus);
  const { videos, chunks, reserved } = concurrency(config);
  const places = { SLICING_PLACES: String(videos) };
  const scratch = Size.mebibytes(config.slicing.storageMiB);

  const probe = step(
    'Probe',
    {
      description: 'Claims an uploaded source, finds out what it is, refuses it or plans its slicing',
      layers: [ffmpegLayer],
      memorySize: 1769,
      // A long source without an index is read and written once from beginning to end.
      timeout: Duration.minutes(15),
      ephemeralStorageSize: scratch,
      environment: {
        SLICING_OPTIONS: JSON.stringify(options),
        SLICING_COST: JSON.stringify(costOptionsOf(config)),
        ...places,
        // Where functions are reserved for tasks, probe says how many of them a video may have.
        SLICING_TASKS: String(reserved ? chunks : 0),
      },
    },
    ['GetItem', 'UpdateItem'],
  )
    .useTable('UPLOADS_TABLE', storage.uploads, [...HOLD_PLACE, ...COUNT_DOLLARS])
    // Makes what was posted the source, and removes what is refused or no record knows.
    .useObjects(
      'SOURCE_BUCKET',
      storage.sources,
      ['GetObject', 'PutObject', 'DeleteObject', 'DeleteObjectTagging'],
      SOURCE_PREFIX,
    )
    .useObjects(
      'MEDIA_BUCKET',
      storage.media,
      ['GetObject', 'PutObject', 'AbortMultipartUpload', 'DeleteObject'],
      WORK_PREFIX,
    )
    // Copies the beginning of what is copied, and publishes that.
    .useObjects('MEDIA_BUCKET', storage.media, ['GetObject', 'PutObject', 'DeleteObject'], VOD_PREFIX)
    .useObjects('MEDIA_BUCKET', storage.media, ['GetObject', 'PutObject', 'DeleteObject'], CONTENT_KEYS_PREFIX);

  /** What every task of a run may: keep its place, be counted, and publish what is there. */
  const worker = (fn: SluiceFunction) =>
    fn
      .useTable('UPLOADS_TABLE', storage.uploads, HOLD_PLACE)
      .useObjects('SOURCE_BUCKET', storage.sources, ['GetObject', 'DeleteObject'], SOURCE_PREFIX)
      .useObjects('MEDIA_BUCKET', storage.media, ['GetObject', 'PutObject', 'DeleteObject'], VOD_PREFIX)
      .useObjects('MEDIA_BUCKET', storage.media, ['GetObject', 'PutObject', 'DeleteObject'], CONTENT_KEYS_PREFIX)
      .useObjects('MEDIA_BUCKET', storage.media, ['GetObject', 'PutObject', 'DeleteObject'], WORK_PREFIX);

  const copy = worker(
    step(
      'Copy',
      {
        description: 'Copies some segments out of a source whose packets players take as they are',
        entry: 'slicing/copy-group.ts',
        // One vCPU: what it does is wait for S3, and its share of the network grows with its memory.
        memorySize: 1769,
        timeout: Duration.minutes(5),
        environment: places,
        ...(reserved && { reservedConcurrentExecutions: reserved.copies }),
      },
      ['GetItem', 'UpdateItem'],
    ),
  );

  const encoder = (id: string, description: string, settings: Partial<SluiceFunctionProps>) =>
    worker(
      step(
        id,
        {
          description,
          entry: 'slicing/encode.ts',
          layers: [ffmpegLayer],
          timeout: Duration.seconds(config.slicing.timeoutSeconds),
          environment: { PRESET: config.slicing.preset, ...places },
          ...settings,
        },
        ['GetItem', 'UpdateItem'],
      ),
    );
  const encode = encoder('Encode', 'Encodes a source that has no index, whole, into segments of every rendition', {
    memorySize: config.slicing.memoryMiB,
    ephemeralStorageSize: scratch,
  });
  const chunk = encoder('Chunk', 'Encodes one chunk of a source into segments of every rendition', {
    memorySize: config.slicing.chunkMemoryMiB,
    ephemeralStorageSize: Size.mebibytes(CHUNK_SCRATCH_MIB),
    ...(reserved && { reservedConcurrentExecutions: reserved.chunks }),
  });

  const assemble = step(
    'Assemble',
    {
      description: 'Writes playlists and poster, and declares the video playable and ready',
      layers: [ffmpegLayer],
      memorySize: 1769,
      timeout: Duration.minutes(5),
      environment: places,
    },
    ['GetItem', 'UpdateItem'],
  )
    .useTable('UPLOADS_TABLE', storage.uploads, [...HOLD_PLACE, ...COUNT_DOLLARS])
    .useObjects('MEDIA_BUCKET', storage.media, ['GetObject', 'DeleteObject'], WORK_PREFIX)
    .useObjects('MEDIA_BUCKET', storage.media, ['GetObject', 'PutObject', 'DeleteObject'], VOD_PREFIX)
    // To read segments again, and to remove the key where the video was deleted meanwhile.
    .useObjects('MEDIA_BUCKET', storage.media, ['GetObject', 'DeleteObject'], CONTENT_KEYS_PREFIX);

  const fail = step(
    'Fail',
    {
      description: 'Marks a video whose slicing broke as failed and removes what was written',
      timeout: Duration.minutes(2),
    },
    ['GetItem', 'UpdateItem'],
  )
    .useTable('UPLOADS_TABLE', storage.uploads, ['Query', 'DeleteItem', 'UpdateItem'])
    .useObjects('MEDIA_BUCKET', storage.media, ['DeleteObject'], VOD_PREFIX)
    .useObjects('MEDIA_BUCKET', storage.media, ['DeleteObject'], CONTENT_KEYS_PREFIX)
    // What tasks measured, before that is removed.
    .useObjects('MEDIA_BUCKET', storage.media, ['GetObject', 'DeleteObject'], WORK_PREFIX)
    .listObjects(storage.media, VOD_PREFIX)
    .listObjects(storage.media, WORK_PREFIX);

  return { probe, copy, encode, chunk, assemble, fail };
}

/** What of the configuration prices follow from, and their ceilings. */
export const costOptionsOf = ({ slicing }: Pick<Config, 'slicing'>): CostOptions => costOptions.parse(slicing);

/** What of the configuration probing plans by. */
export const optionsOf = ({ slicing }: Pick<Config, 'slicing'>): SlicingOptions => slicingOptions.parse(slicing);
