/** What an address unfolds to, and that no title and no description gets out of where it stands. */
import { parse } from 'node:querystring';
import { decodeHTML, decodeXML } from 'entities';
import { describe, expect, it } from 'vitest';
import { playerPage, refusedPage } from '../../../lambdas/playback/embed-page.ts';
import { headOf, oembedOf, oembedXml, type Unfolded } from '../../../lambdas/playback/unfold.ts';
import { embedCode, playerSize, videoOf } from '../../../lib/contract/embed.ts';
import { ID } from './fixture.ts';

const ORIGIN = 'https://videos.example';
const TOKEN = `${'L'.repeat(16)}.${'s'.repeat(32)}`;
const of = (about: Partial<Unfolded['about']> = {}, token?: string): Unfolded => ({
  about: {
    id: ID,
    title: 'Harbour at dawn',
    description: 'Two cranes.\nNo wind.',
    createdAt: '2026-03-04T05:06:07.000Z',
    duration: 61.6,
    width: 1920,
    height: 1080,
    hasPoster: true,
    hasStoryboard: false,
    ...about,
  },
  origin: ORIGIN,
  token,
});

const HOSTILE = [
  '"><script>alert(1)</script>',
  "' onload='alert(1)",
  '</title></head><img src=x onerror=alert(1)>',
  '&quot;&#34;&lt;',
  '<!-- --><svg/onload=alert(1)>',
  '" autofocus onfocus="alert(1)',
  '\u2028`${alert(1)}`',
];

/** What a reader of HTML finds: elements with their attributes, read by other rules than ours are written by. */
function elements(html: string) {
  return [...html.matchAll(/<([a-z][a-z-]*)((?:\s+[a-z:-]+(?:="[^"]*")?)*)\s*>/g)].map(([, name, rest]) => ({
    name: name!,
    attributes: Object.fromEntries(
      [...rest!.matchAll(/([a-z:-]+)(?:="([^"]*)")?/g)].map(([, key, value]) => [key, decodeHTML(value ?? '')]),
    ) as Record<string, string>,
  }));
}
const metas = (html: string) =>
  Object.fromEntries(
    elements(html)
      .filter(({ name }) => name === 'meta')
      .map(({ attributes: { property, name, content } }) => [property ?? name ?? '', content ?? '']),
  );

describe('the head of a page', () => {
  it('says what there is to say, and where oEmbed is', () => {
    const head = headOf(of());
    expect(metas(head)).toMatchObject({
      'og:title': 'Harbour at dawn',
      'og:description': 'Two cranes.\nNo wind.',
      'og:type': 'video.other',
      'og:url': `${ORIGIN}/embed/${ID}`,
      'og:image': `${ORIGIN}/api/play/${ID}/poster`,
      'og:video': `${ORIGIN}/embed/${ID}`,
      'og:video:secure_url': `${ORIGIN}/embed/${ID}`,
      'og:video:width': '1280',
      'og:video:height': '720',
      'video:duration': '62',
      'video:release_date': '2026-03-04T05:06:07.000Z',
      'twitter:card': 'player',
      'twitter:player': `${ORIGIN}/embed/${ID}`,
    });
    const links = elements(head).filter(({ name }) => name === 'link');
    expect(
      links.map(({ attributes: { rel, type, href } }) => [rel, type, parse(new URL(href!).search.slice(1))]),
    ).toEqual([
      ['alternate', 'application/json+oembed', { url: `${ORIGIN}/v/${ID}`, format: 'json' }],
      ['alternate', 'text/xml+oembed', { url: `${ORIGIN}/v/${ID}`, format: 'xml' }],
    ]);
  });

  it('has a link in every address of it, and no picture: that would outlive the link', () => {
    const head = headOf(of({}, TOKEN));
    expect(metas(head)).toMatchObject({ 'twitter:player': `${ORIGIN}/embed/${ID}?token=${TOKEN}` });
    expect(head).not.toContain('poster');
    expect(oembedOf(of({}, TOKEN), {})).not.toHaveProperty('thumbnail_url');
  });

  it.each(HOSTILE)('holds a title and a description of %j', (text) => {
    const head = headOf(of({ title: text, description: text }));
    expect(metas(head)).toMatchObject({ 'og:title': text, 'og:description': text, 'twitter:title': text });
    expect(new Set(elements(head).map(({ name }) => name))).toEqual(new Set(['link', 'meta']));
    expect(
      elements(head)
        .flatMap(({ attributes }) => Object.keys(attributes))
        .filter((name) => name.startsWith('on')),
    ).toEqual([]);
    const { html } = playerPage(ID, TOKEN, undefined, {}, of({ title: text, description: text }, TOKEN));
    expect(elements(html).filter(({ name }) => name === 'script')).toHaveLength(1);
    expect(elements(html).find(({ name }) => name === 'sluice-player')!.attributes).toMatchObject({ heading: text });
    const { html: frame } = oembedOf(of({ title: text }), {});
    expect(elements(frame)).toEqual([{ name: 'iframe', attributes: expect.objectContaining({ title: text }) }]);
    expect(elements(refusedPage('link-ended', text).html).filter(({ name }) => name === 'script')).toEqual([]);
  });

  it('leaves out what is not there', () => {
    const head = headOf(of({ description: '', hasPoster: false, duration: null, width: null, height: null }));
    expect(Object.keys(metas(head)).filter((name) => /description|image|duration/.test(name))).toEqual([]);
    expect(metas(head)).toMatchObject({ 'og:video:width': '1280', 'og:video:height': '720' });
  });
});

describe('oEmbed', () => {
  it('is of the shape that version 1.0 wants, within what is asked for', () => {
    expect(oembedOf(of(), { maxwidth: 640, maxheight: 200 })).toEqual({
      type: 'video',
      version: '1.0',
      title: 'Harbour at dawn',
      provider_name: 'Sluice',
      provider_url: ORIGIN,
      html: embedCode(`${ORIGIN}/embed/${ID}`, 'Harbour at dawn', { width: 355, height: 200 }),
      width: 355,
      height: 200,
      thumbnail_url: `${ORIGIN}/api/play/${ID}/poster`,
      thumbnail_width: 355,
      thumbnail_height: 200,
    });
  });

  it.each([...HOSTILE, 'not in XML: \ufffe', ']]>'])('is the same as XML, of a title of %j', (title) => {
    const answer = oembedOf(of({ title }), { maxwidth: 640 });
    const [declaration, open, ...lines] = oembedXml(answer).trimEnd().split('\n');
    expect([declaration, open, lines.pop()]).toEqual([
      '<?xml version="1.0" encoding="utf-8" standalone="yes"?>',
      '<oembed>',
      '</oembed>',
    ]);
    const read = lines.map((line) => /^<([a-z_]+)>([^<>]*)<\/\1>$/.exec(line)!.slice(1));
    const said = Object.fromEntries(read.map(([name, value]) => [name, decodeXML(value!)]));
    const wanted = Object.entries(answer).map(([name, value]) => [name, String(value).replace('\ufffe', '\ufffd')]);
    expect(said).toEqual(Object.fromEntries(wanted));
  });

  it.each([
    [{ width: 1920, height: 1080 }, {}, { width: 1280, height: 720 }],
    [{ width: 1080, height: 1920 }, {}, { width: 720, height: 1280 }],
    [{ width: 320, height: 180 }, { width: 900 }, { width: 320, height: 180 }],
    [{ width: 1920, height: 800 }, { width: 640 }, { width: 640, height: 266 }],
    [{ width: null, height: null }, { height: 90 }, { width: 160, height: 90 }],
    [{ width: 16384, height: 2 }, { width: 1 }, { width: 1, height: 1 }],
  ])('a video of %j within %j is %j', (video, most, size) => expect(playerSize(video, most)).toEqual(size));

  it.each([
    [`${ORIGIN}/v/${ID}`, { id: ID }],
    [`${ORIGIN}/v/${ID}/?token=a.b#t`, { id: ID, token: 'a.b' }],
    [`${ORIGIN}/embed/${ID}?autoplay=1`, { id: ID }],
    [`http://videos.example/v/${ID}`, undefined],
    [`https://videos.example.evil.example/v/${ID}`, undefined],
    [`${ORIGIN}/api/play/${ID}/main.m3u8`, undefined],
    [`${ORIGIN}/v/${ID}/x`, undefined],
    [`${ORIGIN}/v/abc`, undefined],
    [`${ORIGIN}:444/v/${ID}`, undefined],
    ['not an address', undefined],
  ])('%s is of %j', (address, video) =>
    expect(videoOf(address, ORIGIN)).toEqual(video && { token: undefined, ...video }),
  );
});

describe('the page for frames', () => {
  it('lets nobody but the sites of the right have it in a frame, and loads nothing but the player', () => {
    const { policy } = playerPage(ID, undefined, ['https://a.example', 'http://b.example:8080'], {}, of());
    expect(policy).toBe(
      "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob: data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self' https://a.example http://b.example:8080",
    );
    expect(playerPage(ID, undefined, undefined, {}, of()).policy).toMatch(/frame-ancestors \*$/);
  });

  it('takes what the address says of beginning, and nothing else that stands there', () => {
    const player = (options: object) =>
      elements(playerPage(ID, TOKEN, undefined, options).html).find(({ name }) => name === 'sluice-player')!.attributes;
    expect(player({ autoplay: '1', muted: '1', start: '12.5' })).toEqual({
      video: ID,
      token: TOKEN,
      keys: 'page',
      autoplay: '',
      muted: '',
      start: '12.5',
    });
    expect(player({ autoplay: 'yes', muted: '0', start: '"><b>' })).toEqual({ video: ID, token: TOKEN, keys: 'page' });
  });

  it('says what became of a link by name, and of everything else the same', () => {
    const { html } = refusedPage('link-ended', 'This link was ended.');
    expect(html).toContain('<strong>This link was ended</strong>');
    const nothing = refusedPage('not-found', 'There is no such video.').html;
    expect(refusedPage('internal', 'a secret').html).toBe(nothing);
    expect(nothing).not.toContain('sluice-player>');
  });
});
