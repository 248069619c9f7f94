/** What operators read of trouble. */
import { describe, expect, it } from 'vitest';
import { Log } from '../../../../containers/ingest/src/common/log.ts';

describe('operators', () => {
  it('are told once a second, not once a packet, and no more than they need', () => {
    const lines: string[] = [];
    const log = new Log({ task: 't' }, (line) => lines.push(line));
    for (let n = 0; n < 1000; n += 1) log.trouble('garbage', `device${n}`);
    log.failure('s3', new Error('slow'));
    log.summary();
    log.summary();
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ message: 'trouble', kind: 'garbage', count: 1000, device: 'device999', task: 't' }),
      expect.objectContaining({ kind: 's3', count: 1, detail: 'Error: slow' }),
    ]);
  });

  it('find what is about a device by the name that functions use, too', () => {
    const lines: string[] = [];
    const log = new Log({ task: 't' }, (line) => lines.push(line));
    log.info('online', { device: '13800000001' });
    log.info('draining');
    const [about, other] = lines.map((line) => JSON.parse(line) as object);
    expect(about).toMatchObject({ correlation_id: '13800000001', device: '13800000001' });
    expect(other).not.toHaveProperty('correlation_id');
  });
});
