import { AwsSolutionsChecks } from 'cdk-nag';
import { App, CliCredentialsStackSynthesizer, Tags, Validations, type IStackSynthesizer } from 'aws-cdk-lib';
import { readAppConfig } from '../lib/config.ts';
import { VodStack } from '../lib/vod-stack.ts';

const app = new App();
const config = readAppConfig(app.node);
Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));

new VodStack(app, `${config.name}-${config.environment}-vod`, {
  config,
  description: 'Sluice: upload, slicing, catalog and signed playback of videos',
  env: {
    ...(config.account !== undefined && { account: config.account }),
    ...(config.region !== undefined && { region: config.region }),
  },
  // A local engine with IAM on refuses the bootstrap's publishing role.
  ...(config.environment === 'local' && { synthesizer: new CliCredentialsStackSynthesizer() as IStackSynthesizer }),
});
Tags.of(app).add('sluice', config.environment);
