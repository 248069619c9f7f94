/** The stacks of one environment: what `bin/sluice.ts` hands to the CDK, and tests look at. */
import { CliCredentialsStackSynthesizer, Tags, type App, type IStackSynthesizer } from 'aws-cdk-lib';
import { readAppConfig, type Config } from './config.ts';
import { LiveStack } from './live-stack.ts';
import { VodStack } from './vod-stack.ts';

export interface Stacks {
  readonly config: Config;
  readonly vod: VodStack;
  /** Undefined without `live.enabled`. */
  readonly live: LiveStack | undefined;
}

/** Makes the stacks that the context of `app` asks for. Throws `ConfigError`. */
export function sluiceStacks(app: App): Stacks {
  const config = readAppConfig(app.node);
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
  const vod = new VodStack(app, `${name}-vod`, {
    ...common(),
    description: 'Sluice: upload, slicing, catalog and signed playback of videos',
  });
  const { storage, devices } = vod;
  const live = config.live.enabled
    ? new LiveStack(app, `${name}-live`, {
        ...common(),
        storage,
        devices,
        description: 'Sluice: load balancer and tasks that vehicle cameras connect to',
      })
    : undefined;
  // With the name: whoever looks for what one platform has left must not find another's of the same environment.
  Tags.of(app).add('sluice', name);
  return { config, vod, live };
}
