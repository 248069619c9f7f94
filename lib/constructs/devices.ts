/**
 * Devices: their tables, clips of what they recorded, their API and live playback. All of it is billed by use, so it stays
 * with the serverless stack, there whether or not devices are taken in (`live.enabled`), and outlives the one that costs by
 * the hour.
 */
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { INBOX } from '../contract/inbox.ts';
import { LIVE_PREFIX } from '../contract/live-keys.ts';
import type { Api } from './api.ts';
import { clips } from './clips.ts';
import { allowCommands } from './command-queues.ts';
import { BY_MEDIA_KEY, NAMES, deviceTables, type DeviceTables } from './device-tables.ts';
import { SluiceFunction } from './function.ts';
import { hookEnvironment } from './hook.ts';
import { livePlayback } from './live-playback.ts';
import type { Revocation } from './revocation.ts';
import type { SigningKey } from './signing-key.ts';
import type { Storage } from './storage.ts';

export interface DevicesProps {
  readonly config: Config;
  readonly storage: Storage;
  readonly api: Api;
  readonly signingKey: SigningKey;
  readonly revocation: Pick<Revocation, 'takenBackBy' | 'askedBy' | 'takesDown' | 'revokedBy'>;
}

export class Devices extends Construct {
  readonly tables: DeviceTables;
  /** Answers playlists of channels. */
  readonly live: SluiceFunction;

  constructor(scope: Construct, id: string, props: DevicesProps) {
    super(scope, id);
    this.tables = deviceTables(this, props.config);
    this.#handler(props, clips(this, props, this.tables));
    this.live = livePlayback(this, props, this.tables);
  }

  /** Lets a function decide by who may see a device now. */
  decidesFor(fn: SluiceFunction): void {
    fn.useTable('DEVICES_TABLE', this.tables.devices, ['BatchGetItem']);
  }

  #handler({ config, storage, api, signingKey, revocation }: DevicesProps, clipQueue: Queue): void {
    const { devices, positions, alarms, fleet } = this.tables;
    const handler = new SluiceFunction(this, 'Handler', {
      config,
      entry: 'devices/handler.ts',
      description: 'Devices API: registrations, state, positions, alarms, recordings, commands and clips',
      memorySize: 1024,
      environment: {
        GROUPS_CLAIM: config.auth.groupsClaim,
        START_SECONDS: String(config.live.startSeconds),
        RETENTION_DAYS: String(config.live.retentionDays),
        SIGNATURE_HOURS: String(config.playback.signatureHours),
        ...hookEnvironment(config),
      },
    })
      .useTable(
        'DEVICES_TABLE',
        devices,
        ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem'],
        [NAMES, BY_MEDIA_KEY],
      )
      .useTable('POSITIONS_TABLE', positions, ['Query'])
      .useTable('ALARMS_TABLE', alarms, ['Query', 'BatchGetItem', 'UpdateItem'], [INBOX])
      .useTable('FLEET_TABLE', fleet, ['GetItem', 'PutItem', 'DeleteItem', 'Query'])
      .useTable('VIDEOS_TABLE', storage.videos, ['PutItem', 'DeleteItem'])
      .useTable('ENTITLEMENTS_TABLE', storage.entitlements, ['BatchGetItem', 'Query', 'DeleteItem'])
      .sendTo('CLIP_QUEUE', clipQueue);
    handler.addEnvironment('MEDIA_BUCKET', storage.media.bucketName);
    handler.listObjects(storage.media, LIVE_PREFIX);
    allowCommands(handler, config);
    signingKey.allowSigning(handler);
    revocation.takenBackBy(handler);
    revocation.takesDown(handler);
    // What is registered again opens again.
    revocation.askedBy(handler);
    api.serve('devices', handler);
  }
}
