/** Networks, as the bounds on connections count them. */
import { describe, expect, it } from 'vitest';
import { networkOf, plainAddress } from '../../../../containers/ingest/src/net/gate.ts';

describe('names and addresses', () => {
  it('are kept as networks', () => {
    expect(networkOf(plainAddress('::ffff:203.0.113.77'))).toBe('203.0.113.0/24');
    expect(networkOf('2001:db8:7:1::5')).toBe('2001:db8:7::/48');
  });
});
