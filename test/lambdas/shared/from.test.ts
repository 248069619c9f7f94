/** On whose page something plays, by what browsers say (RFC 6454, Fetch Metadata, Referrer Policy). */
import { expect, it } from 'vitest';
import { fromOf } from '../../../lambdas/shared/from.ts';

const OURS = 'https://video.example';
const PAGE = 'https://page.example';
const away = (more: object = {}) => ({
  'sec-fetch-site': 'cross-site',
  'sec-fetch-mode': 'no-cors',
  'sec-fetch-dest': 'video',
  ...more,
});

it.each<[string, Readonly<Record<string, string>>, string | undefined]>([
  ['a script of another page', { origin: PAGE, 'sec-fetch-site': 'cross-site', referer: 'https://x.example/' }, PAGE],
  ['a frame without an origin', { origin: 'null', 'sec-fetch-site': 'cross-site' }, 'null'],
  ['a script of ours, to write', { origin: OURS, 'sec-fetch-site': 'same-origin' }, undefined],
  ['a script of ours, to read', { 'sec-fetch-site': 'same-origin', referer: `${OURS}/v/x` }, undefined],
  ['ours by its other name', { 'sec-fetch-site': 'same-origin', referer: 'https://d1.cloudfront.net/' }, undefined],
  ['a plain <video> on another page', away({ referer: `${PAGE}/` }), PAGE],
  ['one whose page says its whole address', away({ referer: `${PAGE}/news?x=1` }), PAGE],
  ['one whose page says nothing', away(), 'null'],
  ['one on a host of the same domain', away({ 'sec-fetch-site': 'same-site' }), 'null'],
  ['one whose page says what is no address', away({ referer: 'about' }), 'null'],
  ['a relation that is not known', away({ 'sec-fetch-site': 'next-site' }), 'null'],
  ['one on a page of ours, by way of another host', away({ referer: `${OURS}/` }), undefined],
  ['a playlist in a frame', away({ 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }), 'null'],
  ['a picture', away({ 'sec-fetch-dest': 'image', referer: `${PAGE}/` }), PAGE],
  [
    'a person who follows a link on it',
    away({ 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', referer: `${PAGE}/` }),
    undefined,
  ],
  ['a person who types the address', { 'sec-fetch-site': 'none', 'sec-fetch-dest': 'document' }, undefined],
  ['a <video> of a browser that says its page alone', { referer: `${PAGE}/` }, PAGE],
  ['a player that is no page', {}, undefined],
  ['a program on Node, which says how it asks and no more', { 'sec-fetch-mode': 'cors' }, undefined],
])('%s', (_, headers, site) => {
  expect(fromOf(headers, OURS).site).toBe(site);
});
