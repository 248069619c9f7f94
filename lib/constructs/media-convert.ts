/**
 * Videos that AWS Elemental MediaConvert slices (`slicing.engine`): the steps of a run that ask it and look at what it made,
 * the event that ends the wait, and the role it reads and writes as. Only there where the configuration asks for it.
 */
import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { SOURCE_PREFIX, VOD_PREFIX, WORK_PREFIX } from '../contract/keys.ts';
import { drmJobOf, keyServerApi } from './drm.ts';
import { SluiceFunction } from './function.ts';
import { acknowledge, acknowledgeWildcards } from './nag.ts';
import { deadLetterQueue } from './queue.ts';
import type { Storage } from './storage.ts';

export interface MediaConvertProps {
  readonly config: Config;
  readonly storage: Storage;
}

const SERVICE = 'mediaconvert.amazonaws.com';

export class MediaConvert extends Construct {
  readonly submit: SluiceFunction;
  readonly collect: SluiceFunction;
  readonly #finished: SluiceFunction;

  constructor(scope: Construct, id: string, { config, storage }: MediaConvertProps) {
    super(scope, id);
    const stack = Stack.of(this);
    const role = this.#role(config, storage);
    const queue = stack.formatArn({ service: 'mediaconvert', resource: 'queues', resourceName: 'Default' });
    const deployment = stack.stackName;

    this.submit = new SluiceFunction(this, 'Submit', {
      config,
      entry: 'slicing/mediaconvert/submit.ts',
      description: 'Hands a whole video to MediaConvert',
      timeout: Duration.minutes(2),
      environment: {
        DEPLOYMENT: deployment,
        MEDIACONVERT_QUEUE: queue,
        MEDIACONVERT_ROLE: role.roleArn,
        ...drmJobOf(config),
      },
    })
      .useTable('VIDEOS_TABLE', storage.videos, ['GetItem', 'UpdateItem'])
      .useTable('UPLOADS_TABLE', storage.uploads, ['Query', 'DeleteItem'])
      .allow(['mediaconvert:CreateJob'], [queue])
      .allow(['mediaconvert:GetJob', 'mediaconvert:CancelJob'], [jobsOf(stack)], JOBS);
    this.submit.addEnvironment('MEDIA_BUCKET', storage.media.bucketName);
    this.submit.addToRolePolicy(
      new PolicyStatement({
        actions: ['iam:PassRole'],
        resources: [role.roleArn],
        conditions: { StringEquals: { 'iam:PassedToService': SERVICE } },
      }),
    );

    this.collect = new SluiceFunction(this, 'Collect', {
      config,
      entry: 'slicing/mediaconvert/collect.ts',
      description: 'Looks at what MediaConvert made of a video',
      memorySize: 1769,
      timeout: Duration.minutes(15),
    })
      .useTable('VIDEOS_TABLE', storage.videos, ['GetItem', 'UpdateItem'])
      .useObjects('MEDIA_BUCKET', storage.media, ['GetObject', 'PutObject', 'DeleteObject'], VOD_PREFIX)
      .useObjects('MEDIA_BUCKET', storage.media, ['GetObject', 'PutObject'], WORK_PREFIX)
      .listObjects(storage.media, VOD_PREFIX);

    this.#finished = new SluiceFunction(this, 'Finished', {
      config,
      entry: 'slicing/mediaconvert/finished.ts',
      description: 'Tells a run that its job at MediaConvert has ended',
    }).useTable('VIDEOS_TABLE', storage.videos, ['GetItem']);
    // Both may tell a run that waits.
    for (const fn of [this.submit, this.#finished])
      fn.allow(['states:SendTaskSuccess', 'states:SendTaskFailure'], ['*'], ANSWERS);
    this.#rule(config, deployment);
  }

  /** What MediaConvert may: read sources, write what is served and ask for keys, for jobs of this account only. */
  #role(config: Config, { sources, media }: Storage): Role {
    const { account, partition } = Stack.of(this);
    const keys = keyServerApi(config, partition);
    const [read, write] = [sources.arnForObjects(`${SOURCE_PREFIX}*`), media.arnForObjects(`${VOD_PREFIX}*`)];
    const role = new Role(this, 'Role', {
      description: 'MediaConvert reads sources and writes renditions',
      assumedBy: new ServicePrincipal(SERVICE, { conditions: { StringEquals: { 'aws:SourceAccount': account } } }),
      inlinePolicies: {
        media: new PolicyDocument({
          statements: [
            new PolicyStatement({ actions: ['s3:GetObject'], resources: [read] }),
            new PolicyStatement({ actions: ['s3:PutObject'], resources: [write] }),
            ...(keys === undefined
              ? []
              : [new PolicyStatement({ actions: ['execute-api:Invoke'], resources: [keys] })]),
          ],
        }),
      },
    });
    acknowledgeWildcards(role, [read, write], 'the keys under a prefix are not known before videos are there');
    if (keys !== undefined)
      acknowledgeWildcards(
        role,
        [keys],
        "The key server's own API, whose account, stages and paths are the provider's",
      );
    return role;
  }

  /** Jobs of other programs in the account, or of another deployment, have other metadata or none. */
  #rule(config: Config, deployment: string): void {
    const undelivered = deadLetterQueue(this, 'Undelivered', config);
    acknowledge(undelivered, 'AwsSolutions-SQS3', 'This is the dead-letter queue itself');
    new Rule(this, 'JobEnded', {
      description: 'A job of MediaConvert has ended',
      eventPattern: {
        source: ['aws.mediaconvert'],
        detailType: ['MediaConvert Job State Change'],
        detail: { status: ['COMPLETE', 'ERROR', 'CANCELED'], userMetadata: { deployment: [deployment] } },
      },
      targets: [
        new LambdaFunction(this.#finished, {
          deadLetterQueue: undelivered,
          retryAttempts: 185,
          maxEventAge: Duration.hours(24),
        }),
      ],
    });
  }
}

/** Service Authorization Reference, AWS Step Functions: an action without a resource type must name all resources. */
const ANSWERS = 'These actions know no resource; whom they reach is said by a token that only the waiting run gave out';

const JOBS = 'MediaConvert makes the ids of its jobs';
const jobsOf = (stack: Stack): string =>
  stack.formatArn({
    service: 'mediaconvert',
    resource: 'jobs',
    resourceName: '*',
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });

/** The function may cancel jobs: of a video that is deleted. */
export const cancelsJobs = (fn: SluiceFunction): SluiceFunction =>
  fn.allow(['mediaconvert:CancelJob'], [jobsOf(Stack.of(fn))], JOBS);
