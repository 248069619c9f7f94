import { afterEach, expect, it, vi } from 'vitest';
import { retag } from '../../../web/src/video/retag.ts';

afterEach(() => vi.unstubAllGlobals());

it('saves the tags of a video as they are by then, with what was added here and without what was taken off here', async () => {
  let tags = ['harbour', 'dawn', 'from uma'];
  vi.stubGlobal('fetch', async (_: string, init?: RequestInit) => {
    if (init?.method === 'PATCH') ({ tags } = JSON.parse(init.body as string) as { tags: string[] });
    return Response.json({ tags });
  });
  // Opened before the one from uma was there.
  const saved = await retag('v', ['harbour', 'dawn'], ['harbour', 'from ada']);
  expect(tags).toEqual(['harbour', 'from uma', 'from ada']);
  expect(saved.tags).toEqual(tags);
});
