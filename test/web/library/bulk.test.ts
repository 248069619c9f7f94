/** Changing many videos from the console: in portions, each answered by name, and a portion that failed keeps no other from it. */
import { afterEach, expect, it, vi } from 'vitest';
import { changeMany, named } from '../../../web/src/library/bulk.ts';

afterEach(() => vi.unstubAllGlobals());

const videos = (many: number) => Array.from({ length: many }, (_, i) => ({ id: `v${i}`, title: `Film ${i}` }));
const answer = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });

it('asks in portions, says how far it is, and sorts what was answered', async () => {
  const asked: { action: string; videos: string[] }[] = [];
  vi.stubGlobal('fetch', async (path: string, init: { method: string; body: string }) => {
    expect([init.method, path]).toEqual(['POST', '/api/videos/bulk']);
    const body = JSON.parse(init.body) as (typeof asked)[number];
    asked.push(body);
    const refused = { code: 'forbidden', detail: 'Not yours.' };
    return answer({ videos: body.videos.map((id) => (id === 'v30' ? { id, refused } : { id })) });
  });
  const reached: number[] = [];
  const { done, refused } = await changeMany(videos(60), { action: 'tag', tags: ['x'] }, (many) => reached.push(many));
  expect(asked.map((one) => one.videos.length)).toEqual([25, 25, 10]);
  expect(asked[0]).toMatchObject({ action: 'tag', tags: ['x'] });
  expect(reached).toEqual([25, 50, 60]);
  expect(done).toHaveLength(59);
  expect(refused).toEqual([{ video: { id: 'v30', title: 'Film 30' }, code: 'forbidden', why: 'Not yours.' }]);
});

it('counts a portion that was not answered as refused, and goes on', async () => {
  let calls = 0;
  vi.stubGlobal('fetch', async (_: string, { body }: { body: string }) => {
    calls += 1;
    const problem = { type: 'about:blank', title: 'Busy', status: 503, code: 'busy', detail: 'Try again.' };
    if (calls === 1) return answer(problem, 503);
    return answer({ videos: (JSON.parse(body) as { videos: string[] }).videos.map((id) => ({ id })) });
  });
  const { done, refused } = await changeMany(videos(30), { action: 'restore' });
  expect([done.length, refused.length]).toEqual([5, 25]);
  expect(refused[0]!.why).toContain('Try again.');
});

it('names one by its title and more by how many', () => {
  expect([named(videos(1)), named(videos(3))]).toEqual(['“Film 0”', '3 videos']);
});
