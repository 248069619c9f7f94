/** The ingest service: tasks that devices hold their connections to, behind one network load balancer. */
import { ArnFormat, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { CfnService } from 'aws-cdk-lib/aws-ecs';
import {
  AvailabilityZoneRebalancing,
  Cluster,
  ContainerInsights,
  FargatePlatformVersion,
  FargateService,
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
import { Construct } from 'constructs';
import { commandQueuePrefix } from '../config-limits.ts';
import type { Config } from '../config.ts';
import { SOURCE_PREFIX } from '../contract/keys.ts';
import { LIVE_PREFIX } from '../contract/live-keys.ts';
import { HEALTH_PATH, METRIC_NAMESPACE, STREAMS_METRIC, TASK_PORTS } from '../contract/ingest.ts';
import { commandQueueArn } from './command-queues.ts';
import { BY_MEDIA_KEY } from './device-tables.ts';
import type { Devices } from './devices.ts';
import { ingestImage, INGEST_USER } from './ingest-image.ts';
import { ingestOptionsOf } from './ingest-options.ts';
import { acknowledge } from './nag.ts';
import { balancerIdle, type Network } from './network.ts';
import type { Storage } from './storage.ts';
import { SluiceTask } from './task.ts';

/** Fargate's longest wait between SIGTERM and SIGKILL, and how long new connections may still come to a task before it. */
const STOP = Duration.seconds(120);
/**
 * Share of `streamsPerTask` that scaling aims at: what is left takes new streams while another task starts. Each zone gets
 * half of the devices, so with three tasks the one that is alone in its zone has half as much again as the average: 90 %.
 */
const FULL = 0.6;

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
    const task = this.#task(props);
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
    this.#listen(props, task.container);
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
      // With the devices' own addresses kept, two connections that a carrier's NAT sends from one port to the nodes of both
      // zones would be one and the same to a task that both nodes may choose. So each node has tasks of its own.
      crossZoneEnabled: false,
      securityGroups: [network.balancerGroup],
      // Vehicles may be set to its addresses, which go with it. It also stands in the way of a roll-back.
      deletionProtection: config.live.deletionProtection,
    });
    acknowledge(
      balancer,
      'AwsSolutions-ELB2',
      'A network load balancer logs TLS connections only; tasks log who connects and why somebody is refused',
    );
    return balancer;
  }

  #task({ config, storage, devices }: IngestProps): SluiceTask {
    const { live } = config;
    const { tables } = devices;
    return new SluiceTask(this, 'Task', {
      config,
      cpu: live.cpu,
      memoryMiB: live.memoryMiB,
      name: 'Ingest',
      image: ingestImage(this, 'Image', config),
      user: INGEST_USER,
      stopTimeout: STOP,
      // A connection is a file; attachments are, too.
      openFiles: Math.max(65_536, 2 * live.maxConnections),
      ports: [
        TASK_PORTS.control,
        TASK_PORTS.media,
        ...(live.sharedPort ? [] : [TASK_PORTS.attachments]),
        TASK_PORTS.health,
      ],
      environment: {
        INGEST_OPTIONS: JSON.stringify(ingestOptionsOf(config)),
        PUBLIC_HOST: live.publicHost ?? this.balancer.loadBalancerDnsName,
        SERVICE_NAME: serviceName(config),
        COMMAND_QUEUE_PREFIX: commandQueuePrefix(config),
      },
    })
      .useTable('DEVICES_TABLE', tables.devices, ['GetItem', 'UpdateItem'], [BY_MEDIA_KEY])
      .useTable('POSITIONS_TABLE', tables.positions, ['BatchWriteItem'])
      .useTable('ALARMS_TABLE', tables.alarms, ['GetItem', 'PutItem', 'UpdateItem', 'Query'])
      .useTable('FLEET_TABLE', tables.fleet, ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'])
      .useTable('VIDEOS_TABLE', storage.videos, ['PutItem'])
      .useObjects(
        'MEDIA_BUCKET',
        storage.media,
        ['GetObject', 'PutObject', 'PutObjectTagging', 'AbortMultipartUpload'],
        LIVE_PREFIX,
      )
      .useObjects(
        'SOURCE_BUCKET',
        storage.sources,
        ['PutObject', 'PutObjectTagging', 'AbortMultipartUpload'],
        SOURCE_PREFIX,
      )
      .useEvents('EVENT_BUS', EventBus.fromEventBusName(this, 'Bus', 'default'))
      .allow(
        ['sqs:CreateQueue', 'sqs:DeleteQueue', 'sqs:ReceiveMessage', 'sqs:DeleteMessage'],
        [commandQueueArn(this, config)],
        'each task makes a queue of its own, and deletes those of tasks that died',
      )
      .allow(
        ['ecs:UpdateTaskProtection'],
        [
          Stack.of(this).formatArn({
            service: 'ecs',
            resource: 'task',
            resourceName: `${this.cluster.clusterName}/*`,
            arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
          }),
        ],
        'a task protects itself from scaling in; its id is not known before it runs',
      );
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

const serviceName = ({ name, environment }: Config): string => `${name}-${environment}`;
