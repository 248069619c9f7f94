/** Decisions of the steps: who has a source, what is transient, what a line of progress says, what a refused file reads like. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../../lambdas/slicing/claim.ts';
import { readEbml } from '../../../lambdas/slicing/ebml.ts';
import { parseProgress, percent } from '../../../lambdas/slicing/progress.ts';
import { spokenBytes, spokenDuration, spokenStretch } from '../../../lambdas/slicing/refusal.ts';
import { isThrottled } from '../../../lambdas/shared/throttled.ts';
import { isTransient, step, ThrottledError, TransientError } from '../../../lambdas/slicing/transient.ts';
import { parseList } from '../../../lambdas/slicing/ts.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';

const record = (status: VideoRecord['status'], execution?: string) =>
  ({ status, ...(execution !== undefined && { slicing: { execution, revision: 1 } }) }) as VideoRecord;

describe('who has a source', () => {
  const rows: [what: string, record: VideoRecord | undefined, decision: string][] = [
    ['no record', undefined, 'missing'],
    ['a deleted video', record('deleted', 'me'), 'missing'],
    ['a fresh upload', record('uploading'), 'claim'],
    ['an upload that says it is complete', record('uploaded'), 'claim'],
    ['my own claim, retried', record('uploaded', 'me'), 'continue'],
    ['my own refusal, retried', record('failed', 'me'), 'continue'],
    ["another run's claim", record('uploaded', 'other'), 'duplicate'],
    ["another run's finished video", record('ready', 'other'), 'duplicate'],
    ['a failed video that nobody claimed', record('failed'), 'duplicate'],
  ];
  it.each(rows)('%s', (_, found, decision) => {
    expect(decide(found, 'me')).toBe(decision);
  });
});

describe('what may go away by itself', () => {
  const rows: [what: string, error: unknown, transient: boolean, throttled: boolean][] = [
    ['503', { $metadata: { httpStatusCode: 503 } }, true, false],
    ['429', { $metadata: { httpStatusCode: 429 } }, true, true],
    ["S3's way to throttle", { name: 'SlowDown', $metadata: { httpStatusCode: 503 } }, true, true],
    [
      "DynamoDB's way",
      { name: 'ProvisionedThroughputExceededException', $metadata: { httpStatusCode: 400 } },
      true,
      true,
    ],
    ['a throttle the SDK knows', { $retryable: { throttling: true } }, true, true],
    ['what the SDK would try again', { $retryable: {} }, true, false],
    ['an entry the event bus throttled', Object.assign(new Error('x'), { name: 'ThrottlingException' }), true, true],
    ['an entry the event bus failed at', Object.assign(new Error('x'), { name: 'InternalFailure' }), true, false],
    ['a broken connection', { code: 'ECONNRESET' }, true, false],
    ['403', { $metadata: { httpStatusCode: 403 } }, false, false],
    ['412: the object was replaced', { $metadata: { httpStatusCode: 412 } }, false, false],
    ['a bug', new TypeError('x'), false, false],
    ['nothing', undefined, false, false],
  ];
  it.each(rows)('%s', (_, error, transient, throttled) => {
    expect([isTransient(error), isThrottled(error)]).toEqual([transient, throttled]);
  });

  it('is thrown under the names that are retried, everything else as it is', async () => {
    const failing = (error: unknown) =>
      step(async () => {
        throw error;
      })();
    await expect(failing(Object.assign(new Error('slow down'), { code: 'ECONNRESET' }))).rejects.toThrow(
      TransientError,
    );
    await expect(failing(Object.assign(new Error('x'), { name: 'SlowDown' }))).rejects.toThrow(ThrottledError);
    await expect(failing(new RangeError('bug'))).rejects.toThrow(RangeError);
  });
});

describe('small readings', () => {
  it('progress', () => {
    expect(parseProgress('out_time_us=1500000')).toBe(1.5);
    expect(parseProgress('out_time_us=N/A')).toBeUndefined();
    expect(parseProgress('out_time_us=-21333')).toBe(0);
    expect(parseProgress('frame=12')).toBeUndefined();
    expect([percent(0, 10), percent(5, 10), percent(10, 10), percent(11, 10)]).toEqual([0, 50, 99, 99]);
  });

  it("ffmpeg's list of segments, while it grows", () => {
    const text = '#EXTM3U\n#EXTINF:6.006000,\n00001.ts\n#EXTINF:5.9,\n00002.ts\n#EXTINF:1.0,\n';
    expect(parseList(text)).toEqual([
      { name: '00001.ts', duration: 6.006 },
      { name: '00002.ts', duration: 5.9 },
    ]);
    expect(parseList('')).toEqual([]);
  });

  it('limits as people say them', () => {
    expect([12, 90, 3600, 5400, 72_000, 3600 * 12].map(spokenDuration)).toEqual([
      '12 seconds',
      '1.5 minutes',
      '60 minutes',
      '1.5 hours',
      '20 hours',
      '12 hours',
    ]);
    expect([1024 ** 2, 1.5 * 1024 ** 3].map(spokenBytes)).toEqual(['1 MiB', '1.5 GiB']);
  });

  it('a stretch of a video as people say it', () => {
    expect(spokenStretch({ start: 36, duration: 18 })).toBe('from 0:36 to 0:54');
    expect(spokenStretch({ start: 3723.5, duration: 18 })).toBe('from 1:02:03 to 1:02:21');
    expect(spokenStretch({ start: 0, duration: null })).toBe('from 0:00 to the end');
  });

  it('the length of a Matroska segment, unknown included', () => {
    const head = (size: string) => Buffer.from(`1a45dfa3 82 0000 18538067 ${size}`.replaceAll(' ', ''), 'hex');
    // Header 4+1+2, segment id 4 and size 8: content starts at 19.
    expect(readEbml(head('0100000000000010'), 35)).toEqual({ sized: true, truncated: false });
    expect(readEbml(head('0100000000000010'), 34)).toEqual({ sized: true, truncated: true });
    expect(readEbml(head('01ffffffffffffff'), 19)).toEqual({ sized: false, truncated: false });
    expect(readEbml(Buffer.from('RIFF....AVI '), 12)).toBeUndefined();
    expect(readEbml(Buffer.alloc(0), 0)).toBeUndefined();
  });
});
