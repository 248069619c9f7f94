/** What the API answers of what was counted, on the engine. */
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { SQSEvent } from 'aws-lambda';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { overview, videoInsight } from '../../../lib/contract/insight-api.ts';
import { noCounters } from '../../../lib/contract/heatmap.ts';
import type { Report } from '../../../lib/contract/player-events.ts';
import { sessionId } from '../../../lib/contract/ticket.ts';
import { daysOf } from '../../../lambdas/insight/days.ts';
import { scoreOf, stepped } from '../../../lambdas/insight/figures.ts';
import { callRoute, startHandlerEngine } from '../engine.ts';
import { ID, OTHER_ID, record } from '../playback/fixture.ts';

let close: () => Promise<void>;
let handler: (typeof import('../../../lambdas/insight/handler.ts'))['handler'];
const BEGAN = Math.floor(Date.now() / 1000) - 3600;
const TODAY = new Date(BEGAN * 1000).toISOString().slice(0, 10);
const at = BEGAN * 1000;

const of = (number: number, over: Partial<Report>, events: Report['units'][number]['events']): Report => ({
  what: `vod/${ID}`,
  session: sessionId(at, String(number).padEnd(16, 'x')),
  began: BEGAN,
  receivedAt: at + 60_000,
  viewer: `viewer00${number}`,
  device: 'desktop',
  country: 'DE',
  units: [{ sequence: 0, events }],
  ...over,
});

beforeAll(async () => {
  close = await startHandlerEngine({ COUNTS_QUEUE: 'nobody' });
  ({ handler } = await import('../../../lambdas/insight/handler.ts'));
  const { dynamo } = await import('../../../lambdas/shared/clients.ts');
  for (const video of [record({ duration: 9.5 }), record({ id: OTHER_ID, owner: 'sam', title: 'Another' })])
    await dynamo.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: video }));
  const { handler: count } = await import('../../../lambdas/insight/count.ts');
  const reports = [
    of(1, {}, [
      { type: 'start', at },
      { type: 'first-frame', at, startup: 800 },
      { type: 'heartbeat', at, watched: [[0, 8]], again: [], rendition: '720p', kbps: 3000 },
      { type: 'stall', at, lasted: 2000 },
      { type: 'end', at, reason: 'ended' },
    ]),
    of(2, { viewer: 'viewer001', device: 'mobile', country: 'CN' }, [
      { type: 'first-frame', at, startup: 2200 },
      { type: 'heartbeat', at, watched: [[2, 4]], again: [[2, 4]], rendition: '360p', kbps: 900 },
    ]),
    of(3, {}, [{ type: 'error', at, kind: 'manifest', fatal: true }]),
    of(4, { what: 'live/13800000001/2' }, [{ type: 'heartbeat', at, watched: [[0, 30]], again: [] }]),
    of(5, { what: `vod/${OTHER_ID}` }, [{ type: 'heartbeat', at, watched: [[0, 5]], again: [] }]),
  ];
  const event = { Records: [{ messageId: 'm', body: JSON.stringify({ reports }) }] } as unknown as SQSEvent;
  expect(await count(event)).toEqual({ batchItemFailures: [] });
}, 600_000);
afterAll(async () => close());

const olga = { sub: 'olga', groups: ['uploader'] };
const ada = { sub: 'ada', groups: ['admin'] };
const sam = { sub: 'sam', groups: ['uploader'] };
const ask = (as: typeof olga, query: Record<string, string> = {}, id = ID) =>
  callRoute(handler, 'GET /api/videos/{id}/insight', { as, params: { id }, query });

describe('of a video', () => {
  it('its owner and admins see what was watched, how well, by whom and with what', async () => {
    const { status, json } = await ask(olga);
    expect(status).toBe(200);
    const answer = videoInsight.parse(json);
    expect(answer.totals).toMatchObject({
      plays: 3,
      views: 2,
      viewers: 1,
      watchSeconds: 12,
      againSeconds: 2,
      completion: 0.5,
      startupSeconds: 1.5,
      stalls: 1,
      stalledSeconds: 2,
      stallRatio: 0.14286,
      failed: 1,
      kbps: 2300,
    });
    expect(answer.heatmap).toEqual({
      step: 1,
      watched: [1, 1, 3, 3, 1, 1, 1, 1, 0, 0],
      again: [0, 0, 1, 1, 0, 0, 0, 0, 0, 0],
    });
    expect(answer.days.map(({ day, views }) => [day, views])).toEqual([[TODAY, 2]]);
    expect(answer.devices.map(({ name, views, watchSeconds }) => [name, views, watchSeconds])).toEqual([
      ['desktop', 1, 8],
      ['mobile', 1, 4],
    ]);
    expect(answer.countries.map(({ name }) => name)).toEqual(['DE', 'CN']);
    expect(answer.errors).toEqual([{ kind: 'manifest', count: 1 }]);
    expect(answer.renditions).toEqual([
      { name: '720p', watchSeconds: 8 },
      { name: '360p', watchSeconds: 4 },
    ]);
    expect((await ask(ada)).json).toEqual(json);
    expect((await ask(ada, { step: '4' })).json.heatmap).toEqual({ step: 4, watched: [3, 1, 0], again: [1, 0, 0] });
    // Nobody in it has a name.
    expect(JSON.stringify(json)).not.toContain('viewer00');
  });

  it('others see nothing, not even that it is there', async () => {
    const hidden = await ask(sam);
    expect([hidden.status, hidden.json.code]).toEqual([404, 'not-found']);
    const none = await ask(sam, {}, 'nosuchvideo000000000');
    expect([none.status, none.json.detail]).toEqual([hidden.status, hidden.json.detail]);
  });

  it('has only the days that were asked for, and the seconds of all', async () => {
    const { json } = await ask(olga, { from: '2026-01-01', to: '2026-01-05' });
    expect([json.totals.views, json.totals.score, json.days]).toEqual([0, null, []]);
    expect(json.heatmap.watched[2]).toBe(3);
    expect((await ask(olga, { from: '2026-01-05', to: '2026-01-01' })).status).toBe(400);
    expect((await ask(olga, { from: '2024-01-01' })).status).toBe(400);
    expect((await ask(olga, { from: 'yesterday' })).status).toBe(400);
  });

  it('is answered though it cannot all be read in time: what is left out are the oldest days, and it says so', async () => {
    const { dynamo } = await import('../../../lambdas/shared/clients.ts');
    const { itemOf } = await import('../../../lambdas/insight/rows.ts');
    const { noTally } = await import('../../../lambdas/insight/tally.ts');
    const id = 'b'.repeat(20);
    await dynamo.send(
      new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record({ id, owner: olga.sub, duration: 9.5 }) }),
    );
    // An answer of DynamoDB has 1 MB of rows: three at most that have such a ledger.
    const days = Array.from({ length: 8 }, (_, n) => `2020-02-0${n + 1}`);
    for (const day of days) {
      const tally = { ...noTally(), counters: { ...noCounters(), plays: 1, views: 1 } };
      const key = { what: `vod/${id}`, row: `h#${day}T08#`, day };
      const Item = { ...itemOf(key, { tally, version: 0 }), ledger: randomBytes(350_000) };
      await dynamo.send(new PutCommand({ TableName: process.env['HEATMAPS_TABLE'], Item }));
    }
    const asked = () => ask(olga, { from: days[0]!, to: days.at(-1)! }, id);
    const seen = ({ json }: Awaited<ReturnType<typeof asked>>) => json.days.map(({ day }: { day: string }) => day);
    const whole = await asked();
    expect([whole.json.isWhole, seen(whole)]).toEqual([true, days]);
    // Twenty seconds pass whenever somebody looks.
    const { now } = Date;
    let passed = 0;
    vi.spyOn(Date, 'now').mockImplementation(() => now() + (passed += 20_000));
    try {
      const part = await asked();
      const found = seen(part);
      expect([part.status, part.json.isWhole, part.json.totals.plays]).toEqual([200, false, found.length]);
      expect([1, 2, 3]).toContain(found.length);
      expect(found).toEqual(days.slice(-found.length));
    } finally {
      vi.restoreAllMocks();
    }
  });
});

describe('of all', () => {
  const all = (as: typeof olga) => callRoute(handler, 'GET /api/insight', { as, query: {} });
  it('admins see the sums and what was watched longest', async () => {
    const { status, json } = await all(ada);
    expect(status).toBe(200);
    const answer = overview.parse(json);
    expect(answer.totals).toMatchObject({ plays: 5, views: 4, viewers: 3, watchSeconds: 47 });
    expect(
      answer.most.map(({ video, device, channel, title, watchSeconds }) => [
        video ?? device,
        channel,
        title,
        watchSeconds,
      ]),
    ).toEqual([
      ['13800000001', 2, null, 30],
      [ID, null, 'A video', 12],
      [OTHER_ID, null, 'Another', 5],
    ]);
    expect(answer.isWhole).toBe(true);
  });

  it('is answered though it cannot all be read in time: what is left out are the oldest days, and it says so', async () => {
    const { readDays } = await import('../../../lambdas/insight/read.ts');
    const read = async (until: number) => {
      const days: { day: string; things: number; isWhole: boolean }[] = [];
      for await (const { day, of, isWhole } of readDays(['2026-01-01', TODAY], until))
        days.push({ day, things: of.size, isWhole });
      return days;
    };
    expect(await read(Infinity)).toEqual([
      { day: TODAY, things: 3, isWhole: true },
      { day: '2026-01-01', things: 0, isWhole: true },
    ]);
    expect((await read(0)).map(({ things, isWhole }) => [things, isWhole])).toEqual([
      [0, false],
      [0, false],
    ]);
    // Twenty seconds pass whenever somebody looks.
    const { now } = Date;
    let passed = 0;
    vi.spyOn(Date, 'now').mockImplementation(() => now() + (passed += 20_000));
    try {
      const { status, json } = await all(ada);
      expect([status, json.isWhole, json.totals.plays, json.days]).toEqual([200, false, 0, []]);
    } finally {
      vi.restoreAllMocks();
    }
  });

  it('others do not', async () => expect((await all(olga)).json.code).toBe('forbidden'));
});

describe('the score', () => {
  const score = (over: Partial<ReturnType<typeof noCounters>>) => scoreOf({ ...noCounters(), ...over });
  it.each([
    ['nobody watched', {}, null],
    ['all went well', { plays: 10, views: 10, watched: 1000, startups: 10, startup: 5000 }, 100],
    ['five seconds to the first picture', { plays: 10, views: 10, watched: 1000, startups: 10, startup: 50_000 }, 88],
    ['a tenth of the time stalled', { plays: 10, views: 10, watched: 900, stalled: 100_000 }, 55],
    ['half failed', { plays: 10, views: 5, watched: 900, failed: 5 }, 70],
    ['all failed', { plays: 10, failed: 10 }, 70],
  ])('where %s', (_, over, expected) => expect(score(over)).toBe(expected));
});

it('days are UTC days, four weeks without being asked', () => {
  const days = daysOf(undefined, undefined, Date.parse('2026-03-01T23:59:59Z'));
  expect([days.length, days[0], days.at(-1)]).toEqual([28, '2026-02-02', '2026-03-01']);
  expect(stepped([1, 5, 2], 2)).toEqual([5, 2]);
});
