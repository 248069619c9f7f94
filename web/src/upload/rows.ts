/** What a row of the upload panel says, decided from the uploader's file and the video it becomes. Pure. */
import { parseUploadKey } from '../../../lib/contract/keys.ts';
import type { Video } from '../../../lib/contract/video.ts';
import { isPlayable } from '../shared/status.ts';

/** The part of an Uppy file that matters here. */
export interface UploadFile {
  readonly isPaused?: boolean;
  readonly isGhost?: boolean;
  readonly error?: string | null;
  readonly size: number | null;
  readonly progress: {
    readonly uploadStarted: number | null;
    readonly uploadComplete?: boolean;
    readonly bytesUploaded?: number | false;
    readonly bytesTotal?: number | null;
  };
  readonly s3Multipart?: { readonly key: string } | undefined;
  readonly response?: { readonly body?: { readonly key?: string } | undefined } | undefined;
}

export type RowState =
  | 'waiting'
  | 'uploading'
  | 'paused'
  | 'interrupted' // the browser did not keep the file: choose it again
  | 'stopped' // an error; retry
  | 'slicing'
  | 'playable'
  | 'failed';

export function rowState(file: UploadFile, video: Pick<Video, 'status' | 'revision'> | undefined): RowState {
  if (file.progress.uploadComplete === true) {
    if (video?.status === 'failed') return 'failed';
    return video && isPlayable(video) ? 'playable' : 'slicing';
  }
  if (file.isGhost === true) return 'interrupted';
  if (typeof file.error === 'string') return 'stopped';
  if (file.progress.uploadStarted === null) return 'waiting';
  return file.isPaused === true ? 'paused' : 'uploading';
}

/** The video a file becomes: known from the key once the API has given one. */
export function videoIdOf(file: UploadFile): string | undefined {
  const key = file.response?.body?.key ?? file.s3Multipart?.key;
  return key === undefined ? undefined : parseUploadKey(key)?.videoId;
}

/** Percent of the bytes that have arrived. */
export function percentOf(file: UploadFile): number {
  const total = file.progress.bytesTotal ?? file.size ?? 0;
  const sent = file.progress.bytesUploaded === false ? 0 : (file.progress.bytesUploaded ?? 0);
  return total > 0 ? Math.min(100, (sent / total) * 100) : 0;
}

/** What is under way: how many files, and how much of all their bytes has arrived. */
export interface Summary {
  readonly files: number;
  readonly percent: number;
}

/** All unfinished files together; undefined when there are none. Whole percent, and 100 only when all is done. */
export function inFlight(files: readonly UploadFile[]): Summary | undefined {
  const active = files.filter((file) => {
    const state = rowState(file, undefined);
    return state === 'uploading' || state === 'waiting' || state === 'paused';
  });
  if (active.length === 0) return undefined;
  const total = active.reduce((sum, file) => sum + (file.size ?? 0), 0);
  const sent = active.reduce((sum, file) => sum + ((file.size ?? 0) * percentOf(file)) / 100, 0);
  return { files: active.length, percent: total > 0 ? Math.min(99, Math.floor((sent / total) * 100)) : 0 };
}
