/**
 * A CloudWatch dashboard for each flow: what goes through it on top, then a graph for each article of the runbook, with the
 * metrics of its alarms and the lines from which on they ring. An alarm that is new in the registry is on it by itself.
 */
import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type Metric,
  TextWidget,
  type HorizontalAnnotation,
  type IWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { FLOWS, type Flow } from '../contract/flows.ts';
import { flowOf, type OperationsAlarm } from '../contract/operations.ts';
import { alarmsOfConfig, deploymentOf, metricOf, type Alarms } from './alarms.ts';

/** Of a dashboard's 24 columns, and in its rows. */
const WIDTH = 8;
const HEIGHT = 6;

export class Dashboards extends Construct {
  constructor(scope: Construct, id: string, { config, alarms }: { readonly config: Config; readonly alarms: Alarms }) {
    super(scope, id);
    const all = alarmsOfConfig(config);
    for (const flow of Object.keys(FLOWS) as Flow[]) {
      const own = all.filter((alarm) => flowOf(alarm) === flow);
      if (flow === 'devices' && !config.live.enabled) continue;
      const dashboard = new Dashboard(this, flow, {
        // Not the name it had before it stood in a stack of its own, which a resource that is made beside it could not have.
        dashboardName: `${deploymentOf(config)}-flow-${flow}`,
        defaultInterval: Duration.hours(12),
      });
      dashboard.addWidgets(
        new TextWidget({ markdown: FLOWS[flow].title, width: 24, height: 1 }),
        new AlarmStatusWidget({ alarms: own.map((one) => alarms.made.get(one.id)!), width: 24, height: 4 }),
        ...this.#passing(flow, config),
        ...[...new Set(own.map(({ article }) => article))].map((article) =>
          this.#graph(
            own.filter((one) => one.article === article),
            config,
          ),
        ),
      );
    }
  }

  /** What goes through, whether or not anything is wrong. */
  #passing(flow: Flow, config: Config): IWidget[] {
    return FLOWS[flow].passing.map(
      ({ title, metrics }) =>
        new GraphWidget({
          title,
          left: metrics.map(({ source, statistic, label }) =>
            metricOf(this, { source, statistic, minutes: 5 }, config).with({ label }),
          ),
          width: WIDTH,
          height: HEIGHT,
        }),
    );
  }

  #graph(alarms: readonly OperationsAlarm[], config: Config): IWidget {
    const lines = new Set(alarms.map(({ atLeast, below }) => (atLeast ?? below)!));
    return new GraphWidget({
      title: alarms[0]!.article,
      left: alarms.map((alarm): Metric => metricOf(this, alarm, config).with({ label: alarm.id })),
      leftAnnotations: [...lines].map((value): HorizontalAnnotation => ({ value, color: '#d13212' })),
      leftYAxis: { min: 0 },
      width: WIDTH,
      height: HEIGHT,
    });
  }
}
