/** The OpenAPI 3.1 document, made from the route table that infra and handlers go by. Pure. */
import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi';
import { z } from 'zod';
import { problem, routes } from '../../lib/contract/api.ts';
import type { Route, RouteAuth, Stage } from '../../lib/contract/route.ts';
import { device } from '../../lib/contract/device.ts';
import { grant, video } from '../../lib/contract/video.ts';
import { problems } from '../shared/errors.ts';

/** Of the API, not of the software: grows with what callers can see. */
const API_VERSION = '1.0.0';

const security: Record<RouteAuth, Record<string, string[]>[]> = {
  user: [{ jwt: [] }],
  // The empty requirement: also without any.
  optional: [{ jwt: [] }, { playbackToken: [] }, {}],
  none: [],
};

const tags: Record<Stage, string> = {
  upload: 'Uploads, as the Uppy Companion S3 protocol has them',
  catalog: 'Videos: what there is and who may watch it',
  sharing: 'Grants, collections, links, keys of others, and people',
  stills: 'Posters',
  playback: 'Playlists and playback tokens',
  devices: 'Vehicle cameras: registration, state, positions, alarms, recordings',
  live: 'Live playback of devices',
  operations: 'Whether anything is wrong, and who changed what, for admins',
  webhooks: 'Addresses that are told what happens, for admins',
  events: 'What players report',
  insight: 'What became of it: heatmaps, quality, viewers',
  presence: 'What happens, told as it happens',
};

const statuses = [...new Set(Object.values(problems).map(([status]) => status))].toSorted((a, b) => a - b);
const codesOf = (status: number): string =>
  Object.entries(problems)
    .filter(([, [one]]) => one === status)
    .map(([code, [, title]]) => `\`${code}\`: ${title}.`)
    .join(' ');

function operation(key: string, route: Route): ZodOpenApiOperationObject {
  const [method, path] = key.split(' ') as [string, string];
  const contentType = route.contentType ?? 'application/json';
  const schema = route.response ?? (route.contentType === undefined ? undefined : z.string());
  return {
    // `GET /api/videos/{id}` → `get_videos_id`
    operationId: [
      method.toLowerCase(),
      ...path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '' && word !== 'api'),
    ].join('_'),
    summary: route.summary,
    tags: [route.stage],
    security: security[route.auth],
    requestParams: { ...(route.params && { path: route.params }), ...(route.query && { query: route.query }) },
    ...(route.maxBytes !== undefined && {
      requestBody: {
        required: true,
        content: { 'application/octet-stream': { schema: { type: 'string' as const, format: 'binary' } } },
      },
    }),
    ...(route.body && { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
    responses: {
      [String(route.status) as '200']: {
        description: 'Done.',
        ...(schema && { content: { [contentType]: { schema } } }),
      },
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

export function buildOpenApi() {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const [key, route] of Object.entries<Route>(routes)) {
    const [method, path] = key.split(' ') as [string, string];
    (paths[path] ??= {})[method.toLowerCase()] = operation(key, route);
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Sluice',
      version: API_VERSION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'Upload, slice, publish and play video. JSON throughout; errors are problem documents (RFC 9457) with a stable `code`.',
    },
    servers: [{ url: '/', description: 'The host that served this document' }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: { Video: video, Grant: grant, Device: device, Problem: problem },
      securitySchemes: {
        jwt: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'Access token of the OIDC issuer that `GET /api/config` names.',
        },
        playbackToken: {
          type: 'apiKey',
          in: 'query',
          name: 'token',
          description:
            'From `POST /api/videos/{id}/tokens` or `POST /api/devices/{id}/tokens`, for players that cannot set headers.',
        },
      },
      responses: {
        Problem: {
          description: `What went wrong (RFC 9457).\n\n${statuses.map((status) => `- ${status}: ${codesOf(status)}`).join('\n')}`,
          content: { 'application/problem+json': { schema: problem } },
        },
      },
    },
  });
}

let made: Record<string, unknown> | undefined;
/** Made once per process, on the first question. */
export const openApi = (): Record<string, unknown> => (made ??= buildOpenApi() as unknown as Record<string, unknown>);
