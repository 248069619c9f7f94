/** Text tracks of a video: their files beside its revisions, and the list of them in its record. */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { required } from '../../lib/contract/env.ts';
import { textPath } from '../../lib/contract/keys.ts';
import { MAX_TEXTS, type TextTrack, type VideoRecord } from '../../lib/contract/video.ts';
import { s3 } from './clients.ts';
import { textPlaylist, writeWebVtt, type Cue } from './cues.ts';
import { ApiError } from './errors.ts';
import { labelsOf } from './language.ts';
import { removeObjects } from './objects.ts';
import { changeVideo, readVideo } from './videos.ts';

const ENDINGS = ['vtt', 'm3u8'] as const;
const keysOf = (videoId: string, id: string): string[] => ENDINGS.map((ending) => textPath(videoId, id, ending));

/** Of the video: seconds that it lasts, and at which it begins on its media's clock, where that is not ours. */
interface Media {
  readonly duration: number;
  readonly begins?: number | undefined;
}

/** Stores a track's file and its playlist. */
export async function putText(
  videoId: string,
  id: string,
  cues: readonly Cue[],
  { duration, begins }: Media,
): Promise<void> {
  const files = {
    vtt: { Body: writeWebVtt(cues, begins), ContentType: 'text/vtt; charset=utf-8' },
    m3u8: { Body: textPlaylist(id, duration), ContentType: 'application/vnd.apple.mpegurl' },
  };
  await Promise.all(
    ENDINGS.map((ending) =>
      s3.send(
        new PutObjectCommand({
          Bucket: required('MEDIA_BUCKET'),
          Key: textPath(videoId, id, ending),
          ...files[ending],
          // An id is never used again.
          CacheControl: 'public, max-age=31536000, immutable',
        }),
      ),
    ),
  );
}

export const removeTexts = (videoId: string, ids: readonly string[]): Promise<void> =>
  removeObjects(
    required('MEDIA_BUCKET'),
    ids.flatMap((id) => keysOf(videoId, id)),
  );

/** Writes at the same time that are tried again. */
const TRIES = 5;

/**
 * Changes the list of a video's text tracks as it is at that moment. `change` answers the new list, or undefined to leave it;
 * it may be asked again. Answers the new record. Throws `not-found` when the video is gone and `busy` when others keep writing.
 */
export async function changeTexts(
  videoId: string,
  change: (texts: readonly TextTrack[]) => readonly TextTrack[] | undefined,
): Promise<VideoRecord> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const record = await readVideo(videoId);
    if (record === undefined || record.status === 'deleted')
      throw new ApiError('not-found', 'The video was removed meanwhile.');
    const texts = change(record.texts ?? []);
    if (texts === undefined) return record;
    const changed = await changeVideo(videoId, { set: { texts: [...texts] } }, { texts: { before: record.texts } });
    if (changed !== undefined) return changed;
  }
  throw new ApiError('busy', 'Others are changing the captions of this video. Try again.');
}

/** The list with one more. Throws `conflict` when it is full. Pure. */
export function withText(texts: readonly TextTrack[], added: TextTrack): TextTrack[] {
  if (texts.length >= MAX_TEXTS) {
    throw new ApiError('conflict', `A video has at most ${MAX_TEXTS} captions. Remove one first.`, {
      limit: { name: 'texts', value: MAX_TEXTS },
    });
  }
  return named([...texts, added]);
}

/** No two with one name (RFC 8216bis 4.4.6.1.1): the later one gets a number. Pure. */
export function named(texts: readonly TextTrack[]): TextTrack[] {
  const labels = labelsOf(texts.map(({ label, language }) => ({ title: label, language })));
  return texts.map((text, position) => ({ ...text, label: labels[position]! }));
}
