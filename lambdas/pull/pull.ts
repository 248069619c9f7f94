/** One invocation's share of a pull: looks at what lies at the address, opens the upload, and sends what is missing. */
import { json, number } from '../../lib/contract/env.ts';
import { sourceKey } from '../../lib/contract/keys.ts';
import { pullSeconds, type PullRules, type PullState } from '../../lib/contract/pull.ts';
import { mediaType } from '../../lib/contract/text.ts';
import { uploadLimits } from '../../lib/contract/upload.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { ApiError } from '../shared/errors.ts';
import { changeVideo } from '../shared/videos.ts';
import { checkType } from '../upload/draft.ts';
import { complete, type MultipartVideo } from '../upload/finish.ts';
import type { Part } from '../upload/parts.ts';
import { checkQuota } from '../upload/quota.ts';
import { abortUpload, createUpload, listParts } from '../upload/source.ts';
import { sourceAddress, type SourceAddress } from './address.ts';
import type { Facts } from './answer.ts';
import { Connector } from './connect.ts';
import { COPY_PART_BYTES, copyPiece, lookInto } from './copy.ts';
import { Gone, Interrupted, PullFailed } from './failure.ts';
import { look, pullPiece, pullWhole, tooLarge } from './https.ts';
import { missingPieces, partBytesOf, untilDeadline } from '../shared/pieces.ts';
import { Watch } from './watch.ts';

const limits = json('UPLOAD_LIMITS', uploadLimits);

/** Bytes. As many parts as fit into the memory are under way at a time, one where parts are larger. */
const PART_BYTES = 16 * 1024 ** 2;
const IN_MEMORY = 3 * PART_BYTES;
const COPIES_AT_ONCE = 8;
/** Milliseconds that parts under way may still take, or a whole file that cannot be had in parts. */
const GRACE = 90_000;

type Looked = Awaited<ReturnType<typeof look>> | { readonly facts: Facts; readonly answer?: undefined };

/** `more`: the time is over, and parts are left. Throws what failure.ts has, and what S3 and DynamoDB throw. */
export async function pull(record: VideoRecord, state: PullState, rules: PullRules): Promise<'arrived' | 'more'> {
  const deadline = Date.now() + number('PULL_SECONDS', pullSeconds) * 1000;
  const slow = new AbortController();
  const timer = setTimeout(() => slow.abort(new Interrupted('sends too slowly')), deadline + GRACE - Date.now());
  const connector = new Connector(rules);
  try {
    const address = sourceAddress(state.address, rules);
    const known = state.facts?.ranges === true && record.upload.id !== undefined ? state.facts : undefined;
    const { facts, answer } = known === undefined ? await lookAt(address, connector, slow.signal) : { facts: known };
    try {
      const taken = { ...facts, type: checkFacts(facts, record.filename) };
      if (known === undefined) await checkRoom(record, facts);
      const least = address.kind === 's3' ? COPY_PART_BYTES : PART_BYTES;
      const partBytes = state.partBytes ?? partBytesOf(facts.bytes ?? limits.maxBytes, least);
      const opened =
        known === undefined ? await open(record, { ...state, facts: taken, partBytes }) : (record as MultipartVideo);
      return await send(opened, { address, facts: taken, partBytes, answer, connector, deadline, slow: slow.signal });
    } finally {
      answer?.destroy();
    }
  } finally {
    clearTimeout(timer);
    connector.close();
  }
}

const lookAt = async (address: SourceAddress, connector: Connector, signal: AbortSignal): Promise<Looked> =>
  address.kind === 's3' ? { facts: await lookInto(address) } : await look(connector, address.url.href, signal);

/** What servers answer with in place of a file, whatever its name: a page, or the reason why not. */
const PAGES = /^(text\/(html|xml)|application\/((xhtml|problem)\+xml|xml|(problem\+)?json))$/;

/** Answers the type it is taken as. `filename`: what the address, or who gave it, calls the file. */
function checkFacts({ bytes, type }: Facts, filename: string): string {
  if (bytes === 0) throw new PullFailed('empty-file', 'The file at that address has no bytes.');
  if (bytes !== undefined && bytes > limits.maxBytes) throw tooLarge(limits.maxBytes);
  if (!mediaType.safeParse(type).success) {
    throw new PullFailed('unsupported-type', 'What lies at that address has no media type that can be read.');
  }
  try {
    return checkType(type, PAGES.test(type) ? '' : filename, limits.types);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const reason = `What lies at that address is no video: ${error.message} Give the address of the file itself.`;
    throw new PullFailed('unsupported-type', reason, { cause: error });
  }
}

/** Of what nobody knows the size of, whether there is any room at all. */
async function checkRoom(record: VideoRecord, { bytes }: Facts): Promise<void> {
  try {
    await checkQuota(record, bytes ?? 1, limits);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new PullFailed('over-quota', error.message, { cause: error });
  }
}

/** A new upload, in place of one that cannot be gone on with. */
async function open(record: VideoRecord, state: PullState): Promise<MultipartVideo> {
  const key = sourceKey(record.id);
  if (record.upload.id !== undefined) await abortUpload(key, record.upload.id);
  const { type } = state.facts!;
  const id = await createUpload(key, type);
  const set = { upload: { ...record.upload, id }, pull: state, type };
  const opened = await changeVideo(record.id, { set }, { from: ['uploading'] });
  if (opened !== undefined) return opened as MultipartVideo;
  await abortUpload(key, id);
  throw new Gone('deleted');
}

interface Sending {
  readonly address: SourceAddress;
  readonly facts: Facts;
  readonly partBytes: number;
  /** Of a server that gives no ranges: everything. */
  readonly answer: Awaited<ReturnType<typeof look>>['answer'] | undefined;
  readonly connector: Connector;
  /** Epoch milliseconds. */
  readonly deadline: number;
  readonly slow: AbortSignal;
}

async function send(record: MultipartVideo, sending: Sending): Promise<'arrived' | 'more'> {
  const target = { key: sourceKey(record.id), uploadId: record.upload.id };
  const there = await listParts(target.key, target.uploadId);
  // S3 forgets an upload it has finished: an earlier invocation may have died just then.
  if (there !== undefined) {
    const watch = new Watch(record.id, sending.facts.bytes, sizeOf(there));
    const tooSlow = () => watch.stop(sending.slow.reason);
    sending.slow.addEventListener('abort', tooSlow);
    try {
      if (!(await sendMissing(target, there, sending, watch))) return 'more';
    } catch (error) {
      const reason: unknown = watch.signal.aborted ? watch.signal.reason : error;
      if (reason instanceof Gone) await abortUpload(target.key, target.uploadId);
      throw sending.slow.aborted && !sending.facts.ranges ? notResumable() : reason;
    } finally {
      sending.slow.removeEventListener('abort', tooSlow);
      await watch.close();
    }
  }
  await complete(record, (await listParts(target.key, target.uploadId)) ?? [], limits);
  // Nobody needs to know any more where it came from.
  await changeVideo(record.id, { remove: ['pull'] });
  return 'arrived';
}

const sizeOf = (parts: readonly Part[]) => parts.reduce((sum, { Size }) => sum + Size, 0);

/** Answers whether nothing is missing any more. */
async function sendMissing(
  target: { readonly key: string; readonly uploadId: string },
  there: readonly Part[],
  { address, facts, partBytes, answer, connector, deadline }: Sending,
  watch: Watch,
): Promise<boolean> {
  if (!facts.ranges) {
    const came = await pullWhole(answer!, target, partBytes, limits.maxBytes, watch);
    if (came === 0) throw new PullFailed('empty-file', 'The file at that address has no bytes.');
    if (facts.bytes !== undefined && came !== facts.bytes) throw new Interrupted('ended before its end');
    return true;
  }
  const pieces = missingPieces(facts.bytes!, partBytes, there);
  if (address.kind === 's3') {
    return await untilDeadline(pieces, COPIES_AT_ONCE, deadline, watch.stop, async (piece) => {
      await copyPiece(address, facts, target, piece, watch.signal);
      watch.add(piece.to - piece.from + 1);
    });
  }
  const atOnce = Math.max(1, Math.floor(IN_MEMORY / partBytes));
  return await untilDeadline(pieces, atOnce, deadline, watch.stop, (piece) =>
    pullPiece(connector, address.url.href, facts, target, piece, watch),
  );
}

const notResumable = () =>
  new PullFailed(
    'source-not-resumable',
    'The server gives files only as a whole, and this one takes it longer than a quarter of an hour. Download it and upload it instead.',
  );
