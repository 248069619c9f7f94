import { AwsSolutionsChecks } from 'cdk-nag';
import { App, CliCredentialsStackSynthesizer, Tags, Validations, type IStackSynthesizer } from 'aws-cdk-lib';
import { readAppConfig } from '../lib/config.ts';
import { LiveStack } from '../lib/live-stack.ts';
import { VodStack } from '../lib/vod-stack.ts';

const app = new App();
const config = readAppConfig(app.node);
Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));

const common = () => ({
  config,
  env: {
    ...(config.account !== undefined && { account: config.account }),
    ...(config.region !== undefined && { region: config.region }),
  },
  // A local engine with IAM on refuses the bootstrap's publishing role.
  ...(config.environment === 'local' && { synthesizer: new CliCredentialsStackSynthesizer() as IStackSynthesizer }),
});
const name = `${config.name}-${config.environment}`;
const { storage, devices } = new VodStack(app, `${name}-vod`, {
  ...common(),
  description: 'Sluice: upload, slicing, catalog and signed playback of videos',
});
if (devices) {
  new LiveStack(app, `${name}-live`, {
    ...common(),
    storage,
    devices,
    description: 'Sluice: load balancer and tasks that vehicle cameras connect to',
  });
}
Tags.of(app).add('sluice', config.environment);
