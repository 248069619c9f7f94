/** Upload: signs parts that people's browsers send straight to the source bucket, and pulls what lies elsewhere. */
import { Duration } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { SOURCE_PREFIX } from '../contract/keys.ts';
import { DAY_SECONDS, GIB, MINUTE_SECONDS } from '../contract/options.ts';
import { uploadLimits, type UploadLimits } from '../contract/upload.ts';
import type { Api } from './api.ts';
import { SluiceFunction } from './function.ts';
import { pulls, rulesOf } from './pulls.ts';
import { BY_TIME, type Storage } from './storage.ts';

export interface UploadProps {
  readonly config: Config;
  readonly storage: Storage;
  readonly api: Api;
}

export class Upload extends Construct {
  readonly handler: SluiceFunction;
  /** Brings over what lies at an address. */
  readonly puller: SluiceFunction;

  constructor(scope: Construct, id: string, { config, storage, api }: UploadProps) {
    super(scope, id);
    const bus = EventBus.fromEventBusName(this, 'Bus', 'default');
    const limits = limitsOf(config);
    const { queue, puller } = pulls(this, { config, storage, limits });
    this.puller = puller;
    this.handler = new SluiceFunction(this, 'Handler', {
      config,
      entry: 'upload/handler.ts',
      description: 'Upload API (Uppy Companion S3 protocol): signs, lists, completes; sees no byte of a file',
      environment: {
        GROUPS_CLAIM: config.auth.groupsClaim,
        UPLOAD_LIMITS: JSON.stringify(limits),
        PULL_RULES: JSON.stringify(rulesOf(config)),
      },
      // The HTTP API waits 30 s; finishing thousands of parts takes S3 some of them.
      timeout: Duration.seconds(29),
    })
      .useTable('VIDEOS_TABLE', storage.videos, ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'], [BY_TIME])
      .useTable('UPLOADS_TABLE', storage.uploads, ['Query', 'PutItem', 'DeleteItem'])
      // What these may, a signed part URL or form may: it is signed with this function's own credentials.
      .useObjects(
        'SOURCE_BUCKET',
        storage.sources,
        ['PutObject', 'PutObjectTagging', 'AbortMultipartUpload', 'ListMultipartUploadParts'],
        SOURCE_PREFIX,
      )
      .listObjects(storage.sources, SOURCE_PREFIX)
      .useEvents('EVENT_BUS', bus)
      .sendTo('PULL_QUEUE', queue);
    api.serve('upload', this.handler);
  }
}

export function limitsOf({ upload, drm }: Pick<Config, 'upload' | 'drm'>): UploadLimits {
  return uploadLimits.parse({
    maxBytes: Math.floor(upload.maxSizeGiB * GIB),
    types: upload.types,
    maxInFlight: upload.maxInFlight,
    ...(upload.quotaGiB > 0 && { quotaBytes: Math.ceil(upload.quotaGiB * GIB) }),
    urlSeconds: upload.urlMinutes * MINUTE_SECONDS,
    expireSeconds: upload.expireDays * DAY_SECONDS,
    ...(drm.keyServer !== undefined && { drm: true }),
  });
}
