/** Other ways in, on the running stack: a command in a terminal, and an address that the platform pulls from. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from '../../local/client.ts';
import { fileServer, serveRanges, type FileServer } from '../support/file-server.ts';
import { makeVideo } from '../support/media.ts';
import { play } from '../support/playback.ts';
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
