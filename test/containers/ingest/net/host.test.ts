/** The address that devices are told. */
import { describe, expect, it } from 'vitest';
import { PublicHost } from '../../../../containers/ingest/src/net/host.ts';

describe('names and addresses', () => {
  it('are told to devices as IPv4 where that is asked for', async () => {
    const host = new PublicHost('localhost', true);
    expect(await Promise.all([host.get(), host.get(), host.get()])).toEqual(Array(3).fill('127.0.0.1'));
    expect(await new PublicHost('localhost', false).get()).toBe('localhost');
    expect(await new PublicHost('192.0.2.1', true).get()).toBe('192.0.2.1');
  });
});
