import { expect, it } from 'vitest';
import { forEngine } from '../../local/engine-rules.ts';

it('writes again what the engine takes otherwise, and leaves the rest and its argument alone', () => {
  const template = {
    Resources: {
      Pair: { Type: 'Custom::SluiceSigningKey', Properties: { ServiceToken: 'x' } },
      Encode: { Type: 'AWS::Lambda::Function', Properties: { Layers: ['l'], Environment: { Variables: { A: 'b' } } } },
      Plain: { Type: 'AWS::Lambda::Function', Properties: {} },
      Secret1: { Type: 'AWS::SecretsManager::Secret', Properties: {} },
      Policy: {
        Type: 'AWS::IAM::Policy',
        Properties: { PolicyDocument: { Statement: [{ Resource: [{ Ref: 'Secret1' }, { Ref: 'Table1' }] }] } },
      },
    },
  };
  const before = structuredClone(template);
  const result = forEngine(template, '/layer/bin');
  expect(template).toEqual(before);
  expect(result.Resources['Pair']).toEqual(template.Resources.Pair);
  expect(result.Resources['Encode']!.Properties!['Environment']).toEqual({
    Variables: { A: 'b', FFMPEG_PATH: '/layer/bin/ffmpeg', FFPROBE_PATH: '/layer/bin/ffprobe' },
  });
  expect(result.Resources['Plain']).toEqual(template.Resources.Plain);
  expect(result.Resources['Policy']!.Properties).toEqual({
    PolicyDocument: { Statement: [{ Resource: [{ 'Fn::GetAtt': ['Secret1', 'Id'] }, { Ref: 'Table1' }] }] },
  });
});

it('lets what is asked about named alarms and stores be about all there are, and widens nothing else', () => {
  const arn = 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:sluice-*';
  const statements = [
    { Effect: 'Allow', Action: 'cloudwatch:DescribeAlarms', Resource: arn },
    { Effect: 'Allow', Action: 'cloudwatch:SetAlarmState', Resource: arn },
    { Effect: 'Allow', Action: ['cloudfront-keyvaluestore:UpdateKeys', 'cloudwatch:DescribeAlarms'], Resource: arn },
    { Effect: 'Allow', Action: ['cloudfront-keyvaluestore:UpdateKeys', 's3:GetObject'], Resource: arn },
  ];
  const template = {
    Resources: { P: { Type: 'AWS::IAM::Policy', Properties: { PolicyDocument: { Statement: statements } } } },
  };
  expect(forEngine(template, '/ffmpeg').Resources['P']!.Properties).toEqual({
    PolicyDocument: {
      Statement: [
        { ...statements[0], Resource: '*' },
        statements[1],
        { ...statements[2], Resource: '*' },
        statements[3],
      ],
    },
  });
  expect(statements[0]!.Resource).toBe(arn);
});

it('sends who tells connections of the WebSocket API to the engine, and nobody else', () => {
  const AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI = 'https://x.execute-api.us-east-1.amazonaws.com/ws';
  const fn = (Variables: object) => ({ Type: 'AWS::Lambda::Function', Properties: { Environment: { Variables } } });
  const template = {
    Resources: {
      Http: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'HTTP' } },
      Sockets: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'WEBSOCKET' } },
      Tells: fn({ A: 'b', AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI }),
      Other: fn({ A: 'b' }),
    },
  };
  const { Resources } = forEngine(template, '/ffmpeg', { endpoint: 'http://127.0.0.1:1' });
  expect(Resources['Tells']!.Properties!['Environment']).toEqual({
    Variables: {
      A: 'b',
      AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: {
        'Fn::Join': ['', ['http://127.0.0.1:1/_aws/execute-api/', { Ref: 'Sockets' }, '/ws']],
      },
    },
  });
  expect(Resources['Other']).toEqual(template.Resources.Other);
  expect(forEngine(template, '/ffmpeg').Resources['Tells']).toEqual(template.Resources.Tells);
});
