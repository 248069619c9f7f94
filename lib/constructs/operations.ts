/** Operations: what an operator is told of (docs/runbook.md), and the hourly look at what tells nobody by itself. */
import { ArnFormat, Duration, NestedStack, Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { concurrency, type Config } from '../config.ts';
import { Alarms, alarmsOfConfig, at, deploymentOf } from './alarms.ts';
import type { Api } from './api.ts';
import { budget } from './budget.ts';
import { Dashboards } from './dashboards.ts';
import { SluiceFunction } from './function.ts';
import { notices } from './notices.ts';
import type { Revocation } from './revocation.ts';
import { alarmName } from '../contract/operations.ts';
import { BY_ABOUT, BY_PERSON, BY_TIME, type Storage } from './storage.ts';

export interface OperationsProps {
  readonly config: Config;
  readonly storage: Storage;
  readonly api: Api;
  readonly revocation: Pick<Revocation, 'askedBy'>;
  /** Where tasks say that they live, and what is remembered of how things were. */
  readonly fleet: Table;
}

/** Made after all stages: it looks at what they have. */
export class Operations extends Construct {
  constructor(scope: Construct, id: string, props: OperationsProps) {
    super(scope, id);
    const { config, storage } = props;
    const watch = new SluiceFunction(this, 'Watch', {
      config,
      entry: 'operations/watch.ts',
      description: 'Looks for videos that make no progress',
      timeout: Duration.minutes(5),
      environment: { STUCK_MINUTES: String(config.operations.stuckMinutes) },
    }).useTable('VIDEOS_TABLE', storage.videos, ['GetItem', 'BatchGetItem'], [BY_TIME]);
    new Rule(this, 'Hourly', {
      description: 'Looks for videos that make no progress',
      schedule: Schedule.rate(Duration.hours(1)),
      targets: [new LambdaFunction(watch)],
    });
    this.#health(props);
    budget(this, config);
    if (!config.operations.alarms) return;
    // They are many and hold nothing: in a stack of their own they take no room in the one that holds all else.
    const monitoring = new NestedStack(this, 'Monitoring', {
      description: 'Sluice: alarms, what they count, dashboards',
    });
    const alarms = new Alarms(monitoring, 'Alarms', { config, topic: notices(this, config) });
    if (config.operations.dashboards) new Dashboards(monitoring, 'Dashboards', { config, alarms });
  }

  /** `GET /api/health`: it reads how everything is, and changes nothing but what it remembers of that. */
  #health({ config, storage, api, revocation, fleet }: OperationsProps): void {
    const alarms = alarmsOfConfig(config);
    const queues = alarms.flatMap(({ id, source }) =>
      source.of === 'queue' && id.startsWith('dead-letters-') ? [[id, at(this, source.at) as Queue] as const] : [],
    );
    const names = config.operations.alarms ? alarms.map(({ id }) => id) : [];
    const health = new SluiceFunction(this, 'Health', {
      config,
      entry: 'operations/handler.ts',
      description: 'For admins: how queues, slicing, edge, tasks and alarms are, and who changed what',
      memorySize: 1024,
      environment: {
        GROUPS_CLAIM: config.auth.groupsClaim,
        STUCK_MINUTES: String(config.operations.stuckMinutes),
        SLICING_PLACES: String(concurrency(config).videos),
        TAKES_DEVICES: config.live.enabled ? 'yes' : 'no',
        DEPLOYMENT: deploymentOf(config),
        AUDIT_DAYS: String(config.operations.auditDays),
        ALARM_IDS: JSON.stringify(names),
        DEAD_LETTERS: Stack.of(this).toJsonString(
          Object.fromEntries(queues.map(([id, { queueUrl }]) => [id, queueUrl])),
        ),
      },
    })
      .useTable('VIDEOS_TABLE', storage.videos, ['GetItem', 'BatchGetItem'], [BY_TIME])
      .useTable('UPLOADS_TABLE', storage.uploads, ['Query'])
      .useTable('AUDIT_TABLE', storage.audit, ['Query'], [BY_PERSON, BY_ABOUT])
      .useTable('FLEET_TABLE', fleet, ['Query', 'GetItem', 'PutItem'])
      .allow(
        ['sqs:GetQueueAttributes'],
        queues.map(([, { queueArn }]) => queueArn),
      );
    revocation.askedBy(health);
    if (names.length > 0) {
      const alarm = Stack.of(this).formatArn({
        service: 'cloudwatch',
        resource: 'alarm',
        resourceName: alarmName(deploymentOf(config), '*'),
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
      health.allow(['cloudwatch:DescribeAlarms'], [alarm], "This deployment's alarms, whose names begin with its own");
    }
    // Asked for now and then: what is reserved for answering everybody is not for it.
    api.serve('operations', health, { isReserved: false });
  }
}
