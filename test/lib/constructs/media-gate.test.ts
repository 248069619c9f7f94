/** The function in front of media, as shipped, in the local edge's sandbox. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { StoreCopy } from '../../../local/edge/key-values.ts';
import { segmentPath } from '../../../lib/contract/live-keys.ts';
import { addressPart } from '../../../lib/contract/ticket.ts';
import { keyOf, valueOf } from '../../../lib/contract/revocation.ts';
import { FunctionError, isResponse, runViewerRequest, type FunctionEvent } from '../../../local/edge/functions.ts';

const code = readFileSync(new URL('../../../lib/constructs/media-gate.js', import.meta.url), 'utf8');

const ID = 'abcdefghij0123456789';
const SESSION = '0tij4k2QwErTyUiOpAsDfGh';
/** A ticket of a session that began at a time, of a subject, a link and an address, and up to a height. */
const ticket = ({ session = SESSION, subject = '-', link = '-', ip = '-', height = '-', country = '-' } = {}) =>
  [session, subject, link, ip, ...(height === '-' && country === '-' ? [] : [height, country])].join('.');

const event = (uri: string, ip = '192.0.2.7', country?: string): FunctionEvent => ({
  version: '1.0',
  context: { distributionDomainName: 'd', distributionId: 'E', eventType: 'viewer-request', requestId: 'r' },
  viewer: { ip },
  request: {
    method: 'GET',
    uri,
    querystring: { Policy: { value: 'p' } },
    headers: {
      host: { value: 'h' },
      ...(country !== undefined && { 'cloudfront-viewer-country': { value: country } }),
    },
    cookies: {},
  },
});

const storeOf = (revoked: Readonly<Record<string, string>>): StoreCopy => ({
  values: new Map(Object.entries(revoked)),
  created: new Date(0),
  updated: new Date(0),
});

/** What the origin is asked for, or the status with which it ends. */
function through(
  uri: string,
  ip?: string,
  revoked: Readonly<Record<string, string>> = {},
  country?: string,
): string | number {
  const { result } = runViewerRequest({ name: 'gate', code }, event(uri, ip, country), storeOf(revoked));
  if (!isResponse(result)) {
    const { uri: asked, ...rest } = result;
    const { uri: _, method: __, ...sent } = event(uri, ip, country).request;
    expect(rest).toEqual(sent);
    return asked;
  }
  // Nothing in the answer tells why.
  expect(result).toEqual({
    statusCode: 403,
    statusDescription: 'Forbidden',
    headers: { 'cache-control': { value: 'no-store' } },
    cookies: {},
  });
  return result.statusCode;
}

describe('the ticket', () => {
  it.each([
    [`/vod/${ID}/s/${ticket()}/r1/video/720p.m3u8`, `/vod/${ID}/r1/video/720p.m3u8`],
    [`/vod/${ID}/s/${ticket()}/r12/video/720p/00001.m4s`, `/vod/${ID}/r12/video/720p/00001.m4s`],
    [`/vod/${ID}/s/${ticket({ subject: 'a-b_c-d_e-f', link: 'L9_-' })}/text/en.vtt`, `/vod/${ID}/text/en.vtt`],
    [`/live/13912345678/2/s/${ticket()}/live.m3u8`, '/live/13912345678/2/live.m3u8'],
    [`/live/1391/2/s/${ticket()}/rec/20261129/01/x-c.m4s`, '/live/1391/2/rec/20261129/01/x-c.m4s'],
  ])('is taken out of %s', (uri, asked) => {
    expect(through(uri)).toBe(asked);
  });

  it.each([
    `/vod/${ID}/r1/poster.jpg`,
    `/vod/${ID}/r1/poster-0a1b.jpg`,
    '/live/1391/files/0123456789abcdef/1.jpg',
    // No ticket where none can stand: a file may be called so.
    `/vod/${ID}/r1/s/x`,
    '/vod/',
  ])('is not asked of %s', (uri) => {
    expect(through(uri)).toBe(uri);
  });

  const behind = `r1/video/720p.m3u8`;
  it.each([
    ['none at all', `/vod/${ID}/s`],
    ['an empty one', `/vod/${ID}/s/`],
    ['no path behind it', `/vod/${ID}/s/${ticket()}`],
    ['an empty path behind it', `/vod/${ID}/s/${ticket()}/`],
    ['three parts', `/vod/${ID}/s/${SESSION}.-.-/${behind}`],
    ['five parts', `/vod/${ID}/s/${ticket()}.-/${behind}`],
    ['an empty part', `/vod/${ID}/s/${SESSION}..-.-/${behind}`],
    ['a session too short', `/vod/${ID}/s/${ticket({ session: SESSION.slice(1) })}/${behind}`],
    ['a session too long', `/vod/${ID}/s/${ticket({ session: `${SESSION}a` })}/${behind}`],
    ['a time that is none', `/vod/${ID}/s/${ticket({ session: SESSION.toUpperCase() })}/${behind}`],
    ['a subject too long', `/vod/${ID}/s/${ticket({ subject: 'abcdefghijkl' })}/${behind}`],
    ['an address in capitals', `/vod/${ID}/s/${ticket({ ip: 'C0000207' })}/${behind}`],
    ['an address of another length', `/vod/${ID}/s/${ticket({ ip: 'c00002' })}/${behind}`],
    ['a ticket in a ticket', `/vod/${ID}/s/${ticket()}/s/${ticket()}/${behind}`],
    ['live, none', '/live/1391/2/s/live.m3u8'],
  ])('is refused: %s', (_, uri) => {
    expect(through(uri)).toBe(403);
  });
});

describe('a path', () => {
  const signed = `/vod/${ID}/s/${ticket()}`;
  it.each([
    `${signed}/../../r1/a`,
    `${signed}/r1/..`,
    `${signed}/./r1/a`,
    `${signed}/.well-known`,
    `${signed}//r1/a`,
    `/vod//${ID}/r1/a`,
    `//vod/${ID}/r1/a`,
    `${signed}/r1\\a`,
    `${signed}/%2e%2e/a`,
    `${signed}/%2E%2E/a`,
    `${signed}/r1%2fa`,
    `${signed}/r1%2Fa`,
    `${signed}/r1%5ca`,
    `${signed}/%252e%252e/a`,
    `${signed}/r1%252fa`,
    `/vod/${ID}%2fr1/poster.jpg`,
    `/vod/%61${ID.slice(1)}/r1/poster.jpg`,
    `/vod/${ID}/r1/poster.jpg;a`,
    `/vod/${ID}/r1/po*ter.jpg`,
    `/vod/${ID}/r1/poster.jpg\u0000`,
    `/vod/${ID}/r1/p\u00f6ster.jpg`,
  ])('is refused: %s', (uri) => {
    expect(through(uri)).toBe(403);
  });
});

describe('an address that a ticket is bound to', () => {
  const path = (ip: string) => `/vod/${ID}/s/${ticket({ ip })}/r1/a`;
  const wide = '20010db8000000000000000000000007';
  it.each([
    ['c0000207', '192.0.2.7'],
    ['c0000207', '::ffff:192.0.2.7'],
    ['c0000207', '::FFFF:c000:207'],
    ['c0000207', '0:0:0:0:0:ffff:c000:0207'],
    ['00000000', '0.0.0.0'],
    ['ffffffff', '255.255.255.255'],
    [wide, '2001:db8::7'],
    [wide, '2001:DB8::7'],
    [wide, '2001:db8:0:0:0:0:0:7'],
    [wide, '2001:0db8:0000:0000:0000:0000:0000:0007'],
    ['00000000000000000000000000000001', '::1'],
    ['20010000000000000000000000000000', '2001::'],
    ['0064ff9b0000000000000000c0000207', '64:ff9b::192.0.2.7'],
    ['20010db8000100020003000400050006', '2001:db8:1:2:3:4:5:6'],
  ])('%s lets %s in', (ip, viewer) => {
    // The function that signs reads addresses for itself.
    expect(addressPart(viewer)).toBe(ip);
    expect(through(path(ip), viewer)).toBe(`/vod/${ID}/r1/a`);
  });
  it.each([
    ['c0000207', '192.0.2.8'],
    ['c0000207', '2001:db8::7'],
    ['c0000207', ''],
    [wide, '2001:db8::8'],
    [wide, '2001:db8:7::'],
    [wide, '192.0.2.7'],
    ['00000000000000000000ffffc0000207', '192.0.2.7'],
  ])('%s keeps %s out', (ip, viewer) => {
    expect(through(path(ip), viewer)).toBe(403);
  });
});

describe('a height that a ticket ends at', () => {
  const path = (file: string, height = '720') =>
    [`/vod/${ID}/s/${ticket({ height })}/${file}`, `/vod/${ID}/${file}`] as const;
  it.each([
    'r1/video/720p.m3u8',
    'r1/video/720p/00001.m4s',
    'r1/video/720p/init.mp4',
    'r1/video/720p/00001.key',
    'r12/video/360p/00001.ts',
    'r1/video/90p.m3u8',
    'r1/audio/main.m3u8',
    'r1/audio/main/00001.m4s',
    'r1/storyboard/00001-1.jpg',
    'r1/poster.jpg',
    'r1/manifest.mpd',
    'text/r3s2.m3u8',
  ])('lets %s in', (file) => {
    const [asked, found] = path(file);
    expect(through(asked)).toBe(found);
  });
  it.each([
    'r1/video/721p.m3u8',
    'r1/video/721p/00001.m4s',
    'r1/video/1080p/init.mp4',
    'r1/video/1080p/00001.key',
    'r12/video/10000p.m3u8',
    // Which of them is taller, nobody can tell.
    'r1/video/top/00001.m4s',
    'r1/video/0720p/00001.m4s',
    'r1/video/720p.mp4',
    'r1/video/720p-b/00001.m4s',
    'r1/video',
    'r1/video/',
  ])('keeps %s out', (file) => {
    expect(through(path(file)[0])).toBe(403);
  });
  it('is each, without one', () => {
    expect(through(`/vod/${ID}/s/${ticket()}/r1/video/4320p.m3u8`)).toBe(`/vod/${ID}/r1/video/4320p.m3u8`);
    const [asked, found] = path('r1/video/4320p.m3u8', '99999');
    expect(through(asked)).toBe(found);
  });
  it.each(['0', '7', '072', '720p', '100000', ''])('%j is none', (height) => {
    expect(through(`/vod/${ID}/s/${SESSION}.-.-.-.${height}.-/r1/a`)).toBe(403);
    expect(through(`/vod/${ID}/s/${SESSION}.-.-.-.${height}/r1/a`)).toBe(403);
  });
});

describe('the height of a channel that a ticket opens', () => {
  const path = (name: string, height?: string) =>
    [`/live/1391/2/s/${ticket(height === undefined ? {} : { height })}/${name}`, `/live/1391/2/${name}`] as const;
  const segment = (lines: string) => `rec/20261104/23/1793836799007-2003-12-34567-9f86d081884c7d65-${lines}.m4s`;
  it.each([
    segment('720c'),
    segment('144de'),
    segment('9d'),
    'live.m3u8',
    'playback/abcdefgh.m3u8',
    'rec/20261104/init-9f86d081884c7d65.mp4',
    'rec/20261104/23/hour.key',
  ])('lets %s through', (name) => {
    const [asked, found] = path(name, '720');
    expect(through(asked)).toBe(found);
  });
  it.each([
    segment('721c'),
    segment('1080de'),
    segment('99999c'),
    // Which of them is higher, nobody can tell.
    segment('c'),
    segment('de'),
    segment('0720c'),
    segment('720x'),
    segment('720'),
    'x.m4s',
  ])('keeps %s out', (name) => {
    expect(through(path(name, '720')[0])).toBe(403);
    const [asked, found] = path(name);
    expect(through(asked)).toBe(found);
  });
  it('is that of names as they are written', () => {
    const name = { start: 1793836799007, duration: 2003, epoch: 12, sequence: 1, init: '9f86d081884c7d65' };
    for (const encrypted of [true, false])
      for (const discontinuity of [true, false])
        for (const [lines, height, isOpen] of [
          [1080, '1080', true],
          [1080, '1079', false],
        ] as const) {
          const [asked, found] = path(segmentPath({ ...name, encrypted, discontinuity, lines }), height);
          expect(through(asked)).toBe(isOpen ? found : 403);
        }
  });
});

describe('a country that a ticket is bound to', () => {
  const file = 'r1/video/720p.m3u8';
  const bound = (country: string, over = {}) => `/vod/${ID}/s/${ticket({ country, ...over })}/${file}`;
  it('lets in who is there, as CloudFront says, and nobody else', () => {
    expect(through(bound('DE'), undefined, {}, 'DE')).toBe(`/vod/${ID}/${file}`);
    for (const country of ['AT', 'de', 'DE ', 'DEE', '', undefined])
      expect(through(bound('DE'), undefined, {}, country)).toBe(403);
    const live = `/live/1391/2/s/${ticket({ country: 'DE' })}/live.m3u8`;
    expect(through(live, undefined, {}, 'DE')).toBe('/live/1391/2/live.m3u8');
    expect(through(live, undefined, {}, 'US')).toBe(403);
  });
  it('holds beside a height and an address', () => {
    const uri = bound('DE', { height: '720', ip: 'c0000207' });
    expect(through(uri, '192.0.2.7', {}, 'DE')).toBe(`/vod/${ID}/${file}`);
    expect(through(uri, '192.0.2.7', {}, 'US')).toBe(403);
    expect(through(uri, '192.0.2.8', {}, 'DE')).toBe(403);
    expect(through(uri.replace('720p', '721p'), '192.0.2.7', {}, 'DE')).toBe(403);
  });
  it('is none of a ticket without one', () => {
    for (const country of ['DE', undefined]) {
      expect(through(`/vod/${ID}/s/${ticket()}/${file}`, undefined, {}, country)).toBe(`/vod/${ID}/${file}`);
      expect(through(`/vod/${ID}/s/${ticket({ height: '720' })}/${file}`, undefined, {}, country)).toBe(
        `/vod/${ID}/${file}`,
      );
    }
  });
  it.each(['de', 'DEU', 'D', '', '49'])('%j is none', (country) => {
    expect(through(`/vod/${ID}/s/${SESSION}.-.-.-.-.${country}/r1/a`, undefined, {}, country)).toBe(403);
  });
});

describe('what was revoked', () => {
  const BEGAN = Number.parseInt(SESSION.slice(0, 7), 36);
  const subject = 'a-b_c-d_e-f';
  const film = `/vod/${ID}/s/${ticket({ subject, link: 'L1' })}/r1/a`;
  const live = `/live/1391/2/s/${ticket({ subject, link: 'L1' })}/live.m3u8`;
  const later = Math.floor(Date.now() / 1000) + 86_400;
  const at = (time: number, until = later) => valueOf({ key: '', at: time, until });

  it('is no more than what is revoked', () => {
    const others = {
      [keyOf('session', `${SESSION.slice(0, -1)}x`)]: at(BEGAN),
      [keyOf('subject', 'other-one-x')]: at(BEGAN),
      [keyOf('link', 'L2')]: at(BEGAN),
      [keyOf('video', `b${ID.slice(1)}`)]: at(BEGAN),
      [keyOf('device', '13911')]: at(BEGAN),
      // A device is no video, and the other way round.
      [keyOf('device', ID)]: at(BEGAN),
      [keyOf('video', '1391')]: at(BEGAN),
    };
    expect(through(film, undefined, others)).toBe(`/vod/${ID}/r1/a`);
    expect(through(live, undefined, others)).toBe('/live/1391/2/live.m3u8');
  });

  it.each([
    ['session', SESSION],
    ['subject', subject],
    ['link', 'L1'],
  ] as const)('a %s is refused, of videos and live', (kind, id) => {
    for (const uri of [film, live]) expect(through(uri, undefined, { [keyOf(kind, id)]: at(BEGAN) })).toBe(403);
  });

  it('a session is refused whenever that was; of the others what began then or before', () => {
    for (const time of [BEGAN - 9, BEGAN, BEGAN + 9])
      expect(through(film, undefined, { [keyOf('session', SESSION)]: at(time) })).toBe(403);
    for (const key of [keyOf('subject', subject), keyOf('link', 'L1'), keyOf('video', ID)]) {
      expect(through(film, undefined, { [key]: at(BEGAN + 1) })).toBe(403);
      expect(through(film, undefined, { [key]: at(BEGAN) })).toBe(403);
      expect(through(film, undefined, { [key]: at(BEGAN - 1) })).toBe(`/vod/${ID}/r1/a`);
    }
    expect(through(live, undefined, { [keyOf('device', '1391')]: at(BEGAN) })).toBe(403);
    expect(through(live, undefined, { [keyOf('device', '1391')]: at(BEGAN - 1) })).toBe('/live/1391/2/live.m3u8');
  });

  it.each([
    [`/vod/${ID}/r1/poster.jpg`, keyOf('video', ID)],
    ['/live/1391/files/0123456789abcdef/1.jpg', keyOf('device', '1391')],
  ])('%s, which is signed alone, is refused with what it is of', (uri, key) => {
    expect(through(uri, undefined, { [key]: at(1) })).toBe(403);
    expect(through(uri, undefined, { [keyOf('session', SESSION)]: at(1) })).toBe(uri);
  });

  it('of a video that was restored refuses what began before, and its pictures no more', () => {
    const [poster, key] = [`/vod/${ID}/r1/poster.jpg`, keyOf('video', ID)];
    const open = (time: number, until = later) => valueOf({ key: '', at: time, until, open: true });
    expect(through(poster, undefined, { [key]: open(BEGAN) })).toBe(poster);
    expect(through(film, undefined, { [key]: open(BEGAN) })).toBe(403);
    expect(through(film, undefined, { [key]: open(BEGAN - 1) })).toBe(`/vod/${ID}/r1/a`);
    for (const word of ['', 'ope', 'closed', 'OPEN'])
      expect(through(poster, undefined, { [key]: `${at(BEGAN)} ${word}` })).toBe(403);
  });

  it('is refused until that is over, and where it cannot be understood', () => {
    const key = keyOf('session', SESSION);
    expect(through(film, undefined, { [key]: at(BEGAN, Math.floor(Date.now() / 1000) - 1) })).toBe(`/vod/${ID}/r1/a`);
    for (const value of ['', 'x', '1', 'x y', `x ${later}`, `${later}`])
      expect(through(film, undefined, { [key]: value })).toBe(403);
  });

  it('is not let through where the store cannot be read', () => {
    expect(() => runViewerRequest({ name: 'gate', code }, event(film))).toThrow(FunctionError);
  });
});
