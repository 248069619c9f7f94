/**
 * The network of the ingest tasks: two zones, no NAT gateway. Tasks have public addresses that nothing but the load
 * balancer reaches, or, by configuration, none at all and VPC endpoints instead.
 */
import { Duration } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
  type IVpc,
  type SubnetSelection,
} from 'aws-cdk-lib/aws-ec2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { openPorts } from '../config-limits.ts';
import { TASK_PORTS } from '../contract/ingest.ts';
import { acknowledge } from './nag.ts';
import { removalOf } from './removal.ts';

/** What a task asks of AWS beside S3 and DynamoDB, which have gateways without a price. */
const ENDPOINTS = {
  Registry: InterfaceVpcEndpointAwsService.ECR,
  Images: InterfaceVpcEndpointAwsService.ECR_DOCKER,
  Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  Queues: InterfaceVpcEndpointAwsService.SQS,
  Events: InterfaceVpcEndpointAwsService.EVENTBRIDGE,
};

export class Network extends Construct {
  readonly vpc: IVpc;
  /** Where tasks are. */
  readonly tasks: SubnetSelection;
  /** Of the load balancer: what devices may connect to. */
  readonly balancerGroup: SecurityGroup;
  /** Of the tasks: what the load balancer may connect to. */
  readonly taskGroup: SecurityGroup;

  constructor(scope: Construct, id: string, config: Config) {
    super(scope, id);
    const { privateSubnets, allowedCidrs } = config.live;
    const vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.80.0.0/16'),
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [
        { name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 20, mapPublicIpOnLaunch: false },
        ...(privateSubnets ? [{ name: 'tasks', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 20 }] : []),
      ],
      gatewayEndpoints: {
        S3: { service: GatewayVpcEndpointAwsService.S3 },
        DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
      },
    });
    this.vpc = vpc as IVpc;
    const logs = new LogGroup(this, 'RejectedLogs', {
      retention: config.logRetentionDays,
      removalPolicy: removalOf(config),
    });
    // What passes, the tasks count themselves; what is refused, nobody else sees.
    vpc.addFlowLog('Rejected', {
      destination: FlowLogDestination.toCloudWatchLogs(logs),
      trafficType: FlowLogTrafficType.REJECT,
    });
    this.tasks = { subnetType: privateSubnets ? SubnetType.PRIVATE_ISOLATED : SubnetType.PUBLIC };

    this.balancerGroup = new SecurityGroup(this, 'BalancerGroup', {
      vpc: this.vpc,
      description: 'What devices may connect to',
      allowAllOutbound: false,
    });
    this.taskGroup = new SecurityGroup(this, 'TaskGroup', {
      vpc: this.vpc,
      description: 'What the load balancer may connect to',
      allowAllOutbound: false,
    });
    this.taskGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'AWS');
    for (const option of openPorts(config.live)) {
      const port = Port.tcp(config.live[option]);
      for (const cidr of allowedCidrs) this.balancerGroup.addIngressRule(Peer.ipv4(cidr), port, 'Devices');
    }
    for (const port of taskPorts(config)) {
      this.balancerGroup.addEgressRule(this.taskGroup, Port.tcp(port), 'Tasks');
      this.taskGroup.addIngressRule(this.balancerGroup, Port.tcp(port), 'Load balancer');
    }
    if (allowedCidrs.includes('0.0.0.0/0')) {
      acknowledge(
        this.balancerGroup,
        'AwsSolutions-EC23',
        'Vehicles connect from any address of any mobile network; live.allowedCidrs narrows it where they do not',
      );
    }
    if (privateSubnets) this.#endpoints(vpc);
  }

  #endpoints(vpc: Vpc): void {
    const group = new SecurityGroup(this, 'EndpointGroup', {
      vpc: this.vpc,
      description: 'AWS, for the tasks',
      allowAllOutbound: false,
    });
    group.addIngressRule(this.taskGroup, Port.tcp(443), 'Tasks');
    for (const [name, service] of Object.entries(ENDPOINTS)) {
      vpc.addInterfaceEndpoint(name, { service, subnets: this.tasks, securityGroups: [group], open: false });
    }
  }
}

/** Ports of a task that the load balancer reaches. */
const taskPorts = ({ live }: Config): number[] => [
  TASK_PORTS.control,
  TASK_PORTS.media,
  ...(live.sharedPort ? [] : [TASK_PORTS.attachments]),
  TASK_PORTS.health,
];

/** A connection in silence is ended by the task, which then knows why; the load balancer waits a little longer. */
export const balancerIdle = ({ live }: Config): Duration => Duration.seconds(live.idleSeconds + 60);
