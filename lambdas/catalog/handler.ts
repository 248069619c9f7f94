/** The catalog: what there is, who may see it, and what a person may change. */
import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import { consoleConfig } from '../../lib/contract/api.ts';
import { json, required } from '../../lib/contract/env.ts';
import { videoRecord, type Grant, type VideoRecord } from '../../lib/contract/video.ts';
import { dynamo } from '../shared/clients.ts';
import { ApiError } from '../shared/errors.ts';
import { serve } from '../shared/http.ts';
import { changeVideo, readVideo } from '../shared/videos.ts';
import { isAdmin, type Viewer } from '../shared/viewer.ts';
import { changeable, isOwnerOrAdmin, readable, type Asked } from './access.ts';
import { deleteGrant, listGrants, putGrant, readGrant } from './grants.ts';
import { decodeCursor, fillPage, isThere, matches, whose, type Position } from './listing.ts';
import { openApi } from './openapi.ts';
import { enqueue } from './removal.ts';
import { show } from './view.ts';

/** Rows one call of the listing looks at, at most: about 3 MB read. */
const LIST_BUDGET = 1000;

const seconds = () => Math.floor(Date.now() / 1000);
const config = json('CONSOLE_CONFIG', consoleConfig);

async function ask(id: string, viewer: Viewer): Promise<Asked> {
  const record = await readVideo(id);
  // The grant is read only where it can make a difference.
  const open = record?.visibility !== 'entitled' || isOwnerOrAdmin(viewer, record);
  return { viewer, record, grant: open ? undefined : await readGrant(id, viewer.subject), now: seconds() };
}

/** Videos from newest to oldest, after `start`. */
async function* newestFirst(
  owner: string | undefined,
  start: Position | undefined,
  pageSize: number,
): AsyncGenerator<VideoRecord> {
  const [index, name, value] = owner === undefined ? ['byTime', 'kind', 'video'] : ['byOwner', 'owner', owner];
  const pages = paginateQuery(
    { client: dynamo },
    {
      TableName: required('VIDEOS_TABLE'),
      IndexName: index,
      KeyConditionExpression: '#partition = :value',
      ExpressionAttributeNames: { '#partition': name },
      ExpressionAttributeValues: { ':value': value },
      ScanIndexForward: false,
      Limit: pageSize,
      ...(start && { ExclusiveStartKey: { [name]: value, ...start } }),
    },
  );
  for await (const { Items = [] } of pages) for (const item of Items) yield videoRecord.parse(item);
}

export const handler = serve<'catalog'>(required('GROUPS_CLAIM'), {
  'GET /api/config': async () => config,
  'GET /api/openapi.json': async () => openApi(),

  'GET /api/videos': async ({ viewer, query: { limit, cursor, owner, ...filter } }) => {
    const filtered = Object.values(filter).some((value) => value !== undefined);
    const start = cursor === undefined ? undefined : decodeCursor(cursor);
    const now = seconds();
    const page = await fillPage(
      newestFirst(whose(viewer, owner), start, filtered ? 200 : limit + 1),
      (record) => isThere(record, now) && matches(record, filter),
      limit,
      LIST_BUDGET,
    );
    return { videos: await Promise.all(page.records.map((record) => show(record))), cursor: page.cursor };
  },

  'GET /api/videos/{id}': async ({ viewer, params }) => show(readable(await ask(params.id, viewer))),

  'PATCH /api/videos/{id}': async ({ viewer, params: { id }, body }) => {
    const record = changeable(await ask(id, viewer));
    if (body.owner !== undefined && !isAdmin(viewer)) {
      throw new ApiError('forbidden', 'Only administrators hand a video to somebody else.');
    }
    // An upload under way belongs to the person who sends it.
    if (body.owner !== undefined && record.status === 'uploading') {
      throw new ApiError('conflict', 'The video is still being uploaded. Hand it over when it has arrived.');
    }
    const changed = await changeVideo(id, { set: body as Partial<VideoRecord> });
    if (changed === undefined) throw new ApiError('not-found', 'The video was removed meanwhile.');
    return show(changed);
  },

  'DELETE /api/videos/{id}': async ({ viewer, params: { id } }) => {
    const asked = await ask(id, viewer);
    const { record } = asked;
    if (record === undefined) return undefined;
    const underWay = record.status === 'deleted' && isOwnerOrAdmin(viewer, record);
    if (!underWay) {
      // An upload that expired can still be deleted: whatever has arrived of it goes at once.
      const { expiresAt: _, ...lasting } = record;
      changeable({ ...asked, record: lasting });
      // From here on nobody sees or plays it, and no slicing step publishes it. The record must outlive its removal.
      await changeVideo(id, { status: 'deleted', remove: ['expiresAt'] });
    }
    // Again on a repeated call: the first one may have died before it. The worker expects the same message twice.
    await enqueue({ videoId: id, step: 'remove' });
    return undefined;
  },

  'GET /api/videos/{id}/grants': async ({ viewer, params: { id } }) => {
    changeable(await ask(id, viewer));
    const now = seconds();
    return { grants: (await listGrants(id)).filter(({ expiresAt }) => expiresAt === undefined || now < expiresAt) };
  },

  'PUT /api/videos/{id}/grants/{subject}': async ({ viewer, params: { id, subject }, body: { expiresIn } }) => {
    changeable(await ask(id, viewer));
    const grant: Grant = {
      videoId: id,
      subject,
      grantedBy: viewer.subject,
      createdAt: new Date().toISOString(),
      ...(expiresIn !== undefined && { expiresAt: seconds() + expiresIn }),
    };
    await putGrant(grant);
    return grant;
  },

  'DELETE /api/videos/{id}/grants/{subject}': async ({ viewer, params: { id, subject } }) => {
    changeable(await ask(id, viewer));
    await deleteGrant(id, subject);
    return undefined;
  },
});
