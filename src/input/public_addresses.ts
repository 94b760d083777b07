/** Which IP addresses lie on the public internet: nothing of ours ever connects to another one (L8). */
import { BlockList, isIP, isIPv6 } from 'node:net'

/** All addresses of a name. */
export type Resolve = (name: string) => Promise<string[]>

/** IANA IPv4 Special-Purpose Address Registry (RFC 6890), multicast and reserved. */
const NOT_PUBLIC_4: readonly [network: string, prefix: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // CGNAT
  ['127.0.0.0', 8],
  ['168.63.129.16', 32], // the inside of one cloud, under an address that looks public
  ['169.254.0.0', 16], // link-local, cloud metadata
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
]

/** Within 2000::/3, the only block that is given out; all else (mapped, NAT64, ULA, link-local, multicast) is none. */
const NOT_PUBLIC_6: readonly [network: string, prefix: number][] = [
  ['2001::', 23], // Teredo, ORCHID, benchmarking
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4: an IPv4 address in disguise
  ['2620:4f:8000::', 48],
  ['3fff::', 20],
]

const refused = new BlockList()
for (const [network, prefix] of NOT_PUBLIC_4) refused.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of NOT_PUBLIC_6) refused.addSubnet(network, prefix, 'ipv6')
const given = new BlockList()
given.addSubnet('2000::', 3, 'ipv6')

/** Whether this is a written-out IPv4 or IPv6 address of the public internet. */
export function isPublicAddress(address: string): boolean {
  if (isIPv6(address))
    return !address.includes('%') && given.check(address, 'ipv6') && !refused.check(address, 'ipv6')
  return isIP(address) === 4 && !refused.check(address, 'ipv4')
}
