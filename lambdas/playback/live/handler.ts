/** Live playback: who may watch a channel, whether there is something to watch, and the playlists that follow from it. */
import { randomUUID } from 'node:crypto';
import type { Channel } from '../../../lib/contract/device.ts';
import { number } from '../../../lib/contract/env.ts';
import { channelPrefix, livePlaylistKey, playbackPlaylistKey } from '../../../lib/contract/live-keys.ts';
import { liveBounds } from '../../../lib/contract/options.ts';
import { ticketed } from '../../../lib/contract/ticket.ts';
import { tokenLifetime } from '../access.ts';
import { checkSince, whoWatches } from '../goes-on.ts';
import { expand, type Access } from '../manifest.ts';
import { checkLength, readPlaylist } from '../media-playlist.ts';
import { callers, groupsClaim, tokenMinutes } from '../options.ts';
import { checkMayOpen, open, Opening } from '../opening.ts';
import { mintToken } from '../token.ts';
import { unrenewedEnd } from '../unrenewed.ts';
import type { StreamNow } from '../../shared/device-state.ts';
import { admitToDevice } from '../../shared/device-access.ts';
import type { Terms } from '../../shared/entitlement.ts';
import { ApiError } from '../../shared/errors.ts';
import { Reply, serve } from '../../shared/http.ts';
import { listSegments } from '../../shared/recordings.ts';
import { leave } from '../../shared/session-ends.ts';
import { checkGoing } from '../../shared/sessions.ts';
import { loadSigner } from '../../shared/signing.ts';
import type { Viewer } from '../../shared/viewer.ts';
import { checkHeight, checkPlaylist, checkSegments } from './heights.ts';
import { liveMultivariant, recordingPlaylist, type Source } from './playlists.ts';
import { deviceSessionRoutes } from './session-routes.ts';
import { channelOf, goodbye, readState, watch, type Watch } from './watching.ts';

const onDemandMinutes = number('ON_DEMAND_MINUTES', liveBounds.onDemandMinutes);
const startSeconds = number('START_SECONDS', liveBounds.startSeconds);

const TOO_LONG = 'That stretch has too many segments for one playlist; ask for a shorter one.';

const tokenOf = (device: string, channel: number) => `live/${device}/${channel}`;

/** An on-demand stream's signature is short, for its renewal is the sign of life; what is recorded needs none. */
const endOf = async (channel: Channel, live: boolean): Promise<Date> =>
  live && channel.live === 'on-demand' ? new Date(Date.now() + onDemandMinutes * 60_000) : await unrenewedEnd(null);

const admit = (
  caller: { readonly viewer: Viewer | undefined } | undefined,
  id: string,
  headers: Parameters<typeof admitToDevice>[2],
) => admitToDevice(caller?.viewer, id, headers);

/** The channel, for who may begin to watch it, or goes on, and who that is. */
async function channelFor(
  request: Parameters<typeof whoWatches>[0] & {
    readonly headers: Parameters<typeof admitToDevice>[2];
    readonly params: { readonly id: string; readonly channel: number };
  },
) {
  const { id, channel: number } = request.params;
  const goer = await whoWatches(request, tokenOf(id, number), channelPrefix(id, number).slice(0, -1));
  const { record, limits } = await admit(goer.caller, id, request.headers);
  checkSince(goer, null);
  return { caller: goer.caller, record, limits, channel: channelOf(record, number) };
}

type Asked = Parameters<typeof open>[0] & { readonly limits: Terms };

/** Within limits; names of segments say how many lines they have, so the edge refuses the higher ones that a channel sends later. */
const held = (limits: Terms) => ({ limits, tallest: limits.maxHeight });

/**
 * What the channel is doing, for somebody who is about to begin. Who may not (watches as much as they may already, was sent away, may watch
 * less high) is told so before anybody is asked for anything: neither wakes the device nor keeps it awake. Nor does HEAD.
 */
const stateFor = async (asked: Asked, of: Pick<Watch, 'record' | 'channel' | 'session'>): Promise<StreamNow> =>
  asked.isHead
    ? readState({ ...of, startSeconds })
    : watch({
        ...of,
        until: asked.end,
        startSeconds,
        check: async ({ state, stream = {} }) => {
          if (state === 'live') checkHeight(stream, asked.limits);
          await checkMayOpen(asked);
        },
      });

export const handler = serve<'live'>(groupsClaim, {
  ...deviceSessionRoutes,

  'POST /api/devices/{id}/tokens': async ({ params: { id }, body, viewer, headers }) => {
    const seconds = tokenLifetime(body.expiresIn, tokenMinutes);
    channelOf((await admit({ viewer }, id, headers)).record, body.channel);
    const expiresAt = new Date(Math.floor(Date.now() / 1000 + seconds) * 1000);
    const token = await mintToken(
      (await loadSigner()).tokens,
      viewer,
      tokenOf(id, body.channel),
      'manifest',
      expiresAt,
    );
    const url = `/api/play/live/${id}/${body.channel}/main.m3u8?token=${token}`;
    return { token, expiresAt: expiresAt.toISOString(), url };
  },

  'GET /api/play/live/{id}/{channel}/main.m3u8': async (request) => {
    const { query } = request;
    const { caller, record, limits, channel } = await channelFor(request);
    const source: Source = { device: record.id, channel: channel.number, playback: query.playback };
    const live = query.from === undefined && query.playback === undefined;
    const end = await endOf(channel, live);
    const byCookies = query.cookies === '1';
    const prefix = channelPrefix(source.device, source.channel);
    const asked: Asked = {
      ...held(limits),
      prefix,
      viewer: caller?.viewer,
      player: query.session,
      end,
      isHead: request.isHead,
    };
    const begin = () => open(asked);

    if (query.from !== undefined && query.to !== undefined) {
      const stretch = { from: Date.parse(query.from), to: Date.parse(query.to) };
      const segments = await listSegments(source.device, source.channel, stretch);
      if (segments.length === 0)
        throw new ApiError('not-found', 'Nothing is recorded of that channel in that stretch.');
      checkSegments(segments, limits);
      const play = await begin();
      const { ticket } = play;
      const way = query.expand === '1' ? 'expand' : 'define';
      const access = byCookies
        ? ({ way: 'cookies', ticket } as const)
        : ({ way, query: play.query(), ticket } as const);
      const text = checkLength(recordingPlaylist(source, segments, access), TOO_LONG);
      return new Reply(text, play.headers, byCookies ? play.cookies() : []);
    }

    const now = live ? await stateFor(asked, { record, channel, session: query.session ?? randomUUID() }) : undefined;
    if (now !== undefined && now.state !== 'live') throw notLive(now);
    if (now !== undefined) checkHeight(now.stream ?? {}, limits);
    // A device takes seconds to begin, and a player gives up on a playlist that is not there.
    if (query.playback !== undefined) {
      const text = await readPlaylist(playbackPlaylistKey(record.id, channel.number, query.playback), notYet);
      checkPlaylist(text, limits, notYet);
    }
    const play = await begin();
    let access: Access;
    if (query.expand === '1') {
      const { tokens } = await loadSigner();
      const what = tokenOf(source.device, source.channel);
      const token = await mintToken(tokens, caller?.viewer, what, 'playlists', play.end, play.ticket, play.player);
      access = { way: 'expand', token, cookies: byCookies };
    } else if (byCookies) access = { way: 'cookies', ticket: play.ticket };
    else access = { way: 'define', query: play.query(), ticket: play.ticket };
    const text = liveMultivariant(source, now?.stream ?? {}, access, play.events);
    return new Reply(text, play.headers, byCookies ? play.cookies() : []);
  },

  'GET /api/play/live/{id}/{channel}/live.m3u8': async (request) => {
    const { params, query, isHead } = request;
    const what = tokenOf(params.id, params.channel);
    const caller = await callers.of(request, what, ['manifest', 'playlists']);
    const { record, limits } = await admit(caller, params.id, request.headers);
    const channel = channelOf(record, params.channel);
    const prefix = channelPrefix(params.id, channel.number);
    const key =
      query.playback === undefined
        ? livePlaylistKey(params.id, channel.number)
        : playbackPlaylistKey(params.id, channel.number, query.playback);
    // Its token ends with the signature it stands for; reloading must not stretch it. Without one it is a play start by itself,
    // and by one of earlier versions, which names no session.
    const going = await callers.going(request, what, caller?.viewer);
    if (going) await checkGoing(prefix.slice(0, -1), going.ticket, going.player);
    const text = await readPlaylist(key, notYet);
    checkPlaylist(text, limits, notYet);
    const end =
      (caller?.use === 'playlists' && caller.expiresAt) || (await endOf(channel, query.playback === undefined));
    const play = going
      ? new Opening({ signer: await loadSigner(), prefix, ...going, isHead })
      : await open({ ...held(limits), prefix, viewer: caller?.viewer, player: undefined, end, isHead });
    const path = ticketed(key, prefix, play.ticket);
    return new Reply(checkLength(expand(text, path, query.cookies === '1' ? undefined : play.query()), TOO_LONG));
  },

  'GET /api/play/live/{id}/{channel}/state': async (request) => {
    const { query } = request;
    const { caller, record, limits, channel } = await channelFor(request);
    if (query.session === undefined) {
      const { stream: _, ...now } = await readState({ record, channel, startSeconds });
      return now;
    }
    const until = await endOf(channel, true);
    const { session: player } = query;
    const prefix = channelPrefix(record.id, channel.number);
    const asked: Asked = { ...held(limits), prefix, viewer: caller?.viewer, player, end: until, isHead: false };
    const { stream, ...now } = await stateFor(asked, { record, channel, session: player });
    if (now.state !== 'live') return now;
    checkHeight(stream ?? {}, limits);
    const play = await open(asked);
    return { ...now, signature: { query: play.query(), expiresAt: play.end.toISOString(), events: play.events } };
  },

  'POST /api/play/live/{id}/{channel}/goodbye': async ({ params: { id, channel }, query: { session, ticket } }) => {
    if (ticket !== undefined) await leave(channelPrefix(id, channel).slice(0, -1), session, ticket);
    await goodbye(id, channel, session);
    return undefined;
  },
});

const WORDS = {
  starting: 'The stream is starting. Try again in a second.',
  offline: 'There is nothing to watch now.',
  busy: 'The device cannot send this channel now. Try again shortly.',
} as const;

function notLive({ state, reason }: { state: string; reason?: string }): ApiError {
  const named = state as keyof typeof WORDS;
  return new ApiError('not-live', reason ?? WORDS[named], { state: named });
}

const notYet = (cause: Error): ApiError =>
  new ApiError('not-live', 'There is no playlist yet. Try again in a second.', { state: 'starting', cause });
