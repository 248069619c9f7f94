/** The month's dollars on a real table: counted once, never over the ceiling however many runs ask, settled by the price. */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newVideoId } from '../../../lambdas/upload/draft.ts';
import type { Cost } from '../../../lib/contract/cost.ts';
import { startHandlerEngine } from '../engine.ts';
import { aRecord } from '../catalog/record.ts';

let close = async () => {};
let budget: typeof import('../../../lambdas/slicing/budget.ts');
let clients: typeof import('../../../lambdas/shared/clients.ts');
let videos: typeof import('../../../lambdas/shared/videos.ts');

beforeAll(async () => {
  close = await startHandlerEngine({});
  budget = await import('../../../lambdas/slicing/budget.ts');
  clients = await import('../../../lambdas/shared/clients.ts');
  videos = await import('../../../lambdas/shared/videos.ts');
}, 120_000);
afterAll(() => close());

const cost = (estimate: number): Cost => ({
  engine: 'encode',
  estimate,
  actual: null,
  monthly: 0,
  priced: '2026-11-28',
});

async function aVideo(execution = 'run'): Promise<string> {
  const record = aRecord({ id: newVideoId(), status: 'probed', slicing: { execution, revision: 1 } });
  await clients.dynamo.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record }));
  return record.id;
}

let months = 0;
/** A month that nobody has spent anything in. */
const month = () => new Date(Date.UTC(2030, months++, 15));
const spent = (now: Date) => budget.spentIn(budget.monthOf(now));

describe('a month', () => {
  it('counts an estimate once, however often the step is retried, and writes it into the record', async () => {
    const [videoId, now] = [await aVideo(), month()];
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await budget.reserve({ videoId, execution: 'run', cost: cost(1.5) }, { maxDollarsPerMonth: 2 }, now);
    }
    expect(await spent(now)).toBe(1_500_000);
    const record = await videos.readVideo(videoId);
    expect(record).toMatchObject({ cost: cost(1.5), spend: { execution: 'run', microdollars: 1_500_000 } });
  });

  it('refuses what would pass its ceiling, with both numbers, and counts nothing of it', async () => {
    const [first, second, now] = [await aVideo(), await aVideo(), month()];
    const ceiling = { maxDollarsPerMonth: 2 };
    await budget.reserve({ videoId: first, execution: 'run', cost: cost(1.5) }, ceiling, now);
    await expect(budget.reserve({ videoId: second, execution: 'run', cost: cost(0.6) }, ceiling, now)).rejects.toThrow(
      expect.objectContaining({ code: 'month-spent', reason: expect.stringMatching(/\$0\.60.*\$2\.00.*\$1\.50/) }),
    );
    expect(await spent(now)).toBe(1_500_000);
    expect((await videos.readVideo(second))?.cost).toBeUndefined();
    await budget.reserve({ videoId: second, execution: 'run', cost: cost(0.5) }, ceiling, now);
    expect(await spent(now)).toBe(2_000_000);
  });

  it('that nothing was spent in yet refuses what alone is over it', async () => {
    const [videoId, now] = [await aVideo(), month()];
    await expect(
      budget.reserve({ videoId, execution: 'run', cost: cost(3) }, { maxDollarsPerMonth: 2 }, now),
    ).rejects.toThrow(expect.objectContaining({ code: 'month-spent' }));
    expect(await spent(now)).toBe(0);
  });

  it('lets in no more than fit when many ask at once', async () => {
    const now = month();
    const ids = await Promise.all(Array.from({ length: 12 }, () => aVideo()));
    const ends = await Promise.allSettled(
      ids.map((videoId) =>
        budget.reserve({ videoId, execution: 'run', cost: cost(1) }, { maxDollarsPerMonth: 5 }, now),
      ),
    );
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    expect(await spent(now)).toBe(5_000_000);
  });

  it('has the price in the place of the estimate at the end, once', async () => {
    const [videoId, now] = [await aVideo(), month()];
    await budget.reserve({ videoId, execution: 'run', cost: cost(1.5) }, {}, now);
    // Not before it is known.
    await budget.settle(videoId);
    expect(await spent(now)).toBe(1_500_000);
    await videos.changeVideo(videoId, { set: { cost: { ...cost(1.5), actual: 0.25 } } });
    await budget.settle(videoId);
    await budget.settle(videoId);
    expect(await spent(now)).toBe(250_000);
    expect((await videos.readVideo(videoId))?.spend).toBeUndefined();
  });

  it('counts nothing for a run that does not have the video any more', async () => {
    const [videoId, now] = [await aVideo('another'), month()];
    await budget.reserve({ videoId, execution: 'run', cost: cost(1) }, {}, now);
    expect(await spent(now)).toBe(0);
  });

  it('is a row that goes by itself after a year and more', async () => {
    const [videoId, now] = [await aVideo(), month()];
    await budget.reserve({ videoId, execution: 'run', cost: cost(1) }, {}, now);
    const Key = { owner: 'slicing dollars', slot: budget.monthOf(now) };
    const { Item } = await clients.dynamo.send(new GetCommand({ TableName: process.env['UPLOADS_TABLE'], Key }));
    expect(Item!['expiresAt']).toBe(Math.floor(now.getTime() / 1000) + 400 * 86_400);
  });
});
