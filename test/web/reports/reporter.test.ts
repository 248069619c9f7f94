import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addressText } from '../../../lib/contract/events-address.ts';
import { playerPost, type PlayerEvent } from '../../../lib/contract/player-events.ts';
import { sessionId } from '../../../lib/contract/ticket.ts';
import { eventsIn, kindOf, Reporter } from '../../../web/src/reports/reporter.ts';

it.each([
  ['networkError', 'fragLoadError', 'network'],
  ['networkError', 'fragLoadTimeOut', 'network'],
  ['networkError', 'manifestLoadError', 'manifest'],
  ['networkError', 'levelLoadTimeOut', 'manifest'],
  ['networkError', 'audioTrackLoadError', 'manifest'],
  ['networkError', 'keyLoadError', 'drm'],
  ['keySystemError', 'keySystemLicenseRequestFailed', 'drm'],
  ['mediaError', 'bufferAppendError', 'decode'],
  ['mediaError', 'manifestIncompatibleCodecsError', 'manifest'],
  ['mediaError', 'bufferIncompatibleCodecsError', 'decode'],
  ['mediaError', 'fragParsingError', 'media'],
  ['muxError', 'remuxAllocError', 'media'],
  ['otherError', 'internalException', 'other'],
  // What it does by itself where only the time has gone wrong.
  ['mediaError', 'bufferStalledError', undefined],
  ['mediaError', 'bufferNudgeOnStall', undefined],
  ['networkError', 'aborted', undefined],
])('counts %s %s as %s', (type, details, kind) => {
  expect(kindOf({ type, details } as never)).toBe(kind);
});

it('reads where events go out of a playlist of ours, and out of no other', () => {
  const line = '#EXT-X-SESSION-DATA:DATA-ID="io.sluice.events",VALUE="https://h/api/events?to=a.b"';
  expect(eventsIn(`#EXTM3U\n${line}\n#EXT-X-STREAM-INF:BANDWIDTH=1`)).toBe('https://h/api/events?to=a.b');
  expect(eventsIn('#EXTM3U\n#EXT-X-SESSION-DATA:DATA-ID="io.sluice.title",VALUE="events"')).toBeUndefined();
});

describe('a page of many players', () => {
  const NOW = Date.parse('2026-11-29T10:00:00Z');
  const came: { readonly address: string; readonly sequence: number; readonly events: PlayerEvent[] }[] = [];
  beforeEach(() => {
    came.length = 0;
    // What goes, goes as a beacon.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    vi.stubGlobal('document', Object.assign(new EventTarget(), { hidden: false }));
    vi.stubGlobal('window', new EventTarget());
    vi.stubGlobal('navigator', {
      sendBeacon: (address: string, body: string) => came.push({ address, ...playerPost.parse(JSON.parse(body)) }) > 0,
    });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  /** Of a session, by each of its signatures another one. */
  const address = (number: number, signature = 0) => {
    const session = sessionId(NOW, String(number).padStart(16, '0'));
    const until = NOW / 1000 + 600 * (signature + 1);
    const to = addressText({ what: 'live/13800000001/1', session, part: 0, viewer: undefined, until });
    return `https://video.example/api/events?to=${to}.mac`;
  };
  const player = () => {
    const element = Object.assign(new EventTarget(), {
      paused: false,
      seeking: false,
      currentTime: 0,
      playbackRate: 1,
    });
    const reporter = new Reporter(element as unknown as HTMLVideoElement, { hasPlaces: true });
    const plays = () => void element.dispatchEvent(new Event('playing'));
    return { reporter, plays };
  };
  const other = (number: number) => {
    const { reporter } = player();
    reporter.addressed(address(number));
    reporter.stop();
  };

  it('has each report on in its own session, at the address that was signed last', () => {
    const tile = player();
    tile.reporter.addressed(address(1000));
    tile.plays();
    tile.reporter.leave();
    for (let number = 1001; number < 1021; number += 1) other(number);
    tile.reporter.addressed(address(1000, 1));
    tile.plays();
    tile.reporter.leave();
    expect(came).toMatchObject([
      { address: address(1000), sequence: 0 },
      { address: address(1000, 1), sequence: 1 },
    ]);
    expect(came.map(({ events }) => events.at(-1)!.type)).toEqual(['end', 'end']);
  });

  it('remembers the sessions that were used last', () => {
    const tile = player();
    tile.reporter.addressed(address(2000));
    tile.plays();
    tile.reporter.leave();
    for (let number = 2001; number < 2020; number += 1) {
      other(number);
      other(2000);
    }
    tile.reporter.stop();
    // Made anew in the same one, it goes on with its numbers.
    const next = player();
    next.reporter.addressed(address(2000, 3000));
    next.plays();
    next.reporter.leave();
    expect(came.map(({ sequence }) => sequence)).toEqual([0, 1]);
    expect(came.at(-1)!.address).toBe(address(2000, 3000));
  });
});
