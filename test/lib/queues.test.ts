/** Queues of every stack: how long they keep what is sent, and hide what is worked on. */
import { expect, it } from 'vitest';
import { ofType, synthesized, type TemplateText } from '../support/app.ts';

const templates = (options: object = {}): readonly TemplateText[] =>
  synthesized({ 'live.enabled': true, 'kafka.brokers': ['kafka.example:9092'], ...options }).deployed;
const QUEUE = 'AWS::SQS::Queue';

it('keep what is sent for as long as SQS does: what waits for others must not go without a word', () => {
  const queues = templates().flatMap((template) => ofType(template, QUEUE));
  expect(queues.length).toBeGreaterThan(10);
  for (const [id, { Properties }] of queues)
    expect([id, Properties?.['MessageRetentionPeriod']]).toEqual([id, 1_209_600]);
});

interface Source {
  readonly id: string;
  readonly window: number;
  readonly timeout: number;
  readonly hidden: number;
}

/** Event sources that are queues. Of streams nothing is hidden. */
function sources(template: TemplateText): Source[] {
  const numberOf = (type: string, id: string, name: string): number =>
    Number(ofType(template, type).find(([one]) => one === id)?.[1].Properties?.[name] ?? NaN);
  return ofType(template, 'AWS::Lambda::EventSourceMapping').flatMap(([id, { Properties = {} }]) => {
    const {
      EventSourceArn,
      FunctionName,
      MaximumBatchingWindowInSeconds = 0,
    } = Properties as {
      EventSourceArn: { 'Fn::GetAtt'?: [string, string] };
      FunctionName: { Ref: string };
      MaximumBatchingWindowInSeconds?: number;
    };
    const [queue, attribute] = EventSourceArn['Fn::GetAtt'] ?? [];
    if (queue === undefined || attribute !== 'Arn') return [];
    return {
      id,
      window: MaximumBatchingWindowInSeconds,
      timeout: numberOf('AWS::Lambda::Function', FunctionName.Ref, 'Timeout'),
      hidden: numberOf(QUEUE, queue, 'VisibilityTimeout'),
    };
  });
}

it.each([2, 300])('hide what is gathered and worked on until that is over (gathered for %i s)', (flushSeconds) => {
  const all = templates({ 'insight.flushSeconds': flushSeconds }).flatMap(sources);
  expect(
    all
      .filter(({ window }) => window > 0)
      .map(({ id }) => id.replace(/SqsEvent.*/, ''))
      .toSorted(),
  ).toEqual(['InsightCount', 'InsightRawWriter', 'InsightSpread']);
  for (const { id, window, timeout, hidden } of all) {
    // What is gathered waits for an execution in many: as AWS has it. What is not is worked on when it is taken.
    const least = window === 0 ? timeout + 60 : window + 6 * timeout;
    expect(hidden, id).toBeGreaterThanOrEqual(least);
  }
});
