/** What people do to a template that no option does: a construct gets another name, a resource cannot be made. */
import type { Template } from '../../local/engine-rules.ts';
import type { Edit } from './account.ts';

/** Every resource whose logical id begins with `from` has `to` there instead, as when its construct is renamed. */
export const renamed =
  (from: string, to: string): Edit =>
  (template) => {
    const ids = Object.keys(template.Resources).filter((id) => id.startsWith(from));
    if (ids.length === 0) throw new Error(`no resource begins with ${from}`);
    const text = ids.reduce(
      (last, id) => last.replaceAll(`"${id}"`, `"${to}${id.slice(from.length)}"`),
      JSON.stringify(template),
    );
    return JSON.parse(text) as Template;
  };

interface Keyed {
  readonly KeySchema: readonly { readonly AttributeName: string }[];
}
interface TableProperties extends Keyed {
  readonly AttributeDefinitions: readonly { readonly AttributeName: string }[];
  readonly GlobalSecondaryIndexes: readonly (Keyed & { readonly IndexName: string })[];
}

/** The one table whose logical id begins with `from` has no index `index` yet, as in a version before it. */
export const withoutIndex =
  (from: string, index: string): Edit =>
  (template) => {
    const found = Object.entries(template.Resources).filter(
      ([id, { Type }]) => id.startsWith(from) && Type === 'AWS::DynamoDB::Table',
    );
    const [[id, resource] = []] = found;
    if (id === undefined || resource === undefined || found.length !== 1) throw new Error(`no one table ${from}`);
    const properties = resource.Properties as unknown as TableProperties;
    const GlobalSecondaryIndexes = properties.GlobalSecondaryIndexes.filter(({ IndexName }) => IndexName !== index);
    if (GlobalSecondaryIndexes.length === properties.GlobalSecondaryIndexes.length) throw new Error(`no ${index}`);
    const used = new Set(
      [properties, ...GlobalSecondaryIndexes].flatMap(({ KeySchema }) => KeySchema.map((key) => key.AttributeName)),
    );
    const AttributeDefinitions = properties.AttributeDefinitions.filter((one) => used.has(one.AttributeName));
    const Properties = { ...properties, AttributeDefinitions, GlobalSecondaryIndexes };
    return { ...template, Resources: { ...template.Resources, [id]: { ...resource, Properties } } };
  };

/** One resource more, made when all others are there, that cannot be made: its function does not exist. */
export const failing: Edit = (template) => {
  const region = 'us-east-1';
  return {
    ...template,
    Resources: {
      ...template.Resources,
      // It could be made, and goes again with the roll-back.
      PlannedQueue: { Type: 'AWS::SQS::Queue', Properties: {} },
      PlannedFailure: {
        Type: 'Custom::SluicePlannedFailure',
        Properties: { ServiceToken: `arn:aws:lambda:${region}:000000000000:function:sluice-no-such-function` },
        DependsOn: ['PlannedQueue', ...Object.keys(template.Resources)],
      },
    },
  };
};
