/** Upload → slicing → catalog → playback, in the order the data flows; and the devices' API where there are devices. */
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';
import { Api } from './constructs/api.ts';
import { Auth } from './constructs/auth.ts';
import { Catalog } from './constructs/catalog.ts';
import { Console } from './constructs/console.ts';
import { Devices } from './constructs/devices.ts';
import { FfmpegLayer } from './constructs/ffmpeg-layer.ts';
import { Playback } from './constructs/playback.ts';
import { SigningKey } from './constructs/signing-key.ts';
import { Slicing } from './constructs/slicing.ts';
import { Storage } from './constructs/storage.ts';
import { Upload } from './constructs/upload.ts';

export interface VodStackProps extends StackProps {
  readonly config: Config;
}

export class VodStack extends Stack {
  readonly storage: Storage;
  /** Undefined without `live.enabled`. */
  readonly devices: Devices | undefined;

  constructor(scope: Construct, id: string, { config, ...props }: VodStackProps) {
    super(scope, id, props);
    const storage = new Storage(this, 'Storage', config);
    this.storage = storage;
    const auth = new Auth(this, 'Auth', config);
    const api = new Api(this, 'Api', { config, auth });
    const signingKey = new SigningKey(this, 'SigningKey', config);
    const ffmpegLayer = new FfmpegLayer(this, 'FfmpegLayer', { architecture: config.architecture });

    new Upload(this, 'Upload', { config, storage, api });
    const slicing = new Slicing(this, 'Slicing', { config, storage, ffmpegLayer });
    const catalog = new Catalog(this, 'Catalog', { config, storage, api, signingKey, slicing });
    const playback = new Playback(this, 'Playback', { config, storage, api, signingKey });
    this.devices = config.live.enabled ? new Devices(this, 'Devices', { config, storage, api, signingKey }) : undefined;
    for (const fn of [catalog.handler, playback.manifest]) this.devices?.decidesFor(fn);
    auth.returnsTo(playback.publicUrl);
    catalog.invalidates(playback.distribution);
    new Console(this, 'Console', { config, site: storage.site, distribution: playback.distribution });
  }
}
