/** The main job through HTTP on the running stack, with real ffmpeg at both ends. */
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client, ClientError, putPart } from '../../local/client.ts';
import { checkPlayback } from '../../local/demo.ts';
import { reportViewers } from '../../local/viewers.ts';
import { decodeErrors, makeVideo } from '../support/media.ts';
import { download, play } from '../support/playback.ts';
import { runningStack } from '../stack.ts';

const stack = await runningStack();
const as = (name: string) => new Client(stack.url, stack.users.find((user) => user.name === name)!.token);
const ada = as('ada');
const uma = as('uma');
const vera = as('vera');
const nobody = new Client(stack.url);
const slow = { timeout: 60_000, interval: 250 };
let folder: string;
let sample: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-flow-'));
  sample = join(folder, 'sample.mp4');
  await makeVideo(stack.ffmpegFolder, sample, { seconds: 14, size: '1280x720' });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The problem a call is answered with. */
async function problem(
  call: Promise<unknown>,
): Promise<{ status: number; code: string; detail?: string; limit?: { name: string; value: number } }> {
  const error = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof ClientError)) throw new Error(`expected a problem, got ${String(error)}`);
  return error.body as never;
}

describe('upload → slice → publish → play', () => {
  let id: string;

  it('slices an upload into aligned renditions that decode without a word', async () => {
    id = await uma.upload(sample, { name: 'sample.mp4', metadata: { name: 'A sample' } });
    const video = await uma.ready(id);
    expect(video).toMatchObject({
      title: 'A sample',
      owner: 'uma',
      visibility: 'private',
      progress: 100,
      width: 1280,
      height: 720,
      revision: 1,
    });
    expect(video.duration).toBeCloseTo(14, 1);
    expect(video.renditions.filter((r) => r.kind === 'video').map((r) => r.name)).toEqual([
      '720p',
      '540p',
      '360p',
      '234p',
    ]);
    expect(video.timeline.map((entry) => entry.status)).toEqual([
      'uploading',
      'uploaded',
      'probed',
      'playable',
      'ready',
    ]);

    const played = await play(uma, id);
    expect(played.renditions).toHaveLength(5);
    const cuts = played.renditions
      .filter((r) => r.url.includes('/video/'))
      .map((r) => [...r.text.matchAll(/#EXTINF:([\d.]+)/g)].map((m) => m[1]));
    expect(new Set(cuts.map((durations) => durations.join())).size, 'every rung cuts at the same times').toBe(1);
    for (const rendition of played.renditions) {
      expect(rendition.seconds).toBeCloseTo(14, 0);
      const file = join(folder, 'rendition.mp4');
      await writeFile(file, await download(rendition, played.auth));
      expect(await decodeErrors(stack.ffmpegFolder, file), rendition.url).toBe('');
    }
  });

  it("refuses every file without a signature, with an old one and with another video's", async () => {
    const { auth, renditions } = await play(uma, id);
    const tampered = auth.replace(/Signature=./, (text) => (text.endsWith('A') ? 'Signature=B' : 'Signature=A'));
    for (const { url, files } of renditions) {
      for (const target of [url, ...files]) {
        expect((await fetch(target)).status, target).toBe(403);
        expect((await fetch(`${target}?${tampered}`)).status, target).toBe(403);
      }
    }
    const elsewhere = files0(renditions).replace(id, 'a'.repeat(20));
    expect((await fetch(`${elsewhere}?${auth}`)).status).toBe(403);
    // The signature's resource must not be met by a path that only mentions the video.
    expect((await fetch(`${elsewhere}?x=/vod/${id}/&${auth}`)).status).toBe(403);
  });

  it('passes what `npm start` looks at of its own video', async () => {
    const said: string[] = [];
    const sessions = async () =>
      (await uma.call('GET /api/videos/{id}/sessions', { params: { id } })).sessions.map(({ session }) => session);
    const before = await sessions();
    await checkPlayback(uma, id, (line) => said.push(line));
    expect(said[0]).toMatch(/^unsigned: 403 for 5 playlists and \d+ segments; signed: 200 for all of them$/);
    // Nor do its viewers seem to watch when they are done.
    expect(await reportViewers(uma, id, { duration: 14, rendition: '720p' })).toBe(8);
    await expect.poll(async () => (await sessions()).filter((one) => !before.includes(one)), slow).toEqual([]);
  });

  it('serves ranges, revalidates, and answers from the cache the second time', async () => {
    const { auth, renditions } = await play(uma, id);
    const target = `${files0(renditions)}?${auth}`;
    const whole = await fetch(target);
    const bytes = Buffer.from(await whole.arrayBuffer());
    const part = await fetch(target, { headers: { range: 'bytes=10-19' } });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 10-19/${bytes.length}`);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(10, 20));
    expect((await fetch(target, { headers: { range: `bytes=${bytes.length}-` } })).status).toBe(416);
    expect((await fetch(target, { headers: { 'if-none-match': whole.headers.get('etag')! } })).status).toBe(304);
    expect((await fetch(target)).headers.get('x-cache')).toMatch(/^Hit/);
    expect((await fetch(target, { method: 'HEAD' })).headers.get('content-length')).toBe(String(bytes.length));
  });

  it('shows it to its owner and admins, to nobody else, until it is shared', async () => {
    await play(ada, id);
    expect((await vera.fetch('GET', `/api/play/${id}/main.m3u8`)).status).toBe(403);
    expect((await nobody.fetch('GET', `/api/play/${id}/main.m3u8`)).status).toBe(401);
    expect((await problem(vera.call('GET /api/videos/{id}', { params: { id } }))).code).toBe('not-found');

    await uma.call('PATCH /api/videos/{id}', { params: { id }, body: { visibility: 'entitled' } });
    expect((await vera.fetch('GET', `/api/play/${id}/main.m3u8`)).status).toBe(403);
    await uma.call('PUT /api/videos/{id}/grants/{subject}', { params: { id, subject: 'vera' }, body: {} });
    await play(vera, id);
    expect((await problem(vera.call('PATCH /api/videos/{id}', { params: { id }, body: { title: 'mine' } }))).code).toBe(
      'forbidden',
    );
    await uma.call('DELETE /api/videos/{id}/grants/{subject}', { params: { id, subject: 'vera' } });
    expect((await vera.fetch('GET', `/api/play/${id}/main.m3u8`)).status).toBe(403);

    await uma.call('PATCH /api/videos/{id}', { params: { id }, body: { visibility: 'public' } });
    await play(nobody, id);
    await uma.call('PATCH /api/videos/{id}', { params: { id }, body: { visibility: 'private' } });
  });

  it('plays with a token in the query, with every URL signed, and with cookies', async () => {
    const { url, token } = await uma.call('POST /api/videos/{id}/tokens', { params: { id }, body: { expiresIn: 60 } });
    expect((await nobody.fetch('GET', url)).status).toBe(200);
    expect((await nobody.fetch('GET', `/api/play/${id}/main.m3u8?token=${token}x`)).status).toBe(401);
    expect((await nobody.fetch('GET', `/api/play/${'b'.repeat(20)}/main.m3u8?token=${token}`)).status).toBe(401);

    const expanded = await (await nobody.fetch('GET', `${url}&expand=1`)).text();
    expect(expanded).not.toContain('{$');
    const media = /^(?!#)\S+\.m3u8\S*$/m.exec(expanded)![0];
    const playlist = await (await fetch(new URL(media, stack.url))).text();
    expect(playlist).not.toContain('{$');
    for (const [, target] of playlist.matchAll(/^(?!#)(\S+)$/gm))
      expect((await fetch(new URL(target!, new URL(media, stack.url)))).status).toBe(200);

    const withCookies = await nobody.fetch('GET', `${url}&cookies=1`);
    const cookie = withCookies.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    // Those of this session, and of no other of the same video.
    const mine = /^(\/vod\/\S+\/s\/[^/]+\/)/m.exec(await withCookies.text())![1]!;
    const others = files0((await play(uma, id)).renditions);
    const file = new URL(others.replace(/^.*\/s\/[^/]+\//, mine), stack.url);
    expect((await fetch(file, { headers: { cookie } })).status).toBe(200);
    expect((await fetch(others, { headers: { cookie } })).status).toBe(403);
    // Copies are shared all the same.
    expect((await fetch(file, { headers: { cookie } })).headers.get('x-cache')).toMatch(/^Hit/);
  });

  it('answers through the edge that nothing changed, of an expanded playlist and of the public keys', async () => {
    const { url } = await uma.call('POST /api/videos/{id}/tokens', { params: { id }, body: {} });
    const expanded = await (await nobody.fetch('GET', `${url}&expand=1`)).text();
    const media = /^(?!#)\S+\.m3u8\S*$/m.exec(expanded)![0];
    for (const path of [media, '/api/jwks.json']) {
      const target = new URL(path, stack.url);
      const ask = async (etag: string) => {
        const answer = await fetch(target, { headers: { 'if-none-match': etag } });
        return [answer.status, answer.headers.get('etag'), (await answer.text()).length > 0];
      };
      const etag = (await fetch(target)).headers.get('etag')!;
      expect(etag).toMatch(/^W\/"[\w-]{27}"$/);
      expect(await ask(etag)).toEqual([304, etag, false]);
      expect(await ask('W/"another"')).toEqual([200, etag, true]);
    }
  });

  it('lists it for its owner and not for others, and finds it by words', async () => {
    const titles = async (client: Client, query = {}) =>
      (await client.call('GET /api/videos', { query })).videos.map((video) => video.id);
    expect(await titles(uma)).toContain(id);
    expect(await titles(ada)).toContain(id);
    expect(await titles(vera)).not.toContain(id);
    // The index of words is a moment behind.
    await expect.poll(() => titles(uma, { q: 'SAMPLE' }), slow).toContain(id);
    expect(await titles(uma, { q: 'no such words' })).toEqual([]);
  });

  it('is gone after a delete: at once for viewers, from caches and buckets soon after, and a second delete is harmless', async () => {
    const { auth, renditions } = await play(uma, id);
    const target = `${files0(renditions)}?${auth}`;
    expect((await fetch(target)).status).toBe(200);
    expect((await vera.fetch('DELETE', `/api/videos/${id}?now=true`)).status).toBe(404);
    expect((await uma.fetch('DELETE', `/api/videos/${id}?now=true`)).status).toBe(204);
    expect((await uma.fetch('GET', `/api/play/${id}/main.m3u8`)).status).toBe(404);
    expect((await uma.fetch('GET', `/api/videos/${id}`)).status).toBe(404);
    await expect.poll(async () => (await fetch(target)).status, { timeout: 60_000, interval: 500 }).toBe(403);
    expect((await uma.fetch('DELETE', `/api/videos/${id}?now=true`)).status).toBe(204);
  });
});

describe('sources that are not as they should be', () => {
  const make = async (name: string, bytes: Buffer | string) => {
    const file = join(folder, name);
    await writeFile(file, bytes);
    return file;
  };
  /** Uploads, waits for the refusal, and answers it. */
  const refusal = async (file: string, name: string) => {
    const id = await uma.upload(file, { name });
    const error = await uma
      .ready(id, () => {}, 2)
      .then(
        () => undefined,
        (cause: unknown) => cause,
      );
    await uma.fetch('DELETE', `/api/videos/${id}?now=true`);
    return (error as ClientError | undefined)?.body as { code: string; reason: string };
  };

  it('refuses a text file named .mp4 with a reason', async () => {
    const file = await make('words.mp4', 'These are only words.\n'.repeat(500));
    expect(await refusal(file, 'words.mp4')).toMatchObject({
      code: 'not-video',
      reason: expect.stringMatching(/\w{3,}/) as string,
    });
  });

  it('refuses a truncated file with a reason', async () => {
    const file = join(folder, 'cut.mp4');
    await makeVideo(stack.ffmpegFolder, file, { seconds: 6 });
    await truncate(file, 60_000);
    expect((await refusal(file, 'cut.mp4')).code).toBe('truncated');
  });

  it('takes a video without sound, and an odd-sized portrait one', async () => {
    const file = join(folder, 'portrait.ts');
    await makeVideo(stack.ffmpegFolder, file, { seconds: 3, size: '362x642', audio: false });
    const id = await uma.upload(file, { name: 'portrait.ts', type: 'video/mp2t' });
    const video = await uma.ready(id);
    expect(video.renditions.every((r) => r.kind === 'video')).toBe(true);
    expect(video.height! > video.width!).toBe(true);
    expect(video.renditions.every((r) => r.height! > r.width!)).toBe(true);
    await uma.fetch('DELETE', `/api/videos/${id}?now=true`);
  });
});

describe('uploads that are not as they should be', () => {
  const begin = (client: Client, metadata: Record<string, unknown> = {}) =>
    client.call('POST /api/s3/multipart', { body: { filename: 'a.mp4', type: 'video/mp4', metadata } });

  it('asks for a token, and for a good one', async () => {
    for (const client of [nobody, new Client(stack.url, 'not.a.token')]) {
      expect((await client.fetch('POST', '/api/s3/multipart', { filename: 'a.mp4', type: 'video/mp4' })).status).toBe(
        401,
      );
      expect((await client.fetch('GET', '/api/videos')).status).toBe(401);
    }
    expect(
      (await new Client(stack.url, 'not.a.token').fetch('GET', `/api/play/${'c'.repeat(20)}/main.m3u8`)).status,
    ).toBe(401);
  });

  it('lets only uploaders upload', async () => {
    expect((await problem(begin(vera))).code).toBe('forbidden');
  });

  it("keeps one person out of another's upload", async () => {
    const { uploadId, key, videoId } = await begin(uma);
    const params = { uploadId };
    const query = { key };
    expect((await problem(ada.call('GET /api/s3/multipart/{uploadId}', { params, query }))).code).toBe('not-found');
    expect(
      (
        await problem(
          ada.call('GET /api/s3/multipart/{uploadId}/{partNumber}', { params: { ...params, partNumber: '1' }, query }),
        )
      ).code,
    ).toBe('not-found');
    expect(
      (
        await problem(
          uma.call('GET /api/s3/multipart/{uploadId}', {
            params,
            query: { key: key.replace(videoId, 'd'.repeat(20)) },
          }),
        )
      ).code,
    ).toBe('not-found');
    await uma.call('DELETE /api/s3/multipart/{uploadId}', { params, query });
    await uma.call('DELETE /api/s3/multipart/{uploadId}', { params, query });
    expect((await uma.fetch('GET', `/api/videos/${videoId}`)).status).toBe(404);
  });

  it.each(['0', '10001', '3abc', '-1', '1.5'])('refuses part number %s', async (partNumber) => {
    const { uploadId, key } = await begin(uma);
    const answer = await problem(
      uma.call('GET /api/s3/multipart/{uploadId}/{partNumber}', { params: { uploadId, partNumber }, query: { key } }),
    );
    expect(answer).toMatchObject({ status: 400, code: 'invalid-request' });
    await uma.call('DELETE /api/s3/multipart/{uploadId}', { params: { uploadId }, query: { key } });
  });

  it('refuses to complete with missing or wrong parts, and completes twice without harm', async () => {
    const { uploadId, key, videoId } = await begin(uma);
    const params = { uploadId };
    const query = { key };
    const complete = (parts: { PartNumber: number; ETag: string }[]) =>
      uma.call('POST /api/s3/multipart/{uploadId}/complete', { params, query, body: { parts } });
    expect((await problem(complete([{ PartNumber: 1, ETag: 'none' }]))).code).toBe('missing-parts');
    const signed = await uma.call('GET /api/s3/multipart/{uploadId}/batch', {
      params,
      query: { ...query, partNumbers: '1,2' },
    });
    const etag = await putPart(signed.presignedUrls['1']!, Buffer.alloc(1000));
    expect((await problem(complete([{ PartNumber: 1, ETag: '0'.repeat(32) }]))).code).toBe('missing-parts');
    expect(
      (
        await problem(
          complete([
            { PartNumber: 1, ETag: etag },
            { PartNumber: 2, ETag: etag },
          ]),
        )
      ).code,
    ).toBe('missing-parts');
    const first = await complete([{ PartNumber: 1, ETag: etag }]);
    expect(await complete([{ PartNumber: 1, ETag: etag }])).toMatchObject({ key: first.key, videoId });
    expect((await problem(uma.call('GET /api/s3/multipart/{uploadId}', { params, query }))).code).toBe('upload-gone');
    await uma.fetch('DELETE', `/api/videos/${videoId}?now=true`);
  });

  it('refuses an empty file, a file over the limit and a type it does not take, naming the limit', async () => {
    expect((await problem(begin(uma, { size: 0 }))).code).toBe('empty-file');
    const large = await problem(begin(uma, { size: 51 * 2 ** 30 }));
    expect(large).toMatchObject({ status: 413, code: 'too-large', limit: { value: 50 * 2 ** 30 } });
    expect(
      (await problem(uma.call('POST /api/s3/multipart', { body: { filename: 'a.pdf', type: 'application/pdf' } })))
        .code,
    ).toBe('unsupported-type');
  });

  /** Uploads of hers that have not ended: looked for among all of hers. */
  async function underWay(): Promise<number> {
    let count = 0;
    let cursor: string | undefined;
    do {
      const query = { limit: '100', ...(cursor !== undefined && { cursor }) };
      const page = await uma.call('GET /api/videos', { query });
      count += page.videos.filter(({ status }) => status === 'uploading').length;
      cursor = page.cursor ?? undefined;
    } while (cursor !== undefined);
    return count;
  }

  it('of 200 uploads at once takes as many as allowed and leaves nothing of the others', async () => {
    const before = await underWay();
    const answers = await Promise.all(
      Array.from({ length: 200 }, () =>
        begin(uma).then(
          (created) => ({ created }),
          (error: unknown) => ({ error: error as ClientError }),
        ),
      ),
    );
    const taken = answers.flatMap((answer) => ('created' in answer ? [answer.created] : []));
    const refused = answers.flatMap((answer) => ('error' in answer ? [answer.error] : []));
    expect(taken).toHaveLength(20 - before);
    for (const error of refused)
      expect(error.body).toMatchObject({ status: 429, code: 'too-many-uploads', limit: { value: 20 } });
    expect(await underWay()).toBe(20);
    // The index by which one asks for them is a moment behind.
    const found = async () =>
      (await uma.call('GET /api/videos', { query: { status: 'uploading', limit: '100' } })).videos.length;
    await expect.poll(found, slow).toBe(20);
    for (const { uploadId, key } of taken)
      await uma.call('DELETE /api/s3/multipart/{uploadId}', { params: { uploadId }, query: { key } });
    expect(await underWay()).toBe(before);
    await expect.poll(found, slow).toBe(before);
  });

  it('takes a small file as one form', async () => {
    const { url, fields } = await uma.call('GET /api/s3/params', {
      query: { filename: 'form.mp4', type: 'video/mp4', 'metadata[name]': 'By form' },
    });
    const file = join(folder, 'form.mp4');
    await makeVideo(stack.ffmpegFolder, file, { seconds: 2, size: '320x180' });
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    const { readFile } = await import('node:fs/promises');
    form.set('file', new Blob([await readFile(file)]), 'form.mp4');
    expect((await fetch(url, { method: 'POST', body: form })).status).toBe(201);
    const id = /uploads\/([a-z0-9]{20})\/form/.exec(fields['key']!)![1]!;
    const video = await uma.ready(id);
    expect(video.title).toBe('By form');
    await uma.fetch('DELETE', `/api/videos/${id}?now=true`);
  });
});

const files0 = (renditions: readonly { files: readonly string[] }[]) => renditions[0]!.files.at(-1)!;

describe('a group whose name holds the name of one that counts', () => {
  it.each(['vince', 'bret', 'cora'])(
    'makes %s neither admin nor uploader, behind the authorizer and in playback',
    async (name) => {
      const one = as(name);
      expect(await one.call('GET /api/videos')).toMatchObject({ videos: [] });
      expect((await problem(one.call('GET /api/videos', { query: { owner: 'uma' } }))).code).toBe('forbidden');
      const file = { filename: 'a.mp4', type: 'video/mp4' };
      expect((await problem(one.call('POST /api/s3/multipart', { body: file }))).code).toBe('forbidden');
      expect((await problem(one.call('GET /api/devices/unknown'))).code).toBe('forbidden');
      const { videos } = await ada.call('GET /api/videos', { query: { owner: 'uma' } });
      const hidden = videos.find(({ visibility }) => visibility === 'private');
      if (hidden) expect((await one.fetch('GET', `/api/play/${hidden.id}/main.m3u8`)).status).toBe(403);
    },
  );
});
