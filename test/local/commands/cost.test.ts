/** `npm run cost` as a person runs it. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const command = fileURLToPath(new URL('../../../local/commands/cost.ts', import.meta.url));

async function cost(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await run(process.execPath, [command, ...args])) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

describe('npm run cost -- --idle', () => {
  it('ends in the two totals, the first of which is under five dollars for prod', { timeout: 120_000 }, async () => {
    const { code, stdout, stderr } = await cost('--idle');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [without, both] = stdout.trimEnd().split('\n').slice(-2);
    expect(without).toMatch(/^total without live: \$\d+\.\d\d$/);
    expect(both).toMatch(/^total with live: \$\d+\.\d\d$/);
    expect(Number(without!.split('$')[1])).toBeLessThan(5);
    expect(Number(both!.split('$')[1])).toBeGreaterThan(100);
  });

  it('refuses an option that there is not, and asks what is wanted', { timeout: 120_000 }, async () => {
    const [misspelt, nothing] = await Promise.all([cost('--idle', '-c', 'operation.alarms=false'), cost()]);
    expect(misspelt).toMatchObject({ code: 1, stderr: expect.stringContaining('operation.alarms: no such option') });
    expect(nothing).toMatchObject({ code: 2, stderr: expect.stringContaining('--idle') });
  });

  it('takes no load beside it', { timeout: 120_000 }, async () => {
    const refused = await Promise.all([
      cost('--idle', '--uploads', '5', '--viewers', '2'),
      cost('--idle', '--load', '/nowhere/load.json'),
      cost('--idle', '--setting', 'uploads=1,2'),
    ]);
    expect(refused.map(({ code, stdout, stderr }) => [code, stdout, stderr.split('\n')[0]])).toEqual([
      [2, '', '--idle takes no load: nobody does anything. Leave out --uploads, --viewers, or --idle.'],
      [2, '', '--idle takes no load: nobody does anything. Leave out --load, or --idle.'],
      [2, '', '--idle takes no load: nobody does anything. Leave out --setting, or --idle.'],
    ]);
  });
});

describe('npm run cost -- --setting', () => {
  it('names one that there is not before it asks for a load, and those there are', { timeout: 120_000 }, async () => {
    const [bogus, known] = await Promise.all([
      cost('--setting', 'bogus=1,2'),
      cost('--setting', 'slicing.segmentSeconds=2,6'),
    ]);
    expect(bogus).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^--setting bogus: no such/) });
    expect(bogus.stderr).toMatch(/^uploads, .+, slicing\.segmentSeconds, /m);
    expect(known).toMatchObject({ code: 2, stderr: expect.stringMatching(/^What load\?/) });
  });
});

describe('npm run cost with a load', () => {
  it('takes it from a file and from options, which count more', { timeout: 120_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-cost-'));
    const file = join(folder, 'load.json');
    await writeFile(file, JSON.stringify({ uploads: 500, viewers: 7 }));
    const { code, stdout, stderr } = await cost('--load', file, '--viewers', '2000');
    await rm(folder, { recursive: true });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('uploads 500, minutes 10');
    expect(stdout).toContain('viewers 2000');
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^total: \$[\d,.]+ at list price, /);
  });

  it('says what is wrong of one', { timeout: 120_000 }, async () => {
    const [file, name] = await Promise.all([cost('--load', '/nowhere/load.json'), cost('--viewer', '3')]);
    expect(file).toMatchObject({ code: 1, stderr: expect.stringContaining('/nowhere/load.json is no load') });
    expect(name).toMatchObject({ code: 2, stderr: expect.stringContaining("'--viewer'") });
  });
});
