/** Devices: who may see what of them, what people say of them, and where they were. */
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { retentionDays, type DeviceRecord } from '../../lib/contract/device.ts';
import { number, required } from '../../lib/contract/env.ts';
import { commandAnswer, unknownDevice } from '../../lib/contract/device-api.ts';
import { unknownRow } from '../../lib/contract/fleet.ts';
import type { InboxRow } from '../../lib/contract/inbox.ts';
import { liveBounds, playbackBounds } from '../../lib/contract/options.ts';
import { grantRight, viewerRight } from '../../lib/contract/right.ts';
import { dynamo } from '../shared/clients.ts';
import { readCursor, sealCursor } from '../shared/cursor.ts';
import { queryFleet, readAnswer, readDevice, readTasks, sendCommand, maySee, visible } from '../shared/devices.ts';
import { admitToDevice } from '../shared/device-access.ts';
import { taskOf } from '../shared/device-state.ts';
import { ApiError } from '../shared/errors.ts';
import { serve } from '../shared/http.ts';
import { takePage } from '../shared/page.ts';
import { listSegments, stretchesOf } from '../shared/recordings.ts';
import { revoke } from '../shared/revocation.ts';
import { reopen } from '../shared/takedown.ts';
import { endBy } from '../shared/taking-back.ts';
import { isAdmin, type Viewer } from '../shared/viewer.ts';
import { deleteGrants, listGrants } from '../catalog/grants.ts';
import { show as showVideo } from '../catalog/view.ts';
import { showAlarm } from './alarms.ts';
import { beginClip } from './clips.ts';
import { ask, checkCommand } from './commands.ts';
import { toGeoJson } from './geojson.ts';
import { acknowledge, countNew, partitionsOf, readAlarmsOf, rowsOf, statesOf } from './inbox.ts';
import { matches, position, sortKey, type Position } from './listing.ts';
import { byName, changeDevice, createDevice, deleteDevice, newRecord } from './records.ts';
import { devicesOf, seenBy } from './seen.ts';
import { readAlarms, readPoints } from './tracks.ts';
import { show } from './view.ts';

const startSeconds = number('START_SECONDS', liveBounds.startSeconds);
const signatureHours = number('SIGNATURE_HOURS', playbackBounds.signatureHours);
const defaultRetention = number('RETENTION_DAYS', retentionDays);

/** Rows one call of the listing looks at, at most. */
const LIST_BUDGET = 2000;
const MOST_UNKNOWN = 200;
/** Rows of strangers one call reads: whoever knocks with ever new numbers must not make the list unreadable. */
const MOST_STRANGERS = 10_000;

const span = ({ from, to }: { from: string; to: string }) => ({ from: Date.parse(from), to: Date.parse(to) });

function checkAdmin(viewer: Viewer): void {
  if (!isAdmin(viewer)) throw new ApiError('forbidden', 'Only administrators manage devices.');
}

/** To change it takes an admin; who may see it is told so, and nobody else that it is there. */
async function manageable(id: string, viewer: Viewer): Promise<DeviceRecord> {
  const record = visible(await readDevice(id), viewer);
  checkAdmin(viewer);
  return record;
}

const answer = async (record: DeviceRecord, viewer: Viewer) =>
  show(record, { viewer, tasks: await readTasks(), now: Date.now(), startSeconds });

/** Tells the task that holds the device, if one does. It may be gone by now; then nobody needs telling. */
async function notifyTask(record: DeviceRecord, type: 'refresh' | 'disconnect'): Promise<void> {
  const task = taskOf(record, await readTasks(), Date.now());
  if (task !== undefined) await sendCommand(task, record.id, { type });
}

/** Who is a viewer no more watches no more, neither live nor what it has recorded. */
async function endViewers({ id, viewers }: Pick<DeviceRecord, 'id' | 'viewers'>, left: readonly string[]) {
  const rights = viewers.filter((one) => !left.includes(one)).map((one) => viewerRight(id, one));
  await endBy({ of: 'rights', rights });
}

/** When the last signature of what a device sends ends that can be out by now: nobody knows how long that lasts (unrenewed.ts). */
const signedUntil = (): Date => new Date(Date.now() + Math.max(1, signatureHours) * 3_600_000);

async function forgetUnknown(id: string): Promise<void> {
  await dynamo.send(new DeleteCommand({ TableName: required('FLEET_TABLE'), Key: { kind: 'unknown', id } }));
}

export const handler = serve<'devices'>(required('GROUPS_CLAIM'), {
  'POST /api/devices': async ({ viewer, body }) => {
    checkAdmin(viewer);
    const record = newRecord(body, viewer.subject, defaultRetention, Date.now());
    const isNew = await createDevice(record);
    // One of this number may have been deleted: what is filed of this one opens. Also of one that is there: the call that made it may have come
    // no further.
    await reopen(record.id, 'device');
    await forgetUnknown(record.id);
    if (!isNew) throw new ApiError('conflict', 'There is a device of this id already.');
    return await answer(record, viewer);
  },

  'GET /api/devices': async ({ viewer, query }) => {
    const { limit, q } = query;
    const asked = { route: 'GET /api/devices', viewer, query } as const;
    const start = await readCursor(asked, position);
    const all = isAdmin(viewer) && q === undefined;
    const wanted = (record: DeviceRecord) => maySee(record, viewer) && matches(record, q);
    const page = await takePage(byName(start, all ? limit + 1 : 200), wanted, limit, LIST_BUDGET);
    const devices = await Promise.all(page.records.map((record) => answer(record, viewer)));
    const next = page.last && ({ name: page.last.name, id: page.last.id } satisfies Position);
    return { devices, cursor: await sealCursor(asked, next) };
  },

  'GET /api/devices/unknown': async ({ viewer }) => {
    checkAdmin(viewer);
    const now = Date.now() / 1000;
    const rows = (await queryFleet('unknown', MOST_STRANGERS))
      .map((row) => unknownRow.parse(row))
      .filter((row) => row.expiresAt > now);
    rows.sort((a, b) => b.lastSeenAt.localeCompare(a.lastSeenAt));
    const latest = rows.slice(0, MOST_UNKNOWN);
    // A task may have seen it a moment after it was adopted, and not have known yet.
    const registered = await Promise.all(latest.map(({ id }) => readDevice(id)));
    const unknown = latest.filter((_, i) => registered[i] === undefined);
    return { devices: unknown.map((row) => unknownDevice.parse(row)) };
  },

  'DELETE /api/devices/unknown/{id}': async ({ viewer, params: { id } }) => {
    checkAdmin(viewer);
    await forgetUnknown(id);
    return undefined;
  },

  'GET /api/devices/{id}': async ({ viewer, params: { id } }) => answer(visible(await readDevice(id), viewer), viewer),

  'PATCH /api/devices/{id}': async ({ viewer, params: { id }, body }) => {
    const before = await manageable(id, viewer);
    if (body.viewers !== undefined) await endViewers(before, body.viewers);
    const changed = await changeDevice(id, body);
    if (changed === undefined) throw new ApiError('not-found', 'The device was removed meanwhile.');
    await notifyTask(changed, 'refresh');
    return await answer(changed, viewer);
  },

  'DELETE /api/devices/{id}': async ({ viewer, params: { id }, note }) => {
    const record = await readDevice(id);
    if (record !== undefined || !isAdmin(viewer)) {
      visible(record, viewer);
      checkAdmin(viewer);
    }
    const grants = await listGrants(`device:${id}`);
    await endBy({ of: 'rights', rights: grants.map(grantRight) });
    if (record !== undefined) await endViewers(record, []);
    // First: should the number change hands, nobody watches the next one by what was granted on this one.
    await deleteGrants(`device:${id}`);
    const deleted = record && (await deleteDevice(id));
    note(deleted === undefined ? { unchanged: true } : { said: { name: deleted.name } });
    // Once it is gone, since only what began before is refused; also of one that is gone already: the call that deleted it may have come no further.
    await revoke([{ kind: 'device', id, until: signedUntil() }]);
    if (deleted !== undefined) await notifyTask(deleted, 'disconnect');
    return undefined;
  },

  'GET /api/devices/{id}/positions': async ({ viewer, params: { id }, query }) => {
    visible(await readDevice(id), viewer);
    return toGeoJson(await readPoints(id, span(query)), query.points);
  },

  'GET /api/devices/{id}/alarms': async ({ viewer, params, query }) => {
    visible(await readDevice(params.id), viewer);
    const asked = { route: 'GET /api/devices/{id}/alarms', viewer, params, query } as const;
    const after = await readCursor(asked, sortKey);
    const { alarms, next } = await readAlarms(params.id, span(query), query.limit, after);
    const shown = await Promise.all(alarms.map((alarm) => showAlarm(alarm)));
    return { alarms: shown, cursor: await sealCursor(asked, next) };
  },

  'GET /api/alarms': async ({ viewer, query }) => {
    const { state, device, kind, pushed, limit } = query;
    const asked = { route: 'GET /api/alarms', viewer, query } as const;
    const after = await readCursor(asked, sortKey);
    if (device !== undefined && !isAdmin(viewer)) visible(await readDevice(device), viewer);
    const of = device === undefined ? await seenBy(viewer, true) : new Set([device]);
    const wanted = (row: InboxRow) =>
      (of === 'all' || of.has(row.device)) && (kind ?? row.kind) === row.kind && (pushed !== '1' || row.quiet !== true);
    const rows = rowsOf(partitionsOf(of, statesOf(state)), after, Math.ceil(limit / 2));
    const page = await takePage(rows, wanted, limit, LIST_BUDGET);
    const alarms = await readAlarmsOf(page.records);
    const devices = await devicesOf([...new Set(alarms.map((alarm) => alarm.device))]);
    const shown = alarms.map(async (alarm) => {
      const { name = alarm.device, channels = [] } = devices.get(alarm.device) ?? {};
      const watched = channels.filter(({ live }) => live !== 'never').map(({ number }) => number);
      return { ...(await showAlarm(alarm)), deviceName: name, channels: watched };
    });
    return { alarms: await Promise.all(shown), cursor: await sealCursor(asked, page.last?.at) };
  },

  'GET /api/alarms/count': async ({ viewer }) => countNew(await seenBy(viewer, false)),

  'POST /api/alarms/acknowledge': async ({ viewer, body: { alarms }, note }) => {
    const devices = await devicesOf([...new Set(alarms.map(({ device }) => device))]);
    // Of a device that is registered no more, admins still see what it raised.
    const may = (id: string) => {
      const record = devices.get(id);
      return record === undefined ? isAdmin(viewer) : maySee(record, viewer);
    };
    const theirs = alarms.filter(({ device }) => may(device));
    if (theirs.length < alarms.length)
      throw new ApiError('not-found', 'There is no such device, or you may not see it.');
    const acknowledged = await acknowledge(theirs, viewer.subject, Date.now());
    note({ said: { acknowledged }, ...(acknowledged === 0 && { unchanged: true }) });
    return { acknowledged };
  },

  'GET /api/devices/{id}/recordings': async ({ viewer, params: { id }, query }) => {
    visible(await readDevice(id), viewer);
    const stretches = stretchesOf(await listSegments(id, query.channel, span(query)));
    const iso = (at: number) => new Date(at).toISOString();
    return { recordings: stretches.map(({ from, to, bytes }) => ({ from: iso(from), to: iso(to), bytes })) };
  },

  'POST /api/devices/{id}/commands': async ({ viewer, params: { id }, body }) => {
    const record = visible(await readDevice(id), viewer);
    checkCommand(viewer, record, body);
    const row = await ask(record, body);
    return commandAnswer.parse({ ...row, requestId: row.id });
  },

  'GET /api/devices/{id}/commands/{requestId}': async ({ viewer, params }) => {
    visible(await readDevice(params.id), viewer);
    const row = await readAnswer(params.requestId);
    if (row === undefined || row.device !== params.id) {
      throw new ApiError('not-found', 'There is no such command, or it was asked more than an hour ago.');
    }
    return commandAnswer.parse({ ...row, requestId: row.id });
  },

  'POST /api/devices/{id}/clips': async ({ viewer, params: { id }, body, headers }) => {
    // A clip is whoever's made it, so it shows no more than they may watch of the device.
    const { record, limits } = await admitToDevice(viewer, id, headers);
    return await showVideo(await beginClip(viewer, visible(record, viewer), limits, body));
  },
});
