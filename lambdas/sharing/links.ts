/** Links to a video: made, listed and ended by its owner and admins. */
import { PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { link, LINK_REMEMBERED, linkRow, MAX_LINKS, type Link, type LinkRow } from '../../lib/contract/link.ts';
import { DAY_SECONDS, LONGEST_SIGNATURE_SECONDS } from '../../lib/contract/options.ts';
import { dynamo } from '../shared/clients.ts';
import { isOver, ownedBy } from '../shared/entitlement.ts';
import { ApiError } from '../shared/errors.ts';
import type { Handlers } from '../shared/http.ts';
import { linksOf, secretHash } from '../shared/links.ts';
import { keptPassword } from '../shared/passwords.ts';
import { revoke } from '../shared/revocation.ts';
import { unguessable } from '../shared/sessions.ts';
import { unlessRefused } from '../shared/unless-refused.ts';
import { readVideo } from '../shared/videos.ts';
import { isAdmin, type Viewer } from '../shared/viewer.ts';

type LinkRoutes = Pick<
  Handlers<'sharing'>,
  'GET /api/videos/{id}/links' | 'POST /api/videos/{id}/links' | 'DELETE /api/videos/{id}/links/{link}'
>;

const TableName = required('LINKS_TABLE');
const secondsNow = (): number => Math.floor(Date.now() / 1000);

/** A video that one may not see is answered as missing. */
async function checkMine(id: string, viewer: Viewer): Promise<void> {
  const video = await readVideo(id);
  const isGone = !video || video.status === 'deleted' || isOver(video, secondsNow());
  if (isGone || !(ownedBy(video, viewer) || isAdmin(viewer)))
    throw new ApiError('not-found', 'There is no such video of yours.');
}

const isGood = ({ endedAt, goodUntil }: LinkRow): boolean =>
  endedAt === undefined && (goodUntil === undefined || goodUntil > secondsNow());

/** Whether it was used and ended, and is an entry of the edge's store since, which all share. */
const isEntry = ({ endedAt, unused }: LinkRow): boolean =>
  endedAt !== undefined && unused !== true && Date.parse(endedAt) / 1000 + LONGEST_SIGNATURE_SECONDS > secondsNow();

/** Internal fields are left out by the schema. */
const shown = ({ goodUntil, password, ...row }: LinkRow): Link =>
  link.parse({
    ...row,
    expiresAt: goodUntil === undefined ? undefined : new Date(goodUntil * 1000).toISOString(),
    hasPassword: password !== undefined,
  });

export const linkRoutes: LinkRoutes = {
  'GET /api/videos/{id}/links': async ({ params: { id }, viewer }) => {
    await checkMine(id, viewer);
    return { links: (await linksOf(id)).map(shown) };
  },

  'POST /api/videos/{id}/links': async ({ params: { id: videoId }, body, viewer }) => {
    await checkMine(videoId, viewer);
    if ((await linksOf(videoId)).filter((one) => isGood(one) || isEntry(one)).length >= MAX_LINKS) {
      const days = LONGEST_SIGNATURE_SECONDS / DAY_SECONDS;
      const detail = `The video has ${MAX_LINKS} links, as many as it may have. End one that nobody has used first: one that was used counts for ${days} days more.`;
      throw new ApiError('conflict', detail, { limit: { name: 'links', value: MAX_LINKS } });
    }
    const { name, expiresIn, password, sites } = body;
    const [id, secret] = [unguessable(), unguessable() + unguessable()];
    const goodUntil = expiresIn === undefined ? undefined : secondsNow() + expiresIn;
    const row: LinkRow = {
      videoId,
      id,
      ...(name !== undefined && { name }),
      createdAt: new Date().toISOString(),
      createdBy: viewer.subject,
      secretHash: secretHash(secret),
      unused: true,
      ...(password !== undefined && { password: await keptPassword(password) }),
      ...(sites !== undefined && { sites }),
      ...(goodUntil !== undefined && { goodUntil, expiresAt: goodUntil + LINK_REMEMBERED }),
    };
    await dynamo.send(new PutCommand({ TableName, Item: row }));
    return { ...shown(row), token: `${id}.${secret}` };
  },

  'DELETE /api/videos/{id}/links/{link}': async ({ params: { id: videoId, link: id }, viewer }) => {
    await checkMine(videoId, viewer);
    const end = new UpdateCommand({
      TableName,
      Key: { videoId, id },
      UpdateExpression: 'SET endedAt = if_not_exists(endedAt, :at), expiresAt = :gone',
      ConditionExpression: 'attribute_exists(id)',
      ExpressionAttributeValues: { ':at': new Date().toISOString(), ':gone': secondsNow() + LINK_REMEMBERED },
      ReturnValues: 'ALL_NEW',
    });
    const ended = (await unlessRefused(dynamo.send(end)))?.Attributes;
    if (ended === undefined || linkRow.parse(ended).unused === true) return undefined;
    // Nothing begins by it any more; what it has begun, the edge refuses within seconds.
    await revoke([{ kind: 'link', id, until: new Date(Date.now() + LONGEST_SIGNATURE_SECONDS * 1000) }]);
    return undefined;
  },
};
