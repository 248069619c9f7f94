/** `npm run upload` as a process of its own, against the real handlers and engine; S3 behind a proxy that counts parts. */
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { apiServer } from '../../support/api-server.ts';
import { bearerOf, startHandlerEngine } from '../../lambdas/engine.ts';

const MiB = 1024 ** 2;
const root = new URL('../../../', import.meta.url).pathname;
const tokenOf = (sub: string) => bearerOf({ sub, groups: ['uploader'] }).replace('Bearer ', '');

let platform: Awaited<ReturnType<typeof apiServer>>;
let folder = '';
let s3: S3Client;
const open: (() => unknown)[] = [];

/** Parts whose PUT was answered with 200, as `uploadId/partNumber`. */
const finished: string[] = [];
/** How many PUTs get through; the others hang. */
let gate = Infinity;
let puts = 0;

beforeAll(async () => {
  const close = await startHandlerEngine({
    UPLOAD_LIMITS: JSON.stringify({
      maxBytes: 100 * MiB,
      types: ['video/*', 'application/octet-stream'],
      maxInFlight: 5,
      urlSeconds: 600,
      expireSeconds: 86_400,
    }),
    PULL_RULES: JSON.stringify({ allowPrivate: false, buckets: [] }),
    CONSOLE_CONFIG: JSON.stringify({
      issuer: 'https://issuer.sluice.example',
      clientId: 'console',
      scope: 'openid',
      groupsClaim: 'groups',
      upload: { maxBytes: 100 * MiB, partBytes: 5 * MiB, types: ['video/*'], maxInFlight: 5 },
    }),
  });
  s3 = new S3Client({ forcePathStyle: true });
  process.env['PULL_QUEUE'] = (
    await new SQSClient({}).send(new CreateQueueCommand({ QueueName: `up-${process.pid}` }))
  ).QueueUrl;
  const engine = new URL(process.env['AWS_ENDPOINT_URL']!);
  const proxy = createServer((request, response) => {
    const part = /partNumber=(\d+)&uploadId=([^&]+)/.exec(request.url ?? '');
    if (part !== null && request.method === 'PUT' && ++puts > gate) {
      request.resume();
      return;
    }
    const { hostname, port } = engine;
    const onward = send(
      { hostname, port, method: request.method, path: request.url, headers: request.headers },
      (answer) => {
        if (part !== null && request.method === 'PUT' && answer.statusCode === 200)
          finished.push(`${part[2]}/${part[1]}`);
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  // Parts are signed for where the functions find S3.
  process.env['AWS_ENDPOINT_URL_S3'] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const { handler: upload } = await import('../../../lambdas/upload/handler.ts');
  const { handler: catalog } = await import('../../../lambdas/catalog/handler.ts');
  platform = await apiServer({ upload, catalog });
  folder = await mkdtemp(join(tmpdir(), 'sluice-upload-'));
  open.push(
    platform.close,
    () => proxy.close(),
    () => proxy.closeAllConnections(),
    () => rm(folder, { recursive: true }),
    close,
  );
}, 180_000);
afterAll(async () => {
  for (const end of open) await end();
});
beforeEach(() => {
  gate = Infinity;
  puts = 0;
  finished.length = 0;
});

interface Ran {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

/** A person's command: with a cache of their own. */
function run(person: string, ...args: readonly string[]): Ran {
  const child = spawn(process.execPath, [join(root, 'local/commands/upload.ts'), ...args, '--url', platform.url], {
    cwd: folder,
    env: { ...process.env, SLUICE_TOKEN: tokenOf(person), SLUICE_CACHE: join(folder, `cache-${person}`) },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output, ended: new Promise((resolve) => child.once('close', resolve)) };
}
const idOf = (output: string) => /\/v\/([a-z0-9]{20})/.exec(output)?.[1] ?? output;
async function arrived(id: string): Promise<Buffer> {
  const { Body } = await s3.send(
    new GetObjectCommand({ Bucket: process.env['SOURCE_BUCKET'], Key: `uploads/${id}/source` }),
  );
  return Buffer.from(await Body!.transformToByteArray());
}
async function made(name: string, bytes: number): Promise<Buffer> {
  const content = randomBytes(bytes);
  await writeFile(join(folder, name), content);
  return content;
}

describe('npm run upload', () => {
  it('killed half way and run again sends no finished part twice', async () => {
    const content = await made('film.mp4', 42 * MiB);
    const day = new Date('2026-01-02T03:04:05Z');
    await utimes(join(folder, 'film.mp4'), day, day);
    gate = 4;
    const first = run('kate', 'film.mp4', '--parts', '2');
    await expect.poll(() => finished.length, { timeout: 30_000 }).toBe(4);
    // Two more are on their way.
    await expect.poll(() => puts, { timeout: 30_000 }).toBe(6);
    first.child.kill('SIGKILL');
    await first.ended;
    gate = Infinity;
    const second = run('kate', 'film.mp4', '--parts', '2');
    expect([await second.ended, second.output()]).toEqual([
      0,
      expect.stringContaining('4 parts of it are there already'),
    ]);
    expect(finished).toHaveLength(9);
    expect(new Set(finished).size).toBe(9);
    expect((await arrived(idOf(second.output()))).equals(content)).toBe(true);
    expect(second.output()).toContain(`${platform.url}/api/play/${idOf(second.output())}/main.m3u8`);

    // And not at all once it is there, under whatever name.
    await copyFile(join(folder, 'film.mp4'), join(folder, 'other.mp4'));
    await utimes(join(folder, 'other.mp4'), day, day);
    const third = run('kate', 'other.mp4');
    expect([await third.ended, idOf(third.output())]).toEqual([0, idOf(second.output())]);
    expect(third.output()).toContain('was sent before');
    expect(finished).toHaveLength(9);
    const fourth = run('kate', 'film.mp4', '--again');
    expect([await fourth.ended, finished.length]).toEqual([0, 18]);
    expect(idOf(fourth.output())).not.toBe(idOf(second.output()));
  }, 120_000);

  it('begins anew with a file that changed since', async () => {
    await made('changing.mp4', 12 * MiB);
    gate = 1;
    const first = run('carl', 'changing.mp4', '--parts', '1');
    await expect.poll(() => puts, { timeout: 30_000 }).toBe(2);
    first.child.kill('SIGKILL');
    await first.ended;
    gate = Infinity;
    const content = await made('changing.mp4', 12 * MiB);
    const second = run('carl', 'changing.mp4');
    expect(await second.ended).toBe(0);
    expect((await arrived(idOf(second.output()))).equals(content)).toBe(true);
  }, 120_000);

  it('takes folders, and says at the end what failed and why', async () => {
    await mkdir(join(folder, 'library/deep'), { recursive: true });
    const [a, b] = [await made('library/a.mp4', 6 * MiB), await made('library/deep/b.mov', 1000)];
    await writeFile(join(folder, 'library/empty.mkv'), '');
    await writeFile(join(folder, 'library/notes.txt'), 'x');
    await writeFile(
      join(folder, 'list.txt'),
      '# what else\n\nhttps://127.0.0.1/secret.mp4?key=hidden\nlibrary/a.mp4\nlibrary/gone.mp4\n',
    );
    const all = run('lena', 'library', '--list', 'list.txt', '--files', '3');
    expect(await all.ended).toBe(1);
    const output = all.output();
    expect(output).toContain('1 other files in the folders are no videos or sound');
    expect(output).toMatch(/3 of 5 failed:\n/);
    expect(output).toMatch(/ {2}library\/gone\.mp4: there is no such file or folder \(in list\.txt\)/);
    expect(output).toMatch(/ {2}library\/empty\.mkv: The file has no bytes/);
    expect(output).toMatch(/ {2}https:\/\/127\.0\.0\.1\/secret\.mp4: .*loopback/);
    expect(output).not.toContain('hidden');
    const ids = [...output.matchAll(/(a\.mp4|b\.mov): \S+\/v\/([a-z0-9]{20})/g)].map((m) => [m[1], m[2]!] as const);
    const sent = Object.fromEntries(
      await Promise.all(ids.map(async ([name, id]) => [name, await arrived(id)] as const)),
    );
    expect([sent['a.mp4']?.equals(a), sent['b.mov']?.equals(b)]).toEqual([true, true]);
  }, 120_000);

  it('says what to do when it cannot begin', async () => {
    await made('short.mp4', 10);
    const nobody = spawn(
      process.execPath,
      [join(root, 'local/commands/upload.ts'), 'short.mp4', '--url', platform.url],
      {
        cwd: folder,
        env: { ...process.env, SLUICE_TOKEN: '' },
      },
    );
    let said = '';
    nobody.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    expect(await new Promise((resolve) => nobody.once('close', resolve))).toBe(2);
    expect(said).toContain('give --token (or SLUICE_TOKEN), or --user');
    const missing = run('mia', 'none.mp4');
    expect([await missing.ended, missing.output()]).toEqual([
      2,
      expect.stringContaining('none.mp4: there is no such file'),
    ]);
    const help = run('mia', '--help');
    expect([await help.ended, help.output()]).toEqual([0, expect.stringContaining('--list FILE')]);
    const wrong = run('mia', 'short.mp4', '--files', '0');
    expect([await wrong.ended, wrong.output()]).toEqual([2, expect.stringContaining('--files: 0 is not')]);
  }, 60_000);

  it('is stopped by Ctrl-C, with a word', async () => {
    await made('long.mp4', 12 * MiB);
    gate = 0;
    const stopped = run('otto', 'long.mp4');
    await expect.poll(() => puts, { timeout: 30_000 }).toBeGreaterThan(0);
    stopped.child.kill('SIGINT');
    expect([await stopped.ended, stopped.output()]).toEqual([130, expect.stringContaining('goes on where it was')]);
  }, 60_000);
});
