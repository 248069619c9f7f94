/** The function in front of media, as shipped, in the local edge's sandbox. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isResponse, runViewerRequest, type FunctionEvent } from '../../../local/edge/functions.ts';

const code = readFileSync(new URL('../../../lib/constructs/media-gate.js', import.meta.url), 'utf8');

const ID = 'abcdefghij0123456789';
const SESSION = '0tij4k2QwErTyUiOpAsDfGh';
/** A ticket of a session that began at a time, of a subject, a link and an address. */
const ticket = ({ session = SESSION, subject = '-', link = '-', ip = '-' } = {}) =>
  `${session}.${subject}.${link}.${ip}`;

const event = (uri: string, ip = '192.0.2.7'): FunctionEvent => ({
  version: '1.0',
  context: { distributionDomainName: 'd', distributionId: 'E', eventType: 'viewer-request', requestId: 'r' },
  viewer: { ip },
  request: {
    method: 'GET',
    uri,
    querystring: { Policy: { value: 'p' } },
    headers: { host: { value: 'h' } },
    cookies: {},
  },
});

/** What the origin is asked for, or the status with which it ends. */
function through(uri: string, ip?: string): string | number {
  const { result } = runViewerRequest({ name: 'gate', code }, event(uri, ip));
  if (!isResponse(result)) {
    const { uri: asked, ...rest } = result;
    const { uri: _, method: __, ...sent } = event(uri).request;
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
