/** Putting a video together: playlists, the record's facts, poster. It is playable before the poster is drawn. Safe to repeat. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cost, Usage } from '../../lib/contract/cost.ts';
import { keyNumber } from '../../lib/contract/encryption.ts';
import { required } from '../../lib/contract/env.ts';
import {
  chunkResultKey,
  chunkTableKey,
  contentKeysKey,
  DASH_PATH,
  INIT_NAME,
  playlistPath,
  posterPath,
  renditionFolder,
  revisionPrefix,
  runKey,
  segmentKeyPath,
  STORYBOARD_PATH,
} from '../../lib/contract/keys.ts';
import type { Plan } from '../../lib/contract/plan.ts';
import { chunkResult, type AssembleResult, type AssembleTask, type ChunkResult } from '../../lib/contract/slicing.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { logger } from '../shared/logger.ts';
import { removeObjects } from '../shared/objects.ts';
import { removeTexts } from '../shared/texts.ts';
import { changeVideo, readVideo } from '../shared/videos.ts';
import { architecture } from './budget.ts';
import { actualCost, transitionsOf } from './estimate.ts';
import { sourceRemoveOn } from './exact.ts';
import { putObject, readText, readVersion } from './objects.ts';
import { DASH_TYPE, mpd } from './mpd.ts';
import { withRungs } from './mpd-rungs.ts';
import { allOf, pathOf } from './outputs.ts';
import { describe, merge, type MergedRendition } from './playlists.ts';
import { holdPlace } from './place.ts';
import { addUsage } from './prices.ts';
import { drawPoster, GOOD_ENOUGH, judgeFrame, LOOKS, posterRung, segmentAt } from './poster.ts';
import { isMine, reach, write } from './publish.ts';
import { opener } from './sealing.ts';
import { publishTexts, textIds } from './texts.ts';
import { bestTime, boardsOf, storyboardVtt, VTT_TYPE, type Board } from './storyboard.ts';

/** `used`: by the function this is called in. */
export async function assemble(task: AssembleTask, used: () => Usage): Promise<AssembleResult> {
  const { plan, chunks } = task;
  const { videoId, execution, revision } = plan;
  const bucket = required('MEDIA_BUCKET');
  const prefix = revisionPrefix(videoId, revision);
  const before = await readVideo(videoId);
  if (!isMine(before, execution)) return { outcome: 'stopped', videoId };
  const work = chunks.map(({ index }) => chunkResultKey(videoId, revision, index));
  // No run reads these again: one that makes what was left for later writes its own.
  const between = [
    ...work,
    ...(plan.timescale === null ? [] : chunks.map(({ index }) => chunkTableKey(videoId, revision, index))),
    ...(plan.timescale === null ? [] : [runKey(videoId, revision)]),
    ...(plan.remuxed ? [plan.remuxed.key] : []),
  ];
  if (before.status === 'ready' && (!plan.ladder || before.later === undefined)) {
    // Who said so may have died before they went.
    await removeObjects(bucket, between);
    return { outcome: 'ready', videoId };
  }
  await holdPlace(videoId);

  const results = await Promise.all(
    work.map(async (key) => chunkResult.parse(JSON.parse(await readText({ bucket, key })))),
  );
  const order = allOf(plan).map(pathOf);
  const renditions = merge(results, plan.segments?.count).toSorted(
    (a, b) => order.indexOf(pathOf(a)) - order.indexOf(pathOf(b)),
  );
  if (plan.ladder) {
    await Promise.all(renditions.map((rendition) => write(rendition, plan, true)));
    await addToDash(`${prefix}${DASH_PATH}`, renditions, plan);
    await addLadder(before, plan, renditions, [...results.map((one) => one.used), used()]);
    await removeObjects(bucket, between);
    return { outcome: 'ready', videoId };
  }
  const boards = boardsOf(results, chunks);
  await Promise.all(renditions.map((rendition) => write(rendition, plan, true)));
  const dash = mpd(renditions, plan);
  if (dash !== undefined) await putObject(bucket, `${prefix}${DASH_PATH}`, dash, DASH_TYPE, 'no-store');
  const hasStoryboard = boards.length > 0;
  if (hasStoryboard)
    await putObject(bucket, `${prefix}${STORYBOARD_PATH}`, storyboardVtt(boards, plan), VTT_TYPE, 'no-store');
  const begins = beginsOf(results);
  const set = { ...facts(before, task, renditions), ...(begins !== undefined && { begins }) };
  // What was playable before has more renditions now.
  const listed =
    before.status === 'playable'
      ? await changeVideo(videoId, { set }, { from: ['playable'], execution })
      : await reach('playable', plan, set);
  // Put together twice at a time, the other one was sooner: what is there is the video.
  if (!listed && (await isReady(plan))) return { outcome: 'ready', videoId };
  if (!listed) return stopped(task, renditions, boards);

  await publishTexts(plan, results, lengthOf(before, renditions) ?? plan.source.info.duration, begins);
  const hasPoster =
    plan.video.length > 0 && plan.encryption?.scheme !== 'drm'
      ? await poster(task, renditions, prefix, bestTime(boards))
      : results.some(({ cover }) => cover === true);
  const cost = plan.cost && costOf(plan.cost, task, before, renditions, [...results.map((one) => one.used), used()]);
  // What is still to be made is made of it.
  const removeOn = plan.later === undefined ? sourceRemoveOn(plan, new Date()) : undefined;
  const ready = {
    hasPoster,
    hasStoryboard,
    progress: 100,
    ...(cost && { cost }),
    ...(removeOn !== undefined && { sourceRemoveOn: removeOn }),
  };
  if (!(await reach('ready', plan, ready))) return stopped(task, renditions, boards);
  await removeObjects(bucket, between);
  return { outcome: 'ready', videoId };
}

/** When the picture, or what stands for it, begins on the media's clock, where that is not ours. */
const beginsOf = (results: readonly ChunkResult[]): number | undefined =>
  results.flatMap(({ renditions }) => renditions)[0]?.begins;

async function isReady({ videoId, execution }: Plan): Promise<boolean> {
  const record = await readVideo(videoId);
  return isMine(record, execution) && record.status === 'ready';
}

function facts(record: VideoRecord, { plan }: AssembleTask, renditions: readonly MergedRendition[]) {
  const described = renditions.map((rendition) => describe(rendition, plan));
  const media = described.reduce((sum, { bytes }) => sum + bytes, 0);
  const duration = lengthOf(record, renditions);
  const later = plan.video.filter((rung) => plan.later?.includes(pathOf({ kind: 'video', name: rung.name })));
  return {
    renditions: described,
    bytes: { ...record.bytes, media },
    revision: plan.revision,
    progress: 99,
    duration,
    ...(renditions.some(({ protection }) => protection) && { protection: protectionOf(renditions) }),
    ...(later.length > 0 && {
      later: later.map(({ name, width, height }) => ({ name, width, height })),
      ladderPlan: JSON.stringify(plan),
    }),
  };
}

/** For multivariant playlists. */
const protectionOf = (renditions: readonly MergedRendition[]) =>
  Object.fromEntries(renditions.flatMap((one) => (one.protection ? [[pathOf(one), one.protection]] : [])));

/** The video is ready, and has more renditions now. */
async function addLadder(
  { renditions: had, bytes, later = [], cost: estimated }: VideoRecord,
  plan: Plan,
  made: readonly MergedRendition[],
  used: readonly (Usage | undefined)[],
): Promise<void> {
  const order = allOf(plan).map(pathOf);
  const added = made.map((rendition) => describe(rendition, plan));
  const renditions = [...had, ...added].toSorted((a, b) => order.indexOf(pathOf(a)) - order.indexOf(pathOf(b)));
  const media = bytes.media + added.reduce((sum, one) => sum + one.bytes, 0);
  const usage = addUsage([plan.used ?? {}, ...used.map((one) => one ?? {}), { transitions: transitionsOf(plan) }]);
  const cost = plan.cost && actualCost(plan.cost, usage, bytes.source + media, architecture);
  const all = cost && {
    ...cost,
    // What was estimated of all that is there now, as the record has said since this run began.
    estimate: estimated?.estimate ?? cost.estimate,
    actual: Number(((cost.actual ?? 0) + (plan.spent ?? 0)).toFixed(6)),
  };
  const removeOn = sourceRemoveOn(plan, new Date());
  await changeVideo(
    plan.videoId,
    {
      set: {
        renditions,
        bytes: { ...bytes, media },
        ...(all && { cost: all }),
        ...(removeOn !== undefined && { sourceRemoveOn: removeOn }),
      },
      remove: ['later', 'ladderPlan', 'ladder'],
    },
    { from: ['ready'], execution: plan.execution },
  );
  logger.info('the ladder is there', { videoId: plan.videoId, rungs: later.map(({ name }) => name) });
}

/** The MPD, if there is one, has the new rungs, too. */
async function addToDash(key: string, added: readonly MergedRendition[], plan: Plan): Promise<void> {
  const bucket = required('MEDIA_BUCKET');
  const there = await readVersion({ bucket, key });
  const all = there && withRungs(there.text, added, plan);
  if (all !== undefined) await putObject(bucket, key, all, DASH_TYPE, 'no-store');
}

/** What slicing cost, as all steps measured it up to here, and what keeping it will. */
function costOf(
  estimated: Cost,
  { plan }: AssembleTask,
  { bytes }: VideoRecord,
  renditions: readonly MergedRendition[],
  used: readonly (Usage | undefined)[],
): Cost {
  const all = addUsage([plan.used ?? {}, ...used.map((one) => one ?? {}), { transitions: transitionsOf(plan) }]);
  const media = renditions.flatMap(({ segments }) => segments).reduce((sum, segment) => sum + segment.bytes, 0);
  return actualCost(estimated, all, bytes.source + media, architecture);
}

/** Seconds by which a header may be off before the record says what is there instead. */
const OFF_SECONDS = 1;

function lengthOf({ duration }: Pick<VideoRecord, 'duration'>, renditions: readonly MergedRendition[]): number | null {
  const video = renditions.find(({ kind }) => kind === 'video') ?? renditions[0];
  const there = video?.segments.reduce((sum, segment) => sum + segment.duration, 0);
  if (there === undefined || (duration !== null && Math.abs(there - duration) <= OFF_SECONDS)) return duration;
  return Number(there.toFixed(3));
}

/** What assembling itself writes, besides playlists. */
const ASSEMBLED = [DASH_PATH, STORYBOARD_PATH, posterPath()];

/** The video was deleted while this ran: what came after the deletion's own look goes too. */
async function stopped(
  { plan, chunks }: AssembleTask,
  renditions: readonly MergedRendition[],
  boards: readonly Board[],
): Promise<AssembleResult> {
  const { videoId, revision } = plan;
  const paths = renditions.flatMap(({ kind, name, segments }) => [
    playlistPath(kind, name),
    ...[INIT_NAME, ...segments.map((segment) => segment.name)].map((file) => `${renditionFolder(kind, name)}${file}`),
  ]);
  const { encryption } = plan;
  const keys = renditions.flatMap(({ kind, name, segments }) =>
    Array.from(
      { length: encryption?.scheme === 'aes-128' ? keyNumber(segments.length, encryption.keySegments) : 0 },
      (_, i) => segmentKeyPath(kind, name, i + 1),
    ),
  );
  await removeObjects(required('MEDIA_BUCKET'), [
    ...[...keys, ...paths, ...boards.flatMap(({ storyboard }) => storyboard.sheets), ...ASSEMBLED].map(
      (path) => `${revisionPrefix(videoId, revision)}${path}`,
    ),
    ...(encryption?.scheme === 'cbcs' ? [contentKeysKey(videoId, revision)] : []),
    ...chunks.map(({ index }) => chunkResultKey(videoId, revision, index)),
  ]);
  await removeTexts(videoId, textIds(plan));
  return { outcome: 'stopped', videoId };
}

/** Whether there is a poster now. A video without one is still a video. */
async function poster(
  { plan }: AssembleTask,
  renditions: readonly MergedRendition[],
  prefix: string,
  best: number | undefined,
): Promise<boolean> {
  const bucket = required('MEDIA_BUCKET');
  const open = opener(plan);
  const folder = await mkdtemp(join(tmpdir(), 'sluice-poster-'));
  try {
    // Not all of them need be there.
    const rung = posterRung(plan.video.filter(({ name }) => plan.later?.includes(`video/${name}`) !== true));
    const rendition = renditions.find(({ kind, name }) => kind === 'video' && name === rung?.name);
    if (!rendition) throw new Error('there is no rung to draw from');
    const length = rendition.segments.reduce((sum, { duration }) => sum + duration, 0);
    let chosen: { path: string; offset: number; score: number } | undefined;
    for (const time of best === undefined ? LOOKS.map((share) => share * length) : [best]) {
      const segment = segmentAt(rendition, time);
      if (segment === undefined) continue;
      const names = plan.segmentType === 'fmp4' ? [INIT_NAME, segment.name] : [segment.name];
      const path = join(folder, `joined-${time}`);
      for (const name of names)
        await writeFile(path, await open(`${renditionFolder('video', rendition.name)}${name}`), { flag: 'a' });
      const score = best === undefined ? await judgeFrame(path, segment.offset) : Infinity;
      if (chosen === undefined || score > chosen.score) chosen = { path, offset: segment.offset, score };
      if (score >= GOOD_ENOUGH) break;
    }
    if (chosen === undefined) throw new Error('there is no segment to draw from');
    await putObject(bucket, `${prefix}${posterPath()}`, await drawPoster(chosen.path, chosen.offset), 'image/jpeg');
    return true;
  } catch (error) {
    logger.warn('no poster', { videoId: plan.videoId, error: error as Error });
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
