import { expect, test } from 'vitest';
import {
  addressPart,
  beganAt,
  LONGEST_TICKET,
  parseTicket,
  sessionId,
  ticketed,
  ticketIn,
  ticketPath,
  ticketText,
} from '../../../lib/contract/ticket.ts';

const AT = Date.UTC(2026, 10, 29);
const session = sessionId(AT, 'AbCdEfGhIjKlMn09');
const whole = { session, subject: 'Ab-_4567890', link: 'link_1-2', ip: 'c0000207' };

test('a ticket says all its parts, and is read back as it was', () => {
  expect(session).toMatch(/^0[0-9a-z]{6}AbCdEfGhIjKlMn09$/);
  expect(beganAt(session)).toBe(AT / 1000);
  expect(ticketText(whole)).toBe(`${session}.Ab-_4567890.link_1-2.c0000207`);
  expect(parseTicket(ticketText(whole))).toEqual(whole);
  expect(ticketText({ session })).toBe(`${session}.-.-.-`);
  expect(parseTicket(`${session}.-.-.-`)).toEqual({ session });
  expect(ticketText({ ...whole, height: 720 })).toBe(`${session}.Ab-_4567890.link_1-2.c0000207.720.-`);
  expect(parseTicket(`${session}.-.-.-.720.-`)).toEqual({ session, height: 720 });
  expect(parseTicket(`${session}.-.-.-.-.DE`)).toEqual({ session, country: 'DE' });
  expect(ticketText({ session, country: 'DE' })).toBe(`${session}.-.-.-.-.DE`);
  const longest = ticketText({ ...whole, link: 'x'.repeat(64), ip: '0'.repeat(32), height: 99_999, country: 'DE' });
  expect(longest).toHaveLength(LONGEST_TICKET);
  expect(parseTicket(longest)).toBeDefined();
});

test('sessions sort by when they began, for centuries', () => {
  const times = [0, AT, Date.UTC(2038, 1, 1), Date.UTC(2200, 0, 1)];
  const ids = times.map((at) => sessionId(at, 'a'.repeat(16)));
  expect(ids.toSorted()).toEqual(ids);
  expect(ids.map(beganAt)).toEqual(times.map((at) => at / 1000));
});

test.each([
  '',
  session,
  `${session}.-.-`,
  `${session}.-.-.-.`,
  `${session}.-.-.-.-`,
  `${session}.-.-.-.720`,
  `${session}.-.-.-.0720.-`,
  `${session}.-.-.-.720p.-`,
  `${session}.-.-.-.7.-`,
  `${session}.-.-.-.720000.-`,
  `${session}.-.-.-.720.-.-`,
  `${session}.-.-.-.720.de`,
  `${session}.-.-.-.720.DEU`,
  `${session}.-.-.-.-.-`,
  `${session}...`,
  `${session.toUpperCase()}.-.-.-`,
  `${session}x.-.-.-`,
  `${session.slice(1)}.-.-.-`,
  `${session}.short.-.-`,
  `${session}.-.${'x'.repeat(65)}.-`,
  `${session}.-.-.C0000207`,
  `${session}.-.-.c00002`,
  `${session}.Ab/_4567890.-.-`,
  `${session}.Ab%2f567890.-.-`,
  ` ${session}.-.-.-`,
  `${session}.-.-.-\n`,
  `${session}.-.-.-${'-'.repeat(200)}`,
])('%j is no ticket', (text) => {
  expect(parseTicket(text)).toBeUndefined();
});

test('what is no part makes no ticket', () => {
  expect(() => ticketText({ session, link: '../x' })).toThrow(RangeError);
  expect(() => ticketText({ session: 'x' })).toThrow(RangeError);
  for (const country of ['de', 'D', '']) expect(() => ticketText({ session, country })).toThrow(RangeError);
  for (const height of [9, 100_000, 7.5, Number.NaN]) expect(() => ticketText({ session, height })).toThrow(RangeError);
  expect(() => sessionId(AT, 'a/b')).toThrow(RangeError);
});

test('it stands below its video, and is found there only', () => {
  const ticket = ticketText(whole);
  const path = ticketPath('vod/abcdefghij0123456789/', ticket);
  expect(path).toBe(`/vod/abcdefghij0123456789/s/${ticket}/`);
  expect(ticketed('vod/abcdefghij0123456789/r1/a.m4s', 'vod/abcdefghij0123456789/', ticket)).toBe(`${path}r1/a.m4s`);
  expect(ticketIn(`${path}r1/video/720p.m3u8`, 'vod/abcdefghij0123456789/')).toBe(ticket);
  expect(ticketed('vod/abcdefghij0123456789/r1/a.m4s', 'vod/abcdefghij0123456789/', ticket)).toBe(`${path}r1/a.m4s`);
  expect(ticketIn(`${path}r1/video/720p.m3u8`, 'vod/abcdefghij012345678/')).toBeUndefined();
  expect(ticketIn('/vod/abcdefghij0123456789/r1/poster.jpg', 'vod/abcdefghij0123456789/')).toBeUndefined();
  expect(ticketIn(path.slice(0, -1), 'vod/abcdefghij0123456789/')).toBeUndefined();
});

test.each([
  ['192.0.2.7', 'c0000207'],
  ['255.255.255.255', 'ffffffff'],
  ['2001:db8::1', '20010db8000000000000000000000001'],
  ['2001:DB8:0:0:0:0:0:1', '20010db8000000000000000000000001'],
  ['::', '0'.repeat(32)],
  ['1::', `0001${'0'.repeat(28)}`],
  ['::ffff:192.0.2.7', 'c0000207'],
  ['64:ff9b::192.0.2.7', '0064ff9b0000000000000000c0000207'],
  ['192.0.2', undefined],
  ['192.0.2.256', undefined],
  ['192.0.2.07', undefined],
  ['1:2:3:4:5:6:7', undefined],
  ['1:2:3:4:5:6:7:8:9', undefined],
  ['1:2:3:4::5:6:7:8', undefined],
  ['1::2::3', undefined],
  ['fe80::1%eth0', undefined],
  ['12345::', undefined],
  [':1:2:3:4:5:6:7', undefined],
  ['1:2:3:4:5:6:7:', undefined],
  ['1::2:', undefined],
  ['1:::2', undefined],
  [':', undefined],
  ['192.0.2.7::', undefined],
  ['1:192.0.2.7::1', undefined],
  ['', undefined],
  ['example.com', undefined],
])('the address %s is %s', (address, part) => {
  expect(addressPart(address)).toBe(part);
});
