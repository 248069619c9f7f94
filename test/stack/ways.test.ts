/** Other ways in and out, on the running stack: a command in a terminal, an address that is pulled from, downloads. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from '../../local/client.ts';
import { fileServer, serveRanges, type FileServer } from '../support/file-server.ts';
import { decodeErrors, makeVideo } from '../support/media.ts';
import { download, play } from '../support/playback.ts';
import { runningStack } from '../stack.ts';

const stack = await runningStack();
const uma = new Client(stack.url, stack.users.find((user) => user.name === 'uma')!.token);
const root = new URL('../../', import.meta.url).pathname;
let folder: string;
let film: string;
let server: FileServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-ways-'));
  film = join(folder, 'film.mp4');
  await makeVideo(stack.ffmpegFolder, film, { seconds: 6, size: '640x360' });
  server = await fileServer(serveRanges(await readFile(film)));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Packets of a file as they are stored: time of showing relative to the first, and a hash of their bytes. */
async function packets(
  file: string,
  stream: 'v' | 'a',
): Promise<{ readonly start: number; readonly packets: string[] }> {
  const args = [
    '-v',
    'error',
    '-select_streams',
    stream,
    '-show_packets',
    '-show_data_hash',
    'sha256',
    '-of',
    'json',
    file,
  ];
  const { stdout } = await promisify(execFile)(join(stack.ffmpegFolder, 'ffprobe'), args, { maxBuffer: 2 ** 26 });
  const found = (JSON.parse(stdout) as { packets: { pts_time: string; data_hash: string }[] }).packets;
  const start = Math.min(...found.map(({ pts_time }) => Number(pts_time)));
  return {
    start,
    packets: found.map(({ pts_time, data_hash }) => `${(Number(pts_time) - start).toFixed(3)} ${data_hash}`),
  };
}

it('downloads the original, and an MP4 of a rung with the packets that are streamed, in step', async () => {
  const id = await uma.upload(film, { name: 'Größe.mp4', metadata: { visibility: 'public' } });
  await uma.ready(id);
  const original = await uma.call('GET /api/videos/{id}/download', { params: { id } });
  const answer = await fetch(original.url!);
  expect(Buffer.from(await answer.arrayBuffer()).equals(await readFile(film))).toBe(true);
  expect(answer.headers.get('content-disposition')).toContain("filename*=UTF-8''Gr%C3%B6%C3%9Fe.mp4");
  const vera = new Client(stack.url, stack.users.find((user) => user.name === 'vera')!.token);
  for (const rendition of ['source', '360p'])
    await expect(
      vera.call('GET /api/videos/{id}/download', { params: { id }, query: { rendition } }),
    ).rejects.toMatchObject({ status: 403 });

  const asked = () => uma.call('GET /api/videos/{id}/download', { params: { id }, query: { rendition: '360p' } });
  expect((await asked()).state).toBe('preparing');
  await expect.poll(async () => (await asked()).state, { timeout: 60_000, interval: 500 }).toBe('ready');
  const { url, filename } = await asked();
  expect(filename).toBe('Größe 360p.mp4');
  const mp4 = join(folder, 'rung.mp4');
  await writeFile(mp4, Buffer.from(await (await fetch(url!)).arrayBuffer()));
  expect(await decodeErrors(stack.ffmpegFolder, mp4)).toBe('');

  const { renditions, auth } = await play(uma, id);
  const streamed = async (part: string) => {
    const file = join(folder, 'streamed.mp4');
    await writeFile(
      file,
      await download(
        renditions.find((one) => one.url.includes(part))!,
        auth,
      ),
    );
    return await packets(file, part.includes('video') ? 'v' : 'a');
  };
  const [video, audio] = [await streamed('/video/360p'), await streamed('/audio/')];
  const [made, sound] = [await packets(mp4, 'v'), await packets(mp4, 'a')];
  expect(made.packets).toEqual(video.packets);
  expect(sound.packets).toEqual(audio.packets);
  expect(made.start).toBeCloseTo(0, 3);
  expect(sound.start - made.start).toBeCloseTo(audio.start - video.start, 3);
  // An index in front: it plays while it is being downloaded.
  const bytes = await readFile(mp4);
  expect(bytes.indexOf('moov')).toBeLessThan(bytes.indexOf('mdat'));
  await checkRanges(id, bytes);
});

/** The same file for players that know no HLS, which ask for ranges by where they are sent. */
async function checkRanges(id: string, bytes: Buffer): Promise<void> {
  const from = `${stack.url}/api/play/${id}/mp4/360p.mp4`;
  const sent = await fetch(from, { headers: uma.headers, redirect: 'manual' });
  expect(sent.status).toBe(302);
  const file = new URL(sent.headers.get('location')!, stack.url);
  expect(file.pathname).toMatch(new RegExp(`^/downloads/${id}/s/[^/]+/r1/360p\\.mp4$`));
  const part = (range: string, at: string | URL = file) => fetch(at, { headers: { range } });
  // The cache has nothing of it, then all of it.
  for (const asked of ['not there', 'there']) {
    for (const [first, last] of [
      [0, 1],
      [100, 4099],
      [bytes.length - 10, bytes.length - 1],
    ] as const) {
      const answer = await part(`bytes=${first}-${last}`);
      expect([answer.status, answer.headers.get('content-range')], asked).toEqual([
        206,
        `bytes ${first}-${last}/${bytes.length}`,
      ]);
      expect(answer.headers.get('content-type')).toBe('video/mp4');
      expect(Buffer.from(await answer.arrayBuffer()).equals(bytes.subarray(first, last + 1)), asked).toBe(true);
    }
    const tail = await part('bytes=-16');
    expect(Buffer.from(await tail.arrayBuffer()).equals(bytes.subarray(-16))).toBe(true);
    expect((await part(`bytes=${bytes.length}-`)).status).toBe(416);
    const whole = await fetch(file);
    expect([whole.status, whole.headers.get('accept-ranges')]).toEqual([200, 'bytes']);
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
  }
  // Signed is this file, whatever is asked of it.
  expect((await part('bytes=0-1', new URL(file.pathname, file))).status).toBe(403);
  expect((await part('bytes=0-1', new URL(file.href.replace('360p.mp4', '240p.mp4')))).status).toBe(403);
  // A player that follows asks for the range where it was sent.
  const followed = await fetch(from, { headers: { ...uma.headers, range: 'bytes=8-15' } });
  expect([followed.status, followed.url]).toEqual([206, expect.stringContaining('/downloads/')]);
  expect(Buffer.from(await followed.arrayBuffer()).equals(bytes.subarray(8, 16))).toBe(true);
}

it('npm run upload signs in on a local platform by itself, and says when a file and an address can be played', async () => {
  const args = [
    join(root, 'local/commands/upload.ts'),
    'film.mp4',
    `${server.url}/pulled%20film.mp4`,
    '--wait',
    '--url',
    stack.url,
  ];
  const env = { ...process.env, SLUICE_CACHE: join(folder, 'cache'), SLUICE_TOKEN: '' };
  const child = spawn(process.execPath, args, { cwd: folder, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  expect([await new Promise((resolve) => child.once('close', resolve)), output]).toEqual([0, expect.any(String)]);
  const ids = [...output.matchAll(/\/v\/([a-z0-9]{20})/g)].map((match) => match[1]!);
  expect(ids).toHaveLength(2);
  expect(output.match(/can be played/g)).toHaveLength(2);
  const titles = await Promise.all(ids.map(async (id) => (await uma.ready(id)).title));
  expect(titles.toSorted()).toEqual(['film', 'pulled film']);
  for (const id of ids) {
    const { renditions } = await play(uma, id);
    expect(renditions[0]!.seconds).toBeCloseTo(6, 0);
  }
});
