/** Metrics as CloudWatch reads them. */
import { describe, expect, it } from 'vitest';
import { Metrics } from '../../../../containers/ingest/src/common/metrics.ts';

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
    const document = read(metrics.document('live', { streams: 3, control: 2, media: 1, attachments: 0 }, 60, NOW));
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
    // Every metric that is declared has a value; one document holds at most a hundred of them.
    expect(metric!.Metrics.every(({ Name }) => document[Name] !== undefined)).toBe(true);
    expect(metric!.Metrics.length).toBeLessThanOrEqual(100);
    expect(read(metrics.document('live', { streams: 3, control: 0, media: 0, attachments: 0 }, 60))).toMatchObject({
      RefusedUnknown: 0,
      BytesIn: 0,
    });
  });
});
