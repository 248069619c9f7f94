import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { Presence } from '../../../lib/constructs/presence.ts';
import { grantsOf, stageScope } from './stage.ts';

function synth(overrides: Readonly<Record<string, unknown>> = {}): Template {
  const { stack, ...props } = stageScope(overrides);
  new Presence(stack, 'Presence', props).servedAt('https://video.example');
  return Template.fromStack(stack);
}
const template = synth();
const [api] = Object.keys(
  template.findResources('AWS::ApiGatewayV2::Api', { Properties: { ProtocolType: 'WEBSOCKET' } }),
);

describe('presence', () => {
  it('is a WebSocket API of one stage, whose three routes are all the function’s', () => {
    const routes = Object.values(template.findResources('AWS::ApiGatewayV2::Route')) as {
      Properties: { ApiId: unknown; RouteKey: string; Target: unknown };
    }[];
    const own = routes.filter(({ Properties }) => JSON.stringify(Properties.ApiId) === JSON.stringify({ Ref: api }));
    expect(own.map(({ Properties }) => Properties.RouteKey).toSorted()).toEqual([
      '$connect',
      '$default',
      '$disconnect',
    ]);
    expect(new Set(own.map(({ Properties }) => JSON.stringify(Properties.Target))).size).toBe(1);
    template.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      ApiId: { Ref: api },
      StageName: 'ws',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingBurstLimit: 200, ThrottlingRateLimit: 200 },
    });
  });

  it('tells and ends connections of that stage, and may do no more with any API', () => {
    const grants = grantsOf(template, 'PresenceHandler');
    const arns = grants.get('execute-api:ManageConnections')!;
    expect(arns).toHaveLength(2);
    for (const arn of arns) expect(arn).toMatch(new RegExp(`"Ref":"${api}"\\}.*/ws/(POST|DELETE)/@connections/\\*`));
    expect([...grants.keys()].filter((action) => action.startsWith('execute-api:'))).toEqual([
      'execute-api:ManageConnections',
    ]);
  });

  it('reads videos and grants, writes neither, and hears of videos by their stream, for a minute', () => {
    const grants = grantsOf(template, 'PresenceHandler');
    for (const table of ['Videos', 'Entitlements'])
      expect(
        [...grants].flatMap(([action, on]) =>
          on.some((one) => one.includes(`"Storage${table}`) && one.includes('"Arn"')) ? [action] : [],
        ),
      ).toEqual(['dynamodb:BatchGetItem']);
    const [stream] = Object.values(template.findResources('AWS::Lambda::EventSourceMapping'))
      .map((one) => (one as { Properties: Record<string, unknown> }).Properties)
      .filter(({ EventSourceArn }) => JSON.stringify(EventSourceArn).includes('StreamArn'));
    expect(stream).toMatchObject({
      StartingPosition: 'LATEST',
      MaximumRecordAgeInSeconds: 60,
      MaximumRetryAttempts: 1,
      BatchSize: 100,
    });
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
  });

  it('has nothing that runs by a clock, and no queue', () => {
    const of = (type: string) => Object.keys(template.findResources(type)).filter((id) => id.startsWith('Presence'));
    expect(of('AWS::Events::Rule')).toEqual([]);
    expect(of('AWS::SQS::Queue')).toEqual([]);
  });

  it('knows that a hook has the last word', () => {
    const hooked = synth({ playback: { hookUrl: 'https://hook.example/' } });
    for (const [one, said] of [
      [template, 'no'],
      [hooked, 'yes'],
    ] as const)
      one.hasResourceProperties('AWS::Lambda::Function', { Environment: { Variables: { HOOKED: said } } });
  });
});
