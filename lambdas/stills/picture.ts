/** A stranger's picture as a poster: what it is and how large it says it is, then drawn anew by our ffmpeg. Knows no AWS. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isComplete, pictureFacts, pictureMovie } from '../../lib/media/picture.ts';
import { output, ProcessError } from '../../lib/process.ts';
import { ApiError } from '../shared/errors.ts';
import { memoryLimit } from '../slicing/encoder.ts';
import { JPEG_OUTPUT, LONGEST, MAX_POSTER_BYTES, posterSize } from '../slicing/poster.ts';
import { programPath } from '../slicing/program.ts';

/** Sides and area that are taken: those of the largest cameras. A few bytes can say more, and would be decoded to gigabytes. */
const MOST = { side: 12_000, pixels: 64_000_000 };

/** Pixels of a side that is still seen as a picture, once it is as large as a poster. */
const LEAST_SIDE = 16;

/**
 * The picture as a JPEG of a poster's size, without what a camera wrote of place and time. Throws `unsupported-type` for what
 * is neither JPEG nor PNG, is cut, too thin or cannot be decoded, `too-large` for too many pixels.
 */
export async function posterOfPicture(bytes: Buffer): Promise<Buffer> {
  const facts = pictureFacts(bytes);
  if (facts === undefined) throw new ApiError('unsupported-type', 'The picture must be a JPEG or PNG.');
  const { width, height } = facts;
  if (Math.max(width, height) > MOST.side || width * height > MOST.pixels)
    throw new ApiError('too-large', `The picture is ${width} by ${height} pixels; export it smaller.`, {
      limit: { name: 'poster', value: MOST.pixels, unit: 'pixels' },
    });
  const drawn = Math.min(width, height) * Math.min(1, LONGEST / Math.max(width, height));
  if (drawn < LEAST_SIDE)
    throw new ApiError(
      'unsupported-type',
      `The picture is ${width} by ${height} pixels, of which a poster would show ${Math.floor(drawn)} on its short side; choose one that leaves it ${LEAST_SIDE} or more.`,
    );
  if (!isComplete(bytes, facts))
    throw new ApiError('unsupported-type', 'The picture ends before its end; send all of it, or export it again.');
  const folder = await mkdtemp(join(tmpdir(), 'sluice-picture-'));
  try {
    const path = join(folder, 'picture');
    await writeFile(path, pictureMovie(bytes, facts));
    const args = [
      // As the header says or smaller: a picture may say another size inside.
      ['-nostdin', '-v', 'error', '-protocol_whitelist', 'file', '-f', 'mov', '-max_pixels', String(MOST.pixels)],
      ['-i', `file:${path}`, '-an', '-vf', posterSize, '-frames:v', '1', ...JPEG_OUTPUT],
    ].flat();
    const limits = { timeoutMs: 20_000, maxBytes: MAX_POSTER_BYTES, ...memoryLimit() };
    const { stdout } = await output(programPath('ffmpeg'), args, limits);
    if (stdout.length > 0) return stdout;
    throw new ApiError('unsupported-type', UNREADABLE);
  } catch (cause) {
    if (cause instanceof ProcessError) throw new ApiError('unsupported-type', UNREADABLE, { cause });
    throw cause;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const UNREADABLE = 'The picture cannot be read; export it again as JPEG or PNG.';
