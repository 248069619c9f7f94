/** Runs a connection and keeps what it says. */
import { createHash } from 'node:crypto';
import {
  DEFAULT_LIMITS,
  MediaConnection,
  type ConnectionCounters,
  type ConnectionLimits,
} from '../../../../containers/ingest/src/jt1078/assemble.ts';
import {
  kept,
  type AacUnit,
  type AudioUnit,
  type Gap,
  type Unread,
  type VideoUnit,
} from '../../../../containers/ingest/src/media/unit.ts';

export interface Decoded {
  /** `sim/channel` in order of appearance. */
  readonly streams: string[];
  readonly video: VideoUnit[];
  readonly sound: (AudioUnit | AacUnit)[];
  readonly gaps: Gap[];
  readonly data: Buffer[];
  readonly unread: Unread[];
  /** Everything in order, one word each: `I`, `P`, `sound`, `gap`. */
  readonly order: string[];
  counters: ConnectionCounters;
}

/** `only`: refuse every channel but this one. */
export function decode(chunks: Iterable<Buffer>, limits: Partial<ConnectionLimits> = {}, only?: number): Decoded {
  const out: Omit<Decoded, 'counters'> = {
    streams: [],
    video: [],
    sound: [],
    gaps: [],
    data: [],
    unread: [],
    order: [],
  };
  const connection = new MediaConnection(
    (sim, channel) => {
      out.streams.push(`${sim}/${channel}`);
      if (only !== undefined && channel !== only) return undefined;
      return {
        unit(unit) {
          if (unit.kind === 'video') out.video.push(kept(unit));
          else out.sound.push(kept(unit));
          out.order.push(unit.kind === 'video' ? (unit.keyframe ? 'I' : 'P') : 'sound');
        },
        gap(gap) {
          out.gaps.push(gap);
          out.order.push('gap');
        },
        data: (body) => out.data.push(Buffer.from(body)),
        unread: (what) => out.unread.push(what),
      };
    },
    { ...DEFAULT_LIMITS, ...limits },
  );
  let now = 0;
  for (const chunk of chunks) {
    const read = Buffer.from(chunk);
    connection.push(read, (now += 1));
    // As the next read does: nothing of it may have been kept.
    read.fill(0xa5);
  }
  connection.end();
  return { ...out, counters: connection.counters };
}

export const bytesOf = (unit: VideoUnit): Buffer => unit.data;
export const sha256 = (...parts: readonly Buffer[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};
