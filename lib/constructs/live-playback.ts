/** Live playback: the function that knows who may watch a channel, asks for its stream and answers signed playlists. */
import type { Construct } from 'constructs';
import { LIVE_PREFIX } from '../contract/live-keys.ts';
import { allowCommands } from './command-queues.ts';
import type { DeviceTables } from './device-tables.ts';
import { SluiceFunction } from './function.ts';
import { playbackOptions, SESSION_WRITES, type PlaybackProps } from './playback.ts';
import type { Revocation } from './revocation.ts';
import { BY_WHAT } from './storage.ts';

interface LivePlaybackProps extends Omit<PlaybackProps, 'revocation' | 'downloads' | 'presence'> {
  readonly revocation: Pick<Revocation, 'revokedBy' | 'askedBy'>;
}

export function livePlayback(
  scope: Construct,
  { config, storage, api, signingKey, revocation }: LivePlaybackProps,
  tables: DeviceTables,
): SluiceFunction {
  const live = new SluiceFunction(scope, 'Live', {
    config,
    entry: 'playback/live/handler.ts',
    description: 'Checks who may watch a channel, asks for the stream and answers signed playlists',
    // Buys CPU for the cold start; a call takes a few milliseconds.
    memorySize: 1024,
    environment: {
      ...playbackOptions(config, api),
      ON_DEMAND_MINUTES: String(config.live.onDemandMinutes),
      START_SECONDS: String(config.live.startSeconds),
    },
  })
    .useTable('DEVICES_TABLE', tables.devices, ['GetItem', 'UpdateItem'])
    .useTable('ENTITLEMENTS_TABLE', storage.entitlements, ['BatchGetItem'])
    .useTable('FLEET_TABLE', tables.fleet, ['PutItem', 'DeleteItem', 'Query'])
    .useTable('SESSIONS_TABLE', storage.sessions, SESSION_WRITES, [BY_WHAT])
    .useObjects('MEDIA_BUCKET', storage.media, ['GetObject'], LIVE_PREFIX)
    .listObjects(storage.media, LIVE_PREFIX);
  allowCommands(live, config);
  signingKey.allowSigning(live);
  revocation.revokedBy(live);
  revocation.askedBy(live);
  api.serve('live', live);
  return live;
}
