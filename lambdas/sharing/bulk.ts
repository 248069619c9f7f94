/**
 * One change of many videos. Each is judged and changed by itself, by the same code as in a call of its own, and is answered so: what one is
 * refused for keeps no other from it.
 */
import type { BulkChange } from '../../lib/contract/bulk.ts';
import { number } from '../../lib/contract/env.ts';
import { videosBounds } from '../../lib/contract/options.ts';
import { MOST_TAGGED, type VideoRecord } from '../../lib/contract/video.ts';
import { changeable } from '../catalog/access.ts';
import { ask } from '../catalog/ask.ts';
import { changeByPerson } from '../catalog/change.ts';
import { countRewording } from '../catalog/rewording.ts';
import { discard, restore } from '../catalog/trash.ts';
import type { Note, Noted } from '../shared/audit.ts';
import { ApiError, refusedField, toProblem } from '../shared/errors.ts';
import type { Handlers } from '../shared/http.ts';
import { logger } from '../shared/logger.ts';
import type { Viewer } from '../shared/viewer.ts';
import { changeableCollection, putInto, takeFrom } from './collections.ts';

/** Videos changed at a time. */
const SIDE_BY_SIDE = 10;
/** Times that tags are read again which somebody else changed meanwhile. */
const TRIES = 4;

type Refusals = Map<string, unknown>;
const UNCHANGED: Noted = { unchanged: true };

export const bulkRoutes: Pick<Handlers<'sharing'>, 'POST /api/videos/bulk'> = {
  'POST /api/videos/bulk': async ({ viewer, body, note }) => {
    const ids = [...new Set(body.videos)];
    const refusals = await changeAll(ids, body, viewer, note);
    return {
      videos: ids.map((id) => (refusals.has(id) ? { id, refused: said(refusals.get(id)) } : { id })),
    };
  },
};

/** Answers what each was refused for, of those that were. A collection's list is written once for all. */
async function changeAll(ids: readonly string[], asked: BulkChange, viewer: Viewer, note: Note): Promise<Refusals> {
  switch (asked.action) {
    case 'collect':
      return await collect(ids, asked.collection, viewer);
    case 'uncollect':
      await takeFrom(asked.collection, ids, viewer);
      return new Map();
    case 'move':
      return await move(ids, asked, viewer);
    default:
      return await each(ids, noting(one(asked, viewer), note));
  }
}

/** Of each that was done, and of none that was refused. */
const noting =
  (change: (id: string) => Promise<Noted>, note: Note) =>
  async (id: string): Promise<void> =>
    note(await change(id), id);

type OfCollections = 'collect' | 'uncollect' | 'move';

/** What is done to each, and is noted of it. */
function one(change: Exclude<BulkChange, { action: OfCollections }>, viewer: Viewer): (id: string) => Promise<Noted> {
  switch (change.action) {
    case 'tag':
      return (id) => retag(id, viewer, (tags) => [...new Set([...tags, ...change.tags])]);
    case 'untag':
      return (id) => retag(id, viewer, (tags) => tags.filter((tag) => !change.tags.includes(tag)));
    case 'visibility':
      return async (id) => {
        const record = changeable(await ask(id, viewer));
        const { visibility } = change;
        if (record.visibility === visibility) return UNCHANGED;
        if ((await changeByPerson(record, { visibility })) !== undefined) return {};
        throw new ApiError('not-found', 'The video was removed meanwhile.');
      };
    case 'delete': {
      const trashDays = number('TRASH_DAYS', videosBounds.trashDays);
      return async (id) => discard(await ask(id, viewer), { isNow: change.now === true, trashDays });
    }
    default: // 'restore'
      return async (id) => (await restore(await ask(id, viewer))).noted;
  }
}

/** By what the tags are now: a list is changed as a whole, and nobody's tag is lost. */
async function retag(id: string, viewer: Viewer, after: (tags: readonly string[]) => string[]): Promise<Noted> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const record = changeable(await ask(id, viewer));
    const before = record.tags;
    const tags = after(before);
    if (tags.length > MOST_TAGGED)
      throw new ApiError('conflict', `It would have ${tags.length} tags, and a video has ${MOST_TAGGED} at most.`);
    if (tags.length === before.length && tags.every((tag) => before.includes(tag))) return UNCHANGED;
    await countRewording(viewer);
    if ((await changeByPerson(record, { tags }, [], { tags: { before } })) !== undefined) return {};
  }
  throw new ApiError('conflict', 'The video is being changed by somebody else. Try again.');
}

/** `check` throws what one is refused for besides. */
async function collect(
  ids: readonly string[],
  collection: string,
  viewer: Viewer,
  check: (record: VideoRecord) => void = () => {},
): Promise<Refusals> {
  await changeableCollection(collection, viewer);
  const refusals = await each(ids, async (id) => check(changeable(await ask(id, viewer))));
  const joining = ids.filter((id) => !refusals.has(id));
  return new Map([...refusals, ...(await putInto(collection, joining, viewer))]);
}

/** In, then out: what breaks in between leaves them in both, and the same call, made once more, does the rest. */
async function move(
  ids: readonly string[],
  { from, to }: Extract<BulkChange, { action: 'move' }>,
  viewer: Viewer,
): Promise<Refusals> {
  // Out of the one that they were put in they would be in none.
  if (from === to) throw refusedField('body.to', 'must be another collection than `from`');
  await changeableCollection(from, viewer);
  const refusals = await collect(ids, to, viewer, ({ collections }) => {
    if (collections?.has(from) === true || collections?.has(to) === true) return;
    throw new ApiError('conflict', 'The video is not in the collection that it should leave.');
  });
  const moved = ids.filter((id) => !refusals.has(id));
  await takeFrom(from, moved, viewer, to);
  return refusals;
}

/** Answers what each was refused for, of those that were. */
async function each(ids: readonly string[], change: (id: string) => Promise<unknown>): Promise<Refusals> {
  const refusals: Refusals = new Map();
  const left = [...ids];
  const work = async () => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      try {
        await change(id);
      } catch (error) {
        refusals.set(id, error);
      }
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  return refusals;
}

function said(error: unknown): { code: string; detail: string } {
  if (!(error instanceof ApiError)) logger.error('one of many videos was not changed', { error: error as Error });
  const { code, detail = '' } = toProblem(error);
  return { code, detail };
}
