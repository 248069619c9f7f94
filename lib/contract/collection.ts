/**
 * Collections of videos, nested one level: one row of the collections table each, partition key `root`, sort key `id`. The id of
 * one inside another begins with that one's, so which collections a video is in says which those are in, and none moves.
 */
import { z } from 'zod';
import { line, lines } from './text.ts';

/** `{root}`, or inside another `{root}-{own}`. */
const COLLECTION_ID = /^[a-z0-9]{12}(-[a-z0-9]{12})?$/;

export const collectionId = z
  .string()
  .regex(COLLECTION_ID)
  .meta({ description: 'Id of a collection; of one inside another that one’s, a hyphen and its own.' });

/** The collection it is in; undefined of one that is in none. */
export const parentOf = (id: string): string | undefined =>
  id.includes('-') ? id.slice(0, id.indexOf('-')) : undefined;
export const rootOf = (id: string): string => parentOf(id) ?? id;
/** Itself, and what it is in. */
export const withParents = (ids: Iterable<string>): string[] => [
  ...new Set([...ids].flatMap((id) => [id, rootOf(id)])),
];

/** Videos of one collection: a page that people look through. */
export const MOST_VIDEOS = 200;
/** Collections of one video: each, and what it is in, is asked for when somebody watches it. */
export const MOST_COLLECTIONS = 10;

const videoId = z.string().regex(/^[a-z0-9]{20}$/);
const timestamp = z.iso.datetime();

export const collectionFields = {
  title: line(200),
  description: lines(5000),
};

const common = {
  id: collectionId,
  ...collectionFields,
  owner: z.string(),
  createdAt: timestamp,
  updatedAt: timestamp,
};

/** A row of the table. */
export const collectionRow = z.object({
  ...common,
  root: z.string(),
  /** Constant partition of the index of all by time, for admins. */
  kind: z.literal('collection'),
  /** In their order. A video counts only while its own record says that it is in here. */
  videos: z.array(videoId),
  /** Of a video of these; without it the first one's. */
  cover: videoId.optional(),
});
export type CollectionRow = z.infer<typeof collectionRow>;

/** As the API lists it. */
export const collection = z.object({
  ...common,
  parent: collectionId.optional().meta({ description: 'The collection that it is in.' }),
  videoIds: z.array(videoId).meta({ description: 'Its videos, in their order.' }),
  cover: videoId.optional().meta({ description: 'The video whose poster stands for it; absent: the first one.' }),
  coverUrl: z.string().nullable().meta({ description: 'Signed path of that poster; null until there is one.' }),
});
export type Collection = z.infer<typeof collection>;
