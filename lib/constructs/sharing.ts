/** Sharing: the function that keeps what lets others in. Who may watch is decided where somebody watches. */
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import type { Api } from './api.ts';
import { SluiceFunction } from './function.ts';
import { hookEnvironment } from './hook.ts';
import type { Revocation } from './revocation.ts';
import type { SigningKey } from './signing-key.ts';
import { BY_OWNER, BY_SUBJECT, BY_TIME, type Storage } from './storage.ts';

export interface SharingProps {
  readonly config: Config;
  readonly storage: Storage;
  readonly api: Api;
  readonly revocation: Pick<Revocation, 'revokedBy' | 'takenBackBy'>;
  readonly signingKey: SigningKey;
  /** What is told there of a video is done at the edge and to its files (catalog/remove.ts). */
  readonly removals: Queue;
}

export class Sharing extends Construct {
  readonly handler: SluiceFunction;

  constructor(scope: Construct, id: string, { config, storage, api, revocation, signingKey, removals }: SharingProps) {
    super(scope, id);
    this.handler = new SluiceFunction(this, 'Handler', {
      config,
      entry: 'sharing/handler.ts',
      description:
        'Sharing API: grants, collections, links, keys of others, people, and changes of many videos at once',
      environment: {
        GROUPS_CLAIM: config.auth.groupsClaim,
        ISSUER: api.auth.issuer,
        CLIENT_ID: api.auth.clientId,
        TRASH_DAYS: String(config.videos.trashDays),
        ...hookEnvironment(config),
      },
    })
      .useTable('VIDEOS_TABLE', storage.videos, ['GetItem', 'BatchGetItem', 'UpdateItem'])
      .useTable(
        'ENTITLEMENTS_TABLE',
        storage.entitlements,
        ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'DeleteItem'],
        [BY_SUBJECT],
      )
      .useTable(
        'COLLECTIONS_TABLE',
        storage.collections,
        ['GetItem', 'Query', 'PutItem', 'DeleteItem'],
        [BY_OWNER, BY_TIME],
      )
      .useTable('KEYS_TABLE', storage.keys, ['Scan', 'PutItem', 'DeleteItem'])
      .useTable('LINKS_TABLE', storage.links, ['Query', 'PutItem', 'UpdateItem'])
      // Changes of an hour (lambdas/catalog/rewording.ts).
      .useTable('UPLOADS_TABLE', storage.uploads, ['UpdateItem'])
      .sendTo('REMOVAL_QUEUE', removals);
    // A link that is ended is refused at the edge, too, and so is what plays by a grant or a key that is taken back.
    revocation.revokedBy(this.handler);
    revocation.takenBackBy(this.handler);
    // Posters of what is in a collection.
    signingKey.allowSigning(this.handler);
    // Asked for now and then: what is reserved for answering everybody is not for it.
    api.serve('sharing', this.handler, { isReserved: false });
  }
}
