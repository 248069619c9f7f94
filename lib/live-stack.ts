/**
 * Network → ingest tasks. What costs by the hour and holds nothing: deleting this stack loses no device and no recording,
 * which are the other stack's.
 */
import { Fn, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';
import type { Devices } from './constructs/devices.ts';
import { Ingest } from './constructs/ingest.ts';
import { Network } from './constructs/network.ts';
import type { Storage } from './constructs/storage.ts';

export interface LiveStackProps extends StackProps {
  readonly config: Config;
  readonly storage: Storage;
  readonly devices: Devices;
}

export class LiveStack extends Stack {
  constructor(scope: Construct, id: string, { config, storage, devices, ...props }: LiveStackProps) {
    super(scope, id, props);
    const network = new Network(this, 'Network', config);
    new Ingest(this, 'Ingest', { config, network, storage, devices });
  }

  /** Asked of CloudFormation at deploy: a synth needs no credentials and no remembered answer. */
  override get availabilityZones(): string[] {
    return [0, 1].map((i) => Fn.select(i, Fn.getAzs()));
  }
}
