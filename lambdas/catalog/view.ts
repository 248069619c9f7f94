/** A record as the API shows it. */
import { deviceOwner } from '../../lib/contract/device-video.ts';
import { posterPath, revisionPrefix } from '../../lib/contract/keys.ts';
import { video, type Video, type VideoRecord } from '../../lib/contract/video.ts';
import { shownLadder } from '../shared/ladder.ts';
import { loadSigner } from '../shared/signing.ts';

/** Milliseconds. A poster's address stays the same for up to an hour, so that a browser that asks again has it already. */
const STEP = 3_600_000;
const kept = new Map<string, string>();
const KEEP = 2000;

/**
 * For who may watch a video of a device and not see the device: without what names it, and without the place that
 * earlier versions wrote into an incident's description. A device's id is a telephone number.
 */
export function withoutDevice({ origin, ...record }: VideoRecord): VideoRecord {
  if (origin === undefined) return record;
  const { kind, device } = origin;
  return {
    ...record,
    // A device without a name is called by its id. One of a single digit is part of many a word and number.
    title: wordsOf(record.title)
      .map((word) => (word === device ? 'device' : word))
      .join(''),
    owner: record.owner === deviceOwner(device) ? 'device' : record.owner,
    filename: wordsOf(record.filename).includes(device) ? `${kind}.mp4` : record.filename,
    description: PLACE.test(record.description) ? '' : record.description,
  };
}
/** Runs of the characters that ids are made of, and what is between them. */
const wordsOf = (text: string): string[] => text.split(/([0-9a-z]+)/);
const PLACE = /^-?\d{1,3}\.\d{6}, -?\d{1,3}\.\d{6} at \d{1,10}(?:\.\d{1,20})? km\/h$/;

/** For who may watch the video and does not pay for it. */
export function withoutCost(record: VideoRecord): VideoRecord {
  const { cost: _, ladder, ...others } = record;
  if (ladder === undefined) return others;
  // It may say dollars.
  const { reason: __, ...shown } = ladder;
  return { ...others, ladder: shown };
}

/** Internal fields are left out by the schema. */
export async function show(record: VideoRecord, now = Date.now()): Promise<Video> {
  return video.parse({
    ...record,
    ladder: shownLadder(record),
    posterUrl: await posterUrl(record, now),
    storyboardUrl:
      record.hasStoryboard === true && record.trashedAt === undefined ? `/api/play/${record.id}/storyboard.vtt` : null,
  });
}

/** The poster's path, signed for it alone and for one to two hours; null when there is none to be seen. */
export async function posterUrl(
  { id, revision, hasPoster, poster, trashedAt }: VideoRecord,
  now: number,
): Promise<string | null> {
  // The edge refuses what is in the trash.
  if (!hasPoster || revision === 0 || trashedAt !== undefined) return null;
  const path = `/${revisionPrefix(id, revision)}${posterPath(poster)}`;
  const until = (Math.floor(now / STEP) + 2) * STEP;
  const name = `${path} ${until}`;
  const known = kept.get(name);
  if (known !== undefined) return known;
  const url = `${path}?${(await loadSigner()).sign(path, new Date(until))}`;
  if (kept.size >= KEEP) kept.clear();
  kept.set(name, url);
  return url;
}
