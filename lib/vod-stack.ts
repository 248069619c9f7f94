/** Upload → slicing → catalog → playback → insight, in the order the data flows; and devices, whose tasks are the live stack. */
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';
import { AlarmMail } from './constructs/alarm-mail.ts';
import { Api } from './constructs/api.ts';
import { Auth } from './constructs/auth.ts';
import { Catalog } from './constructs/catalog.ts';
import { Console } from './constructs/console.ts';
import { Devices } from './constructs/devices.ts';
import { FfmpegLayer } from './constructs/ffmpeg-layer.ts';
import { Insight } from './constructs/insight.ts';
import { Operations } from './constructs/operations.ts';
import { Playback } from './constructs/playback.ts';
import { Presence } from './constructs/presence.ts';
import { Revocation } from './constructs/revocation.ts';
import { SigningKey } from './constructs/signing-key.ts';
import { Sharing } from './constructs/sharing.ts';
import { Slicing } from './constructs/slicing.ts';
import { Stills } from './constructs/stills.ts';
import { Storage } from './constructs/storage.ts';
import { Upload } from './constructs/upload.ts';
import { Webhooks } from './constructs/webhooks.ts';

export interface VodStackProps extends StackProps {
  readonly config: Config;
}

export class VodStack extends Stack {
  readonly storage: Storage;
  /** Whether or not `live.enabled`: what was registered and recorded outlives the tasks that took it in. */
  readonly devices: Devices;

  constructor(scope: Construct, id: string, { config, ...props }: VodStackProps) {
    super(scope, id, props);
    const storage = new Storage(this, 'Storage', config);
    this.storage = storage;
    const auth = new Auth(this, 'Auth', config);
    const api = new Api(this, 'Api', { config, auth, storage });
    const signingKey = new SigningKey(this, 'SigningKey', config);
    const revocation = new Revocation(this, 'Revocation', { config, storage });
    const ffmpegLayer = new FfmpegLayer(this, 'FfmpegLayer', { architecture: config.architecture });

    const upload = new Upload(this, 'Upload', { config, storage, api });
    const slicing = new Slicing(this, 'Slicing', { config, storage, ffmpegLayer });
    for (const fn of [upload.handler, upload.puller]) slicing.startedBy(fn);
    const catalog = new Catalog(this, 'Catalog', { config, storage, api, signingKey, revocation, slicing });
    const { downloads, removals } = catalog;
    const sharing = new Sharing(this, 'Sharing', { config, storage, api, revocation, signingKey, removals });
    const stills = new Stills(this, 'Stills', { config, storage, api, ffmpegLayer });
    const presence = new Presence(this, 'Presence', { config, api, storage });
    const playback = new Playback(this, 'Playback', {
      config,
      storage,
      api,
      presence,
      signingKey,
      revocation,
      downloads,
    });
    // Who plays a video first asks for the rest of its ladder.
    slicing.startedBy(playback.manifest);
    this.devices = new Devices(this, 'Devices', { config, storage, api, signingKey, revocation });
    for (const fn of [catalog.handler, sharing.handler, stills.poster, presence.handler, playback.manifest])
      this.devices.decidesFor(fn);
    presence.hearsOfDevices(this.devices.tables);
    new Webhooks(this, 'Webhooks', { config, api, tables: [storage.videos, this.devices.tables.devices] });
    new AlarmMail(this, 'AlarmMail', {
      config,
      devices: this.devices.tables.devices,
      publicUrl: playback.publicUrl,
    });
    const insight = new Insight(this, 'Insight', { config, api, storage });
    for (const fn of [playback.manifest, this.devices.live]) insight.addressedBy(fn);
    insight.forgottenBy(catalog.remover);
    auth.returnsTo(playback.publicUrl);
    catalog.invalidates(playback.distribution);
    new Console(this, 'Console', { config, site: storage.site, distribution: playback.distribution });
    const { fleet } = this.devices.tables;
    new Operations(this, 'Operations', { config, storage, api, revocation, fleet });
    storage.emptier.comesLast(this);
    this.#exportToLive();
  }

  /**
   * All that the live stack imports is exported whether or not it is there. CloudFormation refuses a deploy that takes back
   * an export in use, which the one that turns `live.enabled` off would be.
   */
  #exportToLive(): void {
    const { devices, positions, alarms, fleet } = this.devices.tables;
    for (const table of [this.storage.videos, this.storage.entitlements, devices, positions, alarms, fleet]) {
      this.exportValue(table.tableName);
      this.exportValue(table.tableArn);
    }
    for (const bucket of [this.storage.sources, this.storage.media]) {
      this.exportValue(bucket.bucketName);
      this.exportValue(bucket.bucketArn);
    }
  }
}
