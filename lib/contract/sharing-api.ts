/** Routes of what lets others in: links, grants, collections, keys of customers. */
import { z } from 'zod';
import { collection, collectionFields, collectionId, MOST_VIDEOS } from './collection.ts';
import { entitlement, newGrant, resource, subject as grantee, terms } from './entitlement.ts';
import { link, linkId, newLink } from './link.ts';
import { keyId, newKey, registeredKey } from './registered-key.ts';
import type { Route } from './route.ts';
import { opaque } from './text.ts';
import { video, videoId } from './video.ts';
import { idParam } from './params.ts';

const collectionParam = z.object({ collection: collectionId });
const grantParam = z.object({ grant: opaque(2500).meta({ description: '`id` of the grant.' }) });

export const sharingRoutes = {
  'GET /api/videos/{id}/links': {
    stage: 'sharing',
    auth: 'user',
    status: 200,
    summary: 'Links to a video, the newest first, good or over: for its owner and admins.',
    params: idParam,
    response: z.object({ links: z.array(link) }),
  },
  'POST /api/videos/{id}/links': {
    stage: 'sharing',
    auth: 'user',
    status: 201,
    summary:
      'Make a link: whoever has its `token` may watch this one video without an account, whatever its visibility, until it is over or ended.',
    params: idParam,
    body: newLink,
    response: link.extend({
      token: z.string().meta({
        description: 'Told once: `?token=` of the page `/v/{id}` and of every manifest of the video.',
      }),
    }),
  },
  'DELETE /api/videos/{id}/links/{link}': {
    stage: 'sharing',
    auth: 'user',
    status: 204,
    summary:
      'End a link: nothing begins by it any more, and what it has begun is refused within seconds. Safe to repeat.',
    params: idParam.extend({ link: linkId }),
  },
  'GET /api/entitlements': {
    stage: 'sharing',
    auth: 'user',
    status: 200,
    summary: 'Grants on a resource, for who may share it; without one, what a subject was given.',
    query: z.object({
      resource: resource.optional(),
      subject: grantee.optional().meta({
        description: 'Only what was given to this subject; without a resource your own, or for admins anybody.',
      }),
      limit: z.coerce.number().int().min(1).max(500).default(100),
      cursor: opaque(3000).optional(),
    }),
    response: z.object({ entitlements: z.array(entitlement), cursor: z.string().nullable() }),
  },
  'POST /api/entitlements': {
    stage: 'sharing',
    auth: 'user',
    status: 200,
    summary:
      'Let a subject watch a resource, or keep it from it. There is one grant for each pair: another takes its place.',
    body: newGrant,
    response: entitlement,
  },
  'GET /api/entitlements/{grant}': {
    stage: 'sharing',
    auth: 'user',
    status: 200,
    summary: 'One grant, for who may change its resource.',
    params: grantParam,
    response: entitlement,
  },
  'PUT /api/entitlements/{grant}': {
    stage: 'sharing',
    auth: 'user',
    status: 200,
    summary: 'Say anew what a grant says: what is left out no longer holds.',
    params: grantParam,
    body: terms,
    response: entitlement,
  },
  'DELETE /api/entitlements/{grant}': {
    stage: 'sharing',
    auth: 'user',
    status: 204,
    summary: 'Take a grant back. Safe to repeat.',
    params: grantParam,
  },

  'GET /api/collections': {
    stage: 'sharing',
    auth: 'user',
    status: 200,
    summary: "Your collections, newest first; admins see everybody's.",
    query: z.object({
      limit: z.coerce.number().int().min(1).max(50).default(24),
      cursor: opaque(2000).optional(),
    }),
    response: z.object({ collections: z.array(collection), cursor: z.string().nullable() }),
  },
  'POST /api/collections': {
    stage: 'sharing',
    auth: 'user',
    status: 201,
    summary: 'Make a collection, or one inside another.',
    body: z
      .object({
        ...collectionFields,
        description: collectionFields.description.optional(),
        parent: collectionId.optional().meta({ description: 'The collection to make it in; it stays there.' }),
      })
      .strict(),
    response: collection,
  },
  'GET /api/collections/{collection}': {
    stage: 'sharing',
    auth: 'user',
    status: 200,
    summary:
      'A collection with those of its videos that you may watch, in their order: for its owner and who was given it.',
    params: collectionParam,
    response: collection.extend({ videos: z.array(video) }),
  },
  'PATCH /api/collections/{collection}': {
    stage: 'sharing',
    auth: 'user',
    status: 200,
    summary: 'Change title, description and cover.',
    params: collectionParam,
    body: z
      .object({
        title: collectionFields.title.optional(),
        description: collectionFields.description.optional(),
        cover: videoId.nullable().optional().meta({ description: 'One of its videos; null: the first.' }),
      })
      .strict(),
    response: collection,
  },
  'PUT /api/collections/{collection}/videos': {
    stage: 'sharing',
    auth: 'user',
    status: 200,
    summary: 'Say which videos are in it, in this order. Those that join must be yours to share.',
    params: collectionParam,
    body: z.object({ videos: z.array(videoId).max(MOST_VIDEOS, { abort: true }) }).strict(),
    response: collection,
  },
  'DELETE /api/collections/{collection}': {
    stage: 'sharing',
    auth: 'user',
    status: 204,
    summary: 'Delete a collection that has none inside. Its videos stay, grants on it go. Safe to repeat.',
    params: collectionParam,
  },

  'GET /api/keys': {
    stage: 'sharing',
    auth: 'user',
    status: 200,
    summary: 'Keys of others that sign playback tokens, for admins.',
    response: z.object({ keys: z.array(registeredKey) }),
  },
  'POST /api/keys': {
    stage: 'sharing',
    auth: 'user',
    status: 201,
    summary:
      'Register the public key of a backend of yours, for admins: tokens that it signs open videos that are not private. Safe to repeat.',
    body: newKey,
    response: registeredKey,
  },
  'DELETE /api/keys/{kid}': {
    stage: 'sharing',
    auth: 'user',
    status: 204,
    summary: 'Take a key back: no token of it opens a manifest any more. Safe to repeat.',
    params: z.object({ kid: keyId }),
  },
} as const satisfies Record<string, Route>;
