/** Whether the parts that arrived make the file the uploader says they make. Pure. */
import { ApiError } from '../shared/errors.ts';
import { checkSize } from './draft.ts';
import { MIN_PART_BYTES, type UploadLimits } from '../../lib/contract/upload.ts';

/** A part as S3 lists it. */
export interface Part {
  readonly PartNumber: number;
  /** Quoted, as S3 sends it, or not. */
  readonly ETag: string;
  /** Bytes. */
  readonly Size: number;
}
export type ClaimedPart = Omit<Part, 'Size'>;

/** S3 sends ETags in quotes (RFC 9110, 8.8.3); uploaders hand them back with or without. */
export function bareTag(tag: string): string {
  let [from, to] = [0, tag.length];
  while (tag[from] === '"') from += 1;
  while (to > from && tag[to - 1] === '"') to -= 1;
  return tag.slice(from, to);
}

/**
 * Checks the claimed list against S3's, and answers the file's size in bytes. Both must hold the same parts, numbered
 * from 1 without a gap: a part too many or too few would be another file than the one that was sent.
 * Throws `missing-parts`, `empty-file`, `too-large`, or `invalid-request` for a part S3 would find too small.
 */
export function checkParts(
  listed: readonly Part[],
  claimed: readonly ClaimedPart[],
  limits: Pick<UploadLimits, 'maxBytes'>,
): number {
  const arrived = new Map(listed.map((part) => [part.PartNumber, part]));
  const wanted = new Map(claimed.map((part) => [part.PartNumber, bareTag(part.ETag)]));
  const last = Math.max(0, ...arrived.keys(), ...wanted.keys());
  const wrong: string[] = [];
  for (let number = 1; number <= last; number++) {
    const [part, tag] = [arrived.get(number), wanted.get(number)];
    if (part === undefined) wrong.push(`${number} has not arrived`);
    else if (tag === undefined) wrong.push(`${number} arrived but is not in your list`);
    else if (bareTag(part.ETag) !== tag) wrong.push(`${number} is not the one that arrived last`);
  }
  if (wrong.length > 0) throw missing(wrong);
  const total = listed.reduce((sum, part) => sum + part.Size, 0);
  checkSize(total, limits.maxBytes);
  const small = listed.find((part) => part.PartNumber < last && part.Size < MIN_PART_BYTES);
  if (small) {
    throw new ApiError(
      'invalid-request',
      `Part ${small.PartNumber} has ${small.Size} bytes; every part but the last needs at least ${MIN_PART_BYTES}. Send it again, larger.`,
      { limit: { name: 'part', value: MIN_PART_BYTES, unit: 'bytes' } },
    );
  }
  return total;
}

function missing(wrong: readonly string[]): ApiError {
  const more = wrong.length > 5 ? `, and ${wrong.length - 5} more` : '';
  return new ApiError(
    'missing-parts',
    `Of the parts, ${wrong.slice(0, 5).join('; ')}${more}. List what arrived, send the rest, and complete again.`,
  );
}
