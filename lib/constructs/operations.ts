/** Operations: what an operator is told of (docs/runbook.md), and the hourly look at what tells nobody by itself. */
import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { Alarms } from './alarms.ts';
import { budget } from './budget.ts';
import { Dashboards } from './dashboards.ts';
import { SluiceFunction } from './function.ts';
import { notices } from './notices.ts';
import { BY_TIME, type Storage } from './storage.ts';

export interface OperationsProps {
  readonly config: Config;
  readonly storage: Storage;
}

/** Made after all stages: it looks at what they have. */
export class Operations extends Construct {
  constructor(scope: Construct, id: string, { config, storage }: OperationsProps) {
    super(scope, id);
    const watch = new SluiceFunction(this, 'Watch', {
      config,
      entry: 'operations/watch.ts',
      description: 'Looks for videos that make no progress',
      timeout: Duration.minutes(5),
      environment: { STUCK_MINUTES: String(config.operations.stuckMinutes) },
    }).useTable('VIDEOS_TABLE', storage.videos, [], [BY_TIME]);
    new Rule(this, 'Hourly', {
      description: 'Looks for videos that make no progress',
      schedule: Schedule.rate(Duration.hours(1)),
      targets: [new LambdaFunction(watch)],
    });
    budget(this, config);
    if (!config.operations.alarms) return;
    const alarms = new Alarms(this, 'Alarms', { config, topic: notices(this, config) });
    if (config.operations.dashboards) new Dashboards(this, 'Dashboards', { config, alarms });
  }
}
