/** Lists of videos: whose, filters, and where a page goes on. Pure. */
import { z } from 'zod';
import { videoId, type VideoRecord, type VideoStatus, type Visibility } from '../../lib/contract/video.ts';
import { isOver, isPast } from '../shared/entitlement.ts';
import { ApiError } from '../shared/errors.ts';
import { isAdmin, type Viewer } from '../shared/viewer.ts';
import { isRecorded, type Where } from './recorded.ts';
import { hasWords } from './words.ts';

export interface Filter extends Where {
  readonly status?: VideoStatus | undefined;
  readonly tag?: string | undefined;
  readonly visibility?: Visibility | undefined;
  /** Words, or beginnings of words, of title, description, tags or file name. */
  readonly q?: string | undefined;
  /** Days (UTC) on which it was uploaded: the first, and the last. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Where to go on: after this row of the index. */
export const position = z.object({ createdAt: z.iso.datetime(), id: videoId });
export type Position = z.infer<typeof position>;

/** Newest first. */
export const inOrder = (a: Position, b: Position): number =>
  a.createdAt === b.createdAt ? (a.id < b.id ? 1 : -1) : a.createdAt < b.createdAt ? 1 : -1;
/** Whether a video comes after that row. */
export const isBehind = (video: Position, start: Position): boolean =>
  video.id !== start.id && inOrder(video, start) > 0;

/** Whose videos are asked for: a subject's, or everybody's (undefined; admins only). Throws `forbidden`. */
export function whose(viewer: Viewer, owner: string | undefined): string | undefined {
  if (isAdmin(viewer)) return owner;
  if (owner !== undefined && owner !== viewer.subject) {
    throw new ApiError('forbidden', "Only administrators list other people's videos. Leave `owner` out.");
  }
  return viewer.subject;
}

/** Videos being removed, in the trash or kept long enough, and uploads that expired without a file, are not there. `now` is epoch seconds. */
export const isThere = (
  video: Pick<VideoRecord, 'status' | 'expiresAt' | 'removeOn' | 'trashedAt'>,
  now: number,
): boolean =>
  video.status !== 'deleted' &&
  !isOver(video, now) &&
  !(video.status === 'uploading' && video.expiresAt !== undefined && video.expiresAt <= now);

/** Whether it can be taken out of the trash. `now` is epoch seconds. */
export const isInTrash = (video: Pick<VideoRecord, 'status' | 'removeOn' | 'trashedAt'>, now: number): boolean =>
  video.trashedAt !== undefined && video.status !== 'deleted' && !isPast(video, now);

/** Between which `createdAt` of what is asked for lies, both included; text that sorts as it does. */
export interface Range {
  readonly first: string;
  readonly last: string;
}
export const rangeOf = ({ from = '0', to = '' }: Pick<Filter, 'from' | 'to'>): Range => ({
  first: from,
  last: `${to}~`,
});

export function matches(record: VideoRecord, filter: Filter): boolean {
  const { status, tag, visibility, q } = filter;
  if (status !== undefined && record.status !== status) return false;
  if (tag !== undefined && !record.tags.includes(tag)) return false;
  if (visibility !== undefined && record.visibility !== visibility) return false;
  const { first, last } = rangeOf(filter);
  if (record.createdAt < first || record.createdAt > last) return false;
  return isRecorded(record, filter) && (q === undefined || hasWords(record, q));
}

/** Tags of an answer at most: more are no list that anybody reads. */
const MOST_TAGS = 200;

/** Counts tags, a record at a time. */
export class Tags {
  readonly #counts = new Map<string, number>();

  add({ tags }: Pick<VideoRecord, 'tags'>): void {
    for (const tag of new Set(tags)) this.#counts.set(tag, (this.#counts.get(tag) ?? 0) + 1);
  }

  /** The most used first, and by name where they are as many. `isWhole`: whether these are all. */
  list(): { readonly tags: { tag: string; videos: number }[]; readonly isWhole: boolean } {
    const tags = [...this.#counts]
      .map(([tag, videos]) => ({ tag, videos }))
      .toSorted((a, b) => b.videos - a.videos || (a.tag < b.tag ? -1 : 1))
      .slice(0, MOST_TAGS);
    return { tags, isWhole: tags.length === this.#counts.size };
  }
}
