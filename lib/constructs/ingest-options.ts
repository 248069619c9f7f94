/** What a task is told of the configuration. Pure. */
import type { Config } from '../config.ts';
import { BUFFER_SHARE, ingestOptions, TASK_PORTS, type IngestOptions } from '../contract/ingest.ts';
import { KIB, MIB } from '../contract/options.ts';

export function ingestOptionsOf({ live, alarms }: Pick<Config, 'live' | 'alarms'>): IngestOptions {
  const media = live.announceTls ? live.tlsMediaPort : live.mediaPort;
  const attachments = live.announceTls ? live.tlsAttachmentPort : live.attachmentPort;
  return ingestOptions.parse({
    ports: TASK_PORTS,
    sharedPort: live.sharedPort,
    announce: { media, attachments: live.sharedPort ? media : attachments, address: live.announceAddress },
    encryption: live.encryption,
    segmentSeconds: live.segmentSeconds,
    playlistSeconds: live.playlistSeconds,
    idleStopSeconds: live.idleStopSeconds,
    startSeconds: live.startSeconds,
    stateSeconds: live.stateSeconds,
    positionSeconds: live.positionSeconds,
    drainSeconds: live.drainSeconds,
    unknownDays: live.unknownDays,
    alarmRules: alarms.rules,
    requireAuthCode: live.requireAuthCode,
    sameNetwork: live.sameNetwork,
    limits: {
      connections: live.maxConnections,
      connectionsPerAddress: live.maxConnectionsPerAddress,
      streams: live.streamsPerTask,
      idleSeconds: live.idleSeconds,
      firstByteSeconds: live.firstByteSeconds,
      frameBytes: live.maxFrameKiB * KIB,
      streamBufferBytes: live.streamBufferMiB * MIB,
      bufferBytes: Math.floor(live.memoryMiB * MIB * BUFFER_SHARE),
      attachmentBytes: live.maxAttachmentMiB * MIB,
      commandsPerSecond: live.commandsPerSecond,
      unknownPerMinute: live.unknownPerMinute,
      perDay: {
        files: live.maxFilesPerDay,
        bytes: live.maxFilesMiBPerDay * MIB,
        encodes: live.maxEncodesPerDay,
        alarms: live.maxAlarmsPerDay,
      },
      positionsPerDay: live.maxPositionsPerDay,
      streamBytesPerSecond: Math.floor(live.maxStreamMbps * 125_000),
    },
  });
}
