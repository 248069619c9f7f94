/** What functions took where it was measured. */
import { readFile } from 'node:fs/promises';
import { DECODE, ENCODE, SCALE, SOUND } from '../../lambdas/slicing/cost-of-a-second.ts';

/** CPU seconds, unless it says otherwise. */
export interface Costs {
  /** To decode a megapixel of H.264. */
  readonly decode: number;
  /** To scale for one rung, a megapixel of the source. */
  readonly scale: number;
  /** To encode a megapixel of a rung. */
  readonly encode: number;
  /** A second of sound, decoded and encoded. */
  readonly sound: number;
  /** Share of all but decoding that one thread takes: ffmpeg encodes its rungs one after another. */
  readonly threadShare: number;
  /** To inspect a source, its index apart. */
  readonly inspect: number;
  /** To plan an hour of video. */
  readonly planHour: number;
  readonly poster: number;
}

/** Measured on a virtual machine of two AMD EPYC processors, November 2026. The first four are what estimates are made of. */
export const committed = (preset: string): Costs => ({
  decode: DECODE,
  scale: SCALE,
  encode: ENCODE[preset]!,
  sound: SOUND,
  threadShare: 0.97,
  inspect: 0.15,
  planHour: 0.25,
  poster: 0.5,
});

/** Those of the last case in the output of `npm run bench:slicing`, whose last line is JSON. */
export async function readCosts(path: string, preset: string): Promise<Costs> {
  const last = (await readFile(path, 'utf8')).trimEnd().split('\n').at(-1)!;
  const { cases } = JSON.parse(last) as { cases: { costs?: Partial<Costs> }[] };
  const costs = cases.at(-1)?.costs;
  if (costs === undefined) throw new Error(`${path} does not end with the JSON of bench:slicing`);
  return { ...committed(preset), ...costs };
}
