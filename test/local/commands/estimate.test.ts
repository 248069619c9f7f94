/** `npm run estimate` as a person runs it, on files that ffmpeg made. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ffmpeg, H264, picture, tone, workFolder } from '../../lambdas/slicing/media.ts';

const run = promisify(execFile);
const command = fileURLToPath(new URL('../../../local/commands/estimate.ts', import.meta.url));

async function estimate(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await run(process.execPath, [command, ...args])) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

let files: Awaited<ReturnType<typeof workFolder>>;
let film: string;
beforeAll(async () => {
  files = await workFolder();
  film = join(files.folder, 'film.mp4');
  await ffmpeg(...picture(20, '640x360'), ...tone(20), ...H264, '-g', '30', '-c:a', 'aac', film);
}, 600_000);
afterAll(() => files.remove());

/** Dollars of a row: slicing, and storage a month. */
const row = (stdout: string, name: string): number[] => {
  const line = stdout.split('\n').find((one) => one.startsWith(name)) ?? '';
  return line
    .split('$')
    .slice(1)
    .map((part) => Number(part.trim().split(' ')[0]));
};

describe('npm run estimate', () => {
  it(
    'prints dollars of slicing and storage, beside MediaConvert and two hosted services',
    { timeout: 120_000 },
    async () => {
      const { code, stdout } = await estimate(film);
      expect(code).toBe(0);
      expect(stdout).toContain('640x360, 30 frames/s, h264, aac; 20 seconds');
      expect(stdout).toMatch(/ladder: 360p copied, 234p, sound; \d+ tasks/);
      const [ours, stored] = row(stdout, 'Sluice, x86_64, veryfast');
      const [theirs] = row(stdout, 'MediaConvert, Basic tier');
      expect(ours).toBeGreaterThan(0);
      expect(stored).toBeGreaterThan(0);
      // Two SD pictures and a sound: 20 s at 0.0075 dollars a minute each, and a third of it.
      const minutes = (20 / 60) * 0.0075 * (2 + 1 / 3);
      expect(theirs).toBeGreaterThan(minutes);
      expect(theirs).toBeLessThan(minutes * 1.3);
      expect(row(stdout, 'Mux')).toEqual([0, Number((0.0024 / 3).toFixed(4))]);
      expect(row(stdout, 'Cloudflare Stream')).toEqual([0, Number((0.005 / 3).toFixed(4))]);
    },
  );

  it('takes the options of a deployment, and says when that would refuse it', { timeout: 120_000 }, async () => {
    const chosen = await estimate(film, '-c', 'architecture=arm64', '-c', 'slicing.ladder=[234]');
    expect(chosen.stdout).toContain('Sluice, arm64');
    expect(chosen.stdout).toContain('ladder: 234p, sound');
    const long = join(files.folder, 'long.mp4');
    await ffmpeg(...picture(3600, '16x16', '1'), ...H264, '-g', '10', long);
    const refused = await estimate(long, '-c', 'slicing.maxDollarsPerVideo=0.01', '-c', 'slicing.copyMaxMbps=0');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/would refuse it: .*\$0\.0\d+.*\$0\.010/);
  });

  it('finds frames where they are as the functions do, and asks which engine the deployment takes', async () => {
    const path = join(files.folder, 'long.mkv');
    await ffmpeg(...picture(400, '64x36', '5'), ...H264, '-g', '20', path);
    const ceiling = ['-c', 'slicing.maxDollarsPerVideo=0.01'];
    const own = await estimate(path, ...ceiling);
    expect(own.code).toBe(0);
    expect(own.stdout).toMatch(/ladder: 36p copied; \d+ tasks?\n/);
    expect(own.stdout).toContain('takes its own functions for it (slicing.engine=encode)');
    const theirs = await estimate(path, ...ceiling, '-c', 'slicing.engine=mediaconvert');
    expect(theirs.stdout).toContain('takes MediaConvert for it (slicing.engine=mediaconvert)');
    expect(theirs).toMatchObject({ code: 1, stderr: expect.stringMatching(/would refuse it: .*\$0\.0\d+.*\$0\.010/) });
  }, 120_000);

  it.each([
    ['no file', [], 2, /Which file\?/],
    ['a file that is not there', ['nowhere.mp4'], 2, /There is no nowhere\.mp4/],
    ['a folder', ['.'], 2, /is no file/],
    ['an option that is none', ['x.mp4', '-c', 'slicing.fast=1'], 1, /slicing\.fast: no such option/],
    ['an option of no block', ['x.mp4', '-c', 'nope=1'], 1, /nope: no such option/],
    ['an environment that is none', ['x.mp4', '--env', 'nowhere'], 1, /"nowhere" is not one of/],
    ['a flag that is none', ['--fast'], 2, /npm run estimate -- FILE/],
  ] as const)('%s: says what to do', { timeout: 60_000 }, async (_, args, code, text) => {
    expect(await estimate(...args)).toMatchObject({ code, stderr: expect.stringMatching(text) });
  });

  it(
    'refuses what is no video, with the sentence an uploader would read, and explains itself',
    { timeout: 60_000 },
    async () => {
      const notes = join(files.folder, 'notes.txt');
      await writeFile(notes, 'no film\n'.repeat(100));
      expect(await estimate(notes)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/refuse this file \(not-video\)/),
      });
      expect(await estimate('--help')).toMatchObject({ code: 0, stdout: expect.stringMatching(/--env/) });
    },
  );
});
