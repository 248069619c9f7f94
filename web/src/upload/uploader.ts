/**
 * Uppy, set up: parts straight to S3 through the API's Companion protocol, files kept in IndexedDB so that an upload
 * survives a reload and goes on with the parts that are missing.
 */
import AwsS3 from '@uppy/aws-s3';
import Uppy, { type UppyFile } from '@uppy/core';
import GoldenRetriever from '@uppy/golden-retriever';
import type { ConsoleConfig } from '../auth/session.ts';
import { inFlight, type Summary } from './rows.ts';
import { Rate } from './rate.ts';
import { UNFINISHED } from './unfinished.ts';

type Meta = { size?: number };
/** Answer to a finished upload: `key` names the video. */
type Body = { location: string; key: string };
export type File = UppyFile<Meta, Body>;

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
/** Below this a file goes as one form; above it in parts, which can be resumed. */
const PARTS_FROM = 5 * MiB;
/** The browser copies a file to keep it over a reload; larger ones are chosen again instead (parts are not re-sent). */
const KEEP_FILE = 2 * GiB;
/** Extensions that browsers report without a media type. */
const EXTENSIONS = [
  '.mkv',
  '.ts',
  '.mts',
  '.m2ts',
  '.mxf',
  '.avi',
  '.flv',
  '.wmv',
  '.asf',
  '.vob',
  '.mpg',
  '.264',
  '.265',
  '.hevc',
];

export interface Uploader {
  readonly uppy: Uppy<Meta, Body>;
  readonly rates: ReadonlyMap<string, Rate>;
  add(files: readonly globalThis.File[]): void;
}

interface Listener {
  summary(summary: Summary | undefined): void;
  /** A video appeared, or moved on. */
  listChanged(): void;
}

let started: Uploader | undefined;

/** There is one uploader per page: an upload outlives the screens that show it. */
export function startUploader(config: ConsoleConfig, listener: Listener): Uploader {
  return (started ??= start(config, listener));
}

function start({ upload }: ConsoleConfig, listener: Listener): Uploader {
  const rates = new Map<string, Rate>();
  const uppy = new Uppy<Meta, Body>({
    id: 'sluice',
    autoProceed: true,
    restrictions: {
      minFileSize: 1,
      maxFileSize: upload.maxBytes,
      allowedFileTypes: [...upload.types, ...EXTENSIONS],
    },
    // The same file again is welcome once the first upload of it is done.
    onBeforeFileAdded: (file, files) =>
      files[file.id]?.progress.uploadComplete !== false || files[file.id]?.isGhost === true,
  });
  uppy.use(AwsS3, {
    companionEndpoint: '/api',
    shouldUseMultipart: (file) => (file.size ?? 0) >= PARTS_FROM,
    getChunkSize: () => upload.partBytes,
    limit: 3,
  });
  const indexedDB = { maxFileSize: KEEP_FILE, maxTotalSize: 4 * KEEP_FILE };
  // A week, as long as the unfinished upload itself is kept by default.
  uppy.use(GoldenRetriever, { indexedDB, expires: 7 * 86_400_000 } as object);

  uppy.on('file-added', (file) => {
    uppy.setFileMeta(file.id, { size: file.size ?? 0 });
    // Chosen again after a reload: not started as far as Uppy's queue goes, so that it is started; it resumes by itself.
    if (file.isRestored === true) {
      uppy.setFileState(file.id, { progress: { ...file.progress, uploadStarted: null } } as Partial<File>);
    }
  });
  uppy.on('upload-progress', (file, progress) => {
    if (!file) return;
    let rate = rates.get(file.id);
    if (!rate) rates.set(file.id, (rate = new Rate()));
    rate.add(progress.bytesUploaded, performance.now());
  });
  uppy.on('upload-pause', (file) => file && rates.delete(file.id));
  uppy.on('s3-multipart:part-uploaded', (_, part) => part.PartNumber === 1 && listener.listChanged());
  uppy.on('upload-success', () => listener.listChanged());
  uppy.on('file-removed', () => setTimeout(() => listener.listChanged(), 1000));
  uppy.on('restored', () => {
    // What came back whole goes on by itself; a file too large to be kept waits to be chosen again.
    const isGhost = (id: string) => uppy.getFile(id)?.isGhost;
    const uploads = Object.entries(uppy.getState().currentUploads)
      .map(([id, batch]) => [id, { ...batch, fileIDs: batch.fileIDs.filter((file) => !isGhost(file)) }] as const)
      .filter(([, batch]) => batch.fileIDs.length > 0);
    uppy.setState({ currentUploads: Object.fromEntries(uploads), recoveredState: null });
    if (uploads.length > 0) uppy.emit('restore-confirmed');
  });
  uppy.on('state-update', (_, next) => {
    const files = Object.values(next.files);
    const summary = inFlight(files);
    if (files.some((file) => !file.progress.uploadComplete)) localStorage.setItem(UNFINISHED, '1');
    else localStorage.removeItem(UNFINISHED);
    listener.summary(summary);
  });

  return {
    uppy,
    rates,
    add: (files) => {
      for (const file of files) {
        try {
          uppy.addFile({ name: file.name, type: file.type, data: file, source: 'drop' });
        } catch {
          // Uppy has said why (`info-visible`).
        }
      }
    },
  };
}
