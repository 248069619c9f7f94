/** How our programs are started: what happens to them when the npm that started them is killed. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

const runs = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it('ends with the npm that started it, however that ended', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-run-'));
  try {
    const [program, note] = [join(folder, 'program.mjs'), join(folder, 'pid')];
    await writeFile(
      program,
      `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(note)}, String(process.pid)); setInterval(() => {}, 1000);`,
    );
    const start = `require('node:child_process').spawn(process.execPath, ${JSON.stringify([join(root, 'local/run.mjs'), relative(root, program)])})`;
    const npm = spawn(process.execPath, ['-e', start], { env: { ...process.env, npm_lifecycle_event: 'upload' } });
    const pid = async () => Number(await readFile(note, 'utf8').catch(() => '0'));
    await expect.poll(pid, { timeout: 30_000 }).toBeGreaterThan(0);
    const started = await pid();
    expect(runs(started)).toBe(true);
    npm.kill('SIGKILL');
    await expect.poll(() => runs(started), { timeout: 30_000 }).toBe(false);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
