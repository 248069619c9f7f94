/** Runs a connection and keeps what it says. */
import { createHash } from 'node:crypto';
import {
  DEFAULT_LIMITS,
  MediaConnection,
  type ConnectionCounters,
  type ConnectionLimits,
} from '../../../../containers/ingest/src/jt1078/assemble.ts';
import type { AacUnit, AudioUnit, Gap, VideoUnit } from '../../../../containers/ingest/src/media/unit.ts';

export interface Decoded {
  /** `sim/channel` in order of appearance. */
  readonly streams: string[];
  readonly video: VideoUnit[];
  readonly sound: (AudioUnit | AacUnit)[];
  readonly gaps: Gap[];
  readonly data: Buffer[];
  /** Everything in order, one word each: `I`, `P`, `sound`, `gap`. */
  readonly order: string[];
  counters: ConnectionCounters;
}

/** `only`: refuse every channel but this one. */
export function decode(chunks: Iterable<Buffer>, limits: Partial<ConnectionLimits> = {}, only?: number): Decoded {
  const out: Omit<Decoded, 'counters'> = { streams: [], video: [], sound: [], gaps: [], data: [], order: [] };
  const connection = new MediaConnection(
    (sim, channel) => {
      out.streams.push(`${sim}/${channel}`);
      if (only !== undefined && channel !== only) return undefined;
      return {
        unit(unit) {
          if (unit.kind === 'video') out.video.push(unit);
          else out.sound.push(unit);
          out.order.push(unit.kind === 'video' ? (unit.keyframe ? 'I' : 'P') : 'sound');
        },
        gap(gap) {
          out.gaps.push(gap);
          out.order.push('gap');
        },
        data: (body) => out.data.push(body),
      };
    },
    { ...DEFAULT_LIMITS, ...limits },
  );
  let now = 0;
  for (const chunk of chunks) connection.push(chunk, (now += 1));
  connection.end();
  return { ...out, counters: connection.counters };
}

export const bytesOf = (unit: VideoUnit): Buffer => Buffer.concat(unit.pieces, unit.bytes);
export const sha256 = (...parts: readonly Buffer[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};
