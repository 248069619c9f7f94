/** Reads what decides about a video beside its record, where it can make a difference. */
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { required } from '../../lib/contract/env.ts';
import { grant, type Grant, type VideoRecord } from '../../lib/contract/video.ts';
import { dynamo } from './clients.ts';
import { ownedBy, type Evidence } from './entitlement.ts';
import { isAdmin, type Viewer } from './viewer.ts';

const NONE: Evidence = { grant: undefined, deviceViewers: undefined };

/** For a question of `decide`. Read consistently: who was just taken off a list is off it. */
export async function evidenceOf(video: VideoRecord | undefined, viewer: Viewer | undefined): Promise<Evidence> {
  if (video === undefined || viewer === undefined) return NONE;
  if (video.visibility !== 'entitled' || isAdmin(viewer) || ownedBy(video, viewer)) return NONE;
  const [given, deviceViewers] = await Promise.all([
    readGrant(video.id, viewer.subject),
    video.origin?.kind === 'incident' ? readDeviceViewers(video.origin.device) : undefined,
  ]);
  return { grant: given, deviceViewers };
}

async function readGrant(videoId: string, subject: string): Promise<Grant | undefined> {
  const TableName = required('ENTITLEMENTS_TABLE');
  const { Item } = await dynamo.send(new GetCommand({ TableName, Key: { videoId, subject }, ConsistentRead: true }));
  return Item === undefined ? undefined : grant.parse(Item);
}

const viewersOnly = z.object({ viewers: z.array(z.string()) });

/** Undefined: there is no such device, any more or at all. */
export async function readDeviceViewers(id: string): Promise<readonly string[] | undefined> {
  const asked = { Key: { id }, ProjectionExpression: 'viewers', ConsistentRead: true };
  const { Item } = await dynamo.send(new GetCommand({ TableName: required('DEVICES_TABLE'), ...asked }));
  return Item === undefined ? undefined : viewersOnly.parse(Item).viewers;
}
