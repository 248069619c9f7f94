/**
 * Lambda defaults, and the one way a function is handed a resource: variable and grant in the same act, with the exact
 * actions it calls.
 */
import { Duration, Stack } from 'aws-cdk-lib';
import type { IDistribution } from 'aws-cdk-lib/aws-cloudfront';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function as LambdaFunction, Runtime, type FunctionProps } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { packaged, type Package } from './bundle.ts';
import { allowTable } from './grants.ts';
import { acknowledgeWildcards } from './nag.ts';
import { removalOf } from './removal.ts';

export interface SluiceFunctionProps extends Pick<
  FunctionProps,
  | 'memorySize'
  | 'timeout'
  | 'environment'
  | 'layers'
  | 'ephemeralStorageSize'
  | 'reservedConcurrentExecutions'
  | 'description'
  | 'loggingFormat'
  | 'systemLogLevelV2'
> {
  readonly config: Config;
  /** File under lambdas/, e.g. `upload/handler.ts`; it exports `handler`. */
  readonly entry: string;
  readonly afterBundling?: Package['afterBundling'];
}

export class SluiceFunction extends LambdaFunction {
  /** Where it writes what it has to say. */
  readonly logs: LogGroup;
  #usesObjects = false;

  constructor(scope: Construct, id: string, { config, entry, afterBundling, ...props }: SluiceFunctionProps) {
    const logGroup = new LogGroup(scope, `${id}Logs`, {
      retention: config.logRetentionDays,
      removalPolicy: removalOf(config),
    });
    const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    super(scope, id, {
      runtime: Runtime.NODEJS_24_X,
      architecture: config.architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64,
      memorySize: 512,
      timeout: Duration.seconds(29),
      ...props,
      environment: { NODE_OPTIONS: '--enable-source-maps', POWERTOOLS_SERVICE_NAME: id, ...props.environment },
      role,
      logGroup,
      code: packaged({ entry, afterBundling }),
      handler: 'index.handler',
    });
    this.logs = logGroup;
  }

  /** Whether it was handed objects: its client of S3 counts what S3 answers (lambdas/shared/clients.ts). */
  get usesObjects(): boolean {
    return this.#usesObjects;
  }

  /** `dynamodb:<action>` on the table, and `dynamodb:Query` on these of its indexes. */
  useTable(
    variable: string,
    table: Pick<ITable, 'tableName' | 'tableArn'>,
    actions: readonly string[],
    indexes: readonly string[] = [],
  ): this {
    this.addEnvironment(variable, table.tableName);
    return allowTable(this, table, actions, indexes);
  }

  /** `s3:<action>` on the keys under `prefix` (ends with `/`). */
  useObjects(
    variable: string,
    bucket: Pick<IBucket, 'bucketName' | 'arnForObjects'>,
    actions: readonly string[],
    prefix: string,
  ): this {
    this.addEnvironment(variable, bucket.bucketName);
    this.#usesObjects = true;
    return this.allow(
      actions.map((action) => `s3:${action}`),
      [bucket.arnForObjects(`${prefix}*`)],
      'the keys under a prefix are not known before videos are there',
    );
  }

  /**
   * `s3:ListBucket` on keys under `prefix` only. With an empty one the whole bucket, without a condition: a listing without
   * a prefix (lambdas/shared/objects.ts) sends no `s3:prefix`, and a condition on a key that is not there never holds.
   */
  listObjects(bucket: Pick<IBucket, 'bucketArn'>, prefix: string): this {
    this.addToRolePolicy(
      new PolicyStatement({
        actions: ['s3:ListBucket'],
        resources: [bucket.bucketArn],
        ...(prefix !== '' && { conditions: { StringLike: { 's3:prefix': `${prefix}*` } } }),
      }),
    );
    return this;
  }

  /** `DISTRIBUTION_ID`, and the right to invalidate that distribution's caches. */
  /** `looks`: whether it also asks what has become of one. */
  useInvalidation(distribution: Pick<IDistribution, 'distributionId'>, looks = false): this {
    this.addEnvironment('DISTRIBUTION_ID', distribution.distributionId);
    const { distributionId: resourceName } = distribution;
    const arn = Stack.of(this).formatArn({ service: 'cloudfront', region: '', resource: 'distribution', resourceName });
    return this.allow(['cloudfront:CreateInvalidation', ...(looks ? ['cloudfront:GetInvalidation'] : [])], [arn]);
  }

  useSecret(variable: string, secret: Pick<ISecret, 'secretArn'>): this {
    this.addEnvironment(variable, secret.secretArn);
    return this.allow(['secretsmanager:GetSecretValue'], [secret.secretArn]);
  }

  useEvents(variable: string, bus: Pick<IEventBus, 'eventBusName' | 'eventBusArn'>): this {
    this.addEnvironment(variable, bus.eventBusName);
    return this.allow(['events:PutEvents'], [bus.eventBusArn]);
  }

  /** `sqs:SendMessage` on the queue. */
  sendTo(variable: string, queue: Pick<IQueue, 'queueUrl' | 'queueArn'>): this {
    this.addEnvironment(variable, queue.queueUrl);
    return this.allow(['sqs:SendMessage'], [queue.queueArn]);
  }

  /** Any other grant. A resource with a `*` needs the reason why AWS has nothing narrower. */
  allow(actions: readonly string[], resources: readonly string[], wildcardReason?: string): this {
    this.addToRolePolicy(new PolicyStatement({ actions: [...actions], resources: [...resources] }));
    if (wildcardReason !== undefined) acknowledgeWildcards(this.role!, resources, wildcardReason);
    return this;
  }
}
