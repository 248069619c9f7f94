/** Which calls are written into the audit log, and in which words: all by which a signed-in person changes something. */
import type { RouteKey } from './api.ts';
import type { AuditRow } from './audit.ts';
import type { BulkChange } from './bulk.ts';

const DELETED = 'deleted a video';

export const AUDITED: Partial<Record<RouteKey, string>> = {
  'GET /api/s3/params': 'began an upload',
  'POST /api/s3/multipart': 'began an upload in parts',
  'DELETE /api/s3/multipart/{uploadId}': 'gave an upload up',
  'POST /api/videos': 'had a video pulled from an address',
  'PATCH /api/videos/{id}': 'changed a video',
  'DELETE /api/videos/{id}': DELETED,
  'POST /api/videos/bulk': 'changed, deleted or restored videos',
  'POST /api/videos/{id}/restore': 'restored a video',
  'PUT /api/videos/{id}/poster': 'chose a poster',
  'POST /api/videos/{id}/texts': 'added subtitles',
  'PATCH /api/videos/{id}/texts/{track}': 'changed subtitles',
  'DELETE /api/videos/{id}/texts/{track}': 'removed subtitles',
  'PUT /api/videos/{id}/grants/{subject}': 'let somebody watch',
  'DELETE /api/videos/{id}/grants/{subject}': 'took a right to watch back',
  'POST /api/videos/{id}/tokens': 'made a playback token',
  'DELETE /api/videos/{id}/sessions': 'ended what was watched of a video',
  'DELETE /api/videos/{id}/sessions/{session}': 'ended a session',
  'DELETE /api/sessions/{subject}': 'ended what somebody watched',
  'POST /api/videos/{id}/links': 'made a link',
  'DELETE /api/videos/{id}/links/{link}': 'ended a link',
  'POST /api/entitlements': 'made a grant',
  'PUT /api/entitlements/{grant}': 'changed a grant',
  'DELETE /api/entitlements/{grant}': 'took a grant back',
  'POST /api/collections': 'made a collection',
  'PATCH /api/collections/{collection}': 'changed a collection',
  'PUT /api/collections/{collection}/videos': 'said what is in a collection',
  'DELETE /api/collections/{collection}': 'deleted a collection',
  'POST /api/keys': 'registered a key',
  'DELETE /api/keys/{kid}': 'took a key back',
  'DELETE /api/people/{subject}': 'erased somebody from the directory',
  'POST /api/webhooks': 'made a webhook',
  'PATCH /api/webhooks/{webhook}': 'changed a webhook',
  'DELETE /api/webhooks/{webhook}': 'deleted a webhook',
  'POST /api/webhooks/{webhook}/secret': 'gave a webhook another secret',
  'POST /api/webhooks/{webhook}/deliveries/{delivery}/replay': 'sent a message of a webhook again',
  'POST /api/devices': 'registered a device',
  'PATCH /api/devices/{id}': 'changed a device',
  'DELETE /api/devices/{id}': 'deleted a device',
  'DELETE /api/devices/unknown/{id}': 'took an unknown device off the list',
  'POST /api/devices/{id}/commands': 'asked something of a device',
  'POST /api/devices/{id}/clips': 'made a clip',
  'POST /api/alarms/acknowledge': 'acknowledged alarms',
  'POST /api/devices/{id}/tokens': 'made a playback token for a channel',
  'DELETE /api/devices/{id}/sessions': 'ended what was watched of a device',
  'DELETE /api/devices/{id}/sessions/{session}': 'ended a session of a device',
};

/** Of one video among many. */
const BULK: Readonly<Record<BulkChange['action'], string>> = {
  tag: 'tagged a video',
  untag: 'took tags off a video',
  visibility: 'said who may watch a video',
  collect: 'put a video into a collection',
  uncollect: 'took a video out of a collection',
  move: 'moved a video to another collection',
  delete: DELETED,
  restore: 'restored a video',
};

/** What was done, in words; by calls that do several things, which of them. A route that is no more has its own name for words. */
export function didOf({ route, said, unchanged }: Pick<AuditRow, 'route' | 'said' | 'unchanged'>): string {
  const named = AUDITED[route as RouteKey] ?? route;
  const did = route === 'POST /api/videos/bulk' ? (BULK[said?.['action'] as BulkChange['action']] ?? named) : named;
  return `${did === DELETED ? deleted(said?.['forGood']) : did}${unchanged === true ? ', which changed nothing' : ''}`;
}

/** Of what was deleted before it was told apart, that it was deleted. */
const deleted = (forGood: unknown): string =>
  forGood === undefined ? DELETED : forGood === true ? 'deleted a video for good' : 'put a video into the trash';

/** Calls of signed-in people that are no GET and are not in it, each for its reason. */
export const UNAUDITED: Partial<Record<RouteKey, string>> = {
  'POST /api/s3/multipart/{uploadId}/complete': 'the upload that began is in it',
  'POST /api/webhooks/{webhook}/test': 'sends one message that says it is a test',
  'POST /api/presence': 'is how the console listens, and changes nothing',
  'POST /api/people/names': 'asks, and changes nothing',
  'PUT /api/people/me': 'is what the console does at each sign-in',
};
