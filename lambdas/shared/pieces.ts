/** How a file is divided into the parts of an upload, and doing them some at a time until there is no more time. */
import type { Part } from '../upload/parts.ts';

const MIB = 1024 ** 2;
/** S3 takes so many parts (Amazon S3 multipart upload limits). */
const MOST_PARTS = 10_000;

/** Bytes of a part: at least `least`, in whole MiB, so that `bytes` fit into 10,000 of them. */
export const partBytesOf = (bytes: number, least: number): number =>
  Math.max(least, Math.ceil(bytes / MOST_PARTS / MIB) * MIB);

export interface Piece {
  /** From 1. */
  readonly number: number;
  readonly from: number;
  /** The last byte, as ranges name it. */
  readonly to: number;
}

/** The parts that are not there yet: not listed, or of another size than they must be. */
export function missingPieces(bytes: number, partBytes: number, there: readonly Part[]): Piece[] {
  const sizes = new Map(there.map(({ PartNumber, Size }) => [PartNumber, Size]));
  const pieces: Piece[] = [];
  for (let from = 0, number = 1; from < bytes; from += partBytes, number += 1) {
    const to = Math.min(bytes, from + partBytes) - 1;
    if (sizes.get(number) !== to - from + 1) pieces.push({ number, from, to });
  }
  return pieces;
}

/**
 * Does `work` for each, `atOnce` at a time, and begins none after `deadline` (epoch milliseconds). Answers whether all were
 * done. The first error ends it, when what is under way has ended, too: `stop` is told.
 */
export async function untilDeadline<T>(
  pieces: readonly T[],
  atOnce: number,
  deadline: number,
  stop: (error: unknown) => void,
  work: (piece: T) => Promise<void>,
): Promise<boolean> {
  let next = 0;
  const errors: unknown[] = [];
  const worker = async () => {
    while (next < pieces.length && errors.length === 0 && Date.now() < deadline) {
      const piece = pieces[next++]!;
      await work(piece).catch((error: unknown) => {
        errors.push(error);
        stop(error);
      });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (errors.length > 0) throw errors[0];
  return next >= pieces.length;
}
