/** Streams of real devices, read where they stand and never copied; without them tests are skipped, and say so. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../../shared/captures/', import.meta.url));

export const captures = [
  'glaciall-tcpdump-2019-04',
  'smallchi-jt1078_1',
  'xtream-sim10-h264-g711a',
  'xtream-sim6-h264-adpcma',
] as const;
export type CaptureName = (typeof captures)[number];

export const haveCaptures = captures.every((name) => existsSync(`${folder}${name}.bin`));
export const whyNot = haveCaptures ? '' : ' (skipped: ../shared/captures is absent)';

export interface ExpectedFrame {
  readonly type: 'I' | 'P';
  readonly ts: number;
  readonly size: number;
  readonly nal: readonly number[];
  readonly sha256_16: string;
}

export interface Expected {
  readonly summary: {
    readonly sim_field_bytes: 6 | 10;
    readonly sim: readonly string[];
    readonly channels: readonly number[];
    readonly packets: number;
    readonly audio_packets: number;
    readonly video_frames_complete: number;
    readonly annexb_es_sha256: string;
    readonly ffprobe: {
      readonly profile: string;
      readonly width: number;
      readonly height: number;
      readonly level: number;
    };
  };
  readonly frames: readonly ExpectedFrame[];
}

export const capture = (name: CaptureName): Buffer => readFileSync(`${folder}${name}.bin`);
export const expected = (name: CaptureName): Expected =>
  JSON.parse(readFileSync(`${folder}${name}.bin.expected.json`, 'utf8')) as Expected;
