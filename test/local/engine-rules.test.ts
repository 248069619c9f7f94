import { expect, it } from 'vitest';
import { forEngine } from '../../local/engine-rules.ts';

it('replaces what the engine cannot hold, says why, and leaves the rest and its argument alone', () => {
  const template = {
    Resources: {
      Pair: { Type: 'Custom::SluiceSigningKey', Properties: { ServiceToken: 'x' } },
      PublicKey1: {
        Type: 'AWS::CloudFront::PublicKey',
        Properties: { PublicKeyConfig: { EncodedKey: { 'Fn::GetAtt': ['Pair', 'PublicKey'] } } },
      },
      Group1: { Type: 'AWS::CloudFront::KeyGroup', Properties: { KeyGroupConfig: { Items: [{ Ref: 'PublicKey1' }] } } },
      Edge: {
        Type: 'AWS::CloudFront::Distribution',
        Properties: {
          DistributionConfig: {
            DefaultCacheBehavior: {},
            CacheBehaviors: [{ PathPattern: '/vod/*', TrustedKeyGroups: [{ Ref: 'Group1' }] }],
          },
        },
      },
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
  const { template: result, replaced } = forEngine(template, '/layer/bin');
  expect(template).toEqual(before);
  expect(replaced.map(({ logicalId }) => logicalId)).toEqual(['PublicKey1', 'Group1']);
  expect(replaced.every(({ why }) => why.length > 10)).toBe(true);
  expect(result.Resources['PublicKey1']).toEqual({
    Type: 'AWS::SSM::Parameter',
    Properties: { Name: 'KPUBLICKEY1', Type: 'String', Value: { 'Fn::GetAtt': ['Pair', 'PublicKey'] } },
  });
  expect(result.Resources['Edge']!.Properties).toEqual({
    DistributionConfig: { DefaultCacheBehavior: {}, CacheBehaviors: [{ PathPattern: '/vod/*' }] },
  });
  expect(result.Resources['Encode']!.Properties!['Environment']).toEqual({
    Variables: { A: 'b', FFMPEG_PATH: '/layer/bin/ffmpeg', FFPROBE_PATH: '/layer/bin/ffprobe' },
  });
  expect(result.Resources['Plain']).toEqual(template.Resources.Plain);
  expect(result.Resources['Policy']!.Properties).toEqual({
    PolicyDocument: { Statement: [{ Resource: [{ 'Fn::GetAtt': ['Secret1', 'Id'] }, { Ref: 'Table1' }] }] },
  });
});
