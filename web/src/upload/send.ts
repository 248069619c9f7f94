/**
 * One file, in parts straight to S3, one after another. What has arrived S3 itself says, so whatever was lost on the way, an
 * answer too, is found by asking: begun, listed and completed again, each gives the same as the first time.
 */
import type { Encryption } from './encryption.ts';
import { call } from '../api/client.ts';
import { ApiProblem, hasCode } from '../api/problem.ts';
import type { Line, Trouble } from './line.ts';
import { StorageProblem } from './line.ts';

/** An upload that the platform knows. `partBytes`: as its first part was; the configuration may say something else by now. */
export interface Begun {
  readonly uploadId: string;
  readonly key: string;
  readonly videoId: string;
  readonly partBytes: number;
}

export interface Sending {
  /** Names this upload for ever: begun again by the same, it is the same. */
  readonly idempotencyKey: string;
  readonly name: string;
  readonly type: string;
  /** How it is to be encrypted; undefined: as the platform does it. */
  readonly encryption?: Encryption | undefined;
  readonly file: Blob;
  /** Bytes a part shall have. */
  readonly partBytes: number;
  readonly begun?: Begun | undefined;
}

export interface Way {
  readonly line: Pick<Line, 'again'>;
  /** Sends a part. Throws StorageProblem or Unreadable; `progress` is told the bytes that went out. */
  readonly put: (url: string, part: Blob, signal: AbortSignal, progress: (bytes: number) => void) => Promise<void>;
}

export interface Listener {
  readonly begun: (begun: Begun) => void;
  /** Bytes that are there or on their way. */
  readonly sent: (bytes: number) => void;
  /** It is tried again, since …; `sent` ends that. */
  readonly trouble: (trouble: Trouble) => void;
}

/** The platform knows no such upload, or not any more. */
export class Gone extends Error {
  override name = 'Gone';

  constructor(cause: unknown) {
    super('It was removed meanwhile, or not finished in time. Try again to send it from the beginning.', { cause });
  }
}

/** S3 takes so many parts. */
const MOST_PARTS = 10_000;
/** Milliseconds an answer of the API may take; API Gateway itself waits for 29 s. */
const PATIENCE = 40_000;
/** Times it is completed with a part that is not the one that was sent, before it is given up. */
const ROUNDS = 5;

export const partBytesFor = (size: number, wanted: number): number => Math.max(wanted, Math.ceil(size / MOST_PARTS));

interface Part {
  readonly number: number;
  readonly from: number;
  readonly to: number;
}

/** What is not there yet, or not as long as it must be. `there`: as S3 lists it. Pure. */
export function missingParts(
  size: number,
  partBytes: number,
  there: readonly { readonly PartNumber: number; readonly Size: number }[],
): Part[] {
  const lengths = new Map(there.map(({ PartNumber, Size }) => [PartNumber, Size]));
  const missing: Part[] = [];
  for (let from = 0, number = 1; from < size; from += partBytes, number += 1) {
    const to = Math.min(from + partBytes, size);
    if (lengths.get(number) !== to - from) missing.push({ number, from, to });
  }
  return missing;
}

/** Sends what is missing and answers the video's id. Throws Gone, what is refused for good, or the reason of `signal`. */
export async function send(sending: Sending, way: Way, listener: Listener, signal: AbortSignal): Promise<string> {
  const again = <T>(work: (signal: AbortSignal) => Promise<T>) => way.line.again(work, signal, listener.trouble);
  const begun = sending.begun ?? (await begin({ ...sending, size: sending.file.size }, again));
  if (sending.begun === undefined) listener.begun(begun);
  try {
    await sendParts(sending, begun, sending.begun !== undefined, again, way, listener);
    return begun.videoId;
  } catch (error) {
    if (!hasCode(error, 'upload-gone', 'not-found')) throw error;
    // The answer to an earlier `complete` may have been lost: then there is nothing left to do.
    const video = await again((inner) => find(begun.videoId, inner));
    if (video !== undefined && video.status !== 'uploading') return begun.videoId;
    throw new Gone(error);
  }
}

/** Ends an upload, finished or not. What is a video by now stays one. Throws where nobody is signed in any more. */
export async function abandon(begun: Begun, way: Pick<Way, 'line'>, signal: AbortSignal): Promise<void> {
  const { uploadId, key } = begun;
  const target = { params: { uploadId }, query: { key } };
  const stop = (inner: AbortSignal) =>
    call('DELETE /api/s3/multipart/{uploadId}', { ...target, signal: bounded(inner) });
  try {
    await way.line.again(stop, signal, () => {});
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.status === 401) throw error;
  }
}

type Again = <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/** `size`: bytes of the file, which is not needed for it. */
export async function begin(
  {
    idempotencyKey,
    name,
    type,
    encryption,
    size,
    partBytes,
  }: Pick<Sending, 'idempotencyKey' | 'name' | 'type' | 'encryption' | 'partBytes'> & { readonly size: number },
  again: Again,
): Promise<Begun> {
  const body = { filename: name, type, metadata: { name, size, idempotencyKey, encryption } };
  try {
    const { uploadId, key, videoId } = await again((signal) =>
      call('POST /api/s3/multipart', { body, signal: bounded(signal) }),
    );
    return { uploadId, key, videoId, partBytes: partBytesFor(size, partBytes) };
  } catch (error) {
    throw hasCode(error, 'upload-gone') ? new Gone(error) : error;
  }
}

/** `mayHaveParts`: it was begun before. */
async function sendParts(
  { file }: Sending,
  { uploadId, key, partBytes }: Begun,
  mayHaveParts: boolean,
  again: Again,
  { put }: Way,
  listener: Listener,
): Promise<void> {
  const params = { uploadId };
  const query = { key };
  const list = () =>
    again((signal) => call('GET /api/s3/multipart/{uploadId}', { params, query, signal: bounded(signal) }));
  let there = mayHaveParts ? await list() : [];
  for (let round = 1; ; round += 1) {
    const missing = missingParts(file.size, partBytes, there);
    let sent = file.size - missing.reduce((sum, { from, to }) => sum + to - from, 0);
    listener.sent(sent);
    for (const { number, from, to } of missing) {
      const part = file.slice(from, to);
      const partNumber = String(number);
      await again(async (signal) => {
        const signing = { params: { uploadId, partNumber }, query, signal: bounded(signal) };
        const { url } = await call('GET /api/s3/multipart/{uploadId}/{partNumber}', signing);
        try {
          await put(url, part, signal, (bytes) => listener.sent(sent + bytes));
        } catch (error) {
          // S3 knows the upload no more: the API says whether it is finished, or gone.
          if (error instanceof StorageProblem && error.status === 404)
            await call('GET /api/s3/multipart/{uploadId}', { params, query, signal: bounded(signal) });
          throw error;
        }
      });
      sent += to - from;
      listener.sent(sent);
    }
    there = await list();
    if (missingParts(file.size, partBytes, there).length === 0) {
      const parts = there.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
      const body = { parts };
      try {
        await again((signal) =>
          call('POST /api/s3/multipart/{uploadId}/complete', { params, query, body, signal: bounded(signal) }),
        );
        return;
      } catch (error) {
        if (!hasCode(error, 'missing-parts') || round >= ROUNDS) throw error;
        there = await list();
      }
    } else if (round >= ROUNDS) throw new Error('Parts of it do not stay in the storage. Try again later.');
  }
}

async function find(id: string, signal: AbortSignal) {
  try {
    return await call('GET /api/videos/{id}', { params: { id }, signal: bounded(signal) });
  } catch (error) {
    if (hasCode(error, 'not-found')) return undefined;
    throw error;
  }
}

const bounded = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
