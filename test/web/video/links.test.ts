import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { embedCode, embedUrl, pageUrl } from '../../../lib/contract/embed.ts';
import { LINK_SECONDS, newLink } from '../../../lib/contract/link.ts';
import { visibility } from '../../../lib/contract/video.ts';
import { embedSnippet, linkLifetimes, sitesOf, streamUrl, visibilities } from '../../../web/src/video/links.ts';
import { actionOf } from '../../../web/src/video/player-keys.ts';

const ORIGIN = 'https://video.example';
const id = 'abcdefghij0123456789';

describe('what one hands out', () => {
  it('is an address with just what is needed', () => {
    expect(pageUrl(ORIGIN, id)).toBe(`${ORIGIN}/v/${id}`);
    expect(embedUrl(ORIGIN, id, 'a.b+c&d')).toBe(`${ORIGIN}/embed/${id}?token=a.b%2Bc%26d`);
    expect(streamUrl(ORIGIN, id)).toBe(`${ORIGIN}/api/play/${id}/main.m3u8`);
    const url = new URL(streamUrl(ORIGIN, id, { token: 'a.b+c&d', expand: true }));
    expect(Object.fromEntries(url.searchParams)).toEqual({ token: 'a.b+c&d', expand: '1' });
  });

  it('is a snippet that no title and no address can break out of', () => {
    const nasty = '"><script>alert(1)</script>&';
    const address = `${ORIGIN}/x?y=</script><script>'"\\`;
    const snippet = embedSnippet(address, nasty);
    expect(snippet.match(/<\/?script/g)).toEqual(['<script', '</script']);
    expect(snippet).toContain('title="&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;&#38;"');
    const frame = embedCode(address, nasty, { width: 640, height: 360 });
    expect(frame.match(/</g)).toHaveLength(2);
    expect(frame.match(/"/g)).toHaveLength(12);
    const literal = /const url = (.*);/.exec(snippet)![1]!;
    expect(runInNewContext(literal)).toBe(address);
  });

  it('is for times that work', () => {
    for (const { value } of linkLifetimes) {
      expect(value).toBeGreaterThanOrEqual(LINK_SECONDS.least);
      expect(value).toBeLessThanOrEqual(LINK_SECONDS.most);
    }
  });

  it.each([
    ['', { sites: [] }],
    [
      ' www.example.com, https://A.example/watch?x=1\nhttp://127.0.0.1:8080 www.example.com',
      { sites: ['https://www.example.com', 'https://a.example', 'http://127.0.0.1:8080'] },
    ],
    ['www.example.com ftp://x.example', { wrong: 'ftp://x.example' }],
    ['https://user@x.example', { wrong: 'https://user@x.example' }],
    ['http://', { wrong: 'http://' }],
    ['*.example.com', { wrong: '*.example.com' }],
    ['a.example;report-uri', { wrong: 'a.example;report-uri' }],
  ])('is for sites as people write them: %j', (text, read) => {
    const found = sitesOf(text);
    expect(found).toEqual(read);
    // What is read of them the API takes.
    if ('sites' in found && found.sites.length > 0)
      expect(newLink.safeParse({ sites: found.sites }).success).toBe(true);
  });

  it('has words for every visibility', () => {
    expect(Object.keys(visibilities).toSorted()).toEqual(visibility.options.toSorted());
  });
});

describe("the player's keys", () => {
  it.each([
    [' ', { do: 'toggle' }],
    ['k', { do: 'toggle' }],
    ['K', { do: 'toggle' }],
    ['j', { do: 'seek', by: -10 }],
    ['l', { do: 'seek', by: 10 }],
    ['ArrowLeft', { do: 'seek', by: -5 }],
    ['ArrowUp', { do: 'volume', by: 0.1 }],
    ['f', { do: 'fullscreen' }],
    ['m', { do: 'mute' }],
    ['c', { do: 'captions' }],
    ['0', { do: 'jump', to: 0 }],
    ['9', { do: 'jump', to: 0.9 }],
  ])('%j', (key, action) => expect(actionOf(key)).toEqual(action));

  it.each(['u', '/', 'Escape', 'Tab', 'F5', '10', 'toString', 'constructor'])('leaves %s alone', (key) =>
    expect(actionOf(key)).toBeUndefined(),
  );
});
