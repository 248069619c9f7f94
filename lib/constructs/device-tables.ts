/** Tables of devices: what is registered, where it was, what it said, and who is there now. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { ProjectionType, StreamViewType, type Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { INBOX } from '../contract/inbox.ts';
import { removalOf } from './removal.ts';
import { table, text } from './table.ts';

/**
 * Index of the devices table: every device by name. Keys alone, since it is one partition, which takes 1,000 writes a second: so
 * a device's latest state, which is written all the time, never comes by it; only who is registered, renamed or deleted does.
 */
export const NAMES = 'names';
/** What that index was before 0.2: with every attribute. Only where `live.oldNameIndex` says so, for the one deploy between. */
const OLD_NAMES = 'byName';
/** Index of the devices table: the device a media packet belongs to, by all that a six-byte SIM says. */
export const BY_MEDIA_KEY = 'byMediaKey';

export interface DeviceTables {
  /** Registrations with the latest state in the same item. */
  readonly devices: Table;
  readonly positions: Table;
  readonly alarms: Table;
  /**
   * What lives for minutes: leases of tasks, answers to commands, viewers of on-demand streams, and the unknown devices of
   * the last days. Apart from the devices, so that listing those reads nothing else and losing this one loses nothing.
   */
  readonly fleet: Table;
}

/** They are made in `scope` itself, which their names in the template, and so customers' data, hang on. */
export function deviceTables(scope: Construct, config: Config): DeviceTables {
  const kept = removalOf(config);
  const devices = table(scope, 'Registrations', {
    partitionKey: text('id'),
    removalPolicy: kept,
    // Where they are is told (presence.ts).
    stream: StreamViewType.NEW_AND_OLD_IMAGES,
  });
  devices.addGlobalSecondaryIndex({
    indexName: NAMES,
    partitionKey: text('kind'),
    sortKey: text('name'),
    projectionType: ProjectionType.KEYS_ONLY,
  });
  if (config.live.oldNameIndex) {
    devices.addGlobalSecondaryIndex({
      indexName: OLD_NAMES,
      partitionKey: text('kind'),
      sortKey: text('name'),
      projectionType: ProjectionType.ALL,
    });
  }
  devices.addGlobalSecondaryIndex({
    indexName: BY_MEDIA_KEY,
    partitionKey: text('mediaKey'),
    projectionType: ProjectionType.KEYS_ONLY,
  });
  const timed = { timeToLiveAttribute: 'expiresAt', removalPolicy: kept };
  const alarms = table(scope, 'Alarms', {
    partitionKey: text('device'),
    sortKey: text('at'),
    ...timed,
    // That there is one is told (presence.ts).
    stream: StreamViewType.NEW_AND_OLD_IMAGES,
  });
  // What lists are asked by, and no more: files come one after another, and each would be a write to the index, too.
  alarms.addGlobalSecondaryIndex({
    indexName: INBOX,
    partitionKey: text('inbox'),
    sortKey: text('at'),
    projectionType: ProjectionType.INCLUDE,
    nonKeyAttributes: ['kind', 'quiet'],
  });
  return {
    devices,
    positions: table(scope, 'Positions', { partitionKey: text('track'), sortKey: text('start'), ...timed }),
    alarms,
    fleet: table(scope, 'Fleet', {
      partitionKey: text('kind'),
      sortKey: text('id'),
      timeToLiveAttribute: 'expiresAt',
      removalPolicy: RemovalPolicy.DESTROY,
    }),
  };
}
