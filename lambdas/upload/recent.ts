/**
 * Records of uploads seen open a moment ago. An uploader asks for a URL for every part, and reading the record each time
 * is most of what signing costs. Whose upload it is does not change; that it ended may be noticed late here, by a URL
 * which S3 then refuses: it knows the upload no more. URLs signed before the end are refused in the same way.
 */
import type { VideoRecord } from '../../lib/contract/video.ts';

/** Milliseconds for which a record is not read again. */
const KEEP_MS = 10_000;
const MAX_RECORDS = 500;

const recent = new Map<string, { readonly record: VideoRecord; readonly until: number }>();

/** The record, from memory when it was read moments ago and was open then. */
export async function recentVideo(
  id: string,
  read: (id: string) => Promise<VideoRecord | undefined>,
): Promise<VideoRecord | undefined> {
  const known = recent.get(id);
  if (known !== undefined && performance.now() < known.until) return known.record;
  recent.delete(id);
  const record = await read(id);
  if (record?.status !== 'uploading') return record;
  // The oldest goes first: a Map keeps the order of insertion.
  if (recent.size >= MAX_RECORDS) recent.delete(recent.keys().next().value!);
  recent.set(id, { record, until: performance.now() + KEEP_MS });
  return record;
}

/** To be called when an upload ends. */
export const forgetRecent = (id: string): boolean => recent.delete(id);
