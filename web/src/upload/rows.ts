/** What a row of the upload panel says, decided from the upload and the video it becomes. Pure. */
import type { Video } from '../../../lib/contract/video.ts';
import { hasCode } from '../api/problem.ts';
import { isFinal, isPlayable } from '../shared/status.ts';
import type { Trouble } from './line.ts';

/** One file on its way, as every tab shows it. */
export interface Upload {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** Bytes. */
  readonly size: number;
  /** When the file was last changed, ms since 1970; 0 where nobody says. */
  readonly modified: number;
  readonly state:
    | 'waiting'
    | 'uploading'
    | 'paused'
    | 'interrupted' // the browser did not keep the file: choose it again
    | 'stopped' // refused for good; the person may try again
    | 'arrived';
  /** Bytes that have arrived or are on their way. */
  readonly sent: number;
  /** While uploading: why it does not move, and is tried again. */
  readonly trouble?: Trouble | undefined;
  /** Why it is stopped. */
  readonly error?: string | undefined;
  readonly videoId?: string | undefined;
  /** Bytes per second of the last seconds. */
  readonly perSecond?: number | undefined;
}

export type RowState = Exclude<Upload['state'], 'arrived'> | 'troubled' | 'slicing' | 'playable' | 'failed' | 'gone';

/** `error`: of the last time that the video was asked for. */
export function rowState(
  upload: Upload,
  video: Pick<Video, 'status' | 'revision'> | undefined,
  error?: unknown,
): RowState {
  if (upload.state === 'arrived') {
    if (isGone(error) || video?.status === 'deleted') return 'gone';
    if (video?.status === 'failed') return 'failed';
    return video && isPlayable(video) ? 'playable' : 'slicing';
  }
  return upload.state === 'uploading' && upload.trouble ? 'troubled' : upload.state;
}

/**
 * Milliseconds until the video of a file that has arrived is asked for again; false: never. Something is about to happen, even while the
 * record still says `uploading`.
 */
export const rowEvery = (video: Pick<Video, 'status'> | undefined, error: unknown): number | false =>
  isGone(error) || (video !== undefined && isFinal(video.status)) ? false : 1500;

/** Deleted, or in the trash: who looks at the page again asks again. */
const isGone = (error: unknown): boolean => hasCode(error, 'not-found');

/** Percent of the bytes that have arrived. */
export const percentOf = ({ sent, size }: Pick<Upload, 'sent' | 'size'>): number =>
  size > 0 ? Math.min(100, (sent / size) * 100) : 0;

/** What happened, and what happens next. */
export function troubleWords({ kind, status, said }: Trouble): string {
  if (kind === 'offline') return 'You are offline. It goes on by itself when you are back';
  if (kind === 'unreachable') return 'No answer from the server. Trying again';
  if (kind === 'busy') return said === undefined ? 'The server is busy. Trying again' : `${said} Trying again`;
  return `The server stumbled (HTTP ${status}). Trying again`;
}

/** What is under way: how many files, and how much of all their bytes has arrived. */
export interface Summary {
  readonly files: number;
  readonly percent: number;
}

/** All unfinished files together; undefined when there are none. Whole percent, and 100 only when all is done. */
export function inFlight(uploads: readonly Upload[]): Summary | undefined {
  const active = uploads.filter(({ state }) => ['uploading', 'waiting', 'paused'].includes(state));
  if (active.length === 0) return undefined;
  const total = active.reduce((sum, { size }) => sum + size, 0);
  const sent = active.reduce((sum, upload) => sum + Math.min(upload.sent, upload.size), 0);
  return { files: active.length, percent: total > 0 ? Math.min(99, Math.floor((sent / total) * 100)) : 0 };
}

/** What two choices of one file have in common. */
export type Likeness = Pick<Upload, 'name' | 'size' | 'modified'>;

/** The upload that is of this file, if it still needs it or is under way; the same file again is welcome once that is done. */
export const sameFile = (uploads: readonly Upload[], file: Likeness): Upload | undefined =>
  uploads.find(
    ({ state, name, size, modified }) =>
      state !== 'arrived' && name === file.name && size === file.size && modified === file.modified,
  );
