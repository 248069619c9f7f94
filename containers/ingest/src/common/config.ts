/** What a task is told by its environment (docs/ingest.md), read once at start. */
import { json, required } from '../../../../lib/contract/env.ts';
import { ingestOptions, type IngestOptions } from '../../../../lib/contract/ingest.ts';

export interface ServerConfig {
  readonly options: IngestOptions;
  /** Name or IPv4 address devices reach us at. */
  readonly publicHost: string;
  readonly queuePrefix: string;
  readonly tables: Readonly<Record<'devices' | 'positions' | 'alarms' | 'fleet' | 'videos', string>>;
  readonly buckets: Readonly<Record<'media' | 'source', string>>;
  readonly eventBus: string;
  /** Dimension `Service` of the metrics. */
  readonly service: string;
  readonly region: string;
  /** Address to listen on; undefined: all of them. */
  readonly listenAddress: string | undefined;
}

/** Throws EnvError, which names the variable. `schema` is another one only where a task is to run with what no deployment may. */
export function readServerConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
  schema: Pick<typeof ingestOptions, 'parse'> = ingestOptions,
): ServerConfig {
  const text = (name: string) => required(name, env);
  return {
    options: json('INGEST_OPTIONS', schema, env),
    publicHost: text('PUBLIC_HOST'),
    queuePrefix: text('COMMAND_QUEUE_PREFIX'),
    tables: {
      devices: text('DEVICES_TABLE'),
      positions: text('POSITIONS_TABLE'),
      alarms: text('ALARMS_TABLE'),
      fleet: text('FLEET_TABLE'),
      videos: text('VIDEOS_TABLE'),
    },
    buckets: { media: text('MEDIA_BUCKET'), source: text('SOURCE_BUCKET') },
    eventBus: text('EVENT_BUS'),
    service: text('SERVICE_NAME'),
    region: text('AWS_REGION'),
    listenAddress: env['LISTEN_ADDRESS'],
  };
}
