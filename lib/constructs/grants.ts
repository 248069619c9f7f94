/** What is granted in the same words to a function and to a task. */
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';

interface Holder {
  allow(actions: readonly string[], resources: readonly string[], wildcardReason?: string): this;
}

/** `dynamodb:<action>` on the table, if there are any, and `dynamodb:Query` on these of its indexes. */
export function allowTable<T extends Holder>(
  holder: T,
  { tableArn }: Pick<ITable, 'tableArn'>,
  actions: readonly string[],
  indexes: readonly string[],
): T {
  if (actions.length > 0)
    holder.allow(
      actions.map((action) => `dynamodb:${action}`),
      [tableArn],
    );
  if (indexes.length === 0) return holder;
  return holder.allow(
    ['dynamodb:Query'],
    indexes.map((index) => `${tableArn}/index/${index}`),
  );
}
