import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { visibility } from '../../../lib/contract/video.ts';
import { embedSnippet, pageLink, streamUrl, visibilities } from '../../../web/src/video/links.ts';
import { actionOf } from '../../../web/src/video/player-keys.ts';

const ORIGIN = 'https://video.example';
const id = 'abcdefghij0123456789';

describe('what one hands out', () => {
  it('is an address with just what is needed', () => {
    expect(pageLink(ORIGIN, id)).toBe(`${ORIGIN}/v/${id}`);
    expect(streamUrl(ORIGIN, id)).toBe(`${ORIGIN}/api/play/${id}/main.m3u8`);
    const url = new URL(streamUrl(ORIGIN, id, { token: 'a.b+c&d', expand: true }));
    expect(Object.fromEntries(url.searchParams)).toEqual({ token: 'a.b+c&d', expand: '1' });
  });

  it('is a snippet that no title and no address can break out of', () => {
    const nasty = '"><script>alert(1)</script>&';
    const address = `${ORIGIN}/x?y=</script><script>'"\\`;
    const snippet = embedSnippet(address, nasty);
    expect(snippet.match(/<\/?script/g)).toEqual(['<script', '</script']);
    expect(snippet).toContain('title="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;"');
    const literal = /const url = (.*);/.exec(snippet)![1]!;
    expect(runInNewContext(literal)).toBe(address);
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
