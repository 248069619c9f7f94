import { describe, expect, it } from 'vitest';
import { notPublic, REFUSED_IPV4, REFUSED_IPV6 } from '../../../lambdas/pull/networks.ts';

/** First and last address of a network, and the one before and behind it; undefined where there is none. */
function edges(network: string, bits: number) {
  const four = !network.includes(':');
  const width = four ? 32n : 128n;
  const first = four ? fromFour(network) : fromSix(network);
  const last = first + (1n << (width - BigInt(bits))) - 1n;
  const write = (value: bigint) =>
    value < 0n || value >= 1n << width ? undefined : four ? toFour(value) : toSix(value);
  return { first: write(first)!, last: write(last)!, before: write(first - 1n), behind: write(last + 1n) };
}
const fromFour = (text: string) => text.split('.').reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
const toFour = (value: bigint) => [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
function fromSix(text: string): bigint {
  const [left = '', right = ''] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const [a, b] = [groups(left), groups(right)];
  const all = text.includes('::') ? [...a, ...Array<string>(8 - a.length - b.length).fill('0'), ...b] : a;
  return all.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}
const toSix = (value: bigint) =>
  Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(':');

describe('addresses that are never connected to', () => {
  it.each([...REFUSED_IPV4, ...REFUSED_IPV6])('$network/$bits, $is', ({ network, bits }) => {
    const { first, last } = edges(network, bits);
    expect(notPublic(first)).toBeDefined();
    expect(notPublic(last)).toBeDefined();
  });

  it('are all that IANA lists, each where it ends', () => {
    const refused = [...REFUSED_IPV4, ...REFUSED_IPV6].map(({ network, bits }) => edges(network, bits));
    const within = (address: string) =>
      refused.some(({ first, last }) => {
        const four = !address.includes(':');
        if (four === first.includes(':')) return false;
        const value = four ? fromFour : fromSix;
        return value(address) >= value(first) && value(address) <= value(last);
      });
    for (const address of refused.flatMap(({ before, behind }) => [before, behind])) {
      if (address === undefined || within(address)) continue;
      // Outside of 2000::/3 nothing is given out.
      const given = !address.includes(':') || fromSix(address) >> 125n === 1n;
      expect([address, notPublic(address) === undefined]).toEqual([address, given]);
    }
  });

  it.each([
    ['127.0.0.1', 'loopback'],
    ['169.254.169.254', 'link-local'],
    ['169.254.170.2', 'link-local'],
    ['fd00:ec2::254', 'private'],
    ['100.64.1.1', 'carrier'],
    ['255.255.255.255', 'reserved'],
    ['::ffff:127.0.0.1', 'IPv4'],
    ['::ffff:8.8.8.8', 'IPv4'],
    ['::127.0.0.1', 'IPv4'],
    ['64:ff9b::7f00:1', 'NAT64'],
    ['64:ff9b:1::a9fe:a9fe', 'NAT64'],
    ['2002:7f00:1::', '6to4'],
    ['2001:0:4136:e378:8000:63bf:3fff:fdd2', 'protocol'],
    ['fe80::1%eth0', 'no address'],
    ['2606:4700::1111%1', 'no address'],
    ['1.2.3', 'no address'],
    ['', 'no address'],
    ['4000::1', 'not an address'],
  ])('%s: %s', (address, words) => expect(notPublic(address)).toContain(words));

  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '93.184.215.14',
    '2606:4700:4700::1111',
    '2a00:1450:4001:801::200e',
    '223.255.255.255',
  ])('but %s is', (address) => expect(notPublic(address)).toBeUndefined());
});
