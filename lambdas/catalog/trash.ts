/**
 * The trash: what is deleted stays there for some days, from which its owner and admins can restore it. Nobody sees or plays it
 * meanwhile (`isOver` of lambdas/shared/entitlement.ts), and the daily run that removes what was kept long enough removes it
 * (expire.ts).
 */
import { dayAfter } from '../../lib/contract/device-video.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import type { Noted } from '../shared/audit.ts';
import { ApiError } from '../shared/errors.ts';
import { changeVideo, readVideo } from '../shared/videos.ts';
import { changeable, isOwnerOrAdmin, type Asked } from './access.ts';
import { enqueue } from './removal.ts';

/**
 * Deletes a video: into the trash for `trashDays`, or for good. What is not there is deleted already. Throws `forbidden` to who may only
 * watch it, and `not-found` to everyone else. Safe to repeat: a second call does what a first one died before. Answers what the audit log
 * keeps of it: what the video was called, since nobody can look it up once it is gone.
 */
export async function discard(
  asked: Asked,
  { isNow, trashDays }: { readonly isNow: boolean; readonly trashDays: number },
): Promise<Noted> {
  const { record, viewer } = asked;
  if (record === undefined) return { unchanged: true };
  const { id, title, status, trashedAt } = record;
  const isUnderWay = (status === 'deleted' || trashedAt !== undefined) && isOwnerOrAdmin(viewer, record);
  if (!isUnderWay) {
    // An upload that expired can still be deleted: whatever has arrived of it goes at once.
    const { expiresAt: _, removeOn: __, ...lasting } = record;
    changeable({ ...asked, record: lasting });
  }
  // Of an upload under way there is nothing to restore.
  if (isNow || trashDays === 0 || status === 'uploading' || status === 'deleted') {
    // From here on nobody sees or plays it, and no slicing step publishes it. The record must outlive its removal.
    if (status !== 'deleted') await changeVideo(id, { status: 'deleted', remove: ['expiresAt'] });
    await enqueue({ step: 'remove', videoId: id });
    return { said: { title, forGood: true }, ...(status === 'deleted' && { unchanged: true }) };
  }
  // To the millisecond: what is restored and put there again within a second is told of again.
  const set = intoTrash(record, Date.now(), trashDays);
  if (trashedAt === undefined) await changeVideo(id, { set, remove: ['restoredAt'] });
  await enqueue({ step: 'trash', videoId: id, did: { type: 'trashed', at: trashedAt ?? set.trashedAt } });
  return { said: { title, forGood: false }, ...(trashedAt !== undefined && { unchanged: true }) };
}

/** What is set of a record that is put into the trash at `now`, epoch ms. Retention that ends sooner is not put off. Pure. */
export function intoTrash({ removeOn }: Pick<VideoRecord, 'removeOn'>, now: number, days: number) {
  const out = dayAfter(now, days);
  return {
    trashedAt: new Date(now).toISOString(),
    removeOn: removeOn !== undefined && removeOn < out ? removeOn : out,
    ...(removeOn !== undefined && { removeOnBefore: removeOn }),
  };
}

/** ms in which a call that broke off is made again. Of what was restored before that everybody has heard. */
const UNTOLD_MS = 86_400_000;

/**
 * Takes a video out of the trash and answers it. One that is not in there is answered as it is, and said to be. Throws as `discard`. Safe to
 * repeat: a second call tells what a first one died before, of the same moment.
 */
export async function restore(asked: Asked): Promise<{ readonly record: VideoRecord; readonly noted: Noted }> {
  const { record, viewer } = asked;
  if (record?.trashedAt === undefined || record.status === 'deleted') {
    const there = changeable(asked);
    const { id, restoredAt } = there;
    if (restoredAt !== undefined && Date.parse(restoredAt) > Date.now() - UNTOLD_MS) await tellRestored(id, restoredAt);
    return { record: there, noted: { unchanged: true } };
  }
  if (!isOwnerOrAdmin(viewer, record)) throw gone();
  const { id, removeOnBefore } = record;
  const restoredAt = new Date().toISOString();
  const change = {
    set: { restoredAt, ...(removeOnBefore !== undefined && { removeOn: removeOnBefore }) },
    remove: ['trashedAt', 'removeOnBefore', ...(removeOnBefore === undefined ? (['removeOn'] as const) : [])],
  } as const;
  const changed = await changeVideo(id, change, { trashedAt: record.trashedAt });
  if (changed === undefined) return await restore({ ...asked, record: await stillThere(id) });
  await tellRestored(id, restoredAt);
  return { record: changed, noted: {} };
}

/** By whoever restored it meanwhile. Throws `not-found` where it was removed instead. */
async function stillThere(id: string): Promise<VideoRecord> {
  const record = await readVideo(id);
  if (record === undefined || record.status === 'deleted') throw gone();
  return record;
}

const tellRestored = (videoId: string, at: string): Promise<void> =>
  enqueue({ step: 'trash', videoId, did: { type: 'restored', at } });

const gone = (): ApiError =>
  new ApiError('not-found', 'There is no such video in the trash, or it is not yours to restore.');
