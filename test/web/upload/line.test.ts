import { describe, expect, it } from 'vitest';
import { ApiProblem } from '../../../web/src/api/problem.ts';
import {
  codeIn,
  Line,
  StorageProblem,
  troubleOf,
  Unreadable,
  waitAfter,
  type Trouble,
} from '../../../web/src/upload/line.ts';

const never = new AbortController().signal;

/** A browser that is online, or not. */
function browser() {
  const events = new EventTarget();
  const state = { isOnline: true };
  const go = (isOnline: boolean) => {
    state.isOnline = isOnline;
    events.dispatchEvent(new Event(isOnline ? 'online' : 'offline'));
  };
  return { line: new Line({ events, isOnline: () => state.isOnline }), go };
}

describe('what passes by itself', () => {
  it.each([
    ['no answer of the API', new ApiProblem(0, {}), 'unreachable'],
    ['no answer of the storage', new StorageProblem(0), 'unreachable'],
    ['what fetch throws', new TypeError('Failed to fetch'), 'unreachable'],
    ['a time that is over', new DOMException('over', 'TimeoutError'), 'unreachable'],
    ['a server that stumbles', new ApiProblem(500, {}), 'server'],
    ['API Gateway, which gave up', new ApiProblem(503, {}), 'server'],
    ['storage that asks to slow down', new StorageProblem(503), 'server'],
    ['an address that has ended', new StorageProblem(403), 'server'],
    ['a part that came too slowly', new StorageProblem(400, 'RequestTimeout'), 'server'],
    ['too many at once', new ApiProblem(429, { detail: 'Too many.' }), 'busy'],
  ])('%s', (_, error, kind) => expect(troubleOf(error)?.kind).toBe(kind));

  it.each([
    ['a refusal', new ApiProblem(403, {})],
    ['an upload that is gone', new ApiProblem(410, { code: 'upload-gone' })],
    ['a sign-in that has ended', new ApiProblem(401, {})],
    ['a part that is not there', new StorageProblem(404)],
    ['a file that is gone', new Unreadable('gone')],
    ['a fault of ours', new Error('ours')],
  ])('but not %s', (_, error) => expect(troubleOf(error)).toBeUndefined());

  it('waits longer each time, 15 s at most', () => {
    expect([1, 2, 3, 4, 5, 6, 50].map((failures) => waitAfter(failures, 1))).toEqual([
      500, 1000, 2000, 4000, 8000, 15_000, 15_000,
    ]);
    expect(waitAfter(1, 0)).toBe(375);
  });
});

describe('trying again', () => {
  it('goes on until it succeeds, and says why it waits', async () => {
    const { line } = browser();
    const told: Trouble[] = [];
    let tries = 0;
    const work = async () => {
      tries += 1;
      if (tries === 1) throw new ApiProblem(500, {});
      return 'done';
    };
    expect(await line.again(work, never, (trouble) => told.push(trouble))).toBe('done');
    expect(told).toEqual([{ kind: 'server', status: 500 }]);
  });

  it('ends at once with what does not pass', async () => {
    const { line } = browser();
    const refused = new ApiProblem(403, {});
    await expect(
      line.again(
        () => Promise.reject(refused),
        never,
        () => {},
      ),
    ).rejects.toBe(refused);
  });

  it('stops what hangs when the network goes, calls that offline, and goes on the moment it is back', async () => {
    const { line, go } = browser();
    const told: Trouble[] = [];
    const hanging: AbortSignal[] = [];
    let answer: (text: string) => void = () => {};
    const work = (signal: AbortSignal) =>
      new Promise<string>((resolve, reject) => {
        hanging.push(signal);
        answer = resolve;
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    const done = line.again(work, never, (trouble) => {
      told.push(trouble);
      // Longer than any wait of a first failure is not needed: the event alone ends it.
      if (trouble.kind === 'offline') queueMicrotask(() => setTimeout(() => go(true)));
    });
    go(false);
    await expect.poll(() => hanging.length).toBe(2);
    expect(hanging[0]!.aborted).toBe(true);
    expect(told).toEqual([{ kind: 'offline' }]);
    answer('done');
    expect(await done).toBe('done');
  });

  it('goes on the moment somebody asks for it', async () => {
    const { line } = browser();
    let tries = 0;
    const done = line.again(
      async () => {
        tries += 1;
        // By now the next wait would be of minutes of failures.
        if (tries < 8) throw new TypeError('no network');
        return tries;
      },
      never,
      () => setTimeout(() => line.nudge()),
    );
    expect(await done).toBe(8);
  });

  it.each(['RequestTimeout', 'IncompleteBody', 'BadDigest', 'ExpiredToken'])(
    'goes on as long as it takes where storage says that a part did not come whole in time: %s',
    async (code) => {
      const { line } = browser();
      let tries = 0;
      const done = line.again(
        async () => {
          tries += 1;
          if (tries < 12) throw new StorageProblem(400, code);
          return tries;
        },
        never,
        () => setTimeout(() => line.nudge()),
      );
      expect(await done).toBe(12);
    },
  );

  it('of what storage says that nobody knows, tries five times more, whatever else went wrong between', async () => {
    const { line } = browser();
    let tries = 0;
    const done = line.again(
      () => {
        tries += 1;
        return Promise.reject(tries % 2 === 0 ? new TypeError('no network') : new StorageProblem(400, 'Odd'));
      },
      never,
      () => setTimeout(() => line.nudge()),
    );
    await expect(done).rejects.toThrow('The storage refused a part of it (HTTP 400, Odd).');
    expect(tries).toBe(11);
  });

  it('reads what S3 calls it', () => {
    const document =
      '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>RequestTimeout</Code><Message>…</Message></Error>';
    expect(codeIn(document)).toBe('RequestTimeout');
    expect(codeIn('<html>Bad request</html>')).toBe('');
  });

  it('ends with its signal, also while it waits', async () => {
    const { line } = browser();
    const stop = new AbortController();
    const why = new Error('cancelled');
    const done = line.again(
      () => Promise.reject(new TypeError('no network')),
      stop.signal,
      () => setTimeout(() => stop.abort(why)),
    );
    await expect(done).rejects.toBe(why);
  });
});
