/** Child processes: what bounds them, how they are called off, and what is said of their end. */
import { describe, expect, it, vi } from 'vitest';
import { output, ProcessError, run, start, StartError } from '../../lib/process.ts';

describe('running a program', () => {
  const limits = { timeoutMs: 5000, maxBytes: 1000 };

  it('never lets a shell read an argument', async () => {
    const text = '$(id); `id` "quoted" \\ \n&& id';
    const { stdout } = await output('/bin/echo', ['-n', text], { ...limits, memoryBytes: 1e9 });
    expect(stdout.toString()).toBe(text);
  });

  it('bounds time, output, memory and error text', async () => {
    const reason = (work: Promise<unknown>) =>
      work.then(
        () => 'ended well',
        (error: unknown) => (error as ProcessError).reason,
      );
    expect(await reason(output('/bin/sleep', ['5'], { ...limits, timeoutMs: 50 }))).toBe('timeout');
    expect(await reason(output('/bin/sh', ['-c', 'yes'], limits))).toBe('output');
    const hungry = ['-e', 'Buffer.alloc(3e9).fill(1)'];
    expect(await reason(output(process.execPath, hungry, { ...limits, memoryBytes: 2e9 }))).not.toBe('ended well');
    const noisy = start('/bin/sh', ['-c', 'head -c 100000 /dev/zero | tr "\\0" x >&2; echo end >&2; exit 3'], limits);
    noisy.stdout.resume();
    const error = await noisy.done.catch((caught: unknown) => caught as ProcessError);
    expect(error).toMatchObject({ reason: 'exit', code: 3, stderr: expect.stringMatching(/^x{4000,4096}end$/) });
  });
});

describe('calling a program off', () => {
  const reason = new Error('nobody waits for it');
  /** A program that says its own id and that of one it has started, and then does nothing. */
  const parent = (trap = '') => ['-c', `${trap} sleep 60 & echo $$ $!; wait`];
  /** ms: a busy machine takes its time to begin a program, and to reap one. */
  const PATIENCE = 30_000;
  const gone = (pid: number) => vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(/ESRCH/), PATIENCE);
  /** Its two ids, once it has said them. */
  const pids = async (said: () => string) =>
    await vi.waitFor(() => {
      const found = said().trim().split(' ').map(Number);
      expect(found).toHaveLength(2);
      return found as [number, number];
    }, PATIENCE);

  it('gives the reason, at once or before it starts', async () => {
    const stop = new AbortController();
    const running = start('/bin/sleep', ['60'], { signal: stop.signal });
    stop.abort(reason);
    await expect(running.done).rejects.toBe(reason);
    expect(running.ended).toBe(true);
    expect(() => start('/bin/sleep', ['60'], { signal: stop.signal })).toThrow(reason);
    await expect(run('/bin/sleep', ['60'], { signal: stop.signal })).rejects.toBe(reason);
  });

  it('takes what it started along, where it has a group', async () => {
    const stop = new AbortController();
    const group = { graceMs: 10_000 };
    const running = start('/bin/sh', parent(), { together: true, group, signal: stop.signal });
    const both = await pids(running.said);
    stop.abort(reason);
    await expect(running.done).rejects.toBe(reason);
    for (const pid of both) await gone(pid);
  });

  it('waits for one that takes its time, and not longer', async () => {
    const running = start('/bin/sh', parent('trap "" TERM;'), { together: true, group: { graceMs: 0 } });
    const both = await pids(running.said);
    const begin = performance.now();
    await running.end(300);
    expect(performance.now() - begin).toBeGreaterThan(250);
    await expect(running.done).rejects.toMatchObject({ reason: 'signal' });
    for (const pid of both) await gone(pid);
    // Once more does no harm.
    await running.end(300);
  });
});

describe('a tool', () => {
  it('that fails says so with its name, its code and its last words from either output', async () => {
    const failing = run('/bin/sh', ['-c', 'echo out; echo err >&2; exit 4', 'x', 'y']);
    await expect(failing).rejects.toThrow(ProcessError);
    await expect(failing).rejects.toThrow(/^\/bin\/sh -c .* x: exit 4: (out\nerr|err\nout)$/);
    await expect(run('/bin/true', [])).resolves.toBeUndefined();
  });

  it('that is not there is no tool that failed', async () => {
    await expect(run('/nowhere/tool', [])).rejects.toThrow(StartError);
    const running = start('/nowhere/tool', []);
    await expect(running.done).rejects.toThrow('cannot run /nowhere/tool');
    expect(running.ended).toBe(true);
    await running.end(0);
  });

  it('is heard line by line, whole characters only', async () => {
    const lines: string[] = [];
    const script = "printf 'one\\n\\303'; sleep 0.1; printf '\\244\\nrest'";
    await start('/bin/sh', ['-c', script], { together: true, onLine: (line) => lines.push(line) }).done;
    expect(lines).toEqual(['one', 'ä']);
  });

  it('is given environment and folder, and its last words are bounded', async () => {
    const running = start('/bin/sh', ['-c', 'pwd; echo $WORD; head -c 100 /dev/zero | tr "\\0" x'], {
      cwd: '/',
      env: { PATH: process.env['PATH'], WORD: 'hello' },
      together: true,
      keptBytes: 110,
    });
    await running.done;
    expect(running.said()).toBe(`/\nhello\n${'x'.repeat(100)}`.slice(-110));
  });
});
