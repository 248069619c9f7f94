/** The console's files: built by Vite at synth, put into the site bucket at deploy by a function that carries them. */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { CustomResource, Duration, FileSystem } from 'aws-cdk-lib';
import type { IDistribution } from 'aws-cdk-lib/aws-cloudfront';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { SluiceFunction } from './function.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface ConsoleProps {
  readonly config: Config;
  readonly site: Bucket;
  readonly distribution: IDistribution;
}

export class Console extends Construct {
  constructor(scope: Construct, id: string, { config, site, distribution }: ConsoleProps) {
    super(scope, id);
    const vite = `"${process.execPath}" "${root}node_modules/vite/bin/vite.js" build "${root}web" --logLevel error`;
    // The console, and then the player for other pages, which is one file under a name that stays.
    const builds = (outputDir: string) =>
      `${vite} --outDir "${outputDir}/site" --emptyOutDir && ${vite} --config "${root}web/player.config.ts" --outDir "${outputDir}/site/player"`;
    const publisher = new SluiceFunction(this, 'Publisher', {
      config,
      entry: 'console/publish.ts',
      description: "Puts the console's files into the site bucket",
      timeout: Duration.minutes(2),
      afterBundling: builds,
    })
      .useObjects('SITE_BUCKET', site, ['PutObject'], '')
      .useInvalidation(distribution);
    new CustomResource(this, 'Files', {
      serviceToken: publisher.functionArn,
      resourceType: 'Custom::SluiceConsoleFiles',
      properties: { Version: sourceVersion() },
    });
  }
}

/** Changes when anything changes that the console is built from. */
function sourceVersion(): string {
  const hash = createHash('sha256');
  for (const path of ['web', 'lib/contract', 'package-lock.json']) {
    hash.update(FileSystem.fingerprint(`${root}${path}`, { exclude: ['dist', 'node_modules'] }));
  }
  return hash.digest('hex').slice(0, 32);
}
