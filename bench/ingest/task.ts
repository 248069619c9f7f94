/** One ingest task on its own core, with everything it talks to, for as long as one case takes. */
import { readFileSync } from 'node:fs';
import { ingestOptionsOf } from '../../lib/constructs/ingest-options.ts';
import { readConfig } from '../../lib/config.ts';
import type { IngestOptions } from '../../lib/contract/ingest.ts';
import type { Ports } from '../../containers/ingest/src/task/server.ts';
import type { CloudCounts, CloudPorts } from './cloud.ts';
import { Loads } from './loads.ts';
import { fileOf, Program } from './pinned.ts';
import type { ServerUsage } from './server.ts';

export interface TaskOptions {
  /** Bundle of server.ts. */
  readonly bundle: string;
  /** Address of an S3 other than the counting sink. */
  readonly s3?: string;
  /** Folder for a CPU profile. */
  readonly profile?: string | undefined;
  /** Options of Node for the measured process beside the image's, to try them out. */
  readonly nodeArgs?: readonly string[];
}

export const BUCKET = 'bench-media';

export class Task {
  readonly cloud: Program;
  readonly load: Loads;
  readonly server: Program;
  readonly ports: Required<Ports>;

  private constructor(cloud: Program, load: Loads, server: Program, ports: Required<Ports>) {
    this.cloud = cloud;
    this.load = load;
    this.server = server;
    this.ports = ports;
  }

  static async start({ bundle, s3, profile, nodeArgs = [] }: TaskOptions): Promise<Task> {
    const cloud = new Program(fileOf('cloud.ts'));
    const ports = await cloud.ask<CloudPorts>({ do: 'ports' });
    const server = new Program(bundle, {
      measured: true,
      nodeArgs: [...nodeArgs, ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`])],
      env: { ...imageEnvironment(), ...taskEnvironment(standIns(ports, s3)) },
    });
    return new Task(cloud, new Loads(), server, await server.ask({ do: 'ports' }));
  }

  usage(): Promise<ServerUsage> {
    return this.server.ask<ServerUsage>({ do: 'usage' });
  }

  /** S3 does not answer for so long. */
  async stall(seconds: number): Promise<void> {
    await this.cloud.ask({ do: 'stall', seconds });
  }

  counts(): Promise<CloudCounts> {
    return this.cloud.ask<CloudCounts>({ do: 'take' });
  }

  async end(): Promise<void> {
    await this.load.end();
    await Promise.all([this.server.end(), this.cloud.end()]);
  }
}

/** What the image sets for Node and for its allocator. */
export function imageEnvironment(): Record<string, string> {
  const dockerfile = readFileSync(new URL('../../containers/ingest/Dockerfile', import.meta.url), 'utf8');
  const set = Object.fromEntries(
    [...dockerfile.matchAll(/^ENV (\w+)="([^"]+)"$/gm)].map(([, name, value]) => [name, value]),
  );
  if (set['NODE_OPTIONS'] === undefined) throw new Error('containers/ingest/Dockerfile sets no NODE_OPTIONS');
  return set;
}

export interface Surroundings {
  /** Of tables, queues and events; and of S3. */
  readonly endpoint: string;
  readonly s3: string;
  readonly ports: IngestOptions['ports'];
  readonly announce?: Pick<IngestOptions['announce'], 'media' | 'attachments'>;
}

const stand = (port: number): string => `http://127.0.0.1:${port}`;
const standIns = ({ sink, tables }: CloudPorts, s3 = stand(sink)): Surroundings => ({
  endpoint: stand(tables),
  s3,
  ports: { control: 0, media: 0, attachments: 0, health: 0 },
});

export const TABLES = {
  DEVICES_TABLE: 'devices',
  POSITIONS_TABLE: 'positions',
  ALARMS_TABLE: 'alarms',
  FLEET_TABLE: 'fleet',
  VIDEOS_TABLE: 'videos',
} as const;
export const SOURCE_BUCKET = 'bench-source';

/** The configuration's own defaults; only limits on how many are out of the way. */
export function taskEnvironment({ endpoint, s3, ports, announce }: Surroundings): Record<string, string> {
  const { live, alarms } = readConfig((key) =>
    key === 'env' ? 'bench' : key === 'environments' ? { bench: {} } : undefined,
  );
  const options = ingestOptionsOf({ live, alarms });
  return {
    INGEST_OPTIONS: JSON.stringify({
      ...options,
      ports,
      announce: { ...options.announce, ...announce, address: false },
      limits: { ...options.limits, streams: 50_000, connections: 50_000, connectionsPerAddress: 50_000 },
    }),
    PUBLIC_HOST: '127.0.0.1',
    LISTEN_ADDRESS: '127.0.0.1',
    COMMAND_QUEUE_PREFIX: 'bench-',
    ...TABLES,
    MEDIA_BUCKET: BUCKET,
    SOURCE_BUCKET,
    EVENT_BUS: 'bench',
    SERVICE_NAME: 'bench',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: s3,
  };
}
