/** Buckets as all of Sluice's are: nobody's but the functions' and the edge's, encrypted, without versions. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership, type BucketProps } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import type { Emptier } from './emptier.ts';
import { acknowledge } from './nag.ts';

/** One that is deleted with its stack is emptied before. */
export function privateBucket(
  scope: Construct,
  id: string,
  config: Config,
  emptier: Emptier,
  props: BucketProps & { readonly removalPolicy: RemovalPolicy },
): Bucket {
  const bucket = new Bucket(scope, id, {
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: config.enforceTls,
    ...props,
  });
  acknowledge(
    bucket,
    'AwsSolutions-S1',
    'Server access logs would record every segment and part; CloudFront and the API log who asked for what',
  );
  if (!config.enforceTls) acknowledge(bucket, 'AwsSolutions-S10', 'A local engine answers plain http on loopback only');
  if (props.removalPolicy === RemovalPolicy.DESTROY) emptier.empties(bucket);
  return bucket;
}
