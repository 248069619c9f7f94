import { Template } from 'aws-cdk-lib/assertions';
import { Code, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { expect, it } from 'vitest';
import { Stills } from '../../../lib/constructs/stills.ts';
import { grantsOf, stageScope } from './stage.ts';

it('the poster function reads and writes what is under /vod/ and the record, and takes no reserved concurrency', () => {
  const { stack, ...props } = stageScope({ 'concurrency.account': 1000, 'concurrency.reservedForApi': 10 });
  const ffmpegLayer = new LayerVersion(stack, 'Layer', { code: Code.fromAsset(import.meta.dirname) });
  new Stills(stack, 'Stills', { ...props, ffmpegLayer });
  const template = Template.fromStack(stack);
  const grants = grantsOf(template, 'StillsPosterRole');
  expect([...grants.keys()].toSorted()).toEqual([
    'dynamodb:BatchGetItem',
    'dynamodb:GetItem',
    'dynamodb:PutItem',
    'dynamodb:UpdateItem',
    'logs:CreateLogStream',
    'logs:PutLogEvents',
    's3:DeleteObject',
    's3:GetObject',
    's3:PutObject',
  ]);
  for (const action of ['s3:DeleteObject', 's3:GetObject', 's3:PutObject'])
    expect(grants.get(action)!.join()).toMatch(/StorageMedia.*\/vod\/\*/);
  expect(grants.get('dynamodb:UpdateItem')!.join()).toMatch(/StorageVideos/);
  expect(grants.get('dynamodb:PutItem')!.every((resource) => /StorageAudit/.test(resource))).toBe(true);
  const [poster] = Object.entries(template.findResources('AWS::Lambda::Function'))
    .filter(([name]) => name.startsWith('StillsPoster'))
    .map(([, { Properties }]) => Properties as Record<string, unknown>);
  expect(poster).toMatchObject({ MemorySize: 1769, Timeout: 29, Layers: [expect.anything()] });
  expect(poster).not.toHaveProperty('ReservedConcurrentExecutions');
});
