/** Stills: the function that makes posters of what people choose. Those of every video are slicing's. */
import type { ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { CONTENT_KEYS_PREFIX, VOD_PREFIX } from '../contract/keys.ts';
import type { Api } from './api.ts';
import { SluiceFunction } from './function.ts';
import type { Storage } from './storage.ts';

export interface StillsProps {
  readonly config: Config;
  readonly storage: Storage;
  readonly api: Api;
  readonly ffmpegLayer: ILayerVersion;
}

export class Stills extends Construct {
  readonly poster: SluiceFunction;

  constructor(scope: Construct, id: string, { config, storage, api, ffmpegLayer }: StillsProps) {
    super(scope, id);
    this.poster = new SluiceFunction(this, 'Poster', {
      config,
      entry: 'stills/handler.ts',
      description: 'Makes the poster that an owner chooses: a frame of the video, or a picture of theirs',
      layers: [ffmpegLayer],
      // Decodes one segment, or one picture, while somebody waits.
      memorySize: 1769,
      environment: { GROUPS_CLAIM: config.auth.groupsClaim },
    })
      .useTable('VIDEOS_TABLE', storage.videos, ['GetItem', 'UpdateItem'])
      .useTable('ENTITLEMENTS_TABLE', storage.entitlements, ['BatchGetItem'])
      .useObjects('MEDIA_BUCKET', storage.media, ['GetObject', 'PutObject', 'DeleteObject'], VOD_PREFIX)
      // To read segments that are encrypted by samples.
      .useObjects('MEDIA_BUCKET', storage.media, ['GetObject'], CONTENT_KEYS_PREFIX);
    // Asked for now and then: what is reserved for answering everybody is not for it.
    api.serve('stills', this.poster, { isReserved: false });
  }
}
