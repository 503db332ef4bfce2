import { isIP, isIPv4 } from 'node:net'
import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest, FastifyServerOptions } from 'fastify'

/** The client's address, as TRUST_PROXY finds it; IPv4 in its own form, and no longer than a column takes (45). */
export function addressOf({ ip, socket }: FastifyRequest): string {
  // What a proxy forwards may be no address at all ("unknown", one with a port): then it is the proxy's own.
  const address = isIP(ip) === 0 ? (socket.remoteAddress ?? '') : ip
  const withoutZone = address.split('%', 1)[0] as string
  const mapped = withoutZone.slice(withoutZone.lastIndexOf(':') + 1)
  return isIPv4(mapped) && /^::ffff:/i.test(withoutZone) ? mapped : withoutZone
}

/** Who has an IPv6 address has 2^64 of them: what is counted by address is counted by /64. */
export const networkOf = (address: string): string => normalizeIP(address, 64)

/** Fastify's trustProxy for TRUST_PROXY, which config.ts has checked: a hop count, or addresses and CIDR ranges. */
export function trustedProxies(list: readonly string[]): NonNullable<FastifyServerOptions['trustProxy']> {
  const hops = Number(list[0])
  if (Number.isNaN(hops)) return list.length > 0 && [...list]
  // Fastify takes a plain number for none, since it could not know who sends the first hop; whoever sets it does.
  return (_address: string, hop: number) => hop < hops
}
