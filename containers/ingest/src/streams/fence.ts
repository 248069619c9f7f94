/**
 * One writer at a time for a playlist in S3. The playlist itself is the state: whoever begins reads it, writes it back with
 * a higher epoch if nobody else did so meanwhile (If-Match), and from then on replaces only what it wrote itself. S3
 * answers 412 to everybody else.
 */
import { EPOCH_METADATA, readLivePlaylist } from '../../../../lib/contract/live-playlist.ts';
import { parseSegment } from '../../../../lib/contract/live-keys.ts';
import { emptyPlaylist, forgetEntries, liveText, type LivePlaylist } from '../../../../lib/contract/live-playlist.ts';
import { StoreError, type Headers, type ObjectStore, type StoreAnswer } from '../cloud/object-store.ts';

export interface FenceOptions {
  readonly store: Pick<ObjectStore, 'get' | 'put'>;
  readonly bucket: string;
  readonly key: string;
  readonly retentionTag: string;
  /** Milliseconds a segment is meant to last. */
  readonly targetMs: number;
  /** Milliseconds after its last segment's end that a playlist's entries are still wanted. */
  readonly staleMs: number;
}

const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl';
/** Times a claim is tried against others that claim at the same moment. */
const ROUNDS = 5;

export class Fence {
  readonly #options: FenceOptions;
  #etag: string | undefined;
  #epoch = 0;

  constructor(options: FenceOptions) {
    this.#options = options;
  }

  /** Ours; 0 before the claim. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Becomes the writer; answers the state to go on from. Throws StoreError when S3 cannot be asked. */
  async claim(now = Date.now()): Promise<LivePlaylist> {
    for (let round = 0; round < ROUNDS; round += 1) {
      const found = await this.#read();
      const state = this.#continue(found?.body.toString('utf8'), now);
      const epoch = Math.max(epochOf(found), ...state.entries.map(({ uri }) => parseSegment(uri)?.epoch ?? 0)) + 1;
      const answer = await this.#put(liveText(state), epoch, found?.headers.etag);
      if (answer.status !== 200) continue;
      this.#epoch = epoch;
      this.#etag = answer.headers.etag;
      return state;
    }
    throw new StoreError(`claiming ${this.#options.key}: others claim it all the time`);
  }

  /** False: somebody else is the writer now. Throws StoreError when S3 cannot be asked. */
  async write(text: string): Promise<boolean> {
    for (let round = 0; round < ROUNDS; round += 1) {
      const answer = await this.#put(text, this.#epoch, this.#etag);
      if (answer.status === 200) {
        this.#etag = answer.headers.etag;
        return true;
      }
      // An attempt whose answer was lost may have been the one that wrote: then it is still ours. A playlist that was
      // removed is written anew.
      const found = await this.#read();
      if (found !== undefined && epochOf(found) !== this.#epoch) return false;
      this.#etag = found?.headers.etag;
    }
    throw new StoreError(`writing ${this.#options.key}: conflicts all the time`);
  }

  async #read(): Promise<StoreAnswer | undefined> {
    const answer = await this.#options.store.get(this.#options.bucket, this.#options.key);
    // Who may not list a bucket is told 403 of a key that is not there. If it is there after all, writing it conflicts.
    if (answer.status === 404 || answer.status === 403) return undefined;
    if (answer.status !== 200) throw new StoreError(`reading ${this.#options.key}: HTTP ${answer.status}`);
    return answer;
  }

  /** 200, or 412 and 409 (and 404 for an If-Match on nothing), which mean a conflict; anything else throws. */
  async #put(text: string, epoch: number, etag: string | undefined): Promise<StoreAnswer> {
    const { store, bucket, key, retentionTag } = this.#options;
    const condition: Headers = etag === undefined ? { 'if-none-match': '*' } : { 'if-match': etag };
    // The text must be another than every other writer's: S3's ETag is a digest of it, and alike texts would let both write.
    const answer = await store.put(bucket, key, [Buffer.from(`${text}# epoch ${epoch}\n`)], {
      'content-type': PLAYLIST_TYPE,
      'cache-control': 'max-age=1',
      'x-amz-tagging': retentionTag,
      [`x-amz-meta-${EPOCH_METADATA}`]: String(epoch),
      ...condition,
    });
    if ([200, 404, 409, 412].includes(answer.status)) return answer;
    throw new StoreError(`writing ${key}: HTTP ${answer.status}`);
  }

  #continue(text: string | undefined, now: number): LivePlaylist {
    const { targetMs, staleMs } = this.#options;
    const empty = emptyPlaylist(targetMs);
    if (text === undefined) return empty;
    const read = readLivePlaylist(text);
    // Not ours to read, yet sequences may only grow: seconds since 1970 are beyond any number of segments.
    if (read === undefined)
      return { ...empty, mediaSequence: Math.floor(now / 1000), discontinuitySequence: Math.floor(now / 1000) };
    const last = read.entries.at(-1);
    return last !== undefined && last.programDateTime + last.duration < now - staleMs ? forgetEntries(read) : read;
  }
}

function epochOf(answer: StoreAnswer | undefined): number {
  const value = answer?.headers[`x-amz-meta-${EPOCH_METADATA}`];
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : 0;
}
