/** What decides who may watch, beside the record: one batched, consistent read, where it can make a difference. */
import { z } from 'zod';
import { required } from '../../lib/contract/env.ts';
import { grantRow, subjectKeys, type GrantRow } from '../../lib/contract/entitlement.ts';
import { videoRecord, type VideoRecord } from '../../lib/contract/video.ts';
import { BATCH, batchGet } from './batch-get.ts';
import { ownedBy, resourceKeys, type Evidence, type From, type Watched } from './entitlement.ts';
import { heard } from './heard.ts';
import { isAdmin, type Viewer } from './viewer.ts';

const NONE: Evidence = { grants: [], deviceViewers: undefined };

/** For a question of `decide`, asked from there. Read consistently: who was just taken off a list is off it. */
export async function evidenceOf(
  video: Watched | undefined,
  viewer: Viewer | undefined,
  from: From,
): Promise<Evidence> {
  if (video === undefined || !canDiffer(video, viewer)) return NONE;
  const { grants, devices } = await read(grantKeys(video, viewer), deviceOf(video, viewer));
  return await withHook(video, viewer, from, { grants, deviceViewers: devices[0]?.viewers });
}

async function withHook(video: Watched, viewer: Viewer | undefined, from: From, evidence: Evidence): Promise<Evidence> {
  return { ...evidence, hook: await heard({ viewer, video, from, now: Math.floor(Date.now() / 1000), ...evidence }) };
}

/** The device whose viewers may watch it, where being one can make a difference. */
const deviceOf = ({ visibility, origin }: Watched, viewer: Viewer | undefined): Key[] =>
  viewer === undefined || visibility === 'public' || origin === undefined ? [] : [{ id: origin.device }];

/**
 * The record, and what decides beside it: in one batch where the video is in no collection, of no device and has no tag, since only
 * the record tells of those. Undefined: there is no such video.
 */
export async function readWatched(
  id: string,
  viewer: Viewer | undefined,
  from: From,
): Promise<{ readonly video: VideoRecord; readonly evidence: Evidence } | undefined> {
  const known = viewer !== undefined && isAdmin(viewer) ? [] : grantKeys({ id }, viewer);
  const { videos, grants } = await read(known, [], [{ id }]);
  const video = videos[0];
  if (video === undefined) return undefined;
  if (!canDiffer(video, viewer)) return { video, evidence: NONE };
  const asked = new Set(known.map(({ videoId }) => videoId));
  const left = grantKeys(video, viewer).filter(({ videoId }) => !asked.has(videoId));
  const more = await read(left, deviceOf(video, viewer));
  const evidence = { grants: [...grants, ...more.grants], deviceViewers: more.devices[0]?.viewers };
  return { video, evidence: await withHook(video, viewer, from, evidence) };
}

/** The grants alone, for who has the device's record already. */
export const readGrants = async (video: Watched, viewer: Viewer | undefined): Promise<readonly GrantRow[]> =>
  canDiffer(video, viewer) ? (await read(grantKeys(video, viewer), [])).grants : [];

/** Undefined: there is no such device, any more or at all. */
export const readDeviceViewers = async (id: string): Promise<readonly string[] | undefined> =>
  (await read([], [{ id }])).devices[0]?.viewers;

/** A link opens what is private, too, unless everybody is denied. */
const canDiffer = (video: Watched, viewer: Viewer | undefined): boolean =>
  (video.visibility !== 'private' || viewer?.right?.link !== undefined) &&
  (viewer === undefined || !(isAdmin(viewer) || ownedBy(video, viewer)));

type Key = Readonly<Record<string, string>>;
type Grant = { readonly videoId: string; readonly subject: string };

const grantKeys = (video: Parameters<typeof resourceKeys>[0], viewer: Viewer | undefined): Grant[] =>
  resourceKeys(video).flatMap((videoId) => subjectKeys(viewer).map((subject) => ({ videoId, subject })));

/** One batch, but of somebody in many groups who asks for a video with many tags. */
async function read(grants: readonly Key[], devices: readonly Key[], videos: readonly Key[] = []) {
  const all = [
    ...videos.map((key) => ({ table: 'VIDEOS_TABLE', key })),
    ...grants.map((key) => ({ table: 'ENTITLEMENTS_TABLE', key })),
    ...devices.map((key) => ({ table: 'DEVICES_TABLE', key })),
  ];
  const batches = Array.from({ length: Math.ceil(all.length / BATCH) }, (_, i) =>
    all.slice(i * BATCH, (i + 1) * BATCH),
  );
  const answers = await Promise.all(
    batches.map((batch) =>
      batchGet(
        Object.fromEntries(
          [...new Set(batch.map(({ table }) => table))].map((table) => [
            required(table),
            { Keys: batch.flatMap((one) => (one.table === table ? [one.key] : [])), ...HOW[table] },
          ]),
        ),
      ),
    ),
  );
  const rowsOf = (table: string) => answers.flatMap((rows) => rows.get(table) ?? []);
  return {
    videos: videos.length === 0 ? [] : rowsOf(required('VIDEOS_TABLE')).map((row) => videoRecord.parse(row)),
    grants: grants.length === 0 ? [] : rowsOf(required('ENTITLEMENTS_TABLE')).map((row) => grantRow.parse(row)),
    devices: devices.length === 0 ? [] : rowsOf(required('DEVICES_TABLE')).map((row) => viewersOnly.parse(row)),
  };
}

const viewersOnly = z.object({ viewers: z.array(z.string()) });

const HOW: Readonly<Record<string, object>> = {
  VIDEOS_TABLE: { ConsistentRead: true },
  ENTITLEMENTS_TABLE: { ConsistentRead: true },
  DEVICES_TABLE: { ConsistentRead: true, ProjectionExpression: 'viewers' },
};
