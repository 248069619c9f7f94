/** Grants by their own routes: who may give them on what, and how they are named. */
import { z } from 'zod';
import {
  isInvitation,
  mailOf,
  resourceKey,
  resourceOf,
  subjectKey,
  subjectOf,
  type Entitlement,
  type GrantRow,
} from '../../lib/contract/entitlement.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { readCursor, sealCursor } from '../shared/cursor.ts';
import { byPerson } from '../shared/entitlement.ts';
import { ApiError, refusedField } from '../shared/errors.ts';
import { readDeviceViewers } from '../shared/evidence.ts';
import { grantId, grantNamed } from '../shared/grant-id.ts';
import type { Handlers } from '../shared/http.ts';
import { isAdmin, type Viewer } from '../shared/viewer.ts';
import { changeable } from '../catalog/access.ts';
import { ask } from '../catalog/ask.ts';
import { changeableCollection } from './collections.ts';
import { said as saidOf, stored } from './invitation.ts';
import { personWith } from './invitations.ts';
import { pageOfGrants, putGrant, readGrant, replaceGrant, takeGrant, type GrantKey } from '../catalog/grants.ts';

/**
 * Videos and collections are their owner's to share, and admins'. Devices and tags are admins': a tag is on videos of many owners, and whoever
 * could grant on it would share theirs. Throws `not-found` or `forbidden`.
 */
async function checkMayShare(resource: string, viewer: Viewer): Promise<Pick<VideoRecord, 'origin'>> {
  const [kind, rest] = [resource.slice(0, resource.indexOf(':')), resource.slice(resource.indexOf(':') + 1)];
  if (kind === 'video') return changeable(await ask(rest, viewer));
  if (kind === 'collection') {
    await changeableCollection(rest, viewer);
    return {};
  }
  if (!isAdmin(viewer)) throw new ApiError('forbidden', `Only administrators share a ${kind}.`);
  if (kind === 'device' && (await readDeviceViewers(rest)) === undefined)
    throw new ApiError('not-found', 'There is no such device.');
  return {};
}

/** What an id names. Throws `not-found` of what is none. */
function named(id: string): { readonly resource: string; readonly key: GrantKey } {
  try {
    const { resource, subject } = grantNamed(id);
    return { resource, key: { videoId: resourceKey(resource), subject: subjectKey(subject) } };
  } catch (cause) {
    throw new ApiError('not-found', 'There is no such grant.', { cause });
  }
}

function show(row: GrantRow): Entitlement {
  const { videoId, subject, ...more } = saidOf(row);
  return { id: grantId({ videoId, subject }), resource: resourceOf(videoId), subject: subjectOf(subject), ...more };
}

const seconds = () => Math.floor(Date.now() / 1000);

/** What is right in itself, and would do nothing. Throws `invalid-request`. */
function checkEffect(row: GrantRow): void {
  if (row.expiresAt !== undefined && row.expiresAt <= seconds())
    throw refusedField('body.expiresAt', 'must be in the future');
  // Until somebody signs in nobody is known who could be kept out.
  if (isInvitation(row) && row.effect === 'deny')
    throw refusedField('body.effect', 'must be allow for an address with which nobody has signed in');
}

const gone = () => new ApiError('not-found', 'There is no such grant (any more).');
const position = z.object({ videoId: z.string(), subject: z.string() });

type Routes =
  | 'GET /api/entitlements'
  | 'POST /api/entitlements'
  | `${'GET' | 'PUT' | 'DELETE'} /api/entitlements/{grant}`;

export const entitlementRoutes: Pick<Handlers<'sharing'>, Routes> = {
  'GET /api/entitlements': async ({ viewer, query }) => {
    const { resource, subject, limit } = query;
    const asked = { route: 'GET /api/entitlements', viewer, query } as const;
    const after = await readCursor(asked, position);
    if (resource === undefined) {
      const who = subject ?? `person:${viewer.subject}`;
      if (who !== `person:${viewer.subject}` && !isAdmin(viewer))
        throw new ApiError('forbidden', 'Only administrators list what somebody else was given.');
      const { grants, next } = await pageOfGrants({ subject: subjectKey(who) }, limit, after);
      return { entitlements: grants.map(show), cursor: await sealCursor(asked, next) };
    }
    const record = await checkMayShare(resource, viewer);
    const videoId = resourceKey(resource);
    if (subject !== undefined) {
      const row = await readGrant({ videoId, subject: subjectKey(subject) });
      return { entitlements: row === undefined ? [] : [show(row)], cursor: null };
    }
    const { grants, next } = await pageOfGrants({ videoId }, limit, after);
    const counting = grants.filter((row) => byPerson(row, record));
    return { entitlements: counting.map(show), cursor: await sealCursor(asked, next) };
  },

  'POST /api/entitlements': async ({ viewer, body: { resource, subject, ...said } }) => {
    await checkMayShare(resource, viewer);
    const mail = mailOf(subject);
    // Who has signed in with the address need not be waited for.
    const person = mail === undefined ? undefined : await personWith(mail);
    const row: GrantRow = {
      videoId: resourceKey(resource),
      subject: subjectKey(person === undefined ? subject : `person:${person}`),
      ...said,
      grantedBy: viewer.subject,
      createdAt: new Date().toISOString(),
    };
    checkEffect(row);
    const kept = stored(row, seconds());
    await putGrant(kept);
    return show(kept);
  },

  'GET /api/entitlements/{grant}': async ({ viewer, params }) => {
    const { resource, key } = named(params.grant);
    await checkMayShare(resource, viewer);
    const row = await readGrant(key);
    if (row === undefined) throw gone();
    return show(row);
  },

  'PUT /api/entitlements/{grant}': async ({ viewer, params, body }) => {
    const { resource, key } = named(params.grant);
    await checkMayShare(resource, viewer);
    const before = await readGrant(key);
    if (before === undefined) throw gone();
    const row: GrantRow = { ...key, ...body, grantedBy: viewer.subject, createdAt: before.createdAt };
    checkEffect(row);
    const kept = stored(row, seconds());
    if (!(await replaceGrant(kept, before))) throw gone();
    return show(kept);
  },

  'DELETE /api/entitlements/{grant}': async ({ viewer, params }) => {
    const { resource, key } = named(params.grant);
    await checkMayShare(resource, viewer);
    await takeGrant(key);
    return undefined;
  },
};
