/** Vectors, chunkings and a seeded generator for the protocol tests. */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../../../shared/captures/', import.meta.url));

/** Third-party data is read where it stands and never copied; without it these tests are skipped, and say so. */
export const captures = existsSync(`${folder}vectors.json`);
export const why = captures ? '' : ' (skipped: ../shared/captures is absent)';

export interface Vector {
  readonly name: string;
  readonly kind: string;
  readonly hex: string;
  readonly packets?: readonly string[];
  readonly packets_upstream?: readonly string[];
  readonly expected: Readonly<Record<string, unknown>>;
}

export const vectors: readonly Vector[] = captures
  ? (JSON.parse(readFileSync(`${folder}vectors.json`, 'utf8')) as Vector[])
  : [];

export const ofKind = (kind: string): Vector[] => vectors.filter((vector) => vector.kind === kind);

export function vector(name: string): Vector {
  const found = vectors.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no vector is called ${name}`);
  return found;
}

/** The lines of a `.hex.txt` capture, one frame each. */
export function hexLines(name: string): Buffer[] {
  return readFileSync(folder + name, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => hex(line.trim()));
}

export const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** All ways to cut `bytes` once, whole and byte by byte. The pieces are copies: nothing may depend on neighbours. */
export function* chunkings(bytes: Buffer): Generator<Buffer[]> {
  yield [Buffer.from(bytes)];
  for (let at = 1; at < bytes.length; at++) yield [Buffer.from(bytes.subarray(0, at)), Buffer.from(bytes.subarray(at))];
  yield Array.from(bytes, (byte) => Buffer.of(byte));
}

/** Numbers 0 to 1 from a seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `bytes` cut at random places. */
export function* randomChunks(bytes: Buffer, next: () => number, largest = 64): Generator<Buffer> {
  let at = 0;
  while (at < bytes.length) {
    const end = Math.min(bytes.length, at + 1 + Math.floor(next() * largest));
    yield Buffer.from(bytes.subarray(at, end));
    at = end;
  }
}

/** `2019-07-16 10:10:10` of twelve digits. */
export function printed(time: string): string {
  return `20${time.slice(0, 2)}-${time.slice(2, 4)}-${time.slice(4, 6)} ${time.slice(6, 8)}:${time.slice(8, 10)}:${time.slice(10, 12)}`;
}
