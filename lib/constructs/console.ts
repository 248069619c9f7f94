/** The console's files: built by Vite at synth, put into the site bucket at deploy. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AssetHashType, Aws, DockerImage, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { IDistribution } from 'aws-cdk-lib/aws-cloudfront';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, CacheControl, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { acknowledge, acknowledgeWildcards } from './nag.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface ConsoleProps {
  readonly config: Config;
  readonly site: Bucket;
  readonly distribution: IDistribution;
}

export class Console extends Construct {
  constructor(scope: Construct, id: string, { config, site, distribution }: ConsoleProps) {
    super(scope, id);
    const source = Source.asset(`${root}web`, {
      exclude: ['dist', 'node_modules'],
      assetHashType: AssetHashType.OUTPUT,
      bundling: {
        image: DockerImage.fromRegistry('node:24-slim'),
        local: {
          tryBundle: (outputDir) => {
            // Vite reads the API's types from lib/contract, so the build runs here and never in a container that sees only web/.
            execFileSync(
              process.execPath,
              [
                `${root}node_modules/vite/bin/vite.js`,
                'build',
                `${root}web`,
                '--outDir',
                outputDir,
                '--emptyOutDir',
                '--logLevel',
                'error',
              ],
              {
                stdio: ['ignore', 2, 2],
              },
            );
            return true;
          },
        },
      },
    });
    const logGroup = new LogGroup(this, 'Logs', {
      retention: config.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const deployment = new BucketDeployment(this, 'Files', {
      sources: [source],
      destinationBucket: site as IBucket,
      distribution,
      distributionPaths: ['/index.html'],
      // index.html names the hashed files; tabs opened before a deploy still find the old ones.
      prune: false,
      cacheControl: [CacheControl.setPublic(), CacheControl.maxAge(Duration.minutes(1))],
      memoryLimit: 512,
      logGroup,
    });
    const handler = deployment.handlerRole;
    acknowledge(
      handler,
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
      "The CDK's own deployment function; it writes its log and nothing else through this policy",
    );
    for (const finding of [
      'Action::s3:GetBucket*',
      'Action::s3:GetObject*',
      'Action::s3:List*',
      'Action::s3:Abort*',
      'Action::s3:DeleteObject*',
      'Resource::*',
    ]) {
      acknowledge(
        handler,
        `AwsSolutions-IAM5[${finding}]`,
        "The CDK's own deployment function: these are the grants it makes for copying the console's files",
      );
    }
    const { account, region } = Stack.of(this);
    acknowledgeWildcards(
      handler,
      [site.arnForObjects('*'), `arn:${Aws.PARTITION}:s3:::cdk-hnb659fds-assets-${account}-${region}/*`],
      "The CDK's own deployment function copies the console's files out of the bootstrap bucket",
    );
    acknowledge(handler.node.scope!, 'AwsSolutions-L1', "The CDK chooses its own function's runtime");
  }
}
