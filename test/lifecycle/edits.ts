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
