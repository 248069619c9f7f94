/** Collections: what is in them in which order, and who may see and change them. Who may watch is said by grants on them. */
import { randomInt } from 'node:crypto';
import { z } from 'zod';
import {
  collectionId,
  MOST_VIDEOS,
  parentOf,
  rootOf,
  withParents,
  type Collection,
  type CollectionRow,
} from '../../lib/contract/collection.ts';
import { required } from '../../lib/contract/env.ts';
import { videoRecord, type VideoRecord } from '../../lib/contract/video.ts';
import { batchGet, BATCH } from '../shared/batch-get.ts';
import { readCursor, sealCursor } from '../shared/cursor.ts';
import { decide, type Watched } from '../shared/entitlement.ts';
import { ApiError } from '../shared/errors.ts';
import { evidenceOf } from '../shared/evidence.ts';
import { fromOf } from '../shared/from.ts';
import type { Handlers } from '../shared/http.ts';
import { takePage } from '../shared/page.ts';
import { endBy } from '../shared/taking-back.ts';
import { isAdmin, mayUpload, type Viewer } from '../shared/viewer.ts';
import { isOwnerOrAdmin } from '../catalog/access.ts';
import {
  collectionsNewestFirst,
  deleteCollection,
  hasInside,
  putCollection,
  readCollection,
  setMember,
} from './rows.ts';
import { deleteGrants, endUnder } from '../catalog/grants.ts';
import { isThere } from '../catalog/listing.ts';
import { grantsTo, isShared } from '../catalog/shared.ts';
import { posterUrl, show as showVideo, withoutCost, withoutDevice } from '../catalog/view.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const newPart = (): string => Array.from({ length: 12 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
const seconds = () => Math.floor(Date.now() / 1000);

const missing = () => new ApiError('not-found', 'There is no such collection, or it is not yours to see.');

const isTheirs = (row: Pick<CollectionRow, 'owner'>, viewer: Viewer): boolean =>
  row.owner === viewer.subject || isAdmin(viewer);

/** As a question of `decide`: like an `entitled` video of the same owner that is in it. */
const asWatched = ({ id, owner }: CollectionRow): Watched => ({
  owner,
  visibility: 'entitled',
  status: 'ready',
  collections: new Set([id]),
});

/** The collection, for its owner and admins. Throws `not-found`. Also for who shares it (entitlements.ts). */
export async function changeableCollection(id: string, viewer: Viewer): Promise<CollectionRow> {
  const row = await readCollection(id);
  if (row === undefined || !isTheirs(row, viewer)) throw missing();
  return row;
}

/** Records by id; of videos that are not there none. */
async function readVideos(ids: readonly string[]): Promise<ReadonlyMap<string, VideoRecord>> {
  const table = required('VIDEOS_TABLE');
  const batches = Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, i) =>
    ids.slice(i * BATCH, (i + 1) * BATCH),
  );
  const found = await Promise.all(
    batches.map(async (batch) => {
      const Keys = batch.map((id) => ({ id }));
      return (await batchGet({ [table]: { Keys, ConsistentRead: true } })).get(table) ?? [];
    }),
  );
  const records = found.flat().map((row) => videoRecord.parse(row));
  return new Map(records.map((record) => [record.id, record]));
}

/** Its videos that are there and say that they are in it, in its order. */
function membersOf(row: CollectionRow, videos: ReadonlyMap<string, VideoRecord>): VideoRecord[] {
  const now = seconds();
  return row.videos.flatMap((id) => {
    const record = videos.get(id);
    return record?.collections?.has(row.id) === true && isThere(record, now) ? [record] : [];
  });
}

/** `members`: those that whoever asks is told of. */
async function show(stored: CollectionRow, members: readonly VideoRecord[]): Promise<Collection> {
  const { root: _, kind: __, videos: ___, cover, ...row } = stored;
  const parent = parentOf(row.id);
  const chosen = members.find(({ id }) => id === cover);
  const shown = chosen ?? members[0];
  return {
    ...row,
    ...(parent !== undefined && { parent }),
    videoIds: members.map(({ id }) => id),
    ...(chosen && { cover: chosen.id }),
    coverUrl: shown === undefined ? null : await posterUrl(shown, Date.now()),
  };
}

const showWhole = async (row: CollectionRow): Promise<Collection> =>
  show(row, membersOf(row, await readVideos(row.videos)));

/** The collection and the one around it, as resources of grants. */
const aroundIt = (collection: string): string[] => withParents(new Set([collection])).map((one) => `collection:${one}`);

/**
 * Takes videos out; who watches one by a grant on the collection, or on the one around it, does so no more. `other`: a collection that all of
 * them are in, too; by what is around both they are watched as before.
 */
async function takeOut(videos: readonly string[], collection: string, other?: string): Promise<void> {
  const left = new Set(other === undefined ? [] : aroundIt(other));
  const from = aroundIt(collection).filter((resource) => !left.has(resource));
  if (videos.length > 0 && from.length > 0) await endBy({ of: 'videos', videos: [...videos], reasons: [], from });
  for (const video of videos) await setMember(video, collection, false);
}

/** Times that a collection is read again which somebody else changed meanwhile. */
const TRIES = 4;

/** Does again, from its reading on, what another's change came between. Throws `conflict` where others go on changing it. */
async function again<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === TRIES || !(error instanceof ApiError) || error.code !== 'conflict') throw error;
    }
  }
}

/**
 * Puts videos, which must be the viewer's to share, behind those that are in it. Answers why, of each that did not join. Throws `not-found`,
 * and `conflict` where others go on changing it. Safe to repeat.
 */
export async function putInto(
  collection: string,
  joining: readonly string[],
  viewer: Viewer,
): Promise<ReadonlyMap<string, ApiError>> {
  const { row, known, refused } = await again(async () => {
    const row = await changeableCollection(collection, viewer);
    const known = await readVideos([...new Set([...row.videos, ...joining])]);
    // Of those on the list whose record does not say so yet, somebody else may be about to have it say so.
    const before = row.videos.filter((id) => known.has(id));
    const more = joining.filter((id) => !before.includes(id));
    const fitting = more.slice(0, Math.max(0, MOST_VIDEOS - before.length));
    const videos = [...before, ...fitting];
    if (fitting.length > 0) await putCollection({ ...row, videos, updatedAt: new Date().toISOString() }, row);
    const isFull = `The collection has ${MOST_VIDEOS} videos, as many as it can have.`;
    return {
      row,
      known,
      refused: new Map(more.slice(fitting.length).map((id) => [id, new ApiError('conflict', isFull)])),
    };
  });
  const added = joining.filter((id) => !refused.has(id) && known.get(id)?.collections?.has(row.id) !== true);
  await endUnder(added, aroundIt(row.id));
  for (const id of added) if (!(await setMember(id, row.id, true))) refused.set(id, tooMany(id));
  return refused;
}

/**
 * Takes videos out of a collection, for who keeps it; what is not in it is as it should be. `other`: a collection that they are all in by
 * now. Throws as `putInto` does. Safe to repeat.
 */
export async function takeFrom(
  collection: string,
  leaving: readonly string[],
  viewer: Viewer,
  other?: string,
): Promise<void> {
  await again(async () => {
    const row = await changeableCollection(collection, viewer);
    const known = await readVideos(leaving);
    const inside = leaving.filter((id) => known.get(id)?.collections?.has(row.id) === true);
    // Out of records first: what is in no list is in no record.
    await takeOut(inside, row.id, other);
    const videos = row.videos.filter((id) => !leaving.includes(id));
    if (videos.length < row.videos.length)
      await putCollection({ ...row, videos, updatedAt: new Date().toISOString() }, row);
  });
}

const tooMany = (id: string) =>
  new ApiError('conflict', `The video ${id} is in as many collections as it can be, or was removed meanwhile.`);

const position = z.object({ createdAt: z.iso.datetime(), id: collectionId });
/** Rows that one call of the listing looks at, and so records of videos that it reads: 200 each at most. */
const LIST_BUDGET = 50;

type Routes = Extract<keyof Handlers<'sharing'>, `${string} /api/collections${string}`>;

export const collectionRoutes: Pick<Handlers<'sharing'>, Routes> = {
  'GET /api/collections': async ({ viewer, query }) => {
    const asked = { route: 'GET /api/collections', viewer, query } as const;
    const rows = collectionsNewestFirst(
      isAdmin(viewer) ? undefined : viewer.subject,
      await readCursor(asked, position),
    );
    const { records, last } = await takePage(rows, () => true, query.limit, LIST_BUDGET);
    const videos = await readVideos([...new Set(records.flatMap((row) => row.videos))]);
    const collections = await Promise.all(records.map((row) => show(row, membersOf(row, videos))));
    const next = last && { createdAt: last.createdAt, id: last.id };
    return { collections, cursor: await sealCursor(asked, next) };
  },

  'POST /api/collections': async ({ viewer, body: { title, description = '', parent } }) => {
    if (!mayUpload(viewer)) throw new ApiError('forbidden', 'Making collections needs the group uploader or admin.');
    if (parent !== undefined && rootOf(parent) !== parent)
      throw new ApiError('invalid-request', 'body.parent: is inside another one; collections nest one level.');
    const above = parent === undefined ? undefined : await changeableCollection(parent, viewer);
    const id = parent === undefined ? newPart() : `${parent}-${newPart()}`;
    const now = new Date().toISOString();
    const row: CollectionRow = {
      id,
      root: rootOf(id),
      kind: 'collection',
      title,
      description,
      owner: above?.owner ?? viewer.subject,
      videos: [],
      createdAt: now,
      updatedAt: now,
    };
    await putCollection(row);
    return show(row, []);
  },

  'GET /api/collections/{collection}': async ({ viewer, headers, params }) => {
    const row = await readCollection(params.collection);
    if (row === undefined) throw missing();
    const [now, from] = [seconds(), fromOf(headers, required('PUBLIC_URL'))];
    const members = membersOf(row, await readVideos(row.videos));
    const isOwn = (record: VideoRecord) => isOwnerOrAdmin(viewer, record);
    if (!isTheirs(row, viewer)) {
      const video = asWatched(row);
      if (!decide({ viewer, video, from, now, ...(await evidenceOf(video, viewer, from)) }).allowed) throw missing();
    }
    // What a grant denies of it, or on a video that is private, is not in there for them.
    const grants = members.every(isOwn) ? [] : await grantsTo(viewer);
    const seen = members.filter((record) => isOwn(record) || isShared(record, { viewer, grants, from, now }));
    const videos = seen.map((record) => showVideo(isOwn(record) ? record : withoutCost(withoutDevice(record))));
    // Who keeps it in order must know of all: what an admin put in need not be theirs to watch.
    const listed = isTheirs(row, viewer) ? members : seen;
    return { ...(await show(row, listed)), videos: await Promise.all(videos) };
  },

  'PATCH /api/collections/{collection}': async ({ viewer, params, body: { title, description, cover } }) => {
    const row = await changeableCollection(params.collection, viewer);
    if (typeof cover === 'string' && !row.videos.includes(cover))
      throw new ApiError('invalid-request', 'body.cover: is not among its videos.');
    const { cover: before, ...rest } = row;
    const kept = cover === undefined ? before : (cover ?? undefined);
    const after: CollectionRow = {
      ...rest,
      ...(title !== undefined && { title }),
      ...(description !== undefined && { description }),
      ...(kept !== undefined && { cover: kept }),
      updatedAt: new Date().toISOString(),
    };
    await putCollection(after, row);
    return await showWhole(after);
  },

  'PUT /api/collections/{collection}/videos': async ({ viewer, params, body }) => {
    const row = await changeableCollection(params.collection, viewer);
    const known = await readVideos([...new Set([...row.videos, ...body.videos])]);
    const isIn = (id: string) => known.get(id)?.collections?.has(row.id) === true;
    // What is in the trash is on nobody's list, and is in here again when it is restored.
    const hidden = row.videos.filter((id) => isIn(id) && known.get(id)?.trashedAt !== undefined);
    const wanted = [...new Set([...body.videos, ...hidden])];
    const added = wanted.filter((id) => !isIn(id));
    for (const id of added) {
      const record = known.get(id);
      // A video is let out by who may share it: whoever puts it in a collection gives it to all whom that one is given to.
      if (record === undefined || !isThere(record, seconds()) || !isOwnerOrAdmin(viewer, record))
        throw new ApiError('invalid-request', `body.videos: ${id} is not there, or not yours to share.`);
    }
    const removed = row.videos.filter((id) => isIn(id) && !wanted.includes(id));
    // Out of records first, into them last: what is in no list is in no record.
    await takeOut(removed, row.id);
    const after = { ...row, videos: wanted, updatedAt: new Date().toISOString() };
    await putCollection(after, row);
    await endUnder(added, aroundIt(row.id));
    for (const id of added) {
      if (!(await setMember(id, row.id, true))) throw tooMany(id);
    }
    return await showWhole(after);
  },

  'DELETE /api/collections/{collection}': async ({ viewer, params: { collection: id }, note }) => {
    const row = await readCollection(id);
    note(row === undefined ? { unchanged: true } : { said: { title: row.title } });
    if (row === undefined) return undefined;
    if (!isTheirs(row, viewer)) throw missing();
    if (await hasInside(id)) throw new ApiError('conflict', 'Delete the collections in it first.');
    await takeOut(row.videos, id);
    await deleteGrants(`collection:${id}`);
    await deleteCollection(id);
    return undefined;
  },
};
