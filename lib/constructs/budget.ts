/** A budget of the account, told to the same addresses as alarms. */
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { deploymentOf } from './alarms.ts';

/** Percent of the amount at which it is told: of what was spent, and of what AWS expects of the whole month. */
const TOLD_AT = [
  ['ACTUAL', 80],
  ['ACTUAL', 100],
  ['FORECASTED', 100],
] as const;

/**
 * Of the whole account, and not of what carries this deployment's tag: a tag counts in budgets only once somebody has activated it
 * in Billing, and a budget that sees nothing is worse than one that sees too much. A budget that only tells costs nothing.
 */
export function budget(scope: Construct, config: Config): void {
  const { budgetDollars: amount, emails } = config.operations;
  if (amount === undefined) return;
  new CfnBudget(scope, 'Budget', {
    budget: {
      budgetName: deploymentOf(config),
      budgetType: 'COST',
      timeUnit: 'MONTHLY',
      budgetLimit: { amount, unit: 'USD' },
    },
    notificationsWithSubscribers: TOLD_AT.map(([notificationType, threshold]) => ({
      notification: { notificationType, comparisonOperator: 'GREATER_THAN', threshold, thresholdType: 'PERCENTAGE' },
      subscribers: emails.map((address) => ({ subscriptionType: 'EMAIL', address })),
    })),
  });
}
