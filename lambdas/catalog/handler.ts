/** The catalog: what there is, who may see it, and what a person may change. */
import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import { consoleConfig } from '../../lib/contract/api.ts';
import { isPerson, type GrantRow } from '../../lib/contract/entitlement.ts';
import { json, required } from '../../lib/contract/env.ts';
import { grant, videoRecord, type Grant, type VideoRecord } from '../../lib/contract/video.ts';
import { dynamo } from '../shared/clients.ts';
import { readCursor, sealCursor } from '../shared/cursor.ts';
import { byPerson, isNow, maySeePlaces, ownedBy } from '../shared/entitlement.ts';
import { ApiError, refusedField } from '../shared/errors.ts';
import { readDeviceViewers } from '../shared/evidence.ts';
import { withinHeight } from '../shared/height.ts';
import { fromOf } from '../shared/from.ts';
import { serve } from '../shared/http.ts';
import { takePage } from '../shared/page.ts';
import { changeTexts, named, putText, removeTexts, withText } from '../shared/texts.ts';
import { isAdmin, type Viewer } from '../shared/viewer.ts';
import { changeable, isOwnerOrAdmin, limitsOf, readable, type Asked } from './access.ts';
import { ask } from './ask.ts';
import { changeByPerson } from './change.ts';
import { listGrants, putGrant, takeGrant } from './grants.ts';
import { isWhole } from './index-rows.ts';
import { isInTrash, isThere, matches, position, rangeOf, Tags, whose, type Position, type Range } from './listing.ts';
import { originalOf, rungOf } from '../download/answer.ts';
import { openApi } from './openapi.ts';
import { recordedAsked, type Where } from './recorded.ts';
import { countRewording, isRewording } from './rewording.ts';
import { searchPage, type Search } from './search.ts';
import { grantsTo, isShared, named as namedBy } from './shared.ts';
import { labelOf, languageOf, readText } from './texts.ts';
import { discard, restore } from './trash.ts';
import { readTrack } from './track.ts';
import { show, withoutCost, withoutDevice } from './view.ts';
import { isWordless, termsAsked, type Sought } from './words.ts';

/** Rows one call of the listing looks at, at most: about 3 MB read. */
const LIST_BUDGET = 1000;
/** Rows one call for tags looks at, at most: a second or so, some 15 MB read. */
const TAGS_BUDGET = 5000;

const seconds = () => Math.floor(Date.now() / 1000);
const config = json('CONSOLE_CONFIG', consoleConfig);

/** Whether the viewer may see the device that the video comes from. */
async function seesDevice({ origin }: VideoRecord, { viewer, deviceViewers }: Asked): Promise<boolean> {
  if (origin === undefined) return false;
  return maySeePlaces(
    viewer,
    isAdmin(viewer) ? undefined : (deviceViewers ?? (await readDeviceViewers(origin.device))),
  );
}

/** Whether they may know where videos were recorded, as their devices' viewers are now; each device is asked about once. */
function seesPlaces(viewer: Viewer): (record: VideoRecord) => boolean | Promise<boolean> {
  if (isAdmin(viewer)) return () => true;
  const known = new Map<string, Promise<boolean>>();
  return async ({ origin }) => {
    if (origin === undefined) return false;
    const { device } = origin;
    if (!known.has(device))
      known.set(
        device,
        readDeviceViewers(device).then((viewers) => maySeePlaces(viewer, viewers)),
      );
    return await known.get(device)!;
  };
}

const positionOf = (last: Position | undefined): Position | undefined =>
  last && { createdAt: last.createdAt, id: last.id };

/** Videos from newest to oldest, after `start`. */
async function* newestFirst(
  { owner, start, range = rangeOf({}) }: { owner: string | undefined; start?: Position | undefined; range?: Range },
  pageSize: number,
): AsyncGenerator<VideoRecord> {
  const [index, name, value] = owner === undefined ? ['byTime', 'kind', 'video'] : ['byOwner', 'owner', owner];
  const pages = paginateQuery(
    { client: dynamo },
    {
      TableName: required('VIDEOS_TABLE'),
      IndexName: index,
      KeyConditionExpression: '#partition = :value AND #createdAt BETWEEN :first AND :last',
      ExpressionAttributeNames: { '#partition': name, '#createdAt': 'createdAt' },
      ExpressionAttributeValues: { ':value': value, ':first': range.first, ':last': range.last },
      ScanIndexForward: false,
      Limit: pageSize,
      ...(start && { ExclusiveStartKey: { [name]: value, ...start } }),
    },
  );
  for await (const { Items = [] } of pages) for (const item of Items) yield videoRecord.parse(item);
}

/** A page of videos, newest first: by the index of words where something is asked for that it has, and is whole. */
async function pageOf(
  asked: Omit<Search, 'terms' | 'oneOf'> & { readonly filter: Sought & Where },
  wanted: (record: VideoRecord) => boolean | Promise<boolean>,
  limit: number,
): Promise<{ readonly records: readonly VideoRecord[]; readonly next: Position | undefined }> {
  // Without a term all videos would be looked through.
  if (isWordless(asked.filter.q ?? '')) return { records: [], next: undefined };
  const [terms, oneOf] = [termsAsked(asked.filter), recordedAsked(asked.filter)];
  const isSearch = terms.length > 0 || oneOf.length > 0;
  if (isSearch && (await isWhole())) return await searchPage({ ...asked, terms, oneOf }, wanted, limit);
  const { records, last } = await takePage(newestFirst(asked, isSearch ? 200 : limit + 1), wanted, limit, LIST_BUDGET);
  return { records, next: last };
}

export const handler = serve<'catalog'>(required('GROUPS_CLAIM'), {
  'GET /api/config': async () => config,
  'GET /api/openapi.json': async () => openApi(),

  'GET /api/videos': async ({ viewer, query, headers }) => {
    const { limit, cursor: _, owner, shared, trash, ...filter } = query;
    const asked = { route: 'GET /api/videos', viewer, query } as const;
    const isTrash = trash === '1';
    const range = rangeOf(filter);
    const start = await readCursor(asked, position);
    const now = seconds();
    if (shared === '1') {
      if (owner !== undefined) throw new ApiError('invalid-request', 'query.owner: is not for what others share.');
      if (isTrash) throw new ApiError('invalid-request', 'query.trash: is not for what others share.');
      // Whom something is shared with is not told of its device.
      for (const name of ['near', 'recordedFrom', 'recordedTo'] as const)
        if (query[name] !== undefined) throw refusedField(`query.${name}`, 'is not for what others share');
      const from = fromOf(headers, required('PUBLIC_URL'));
      const grants = await grantsTo(viewer);
      const wanted = (record: VideoRecord) =>
        !ownedBy(record, viewer) &&
        isThere(record, now) &&
        // By what they are shown of it: what finds a word tells it.
        matches(withoutDevice(record), filter) &&
        isShared(record, { viewer, grants, from, now });
      const named = await namedBy(grants, start);
      const { records, next } =
        named === undefined
          ? await pageOf({ owner: undefined, start, range, filter: { ...filter, isTrash } }, wanted, limit)
          : await takePage(named, wanted, limit, LIST_BUDGET).then((page) => ({ ...page, next: page.last }));
      const videos = await Promise.all(records.map((record) => show(withoutCost(withoutDevice(record)))));
      return { videos, cursor: await sealCursor(asked, positionOf(next)) };
    }
    const mayFind: ReturnType<typeof seesPlaces> = query.near === undefined ? () => true : seesPlaces(viewer);
    const page = await pageOf(
      { owner: whose(viewer, owner), start, range, filter: { ...filter, isTrash } },
      (record) =>
        (isAdmin(viewer) || ownedBy(record, viewer)) &&
        (isTrash ? isInTrash(record, now) : isThere(record, now)) &&
        matches(record, filter) &&
        mayFind(record),
      limit,
    );
    const videos = await Promise.all(page.records.map((record) => show(record)));
    return { videos, cursor: await sealCursor(asked, positionOf(page.next)) };
  },

  'GET /api/tags': async ({ viewer }) => {
    const tags = new Tags();
    const now = seconds();
    let seen = 0;
    for await (const record of newestFirst({ owner: whose(viewer, undefined) }, LIST_BUDGET)) {
      if (seen++ === TAGS_BUDGET) return { ...tags.list(), isWhole: false };
      if ((isAdmin(viewer) || ownedBy(record, viewer)) && isThere(record, now)) tags.add(record);
    }
    return tags.list();
  },

  'GET /api/videos/{id}': async ({ viewer, headers, params }) => {
    const asked = await ask(params.id, viewer, headers);
    const record = readable(asked);
    const whole = record.origin === undefined || isOwnerOrAdmin(viewer, record) || (await seesDevice(record, asked));
    const seen = whole ? record : withoutDevice(record);
    return show(isOwnerOrAdmin(viewer, record) ? seen : withoutCost(seen));
  },

  'GET /api/videos/{id}/download': async ({ viewer, headers, params: { id }, query: { rendition } }) => {
    const asked = await ask(id, viewer, headers);
    const record = readable(asked);
    const own = isOwnerOrAdmin(viewer, record);
    if (!own && (rendition === 'source' || config.downloads !== 'viewers')) {
      const what = rendition === 'source' ? 'the original of a video' : 'videos';
      throw new ApiError('forbidden', `Only the owner and administrators download ${what} here.`);
    }
    // A name that somebody else sees must not tell the device.
    const shown =
      own || record.origin === undefined || (await seesDevice(record, asked)) ? record : withoutDevice(record);
    return rendition === 'source'
      ? await originalOf(record, shown)
      : await rungOf(withinHeight(record, limitsOf(asked)), shown, rendition);
  },

  'GET /api/videos/{id}/positions': async ({ viewer, headers, params: { id } }) => {
    const asked = await ask(id, viewer, headers);
    const record = readable(asked);
    if (record.origin !== undefined && !(await seesDevice(record, asked))) {
      throw new ApiError('forbidden', 'Where it was filmed is for administrators and the viewers of its device.');
    }
    const found = record.origin === undefined ? undefined : await readTrack(id);
    if (found === undefined) throw new ApiError('not-found', 'No positions are kept with this video.');
    return found;
  },

  'PATCH /api/videos/{id}': async ({ viewer, params: { id }, body }) => {
    const record = changeable(await ask(id, viewer));
    if (body.owner !== undefined && !isAdmin(viewer)) {
      throw new ApiError('forbidden', 'Only administrators hand a video to somebody else.');
    }
    // An upload under way belongs to the person who sends it.
    if (body.owner !== undefined && record.status === 'uploading') {
      throw new ApiError('conflict', 'The video is still being uploaded. Hand it over when it has arrived.');
    }
    // Whom the old owner's collections are given to is not for them to say any more.
    const remove = body.owner === undefined || body.owner === record.owner ? [] : (['collections'] as const);
    const set = body as Partial<VideoRecord>;
    if (isRewording(record, set)) await countRewording(viewer);
    const changed = await changeByPerson(record, set, remove);
    if (changed === undefined) throw new ApiError('not-found', 'The video was removed meanwhile.');
    return show(changed);
  },

  'DELETE /api/videos/{id}': async ({ viewer, params: { id }, query, note }) => {
    note(await discard(await ask(id, viewer), { isNow: query.now === 'true', trashDays: config.trashDays }));
    return undefined;
  },

  'POST /api/videos/{id}/restore': async ({ viewer, params: { id }, note }) => {
    const { record, noted } = await restore(await ask(id, viewer));
    note(noted);
    return show(record);
  },

  'POST /api/videos/{id}/texts': async ({ viewer, params: { id }, body }) => {
    const record = changeable(await ask(id, viewer));
    if (!['playable', 'ready'].includes(record.status) || record.duration === null) {
      throw new ApiError('not-ready', 'Captions can be added once the video can be played.');
    }
    const { cues, track } = readText(body);
    withText(record.texts ?? [], track);
    await putText(id, track.id, cues, { duration: record.duration, begins: record.begins });
    try {
      return await show(await changeTexts(id, (texts) => withText(texts, track)));
    } catch (error) {
      await removeTexts(id, [track.id]);
      throw error;
    }
  },

  'PATCH /api/videos/{id}/texts/{track}': async ({ viewer, params: { id, track }, body }) => {
    changeable(await ask(id, viewer));
    const changes = {
      ...(body.language !== undefined && { language: languageOf(body.language) }),
      ...(body.label !== undefined && { label: labelOf(body.label) }),
    };
    const changed = await changeTexts(id, (texts) => {
      if (!texts.some((one) => one.id === track)) throw new ApiError('not-found', 'The video has no such captions.');
      return named(texts.map((one) => (one.id === track ? { ...one, ...changes } : one)));
    });
    return show(changed);
  },

  'DELETE /api/videos/{id}/texts/{track}': async ({ viewer, params: { id, track } }) => {
    changeable(await ask(id, viewer));
    // Out of the manifest first: nobody is sent to what is gone. Again on a repeated call: the first may have died before it.
    const changed = await changeTexts(id, (texts) => {
      const left = texts.filter((one) => one.id !== track);
      return left.length === texts.length ? undefined : left;
    });
    await removeTexts(id, [track]);
    return show(changed);
  },

  'GET /api/videos/{id}/grants': async ({ viewer, params: { id } }) => {
    const record = changeable(await ask(id, viewer));
    const now = seconds();
    const counts = (one: GrantRow) =>
      isPerson(one) && one.effect === 'allow' && byPerson(one, record) && isNow(one, now);
    return { grants: (await listGrants(id)).filter(counts).map((one) => grant.parse(one)) };
  },

  'PUT /api/videos/{id}/grants/{subject}': async ({ viewer, params: { id, subject }, body: { expiresIn } }) => {
    changeable(await ask(id, viewer));
    const given: Grant = {
      videoId: id,
      subject,
      grantedBy: viewer.subject,
      createdAt: new Date().toISOString(),
      ...(expiresIn !== undefined && { expiresAt: seconds() + expiresIn }),
    };
    await putGrant({ ...given, effect: 'allow' });
    return given;
  },

  'DELETE /api/videos/{id}/grants/{subject}': async ({ viewer, params: { id, subject } }) => {
    changeable(await ask(id, viewer));
    await takeGrant({ videoId: id, subject });
    return undefined;
  },
});
