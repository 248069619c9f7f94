import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isHeard } from '../../../../containers/ingest/src/sound/heard.ts';
import { Listener } from '../../../../containers/ingest/src/sound/listener.ts';
import {
  Sounds,
  type EncodedUnit,
  type Sound,
  type SoundsOptions,
} from '../../../../containers/ingest/src/sound/sounds.ts';
import { Step } from '../../../../containers/ingest/src/sound/step.ts';
import { SoundThread, type Thread } from '../../../../containers/ingest/src/sound/thread.ts';
import type { AudioUnit } from '../../../../containers/ingest/src/media/unit.ts';
import type { Batch, Encoded } from '../../../../containers/ingest/src/sound/messages.ts';
import { bundleIngest } from '../../../../lib/constructs/ingest-image.ts';
import { isFirst } from '../../../../lambdas/playback/live/watching.ts';
import { lacks } from '../streams.ts';
import { amplitude, AMPLITUDE, decodeAac, packets, signal } from './signals.ts';

const unit = (timestamp: number, data: Buffer = Buffer.alloc(320, 0xd5)): AudioUnit => ({
  kind: 'audio',
  codec: 'g711a',
  timestamp,
  receivedAt: timestamp,
  data,
});

describe('whether sound is worth encoding', () => {
  const now = Date.parse('2026-08-01T10:00:00Z');
  const record = (live: 'always' | 'on-demand', sound?: boolean, watched?: string) => ({
    channels: [{ number: 1, name: 'Front', live, stream: 'main' as const, ...(sound !== undefined && { sound }) }],
    watched: watched === undefined ? {} : { '1': watched },
  });
  it.each([
    ['an on-demand stream runs for who watches it', record('on-demand'), true],
    ['nobody watches', record('always'), false],
    ['nobody watches, and its recording needs none', record('always', false), false],
    ['recorded with sound', record('always', true), true],
    ['watched', record('always', false, '2026-08-01T10:00:01Z'), true],
    ['watched a moment ago', record('always', false, '2026-08-01T09:59:55Z'), true],
    ['watched earlier', record('always', false, '2026-08-01T09:59:00Z'), false],
    ['what no time is', record('always', false, 'soon'), false],
    ['a channel that is gone', { channels: [], watched: { '1': '2026-08-01T11:00:00Z' } }, false],
  ])('%s', (_, about, heard) => expect(isHeard(about, 1, now)).toBe(heard));

  it('and whether its task is to be told: when it would not know', () => {
    const channel = { number: 1 };
    expect(isFirst({ watched: {} }, channel, now)).toBe(true);
    expect(isFirst({ watched: { '1': '2026-08-01T09:00:00Z' } }, channel, now)).toBe(true);
    expect(isFirst({ watched: { '1': '2026-08-01T11:00:00Z' } }, channel, now)).toBe(false);
    expect(isFirst({ watched: {} }, { ...channel, sound: true }, now)).toBe(false);
  });
});

describe('keeping in step', () => {
  it('corrects what is off for a second, by the least of it, and waits until that is heard', () => {
    const step = new Step();
    expect([step.report(40, 0), step.report(60, 0)]).toEqual([undefined, undefined]);
    expect(step.report(80, 0)).toEqual({ ms: 40, count: 1 });
    for (let i = 0; i < 20; i += 1) expect(step.report(80, 0)).toBeUndefined();
    const reports = Array.from({ length: 8 }, () => step.report(-20, 1));
    expect(reports.slice(0, 7).every((report) => report === undefined)).toBe(true);
    expect(reports[7]).toEqual({ ms: -20, count: 2 });
  });
  it('lets be what is near enough', () => {
    const step = new Step();
    for (let i = 0; i < 50; i += 1) expect(step.report(i % 2 === 0 ? 14 : -14, 0)).toBeUndefined();
  });
});

/** A thread that answers when it is told to: one frame for each packet. */
class FakeThread implements Thread {
  readonly batches: Batch[] = [];
  #answer: ((encoded: Encoded) => void) | undefined;
  isEnded = false;
  readonly fail: (error: unknown) => void;
  constructor(fail: (error: unknown) => void) {
    this.fail = fail;
  }
  post(batch: Batch, answer: (encoded: Encoded) => void): void {
    this.batches.push(batch);
    this.#answer = answer;
  }
  answer(): void {
    const { sounds } = this.batches.at(-1)!;
    const frames = sounds.map(({ id, timestamp, receivedAt }, i) => {
      return { id, timestamp, receivedAt, shifts: 0, start: i, end: i + 1 };
    });
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.({ frames, bytes: new Uint8Array(sounds.length), sounds: sounds.length, faults: [] });
  }
  end(): void {
    this.isEnded = true;
  }
}

describe('the queue of sounds', () => {
  const threads: FakeThread[] = [];
  let counts: Record<string, number>;
  let failures: string[];
  let sounds: Sounds;
  let options: SoundsOptions;
  const taken: EncodedUnit[] = [];
  const open = (): Sound => sounds.open((one) => taken.push(one))!;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    threads.length = 0;
    taken.length = 0;
    counts = {};
    failures = [];
    options = {
      most: 3,
      metrics: { add: (name, by) => (counts[name] = (counts[name] ?? 0) + (by ?? 1)) },
      log: { failure: (kind) => failures.push(kind) },
      thread: (ended) => {
        threads.push(new FakeThread(ended));
        return threads.at(-1)!;
      },
    };
    sounds = new Sounds(options);
  });
  afterEach(() => vi.useRealTimers());

  it('starts its thread with the first packet, and sends one batch at a time', () => {
    const [one, two] = [open(), open()];
    vi.advanceTimersByTime(100);
    expect(threads).toHaveLength(0);
    const data = Buffer.from([1, 2, 3]);
    one.push(unit(0, data));
    data.fill(9); // the socket's buffer is written again
    two.push(unit(5, Buffer.from([4, 5])));
    vi.advanceTimersByTime(40);
    one.push(unit(40));
    vi.advanceTimersByTime(400);
    expect(threads).toHaveLength(1);
    expect(threads[0]!.batches).toHaveLength(1);
    const { sounds: sent, bytes } = threads[0]!.batches[0]!;
    expect(sent.map(({ id, timestamp, start, end }) => [id, timestamp, ...bytes.subarray(start, end)])).toEqual([
      [1, 0, 1, 2, 3],
      [2, 5, 4, 5],
    ]);
    threads[0]!.answer();
    expect(taken.map(({ timestamp, frames }) => [timestamp, frames.length])).toEqual([
      [0, 1],
      [5, 1],
    ]);
    vi.advanceTimersByTime(40);
    expect(threads[0]!.batches[1]!.sounds.map(({ timestamp }) => timestamp)).toEqual([40]);
    expect(counts).toEqual({ encodedSounds: 2 });
  });

  it('drops the oldest of a stream that waits, and of all', () => {
    const one = open();
    one.push(unit(-1));
    vi.advanceTimersByTime(40);
    for (let i = 0; i < 100; i += 1) one.push(unit(i));
    expect(counts['droppedSounds']).toBe(36);
    threads[0]!.answer();
    vi.advanceTimersByTime(40);
    expect(threads[0]!.batches[1]!.sounds.map(({ timestamp }) => timestamp)).toEqual(
      Array.from({ length: 64 }, (_, i) => 36 + i),
    );
    const large = Buffer.alloc(16 * 1024);
    for (let i = 0; i < 5; i += 1) one.push(unit(i, large));
    threads[0]!.answer();
    vi.advanceTimersByTime(40);
    expect(threads[0]!.batches[2]!.sounds.map(({ timestamp }) => timestamp)).toEqual([3, 4]);
    one.push(unit(0, Buffer.alloc(large.length + 1)));
    expect(counts['droppedSounds']).toBe(36 + 3 + 1);
  });

  it('holds so many bytes of all streams: the largest goes first', () => {
    const many = new Sounds({ ...options, most: 200 });
    const streams = Array.from({ length: 150 }, () => many.open(() => {})!);
    streams[149]!.push(unit(0));
    for (const stream of streams.slice(0, 149)) {
      for (let i = 0; i < 2; i += 1) stream.push(unit(i, Buffer.alloc(16 * 1024)));
    }
    vi.advanceTimersByTime(40);
    const { sounds: sent, bytes } = threads[0]!.batches[0]!;
    expect(bytes.length).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(bytes.length).toBeGreaterThan(4 * 1024 * 1024 - 16 * 1024);
    expect(sent.length).toBe(299 - counts['droppedSounds']!);
    expect(sent.at(-1)).toMatchObject({ id: 150 });
  });

  it('takes so many streams, and frees what is over', () => {
    const [one] = [open(), open(), open()];
    expect(sounds.open(() => {})).toBeUndefined();
    one.push(unit(0));
    vi.advanceTimersByTime(40);
    one.end();
    one.end();
    const four = open();
    threads[0]!.answer();
    expect(taken).toEqual([]);
    four.push(unit(0));
    vi.advanceTimersByTime(40);
    expect(threads[0]!.batches[1]).toMatchObject({ ended: [1], sounds: [{ id: 4 }] });
  });

  it('tells the encoder of its corrections once', () => {
    const one = open();
    for (let i = 0; i < 3; i += 1) {
      one.push(unit(i));
      vi.advanceTimersByTime(40);
      threads[0]!.answer();
      taken.at(-1)!.placed(30);
    }
    taken.at(-1)!.placed(undefined);
    expect(counts['droppedSounds']).toBe(1);
    for (let i = 0; i < 2; i += 1) {
      one.push(unit(i));
      vi.advanceTimersByTime(40);
      threads[0]!.answer();
    }
    expect(threads[0]!.batches.map(({ shifts }) => shifts)).toEqual([[], [], [], [{ id: 1, ms: 30, count: 1 }], []]);
  });

  it('is silent when the thread fails, counts it, and tries again after longer and longer', () => {
    const one = open();
    const tries: number[] = [];
    for (let second = 0; second < 20; second += 0.04) {
      one.push(unit(second * 1000));
      vi.advanceTimersByTime(40);
      const thread = threads.at(-1)!;
      if (!thread.isEnded) {
        tries.push(Math.round(second));
        thread.fail(new Error('trap'));
        thread.fail(new Error('late'));
        expect(thread.isEnded).toBe(true);
      }
    }
    expect(tries).toEqual([0, 1, 3, 7, 15]);
    expect(counts['soundFaults']).toBe(5);
    expect(failures).toEqual(tries.map(() => 'sound-worker'));
    expect(taken).toEqual([]);
    expect(counts['droppedSounds']).toBeGreaterThan(490);
    vi.advanceTimersByTime(60_000);
    one.push(unit(0));
    vi.advanceTimersByTime(40);
    threads.at(-1)!.answer();
    expect(taken).toHaveLength(1);
  });

  it('ends a thread that does not answer, and one that has nothing to do', () => {
    const one = open();
    one.push(unit(0));
    vi.advanceTimersByTime(40);
    vi.advanceTimersByTime(9900);
    sounds.tick(performance.now());
    expect(threads[0]!.isEnded).toBe(false);
    vi.advanceTimersByTime(200);
    sounds.tick(performance.now());
    expect([threads[0]!.isEnded, counts['soundFaults']]).toEqual([true, 1]);
    // Its answer comes after all.
    threads[0]!.answer();
    expect(taken).toEqual([]);
    vi.advanceTimersByTime(2000);
    one.push(unit(0));
    vi.advanceTimersByTime(40);
    threads[1]!.answer();
    vi.advanceTimersByTime(59_000);
    sounds.tick(performance.now());
    expect(sounds.running).toBe(true);
    vi.advanceTimersByTime(2000);
    sounds.tick(performance.now());
    expect([sounds.running, threads[1]!.isEnded, counts['soundFaults']]).toEqual([false, true, 1]);
    one.push(unit(0));
    vi.advanceTimersByTime(40);
    expect(threads).toHaveLength(3);
    sounds.close();
    one.push(unit(0));
    vi.advanceTimersByTime(100);
    expect([threads.length, threads[2]!.isEnded]).toEqual([3, true]);
  });

  it('is not asked for what nobody hears', () => {
    const listener = new Listener(
      sounds,
      { add: (name, by) => (counts[name] = (counts[name] ?? 0) + (by ?? 1)) },
      () => {},
    );
    listener.push(unit(0));
    expect(counts).toEqual({ unheardSounds: 1 });
    listener.isHeard = true;
    listener.push(unit(0));
    vi.advanceTimersByTime(40);
    expect(threads[0]!.batches).toHaveLength(1);
    threads[0]!.answer();
    listener.isHeard = false;
    listener.push(unit(0));
    expect(counts).toEqual({ unheardSounds: 2, encodedSounds: 1 });
    for (let i = 0; i < 3; i += 1) open();
    listener.isHeard = true;
    listener.push(unit(0));
    expect(counts['droppedSounds']).toBe(1);
  });
});

const need = lacks('aac');
describe.skipIf(need !== '')(`the worker${need}`, () => {
  const pcm = signal(3000, () => true);
  const sent = packets('g711a', pcm);
  const batch = (): Batch => ({
    sounds: sent.map((_, i) => {
      const place = { start: i * 320, end: i * 320 + 320 };
      return { id: 1, codec: 'g711a' as const, timestamp: i * 40, receivedAt: 0, ...place };
    }),
    bytes: new Uint8Array(Buffer.concat(sent)),
    shifts: [],
    ended: [],
  });
  const ask = (thread: Thread, what: Batch) => new Promise<Encoded>((resolve) => thread.post(what, resolve));

  it('as it is bundled for the image, from files beside the bundle, encodes what it is given', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-bundle-'));
    const failed = vi.fn<(error: unknown) => void>();
    try {
      bundleIngest(folder);
      const file = (name: string) => pathToFileURL(join(folder, name));
      const thread = new SoundThread(failed, {
        worker: file('sound-worker.mjs'),
        encoder: file('aac-encoder.mjs'),
      });
      const { frames, bytes, sounds, faults } = await ask(thread, batch());
      expect([sounds, faults, failed.mock.calls]).toEqual([75, [], []]);
      const tone = decodeAac(frames.map(({ start, end }) => bytes.subarray(start, end)));
      expect(amplitude(tone.subarray(8000, 16_000)) / AMPLITUDE).toBeCloseTo(1, 1);
      thread.end();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('that fails says so, once', async () => {
    const missing = new URL('./there-is-no-such-file.mjs', import.meta.url);
    const worker = new URL('../../../../containers/ingest/src/sound/worker.ts', import.meta.url);
    const errors: unknown[] = [];
    await new Promise<void>((resolve) => {
      const thread = new SoundThread(
        (error) => {
          errors.push(error);
          setTimeout(resolve, 100);
        },
        { worker, encoder: missing },
      );
      thread.post(batch(), () => errors.push('answered'));
    });
    expect(errors).toHaveLength(1);
    expect(String(errors[0])).toContain('there-is-no-such-file');
  });

  it('whose program breaks is replaced, and sound comes back', async () => {
    const counts: Record<string, number> = {};
    const failures: unknown[] = [];
    let batches = 0;
    const sounds = new Sounds({
      most: 1,
      metrics: { add: (name, by) => (counts[name] = (counts[name] ?? 0) + (by ?? 1)) },
      log: { failure: (_, error) => failures.push(error) },
      thread: (ended) => {
        const thread = new SoundThread(ended);
        return {
          end: () => thread.end(),
          post: (what, answer) => {
            batches += 1;
            // What no encoder is to blame for.
            thread.post(batches === 3 ? { ...what, sounds: [undefined as never] } : what, answer);
          },
        };
      },
    });
    let heard = 0;
    const sound = sounds.open(() => (heard += 1))!;
    const began = performance.now();
    let before = 0;
    // On a busy machine the thread takes seconds to begin.
    for (let i = 0; performance.now() - began < 45_000 && (failures.length === 0 || heard <= before + 5); i += 1) {
      sound.push(unit(i * 40));
      if (failures.length === 0) before = heard;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(failures).toHaveLength(1);
    expect(counts['soundFaults']).toBe(1);
    expect(heard).toBeGreaterThan(before + 5);
    // For a second there was none.
    expect(performance.now() - began).toBeGreaterThan(1000);
    sounds.close();
  });

  it('runs from the sources, and keeps streams apart', async () => {
    const thread = new SoundThread(() => {});
    const both = batch();
    const other = both.sounds.map((sound) => ({ ...sound, id: 2, timestamp: sound.timestamp + 1e6 }));
    const { frames } = await ask(thread, { ...both, sounds: [...both.sounds, ...other] });
    const of = (id: number) => frames.filter((frame) => frame.id === id);
    expect(of(1).map(({ timestamp }) => timestamp + 1e6)).toEqual(of(2).map(({ timestamp }) => timestamp));
    const again = await ask(thread, { ...batch(), ended: [1] });
    // Begun anew, what sounds before the first packet comes first.
    expect(again.frames[0]!.timestamp).toBe(-128);
    thread.end();
  });
});
