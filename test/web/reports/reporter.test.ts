import { expect, it } from 'vitest';
import { eventsIn, kindOf } from '../../../web/src/reports/reporter.ts';

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
