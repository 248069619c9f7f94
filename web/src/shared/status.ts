/** What a video's status means to a person, and how often it is worth asking again. Pure. */
import type { Video, VideoStatus } from '../../../lib/contract/video.ts';

type Tone = 'quiet' | 'busy' | 'good' | 'bad';

interface StatusView {
  readonly label: string;
  readonly tone: Tone;
  readonly hint: string;
}

export const statusViews: Readonly<Record<VideoStatus, StatusView>> = {
  uploading: { label: 'Uploading', tone: 'quiet', hint: 'The file has not fully arrived yet.' },
  uploaded: { label: 'Queued', tone: 'busy', hint: 'The file has arrived; slicing starts when it is its turn.' },
  probed: {
    label: 'Slicing',
    tone: 'busy',
    hint: 'It is being sliced; it can be played as soon as its beginning is there.',
  },
  playable: { label: 'Playable', tone: 'good', hint: 'It can be played already; the rest of it is on its way.' },
  ready: { label: 'Ready', tone: 'good', hint: 'It is finished and can be played.' },
  failed: { label: 'Failed', tone: 'bad', hint: 'It could not be sliced; the reason is shown with it.' },
  deleted: { label: 'Deleting', tone: 'quiet', hint: 'Its files are being removed.' },
};

/** Statuses a list can be filtered by. */
export const filterStatuses = ['uploading', 'uploaded', 'probed', 'playable', 'ready', 'failed'] as const;

export const isVideoStatus = (text: string | null): text is (typeof filterStatuses)[number] =>
  (filterStatuses as readonly (string | null)[]).includes(text);

export const isFinal = (status: VideoStatus): boolean =>
  status === 'ready' || status === 'failed' || status === 'deleted';

export const isPlayable = (video: Pick<Video, 'status' | 'revision'>): boolean =>
  (video.status === 'playable' || video.status === 'ready') && video.revision > 0;

/** Whether slicing is under way, so that a progress bar says something. */
export const isSlicing = (status: VideoStatus): boolean =>
  status === 'uploaded' || status === 'probed' || status === 'playable';

/**
 * Milliseconds until the video is worth asking for again; false: never. An upload moves with its own client, and one
 * that has not changed for an hour is likely abandoned, so those are asked for seldom.
 */
export function pollEvery(
  video: Pick<Video, 'status' | 'updatedAt' | 'later' | 'ladder'>,
  now: number,
): number | false {
  // Who looks at it plays it, and so has the rest made.
  if (video.status === 'ready' && video.later !== undefined) return video.ladder?.state === 'failed' ? 60_000 : 5_000;
  if (isFinal(video.status)) return false;
  if (now - Date.parse(video.updatedAt) > 3_600_000) return 60_000;
  return video.status === 'uploading' ? 8_000 : 2_000;
}
