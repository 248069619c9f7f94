/**
 * Pulls sources from addresses. One message is one video; what an invocation does not get done in its time goes on in the
 * next one, by another message. Every step is safe to repeat: S3 lists the parts that have arrived, the record says of what.
 */
import { json, number } from '../../lib/contract/env.ts';
import { pullPlaces, pullRules, pullTask, type PullTask } from '../../lib/contract/pull.ts';
import { sourceKey } from '../../lib/contract/keys.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { eachMessage } from '../shared/batch.ts';
import { freeSlot } from '../shared/slots.ts';
import { announce, changeVideo, readVideo } from '../shared/videos.ts';
import { holdPlaceBeside, leavePlaceBeside } from '../slicing/beside.ts';
import { abortUpload, listParts } from '../upload/source.ts';
import { Interrupted, PullFailed, SourceChanged } from './failure.ts';
import { pull } from './pull.ts';
import { enqueue } from './queue.ts';

const rules = json('PULL_RULES', pullRules);

/** Seconds until a pull that found no place asks again. */
const WAIT = 20;
/** Times in a row that nothing new may come, with waits that double from 30 s to 15 minutes: half an hour. */
const FAILURES = 6;
/** Times a source may change while it is pulled. */
const RESTARTS = 3;

export const handler = eachMessage('pull failed, to be tried again', (body) => pullTask.parse(body), work);

async function work(task: PullTask): Promise<void> {
  const { videoId } = task;
  const record = await readVideo(videoId);
  // An earlier try failed it, and may have died before it said so.
  if (record?.status === 'failed' && record.slicing === undefined) return await sayFailed(record);
  // Deleted meanwhile, or an earlier try got as far as the source.
  if (record?.status !== 'uploading' || record.pull === undefined) return;
  if (!(await holdPlaceBeside('pulls', number('PULL_PLACES', pullPlaces), videoId))) {
    await enqueue(task, WAIT);
    return;
  }
  let keep = false;
  try {
    const outcome = await pull(record, record.pull, rules);
    if (outcome === 'more') await enqueue({ videoId, failures: 0, parts: 0 });
    keep = true;
  } catch (error) {
    const now = await readVideo(videoId);
    // Deleted under our hands: whatever it was then is no failure.
    if (now?.status === 'uploading') await afterwards(now, task, error);
  } finally {
    // What has arrived hands its place on to its run.
    await leavePlaceBeside('pulls', videoId, keep);
  }
}

async function afterwards(record: VideoRecord, task: PullTask, error: unknown): Promise<void> {
  if (error instanceof PullFailed) await fail(record, error);
  else if (error instanceof SourceChanged) await restart(record, error);
  else if (error instanceof Interrupted) await rest(record, task, error);
  else throw error;
}

/** Begins anew with what lies there now. */
async function restart(record: VideoRecord, cause: Error): Promise<void> {
  const { id, upload, pull: state } = record;
  const restarts = state!.restarts + 1;
  if (restarts > RESTARTS) {
    const reason =
      'The file at that address changed again and again while it was pulled. Try when nobody writes to it.';
    await fail(record, new PullFailed('source-changed', reason, { cause }));
    return;
  }
  await drop({ id, upload });
  const set = { upload: { kind: 'pull' as const, slot: upload.slot }, pull: { address: state!.address, restarts } };
  if ((await changeVideo(id, { set }, { from: ['uploading'] })) !== undefined)
    await enqueue({ videoId: id, failures: 0, parts: 0 });
}

/** Tries again later, if there is hope. */
async function rest(record: VideoRecord, task: PullTask, error: Interrupted): Promise<void> {
  const { id, upload, pull: state } = record;
  const there =
    state?.facts?.ranges === true && upload.id !== undefined ? await listParts(sourceKey(id), upload.id) : [];
  const parts = there?.length ?? 0;
  const failures = parts > task.parts ? 1 : task.failures + 1;
  if (failures < FAILURES) await enqueue({ videoId: id, failures, parts }, Math.min(900, 30 * 2 ** (failures - 1)));
  else {
    const reason = `The address was asked ${FAILURES} times over half an hour, and ${error.message}. Look at the address, or try later.`;
    await fail(record, new PullFailed('source-unreachable', reason, { cause: error }));
  }
}

async function fail(record: VideoRecord, { code, message }: PullFailed): Promise<void> {
  await drop(record);
  const failed = await changeVideo(
    record.id,
    { status: 'failed', set: { failure: { code, reason: message }, progress: 0 }, remove: ['expiresAt', 'pull'] },
    { from: ['uploading'] },
  );
  if (failed === undefined) await freeSlot(record);
  else await sayFailed(failed);
}

async function sayFailed(record: VideoRecord): Promise<void> {
  await freeSlot(record);
  await announce(record, 'failed');
}

const drop = async ({ id, upload }: Pick<VideoRecord, 'id' | 'upload'>): Promise<void> => {
  if (upload.id !== undefined) await abortUpload(sourceKey(id), upload.id);
};
