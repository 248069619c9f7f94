/**
 * Defaults of a Fargate task with one container, and the one way it is handed a resource: variable and grant in the same
 * act, with the exact actions it calls, as functions are (function.ts).
 */
import { Stack, type Duration } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import {
  AwsLogDriverMode,
  Capability,
  CpuArchitecture,
  FargateTaskDefinition,
  LinuxParameters,
  LogDrivers,
  OperatingSystemFamily,
  UlimitName,
  type ContainerDefinition,
  type ContainerImage,
} from 'aws-cdk-lib/aws-ecs';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { allowTable } from './grants.ts';
import { acknowledge, acknowledgeWildcards } from './nag.ts';
import { removalOf } from './removal.ts';

export interface SluiceTaskProps {
  readonly config: Config;
  readonly cpu: number;
  readonly memoryMiB: number;
  /** Of the container; its log streams begin with it, in lower case. */
  readonly name: string;
  readonly image: ContainerImage;
  readonly user: string;
  /** Between SIGTERM and SIGKILL. */
  readonly stopTimeout: Duration;
  readonly openFiles: number;
  readonly ports: readonly number[];
  readonly environment: Readonly<Record<string, string>>;
}

export class SluiceTask extends FargateTaskDefinition {
  readonly container: ContainerDefinition;

  constructor(scope: Construct, id: string, props: SluiceTaskProps) {
    const { config, name, openFiles, ports, image, user, stopTimeout } = props;
    super(scope, id, {
      cpu: props.cpu,
      memoryLimitMiB: props.memoryMiB,
      runtimePlatform: {
        cpuArchitecture: config.architecture === 'arm64' ? CpuArchitecture.ARM64 : CpuArchitecture.X86_64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
      volumes: [{ name: 'tmp' }],
    });
    const logGroup = new LogGroup(scope, 'Logs', {
      retention: config.logRetentionDays,
      removalPolicy: removalOf(config),
    });
    const linux = new LinuxParameters(this, 'Linux');
    linux.dropCapabilities(Capability.ALL);
    this.container = this.addContainer(name, {
      image,
      user,
      stopTimeout,
      readonlyRootFilesystem: true,
      linuxParameters: linux,
      ulimits: [{ name: UlimitName.NOFILE, softLimit: openFiles, hardLimit: openFiles }],
      // Work must not wait for logs.
      logging: LogDrivers.awsLogs({
        streamPrefix: name.toLowerCase(),
        logGroup,
        mode: AwsLogDriverMode.NON_BLOCKING,
      }),
      environment: { ...props.environment },
      portMappings: ports.map((containerPort) => ({ containerPort })),
    });
    this.container.addMountPoints({ sourceVolume: 'tmp', containerPath: '/tmp', readOnly: false });
    acknowledge(this, 'AwsSolutions-ECS2', 'Names, ports and limits; there is no secret among them');
    acknowledge(
      this.obtainExecutionRole(),
      'AwsSolutions-IAM5[Resource::*]',
      'ecr:GetAuthorizationToken knows no resources; pulling is limited to the one repository',
    );
  }

  /** `dynamodb:<action>` on the table, and `dynamodb:Query` on these of its indexes. */
  useTable(
    variable: string,
    table: Pick<ITable, 'tableName' | 'tableArn'>,
    actions: readonly string[],
    indexes: readonly string[] = [],
  ): this {
    this.container.addEnvironment(variable, table.tableName);
    return allowTable(this, table, actions, indexes);
  }

  /** `s3:<action>` on the keys under `prefix` (ends with `/`). */
  useObjects(variable: string, bucket: Bucket, actions: readonly string[], prefix: string): this {
    this.container.addEnvironment(variable, bucket.bucketName);
    return this.allow(
      actions.map((action) => `s3:${action}`),
      // Of another stack, under the name it is imported by: what a finding about the wildcard is called after.
      [`${Stack.of(bucket).exportValue(bucket.bucketArn)}/${prefix}*`],
      'the keys under a prefix are not known before they are there',
    );
  }

  useEvents(variable: string, bus: Pick<IEventBus, 'eventBusName' | 'eventBusArn'>): this {
    this.container.addEnvironment(variable, bus.eventBusName);
    return this.allow(['events:PutEvents'], [bus.eventBusArn]);
  }

  /** Any other grant. A resource with a `*` needs the reason why AWS has nothing narrower. */
  allow(actions: readonly string[], resources: readonly string[], wildcardReason?: string): this {
    this.addToTaskRolePolicy(new PolicyStatement({ actions: [...actions], resources: [...resources] }));
    if (wildcardReason !== undefined) acknowledgeWildcards(this.taskRole, resources, wildcardReason);
    return this;
  }
}
