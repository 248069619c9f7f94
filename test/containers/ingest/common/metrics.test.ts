/** Metrics as CloudWatch reads them. */
import { describe, expect, it } from 'vitest';
import { DECLARED, Metrics } from '../../../../containers/ingest/src/common/metrics.ts';

const NOW = Date.UTC(2026, 7, 1);

describe('operators', () => {
  it('get metrics that CloudWatch reads from a line', () => {
    const metrics = new Metrics();
    metrics.refuse('unknown');
    metrics.add('bytesIn', 7500);
    for (let n = 0; n < 500; n += 1) metrics.lag(n);
    const read = (text: string) =>
      JSON.parse(text) as Record<string, unknown> & {
        _aws: { CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string }[] }[] };
      };
    const document = read(
      metrics.document('live', { streams: 3, devices: 2, losing: 0, control: 2, media: 1, attachments: 0 }, 60, NOW),
    );
    const [metric] = document['_aws'].CloudWatchMetrics;
    expect(document).toMatchObject({
      Service: 'live',
      Streams: 3,
      RefusedUnknown: 1,
      RefusedAuth: 0,
      BitsPerSecond: 1000,
    });
    expect(metric).toMatchObject({ Namespace: 'Sluice/Ingest', Dimensions: [['Service']] });
    expect((document['SegmentLag'] as number[]).length).toBe(100);
    // Each that is declared costs by the month, so it is those that something goes by; the others are in the line.
    expect(metric!.Metrics.map(({ Name }) => Name)).toEqual(DECLARED);
    expect(metric!.Metrics.every(({ Name }) => document[Name] !== undefined)).toBe(true);
    expect(DECLARED).not.toContain('RefusedUnknown');
    expect(
      read(metrics.document('live', { streams: 3, devices: 0, losing: 0, control: 0, media: 0, attachments: 0 }, 60)),
    ).toMatchObject({
      RefusedUnknown: 0,
      BytesIn: 0,
    });
  });

  it('are told of a storm by the share of devices that went, not of a few, nor of those that a task hands over', () => {
    const metrics = new Metrics();
    const percent = (devices: number) =>
      (
        JSON.parse(
          metrics.document('live', { streams: 0, devices, losing: 0, control: 0, media: 0, attachments: 0 }, 60),
        ) as {
          DisconnectedPercent: number;
        }
      ).DisconnectedPercent;
    const lose = (count: number) => Array.from({ length: count }, () => metrics.disconnected());
    lose(4);
    expect(percent(0)).toBe(0);
    lose(20);
    expect(percent(80)).toBe(20);
    // Each minute anew.
    expect(percent(80)).toBe(0);
    lose(5);
    expect(percent(0)).toBe(100);
    metrics.handOver();
    lose(50);
    expect(percent(0)).toBe(0);
  });
});
