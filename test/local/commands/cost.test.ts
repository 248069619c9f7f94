/** `npm run cost` as a person runs it. */
import { execFile } from 'node:child_process';
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

  it('takes options of a deployment, and refuses what is none', { timeout: 120_000 }, async () => {
    const [all, quiet, misspelt, nothing] = await Promise.all([
      cost('--idle', '-e', 'dev'),
      cost('--idle', '-e', 'dev', '-c', 'operations.alarms=false'),
      cost('--idle', '-c', 'operation.alarms=false'),
      cost(),
    ]);
    const total = ({ stdout }: { stdout: string }) => Number(/total without live: \$([\d.]+)/.exec(stdout)![1]);
    expect(all.stdout).toContain('A month of dev');
    // Alarms beyond the ten that are free.
    expect(total(all) - total(quiet)).toBeGreaterThan(1);
    expect(misspelt).toMatchObject({ code: 1, stderr: expect.stringContaining('operation.alarms: no such option') });
    expect(nothing).toMatchObject({ code: 2, stderr: expect.stringContaining('--idle') });
  });
});
