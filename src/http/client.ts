import type { FastifyBaseLogger, FastifyRequest, FastifyServerOptions } from 'fastify'
import { inNetworks, normalizeAddress } from '../values/addresses.ts'

/** Where a request comes from, and the log that its events are written to. */
export interface Client {
  readonly address: string
  readonly userAgent: string | null
  readonly log: FastifyBaseLogger
}

export const clientOf = (request: FastifyRequest): Client => ({
  address: addressOf(request),
  userAgent: request.headers['user-agent']?.slice(0, 255) ?? null,
  log: request.log,
})

/** The client's address, as TRUST_PROXY finds it. */
export function addressOf(request: FastifyRequest): string {
  // A proxy may forward something that is not an address ("unknown"): then the proxy's own counts.
  return addressIn(request.ip) ?? addressIn(request.socket.remoteAddress ?? '') ?? ''
}

let latest: { readonly text: string; readonly address: string | undefined } = { text: '', address: undefined }

/** The latest is kept, since a request asks more than once, and often comes from where the one before came from. */
function addressIn(text: string): string | undefined {
  if (text !== latest.text) latest = { text, address: normalizeAddress(text) }
  return latest.address
}

/** Fastify's trustProxy for TRUST_PROXY, which config.ts has checked: a hop count, or addresses and CIDR ranges. */
export function trustedProxies(list: readonly string[]): NonNullable<FastifyServerOptions['trustProxy']> {
  const hops = Number(list[0])
  // Fastify's own reading of a list trusts no proxy that was forwarded with a port.
  if (Number.isNaN(hops)) return list.length > 0 && atMost(maxHops, inNetworks(list))
  // Fastify reads a plain number as none, since it cannot know who sends the first hop; the operator does.
  return (_address: string, hop: number) => hop < hops
}

/** No request comes through as many proxies; a header that lists thousands costs what comparing them costs. */
const maxHops = 30

const atMost = (hops: number, isTrusted: (address: string) => boolean) => (address: string, hop: number) =>
  hop < hops && isTrusted(address)
