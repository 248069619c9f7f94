/** The ingest service: tasks that devices hold their connections to, behind one network load balancer. */
import { ArnFormat, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import {
  AvailabilityZoneRebalancing,
  AwsLogDriverMode,
  CfnService,
  Cluster,
  ContainerInsights,
  CpuArchitecture,
  FargatePlatformVersion,
  FargateService,
  FargateTaskDefinition,
  LogDrivers,
  OperatingSystemFamily,
  UlimitName,
  type ContainerDefinition,
  type ICluster,
} from 'aws-cdk-lib/aws-ecs';
import {
  NetworkLoadBalancer,
  NetworkTargetGroup,
  Protocol,
  SslPolicy,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { SOURCE_PREFIX } from '../contract/keys.ts';
import { LIVE_PREFIX } from '../contract/live-keys.ts';
import { HEALTH_PATH, METRIC_NAMESPACE, STREAMS_METRIC, TASK_PORTS } from '../contract/ingest.ts';
import { BY_MEDIA_KEY, commandQueueArn, commandQueuePrefix, type Devices } from './devices.ts';
import { ingestImage, INGEST_USER } from './ingest-image.ts';
import { ingestOptionsOf } from './ingest-options.ts';
import { acknowledge, acknowledgeWildcards } from './nag.ts';
import { balancerIdle, type Network } from './network.ts';
import type { Storage } from './storage.ts';

/** Fargate's longest wait between SIGTERM and SIGKILL, and how long new connections may still come to a task before it. */
const STOP = Duration.seconds(120);
/** Share of `streamsPerTask` that scaling aims at: what is left takes new streams while another task starts. */
const FULL = 0.7;

export interface IngestProps {
  readonly config: Config;
  readonly network: Network;
  readonly storage: Storage;
  readonly devices: Devices;
}

export class Ingest extends Construct {
  readonly service: FargateService;
  readonly balancer: NetworkLoadBalancer;
  readonly cluster: Cluster;

  constructor(scope: Construct, id: string, props: IngestProps) {
    super(scope, id);
    const { config, network } = props;
    const { live } = config;
    this.balancer = this.#balancer(props);
    this.cluster = new Cluster(this, 'Cluster', {
      vpc: network.vpc,
      containerInsightsV2: ContainerInsights.DISABLED,
    });
    acknowledge(
      this.cluster,
      'AwsSolutions-ECS4',
      'Tasks write their own metrics (streams, loss, lag); Container Insights would charge for more of the same',
    );
    const { task, container } = this.#task(props);
    this.service = new FargateService(this, 'Service', {
      cluster: this.cluster as ICluster,
      taskDefinition: task,
      // A deploy starts the new ones first; the old ones hand their devices over.
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { rollback: true },
      platformVersion: FargatePlatformVersion.VERSION1_4,
      assignPublicIp: !live.privateSubnets,
      vpcSubnets: network.tasks,
      securityGroups: [network.taskGroup],
      healthCheckGracePeriod: Duration.seconds(60),
      enableExecuteCommand: false,
      // Moving tasks for balance would cut thousands of connections.
      availabilityZoneRebalancing: AvailabilityZoneRebalancing.DISABLED,
    });
    // Scaling says how many tasks there are. A number in the template would take the fleet back to it at every deploy.
    (this.service.node.defaultChild as CfnService).addPropertyDeletionOverride('DesiredCount');
    this.#listen(props, container);
    this.#scale(config);
    const output = (name: string, value: string, description: string) =>
      new CfnOutput(Stack.of(this), name, { value, description });
    output('DeviceHost', live.publicHost ?? this.balancer.loadBalancerDnsName, 'Host devices connect to');
    output('ControlPort', String(live.controlPort), 'JT/T 808');
    output('MediaPort', String(live.mediaPort), 'JT/T 1078');
    if (!live.sharedPort) output('AttachmentPort', String(live.attachmentPort), 'Files of alarms');
  }

  #balancer({ config, network }: IngestProps): NetworkLoadBalancer {
    const balancer = new NetworkLoadBalancer(this, 'Balancer', {
      vpc: network.vpc,
      internetFacing: true,
      crossZoneEnabled: true,
      securityGroups: [network.balancerGroup],
      // Vehicles may be set to its addresses; those go with it.
      deletionProtection: config.removal === 'retain',
    });
    acknowledge(
      balancer,
      'AwsSolutions-ELB2',
      'A network load balancer logs TLS connections only; tasks log who connects and why somebody is refused',
    );
    return balancer;
  }

  #task(props: IngestProps): { task: FargateTaskDefinition; container: ContainerDefinition } {
    const { config, storage, devices } = props;
    const { live } = config;
    const task = new FargateTaskDefinition(this, 'Task', {
      cpu: live.cpu,
      memoryLimitMiB: live.memoryMiB,
      runtimePlatform: {
        cpuArchitecture: config.architecture === 'arm64' ? CpuArchitecture.ARM64 : CpuArchitecture.X86_64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
      volumes: [{ name: 'tmp' }],
    });
    const logGroup = new LogGroup(this, 'Logs', {
      retention: config.logRetentionDays,
      removalPolicy: config.removal === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const bus = EventBus.fromEventBusName(this, 'Bus', 'default');
    const container = task.addContainer('Ingest', {
      image: ingestImage(this, 'Image', config),
      user: INGEST_USER,
      readonlyRootFilesystem: true,
      stopTimeout: STOP,
      // A connection is a file; attachments are, too.
      ulimits: [
        {
          name: UlimitName.NOFILE,
          softLimit: Math.max(65_536, 2 * live.maxConnections),
          hardLimit: Math.max(65_536, 2 * live.maxConnections),
        },
      ],
      // Streams must not wait for logs.
      logging: LogDrivers.awsLogs({ streamPrefix: 'ingest', logGroup, mode: AwsLogDriverMode.NON_BLOCKING }),
      environment: {
        INGEST_OPTIONS: JSON.stringify(ingestOptionsOf(config)),
        PUBLIC_HOST: live.publicHost ?? this.balancer.loadBalancerDnsName,
        SERVICE_NAME: serviceName(config),
        COMMAND_QUEUE_PREFIX: commandQueuePrefix(config),
        DEVICES_TABLE: devices.devices.tableName,
        POSITIONS_TABLE: devices.positions.tableName,
        ALARMS_TABLE: devices.alarms.tableName,
        FLEET_TABLE: devices.fleet.tableName,
        VIDEOS_TABLE: storage.videos.tableName,
        ENTITLEMENTS_TABLE: storage.entitlements.tableName,
        MEDIA_BUCKET: storage.media.bucketName,
        SOURCE_BUCKET: storage.sources.bucketName,
        EVENT_BUS: bus.eventBusName,
      },
      portMappings: [
        { containerPort: TASK_PORTS.control },
        { containerPort: TASK_PORTS.media },
        ...(live.sharedPort ? [] : [{ containerPort: TASK_PORTS.attachments }]),
        { containerPort: TASK_PORTS.health },
      ],
    });
    container.addMountPoints({ sourceVolume: 'tmp', containerPath: '/tmp', readOnly: false });
    acknowledge(task, 'AwsSolutions-ECS2', 'Names, ports and limits; there is no secret among them');
    acknowledge(
      task.obtainExecutionRole(),
      'AwsSolutions-IAM5[Resource::*]',
      'ecr:GetAuthorizationToken knows no resources; pulling is limited to the one repository',
    );

    const grants: [actions: string[], resources: string[]][] = [
      [['dynamodb:GetItem', 'dynamodb:UpdateItem'], [devices.devices.tableArn]],
      [['dynamodb:Query'], [`${devices.devices.tableArn}/index/${BY_MEDIA_KEY}`, devices.fleet.tableArn]],
      [['dynamodb:BatchWriteItem'], [devices.positions.tableArn]],
      [['dynamodb:PutItem', 'dynamodb:UpdateItem'], [devices.alarms.tableArn]],
      [
        ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
        [devices.fleet.tableArn],
      ],
      [['dynamodb:PutItem'], [storage.videos.tableArn]],
      [['dynamodb:PutItem'], [storage.entitlements.tableArn]],
      [['events:PutEvents'], [bus.eventBusArn]],
    ];
    for (const [actions, resources] of grants) task.addToTaskRolePolicy(new PolicyStatement({ actions, resources }));
    this.#allowMany(
      task,
      ['s3:GetObject', 's3:PutObject', 's3:PutObjectTagging', 's3:AbortMultipartUpload'],
      `${exportedArn(storage.media)}/${LIVE_PREFIX}*`,
      'the keys under a prefix are not known before they are there',
    );
    this.#allowMany(
      task,
      ['s3:PutObject', 's3:AbortMultipartUpload'],
      `${exportedArn(storage.sources)}/${SOURCE_PREFIX}*`,
      'the keys under a prefix are not known before they are there',
    );
    this.#allowMany(
      task,
      ['sqs:CreateQueue', 'sqs:DeleteQueue', 'sqs:ReceiveMessage', 'sqs:DeleteMessage'],
      commandQueueArn(this, config),
      'each task makes a queue of its own, and deletes those of tasks that died',
    );
    this.#allowMany(
      task,
      ['ecs:UpdateTaskProtection'],
      Stack.of(this).formatArn({
        service: 'ecs',
        resource: 'task',
        resourceName: `${this.cluster.clusterName}/*`,
        arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
      }),
      'a task protects itself from scaling in; its id is not known before it runs',
    );
    return { task, container };
  }

  #allowMany(task: FargateTaskDefinition, actions: string[], resource: string, reason: string): void {
    task.addToTaskRolePolicy(new PolicyStatement({ actions, resources: [resource] }));
    acknowledgeWildcards(task.taskRole, [resource], reason);
  }

  /** One target group a port of the task; with a certificate, a TLS listener for each beside the plain one. */
  #listen({ config, network }: IngestProps, { containerName }: ContainerDefinition): void {
    const { live } = config;
    const ports = [
      { name: 'Control', task: TASK_PORTS.control, plain: live.controlPort, tls: live.tlsControlPort },
      { name: 'Media', task: TASK_PORTS.media, plain: live.mediaPort, tls: live.tlsMediaPort },
      ...(live.sharedPort
        ? []
        : [
            {
              name: 'Attachments',
              task: TASK_PORTS.attachments,
              plain: live.attachmentPort,
              tls: live.tlsAttachmentPort,
            },
          ]),
    ];
    const certificate =
      live.tlsCertificateArn === undefined
        ? undefined
        : Certificate.fromCertificateArn(this, 'Certificate', live.tlsCertificateArn);
    for (const { name, task, plain, tls } of ports) {
      const group = new NetworkTargetGroup(this, `${name}Targets`, {
        vpc: network.vpc,
        protocol: Protocol.TCP,
        port: task,
        targetType: TargetType.IP,
        // Limits go by the devices' own addresses.
        preserveClientIp: true,
        // ECS waits this long before it sends SIGTERM, so that no new connection comes while a task hands its devices over.
        deregistrationDelay: STOP,
        // The task closes connections itself, one device after another. The load balancer would cut all of them at once:
        // at the end of that delay, which is before the task knows, or when its health check says that it is draining.
        connectionTermination: false,
        healthCheck: {
          protocol: Protocol.HTTP,
          port: String(TASK_PORTS.health),
          path: HEALTH_PATH,
          interval: Duration.seconds(10),
          timeout: Duration.seconds(5),
          healthyThresholdCount: 2,
          unhealthyThresholdCount: 2,
        },
      });
      group.setAttribute('target_health_state.unhealthy.connection_termination.enabled', 'false');
      group.addTarget(this.service.loadBalancerTarget({ containerName, containerPort: task }));
      this.balancer.addListener(name, {
        port: plain,
        protocol: Protocol.TCP,
        tcpIdleTimeout: balancerIdle(config),
        defaultTargetGroups: [group],
      });
      if (certificate === undefined) continue;
      this.balancer.addListener(`${name}Tls`, {
        port: tls,
        protocol: Protocol.TLS,
        certificates: [certificate],
        sslPolicy: SslPolicy.RECOMMENDED_TLS,
        defaultTargetGroups: [group],
      });
    }
  }

  #scale(config: Config): void {
    const { minTasks, maxTasks, streamsPerTask } = config.live;
    const scaling = this.service.autoScaleTaskCount({ minCapacity: minTasks, maxCapacity: maxTasks });
    const slowly = { scaleInCooldown: Duration.minutes(10), scaleOutCooldown: Duration.minutes(1) };
    scaling.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: 60, ...slowly });
    scaling.scaleToTrackCustomMetric('Streams', {
      // Each task says how many it has, so their average is streams per task.
      metric: new Metric({
        namespace: METRIC_NAMESPACE,
        metricName: STREAMS_METRIC,
        dimensionsMap: { Service: serviceName(config) },
        statistic: 'Average',
        period: Duration.minutes(1),
      }),
      targetValue: Math.max(1, Math.floor(FULL * streamsPerTask)),
      ...slowly,
    });
  }
}

/** A bucket of the other stack under the name it is imported by: what a finding about a wildcard below it is called after. */
const exportedArn = (bucket: Bucket): string => Stack.of(bucket).exportValue(bucket.bucketArn);

const serviceName = ({ name, environment }: Config): string => `${name}-${environment}`;
