import { isIP, isIPv4, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * IPv4 in its own form, IPv6 without its zone: no longer than a column takes (45); without the port that some proxies
 * forward, which would be another one with each connection. Undefined for what is no address.
 */
export function normalizeAddress(text: string): string | undefined {
  const address = withoutPort(text)
  if (isIP(address) === 0) return undefined
  const withoutZone = address.split('%', 1)[0] as string
  const mapped = withoutZone.slice(withoutZone.lastIndexOf(':') + 1)
  return isIPv4(mapped) && /^::ffff:/i.test(withoutZone) ? mapped : withoutZone
}

/** `192.0.2.1:51023` and `[2001:db8::1]:443` (RFC 7239, section 6); as it is if there is no port. */
function withoutPort(text: string): string {
  const [, v4, v6] = /^(?:([\d.]{7,15}):\d{1,5}|\[([^\]]{2,100})\](?::\d{1,5})?)$/.exec(text) ?? []
  return v4 ?? v6 ?? text
}

/** Who has an IPv6 address has 2^64 of them: what is counted by address is counted by /64. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const parsed = ipaddr.process(address) // IPv4 for an address that maps one, in any spelling
  return parsed instanceof ipaddr.IPv6
    ? new ipaddr.IPv6([...parsed.parts.slice(0, 4), 0, 0, 0, 0]).toString()
    : parsed.toString()
}

/** Whether an address is one of those that a list of addresses and CIDR ranges names. */
export function inNetworks(list: readonly string[]): (address: string) => boolean {
  const networks = list.map(networkIn)
  return (text) => {
    const address = normalizeAddress(text)
    if (address === undefined) return false
    const parsed = ipaddr.process(address)
    return networks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits))
  }
}

/** IPv4 for a network that maps one, as `ipaddr.process` has it for addresses. */
function networkIn(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  const [address = '', bits] = text.split('/')
  const network = ipaddr.process(address)
  const longest = network.kind() === 'ipv4' ? 32 : 128
  return [network, bits === undefined ? longest : Number(bits) - (isIPv6(address) ? 128 - longest : 0)]
}
