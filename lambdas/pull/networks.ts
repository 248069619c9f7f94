/**
 * Which addresses a pull may connect to: those of the public internet and no other. The table is the IANA IPv4 and IPv6
 * Special-Purpose Address Registries (RFC 6890), with multicast, what was reserved once, and what carries an IPv4 address
 * inside an IPv6 one. Pure.
 */
import { BlockList, isIP } from 'node:net';

export interface Network {
  readonly network: string;
  readonly bits: number;
  /** What it is, in words for the person whose address leads there. */
  readonly is: string;
}

const at = (network: string, bits: number, is: string): Network => ({ network, bits, is });

export const REFUSED_IPV4: readonly Network[] = [
  at('0.0.0.0', 8, 'this network (RFC 791)'),
  at('10.0.0.0', 8, 'a private network (RFC 1918)'),
  at('100.64.0.0', 10, "a carrier's shared network (RFC 6598)"),
  at('127.0.0.0', 8, 'loopback (RFC 1122)'),
  // 169.254.169.254 and 169.254.170.2: metadata and credentials of machines and tasks in the cloud.
  at('169.254.0.0', 16, 'link-local (RFC 3927)'),
  at('172.16.0.0', 12, 'a private network (RFC 1918)'),
  at('192.0.0.0', 24, 'protocol assignments (RFC 6890)'),
  at('192.0.2.0', 24, 'documentation (RFC 5737)'),
  at('192.31.196.0', 24, 'AS112 (RFC 7535)'),
  at('192.52.193.0', 24, 'AMT (RFC 7450)'),
  at('192.88.99.0', 24, '6to4 relays (RFC 7526)'),
  at('192.168.0.0', 16, 'a private network (RFC 1918)'),
  at('192.175.48.0', 24, 'AS112 (RFC 7534)'),
  at('198.18.0.0', 15, 'benchmarking (RFC 2544)'),
  at('198.51.100.0', 24, 'documentation (RFC 5737)'),
  at('203.0.113.0', 24, 'documentation (RFC 5737)'),
  at('224.0.0.0', 4, 'multicast (RFC 5771)'),
  // With it 255.255.255.255, the limited broadcast.
  at('240.0.0.0', 4, 'reserved (RFC 1112)'),
];

/** Of IPv6 only 2000::/3 is given out to be reached (RFC 4291 2.4); of it, not these. The others are here to be named. */
export const REFUSED_IPV6: readonly Network[] = [
  at('::', 128, 'the unspecified address (RFC 4291)'),
  at('::1', 128, 'loopback (RFC 4291)'),
  at('::', 96, 'an IPv4 address in IPv6 (RFC 4291, deprecated)'),
  at('::ffff:0:0', 96, 'an IPv4 address in IPv6 (RFC 4291)'),
  at('64:ff9b::', 96, 'an IPv4 address in IPv6 (NAT64, RFC 6052)'),
  at('64:ff9b:1::', 48, 'an IPv4 address in IPv6 (local NAT64, RFC 8215)'),
  at('100::', 64, 'discard-only (RFC 6666)'),
  at('100:0:0:1::', 64, 'a dummy prefix (RFC 9780)'),
  // Teredo, benchmarking, ORCHID, AMT and others.
  at('2001::', 23, 'protocol assignments (RFC 2928)'),
  at('2001:db8::', 32, 'documentation (RFC 3849)'),
  at('2002::', 16, 'an IPv4 address in IPv6 (6to4, RFC 3056)'),
  at('2620:4f:8000::', 48, 'AS112 (RFC 7534)'),
  at('3fff::', 20, 'documentation (RFC 9637)'),
  at('5f00::', 16, 'segment routing (RFC 9602)'),
  // With it fd00:ec2::254, the metadata of EC2.
  at('fc00::', 7, 'a private network (RFC 4193)'),
  at('fe80::', 10, 'link-local (RFC 4291)'),
  at('fec0::', 10, 'site-local (RFC 3879)'),
  at('ff00::', 8, 'multicast (RFC 4291)'),
];

const listOf = (family: 'ipv4' | 'ipv6', { network, bits }: Pick<Network, 'network' | 'bits'>): BlockList => {
  const list = new BlockList();
  list.addSubnet(network, bits, family);
  return list;
};
const V4 = REFUSED_IPV4.map((one) => ({ one, list: listOf('ipv4', one) }));
const V6 = REFUSED_IPV6.map((one) => ({ one, list: listOf('ipv6', one) }));
const GLOBAL = listOf('ipv6', { network: '2000::', bits: 3 });

/** Why `address`, as a resolver or a socket writes it, is not connected to; undefined for one of the public internet. */
export function notPublic(address: string): string | undefined {
  // A zone names an interface of this machine (RFC 4007).
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 4) return V4.find(({ list }) => list.check(address, 'ipv4'))?.one.is;
  if (family !== 6) return 'no address';
  const found = V6.find(({ list }) => list.check(address, 'ipv6'))?.one.is;
  return found ?? (GLOBAL.check(address, 'ipv6') ? undefined : 'not an address that is given out');
}
