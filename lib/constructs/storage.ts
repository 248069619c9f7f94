/** Buckets and tables: what must outlive a deploy. Each table is named for what it holds. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, ProjectionType, StreamViewType, type Table } from 'aws-cdk-lib/aws-dynamodb';
import { HttpMethods, StorageClass, type Bucket, type CfnBucket, type LifecycleRule } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { RETENTION_DAYS } from '../contract/device.ts';
import { DOWNLOADS_PREFIX, SOURCE_PREFIX, WORK_PREFIX } from '../contract/keys.ts';
import { LIVE_PREFIX } from '../contract/live-keys.ts';
import { RETENTION_TAG } from '../contract/ingest.ts';
import { RUN_DAYS } from '../contract/slicing.ts';
import { DOWNLOAD_DAYS } from '../contract/download.ts';
import { UNACCEPTED, UNACCEPTED_MORE_DAYS } from '../contract/upload.ts';
import { privateBucket } from './bucket.ts';
import { Emptier } from './emptier.ts';
import { removalOf } from './removal.ts';
import { table, text } from './table.ts';

/** Index of the videos table: one owner's videos by time; of the collections table, too. */
export const BY_OWNER = 'byOwner';
/** Index of the videos table: every video by time, for admins; of the collections table, too. */
export const BY_TIME = 'byTime';
/** Index of the videos table: those whose retention ends on a day. Others are not in it. */
export const BY_REMOVAL = 'byRemoval';
/** Index of the entitlements table: what somebody, a group or everyone was given. */
export const BY_SUBJECT = 'bySubject';

/** Index of the sessions table: who watches something now, by when they began. What was ended is not in it. */
export const BY_WHAT = 'byWhat';
/** Index of the sessions table: what began by a right that can be taken back by itself (lib/contract/right.ts). Others are not in it. */
export const BY_RIGHT = 'byRight';

/** Indexes of the audit log: what somebody did, and what was done to something. */
export const BY_PERSON = 'byPerson';
export const BY_ABOUT = 'byAbout';

export class Storage extends Construct {
  /** `uploads/{videoId}/source` */
  readonly sources: Bucket;
  /** `vod/…` and `live/…` (served), `work/…` (between slicing steps) */
  readonly media: Bucket;
  /** The console's files. */
  readonly site: Bucket;
  readonly videos: Table;
  readonly uploads: Table;
  readonly entitlements: Table;
  readonly collections: Table;
  /** Public keys of others, who sign playback tokens. */
  readonly keys: Table;
  /** Links to videos, good or over. */
  readonly links: Table;
  /** Who watches what now (lambdas/shared/sessions.ts). */
  readonly sessions: Table;
  /** Who changed what (lambdas/shared/audit.ts). */
  readonly audit: Table;
  /** Of the buckets that are deleted with the stack. */
  readonly emptier: Emptier;

  constructor(scope: Construct, id: string, config: Config) {
    super(scope, id);
    this.emptier = new Emptier(this, config);
    const removalPolicy = removalOf(config);
    const unfinished = { abortIncompleteMultipartUploadAfter: Duration.days(config.upload.expireDays) };

    this.sources = privateBucket(this, 'Sources', config, this.emptier, {
      removalPolicy,
      lifecycleRules: [
        { id: 'unfinished-uploads', prefix: SOURCE_PREFIX, ...unfinished },
        {
          id: 'unaccepted',
          prefix: SOURCE_PREFIX,
          tagFilters: { [UNACCEPTED.key]: UNACCEPTED.value },
          expiration: Duration.days(config.upload.expireDays + UNACCEPTED_MORE_DAYS),
        },
        ...infrequent(config),
      ],
      cors: [
        {
          allowedMethods: [HttpMethods.PUT, HttpMethods.POST],
          allowedOrigins: config.upload.allowedOrigins,
          allowedHeaders: ['*'],
          // Uppy reads a part's ETag and a form upload's Location from the answer.
          exposedHeaders: ['ETag', 'Location'],
          maxAge: 3000,
        },
      ],
    });
    // The property itself: the CDK's own switch would add a function with rights over every bucket.
    (this.sources.node.defaultChild as CfnBucket).notificationConfiguration = {
      eventBridgeConfiguration: { eventBridgeEnabled: true },
    };
    this.media = privateBucket(this, 'Media', config, this.emptier, {
      removalPolicy,
      lifecycleRules: [
        { id: 'unfinished-uploads', ...unfinished },
        { id: 'downloads', prefix: DOWNLOADS_PREFIX, expiration: Duration.days(DOWNLOAD_DAYS) },
        { id: 'hand-over-files', prefix: WORK_PREFIX, expiration: Duration.days(RUN_DAYS + 1) },
        ...RETENTION_DAYS.map((days) => ({
          id: `recordings-${days}`,
          prefix: LIVE_PREFIX,
          tagFilters: { [RETENTION_TAG]: String(days) },
          expiration: Duration.days(days),
        })),
      ],
    });
    // The console's files can be built again.
    this.site = privateBucket(this, 'Site', config, this.emptier, { removalPolicy: RemovalPolicy.DESTROY });

    this.videos = table(this, 'Videos', {
      partitionKey: text('id'),
      timeToLiveAttribute: 'expiresAt',
      removalPolicy,
      // Who looks at a video is told what changes of it (presence.ts).
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
    });
    const createdAt = text('createdAt');
    this.videos.addGlobalSecondaryIndex({
      indexName: BY_OWNER,
      partitionKey: text('owner'),
      sortKey: createdAt,
      projectionType: ProjectionType.ALL,
    });
    this.videos.addGlobalSecondaryIndex({
      indexName: BY_TIME,
      partitionKey: text('kind'),
      sortKey: createdAt,
      projectionType: ProjectionType.ALL,
    });
    this.videos.addGlobalSecondaryIndex({
      indexName: BY_REMOVAL,
      partitionKey: text('removeOn'),
      projectionType: ProjectionType.KEYS_ONLY,
    });
    this.uploads = table(this, 'Uploads', {
      partitionKey: text('owner'),
      sortKey: { name: 'slot', type: AttributeType.NUMBER },
      timeToLiveAttribute: 'expiresAt',
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.entitlements = table(this, 'Entitlements', {
      partitionKey: text('videoId'),
      sortKey: text('subject'),
      timeToLiveAttribute: 'expiresAt',
      removalPolicy,
    });
    this.entitlements.addGlobalSecondaryIndex({
      indexName: BY_SUBJECT,
      partitionKey: text('subject'),
      sortKey: text('videoId'),
      projectionType: ProjectionType.ALL,
    });
    this.collections = table(this, 'Collections', {
      partitionKey: text('root'),
      sortKey: text('id'),
      removalPolicy,
    });
    for (const [indexName, partition] of [
      [BY_OWNER, 'owner'],
      [BY_TIME, 'kind'],
    ] as const)
      this.collections.addGlobalSecondaryIndex({
        indexName,
        partitionKey: text(partition),
        sortKey: createdAt,
        projectionType: ProjectionType.ALL,
      });
    this.keys = table(this, 'Keys', { partitionKey: text('kid'), removalPolicy });
    this.links = table(this, 'Links', {
      partitionKey: text('videoId'),
      sortKey: text('id'),
      timeToLiveAttribute: 'expiresAt',
      removalPolicy,
    });
    this.sessions = table(this, 'Sessions', {
      partitionKey: text('who'),
      sortKey: text('place'),
      timeToLiveAttribute: 'expiresAt',
      // Who came and went is told (presence.ts).
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.sessions.addGlobalSecondaryIndex({
      indexName: BY_WHAT,
      partitionKey: text('what'),
      sortKey: text('session'),
      projectionType: ProjectionType.ALL,
    });
    // Keys alone: a player that renews changes nothing here.
    this.sessions.addGlobalSecondaryIndex({
      indexName: BY_RIGHT,
      partitionKey: text('right'),
      sortKey: text('session'),
      projectionType: ProjectionType.KEYS_ONLY,
    });
    this.audit = table(this, 'Audit', {
      partitionKey: text('day'),
      sortKey: text('id'),
      timeToLiveAttribute: 'expiresAt',
      removalPolicy,
    });
    for (const [indexName, partition] of [
      [BY_PERSON, 'by'],
      [BY_ABOUT, 'about'],
    ] as const)
      this.audit.addGlobalSecondaryIndex({
        indexName,
        partitionKey: text(partition),
        sortKey: text('id'),
        projectionType: ProjectionType.ALL,
      });
  }
}

/** Originals are seldom read once they are sliced: where the configuration says so they go to a class that is cheaper to keep. */
function infrequent({ videos: { infrequentDays: days } }: Config): LifecycleRule[] {
  if (days === 0) return [];
  const transitions = [{ storageClass: StorageClass.INFREQUENT_ACCESS, transitionAfter: Duration.days(days) }];
  return [{ id: 'infrequent', prefix: SOURCE_PREFIX, transitions }];
}
