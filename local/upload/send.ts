/** One file, in parts straight to S3; gone on with where an earlier command was stopped. */
import { randomUUID } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { basename } from 'node:path';
import type { ResponseOf } from '../../lib/contract/api.ts';
import { ClientError } from '../client.ts';
import { ask, again, codeOf } from './ask.ts';
import type { Access } from './access.ts';
import { identify, typeOf, type Identity } from './files.ts';
import type { State } from './state.ts';
import { Remembered } from './state.ts';

type Begun = Extract<State, { kind: 'begun' }>;
type Parts = ResponseOf<'GET /api/s3/multipart/{uploadId}'>;

export interface Sending {
  readonly access: Access;
  readonly url: string;
  /** Parts at a time. */
  readonly parts: number;
  readonly visibility: string;
  readonly again: boolean;
  readonly signal: AbortSignal;
  /** Files of this command by their fingerprints: two names of one file are one video. */
  readonly taken: Map<string, string>;
}

/** Another name of a file that this command has sent or is sending. */
export class SameFile extends Error {
  override name = 'SameFile';
}

export interface Meter {
  readonly total: (bytes: number) => void;
  readonly add: (bytes: number) => void;
  /** A line that stays. */
  readonly note: (line: string) => void;
}

export interface Sent {
  readonly videoId: string;
  /** It was there already: nothing was sent. */
  readonly before: boolean;
}

/** S3 takes so many parts. */
const MOST_PARTS = 10_000;
/** Bytes written to a socket at a time, after which they are counted. */
const SLICE = 256 * 1024;

export async function sendFile(path: string, sending: Sending, meter: Meter): Promise<Sent> {
  const { access, url, signal } = sending;
  const identity = await identify(path);
  const other = sending.taken.get(identity.fingerprint);
  if (other !== undefined) throw new SameFile(`is the same file as ${other}, and is not sent twice`);
  sending.taken.set(identity.fingerprint, path);
  const remembered = new Remembered(url, identity.fingerprint);
  const known = sending.again ? undefined : await remembered.read();
  if (known !== undefined && (await isThere(known, access, signal))) {
    await remembered.write({ kind: 'arrived', videoId: known.videoId });
    return { videoId: known.videoId, before: true };
  }
  meter.total(identity.size);
  const partBytes = Math.max(access.config.upload.partBytes, Math.ceil(identity.size / MOST_PARTS));
  let begun = known?.kind === 'begun' ? known : undefined;
  let there = begun && (await partsOf(begun, access, signal));
  if (begun === undefined || there === undefined) {
    // An answer that is lost on its way is asked for again, which must not begin a second video.
    const metadata = { size: identity.size, visibility: sending.visibility, idempotencyKey: randomUUID() };
    const body = { filename: basename(path), type: typeOf(path), metadata };
    const { uploadId, key, videoId } = await ask(access, 'POST /api/s3/multipart', { body }, signal);
    begun = { kind: 'begun', uploadId, key, videoId, partBytes };
    // Before a byte is sent: what nobody remembers cannot be gone on with.
    await remembered.write(begun);
    there = [];
  }
  const handle = await open(path);
  try {
    await sendMissing(handle, identity, begun, there, sending, meter);
  } finally {
    await handle.close();
  }
  if ((await identify(path)).fingerprint !== identity.fingerprint) {
    await remembered.forget();
    throw new Error('the file changed while it was sent. Send it again when nobody writes to it');
  }
  await complete(begun, access, signal);
  await remembered.write({ kind: 'arrived', videoId: begun.videoId });
  return { videoId: begun.videoId, before: false };
}

/** Whether what is remembered has arrived, also when we were killed before we could write it down. */
async function isThere({ kind, videoId }: State, access: Access, signal: AbortSignal): Promise<boolean> {
  const video = await ask(access, 'GET /api/videos/{id}', { params: { id: videoId } }, signal).catch(
    (error: unknown) => {
      if (error instanceof ClientError && error.status === 404) return undefined;
      throw error;
    },
  );
  // What failed is sent again; what is under way is gone on with.
  return video !== undefined && video.status !== 'failed' && (video.status !== 'uploading' || kind === 'pulling');
}

const naming = ({ uploadId, key }: Begun) => ({ params: { uploadId }, query: { key } });

/** Undefined when the platform knows no such upload (any more), or of somebody else. */
async function partsOf(begun: Begun, access: Access, signal: AbortSignal): Promise<Parts | undefined> {
  try {
    return await ask(access, 'GET /api/s3/multipart/{uploadId}', naming(begun), signal);
  } catch (error) {
    if (error instanceof ClientError && (error.status === 404 || error.status === 410)) return undefined;
    throw error;
  }
}

async function sendMissing(
  handle: FileHandle,
  { size }: Identity,
  begun: Begun,
  there: Parts,
  { access, parts, signal }: Sending,
  meter: Meter,
): Promise<void> {
  const { partBytes } = begun;
  const sizes = new Map(there.map(({ PartNumber, Size }) => [PartNumber, Size]));
  const missing: { number: number; from: number; length: number }[] = [];
  for (let from = 0, number = 1; from < size; from += partBytes, number += 1) {
    const length = Math.min(partBytes, size - from);
    if (sizes.get(number) === length) meter.add(length);
    else missing.push({ number, from, length });
  }
  if (there.length > 0) meter.note(`${there.length} parts of it are there already`);
  // One that fails for good ends the others, too.
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  let next = 0;
  const worker = async () => {
    for (let part = missing[next++]; part !== undefined; part = missing[next++]) {
      const { number, from, length } = part;
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, from);
      if (bytesRead < length) throw new Error('the file became shorter while it was sent. Send it again');
      const partNumber = String(number);
      await again(async () => {
        const signing = { ...naming(begun), params: { uploadId: begun.uploadId, partNumber } };
        const { url } = await ask(access, 'GET /api/s3/multipart/{uploadId}/{partNumber}', signing, either);
        await put(url, buffer, meter.add, either);
      }, either);
    }
  };
  await Promise.all(
    Array.from({ length: parts }, () =>
      worker().catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    ),
  );
}

async function complete(begun: Begun, access: Access, signal: AbortSignal): Promise<void> {
  try {
    const listed = (await partsOf(begun, access, signal)) ?? [];
    const parts = listed.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
    await ask(access, 'POST /api/s3/multipart/{uploadId}/complete', { ...naming(begun), body: { parts } }, signal);
  } catch (error) {
    // The answer of an earlier try was lost on its way.
    const over = error instanceof ClientError && ['upload-gone', 'invalid-request'].includes(codeOf(error) ?? '');
    if (!over || !(await isThere(begun, access, signal))) throw error;
  }
}

const agents = { 'https:': new HttpsAgent({ keepAlive: true }), 'http:': new HttpAgent({ keepAlive: true }) };
/** Milliseconds in which nothing of a part goes out, or no answer comes. */
const SILENCE = 60_000;

/** PUTs a part and counts what has gone out; what did not arrive after all is taken back. Throws ClientError. */
async function put(address: string, bytes: Buffer, count: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  const url = new URL(address);
  let counted = 0;
  try {
    await new Promise<void>((resolve, reject) => {
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const request = send(url, {
        method: 'PUT',
        agent: agents[url.protocol as 'https:' | 'http:'],
        headers: { 'content-length': bytes.length },
        timeout: SILENCE,
        signal,
      });
      request.once('timeout', () => request.destroy(new Error('S3 said nothing for a minute')));
      request.once('error', reject);
      request.once('response', (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text = (text + chunk).slice(0, 1000)));
        answer.once('error', reject);
        answer.once('end', () => {
          const { statusCode = 0 } = answer;
          if (statusCode === 200) resolve();
          // The address may have ended meanwhile: the next try has a new one.
          else
            reject(
              new ClientError(
                `S3 answered a part with ${statusCode}: ${text}`,
                statusCode === 403 ? 503 : statusCode,
                undefined,
              ),
            );
        });
      });
      let at = 0;
      const write = (): void => {
        while (at < bytes.length) {
          const slice = bytes.subarray(at, at + SLICE);
          at += slice.length;
          const goesOn = request.write(slice);
          counted += slice.length;
          count(slice.length);
          if (!goesOn) return void request.once('drain', write);
        }
        request.end();
      };
      write();
    });
  } catch (error) {
    count(-counted);
    throw error;
  }
}
