import type { FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** A link to a path of this API, as the one who asks can follow it: every link in an answer is made by this. */
    linkTo(path: string): string
  }
}

/** What is known of a request, also before there is a route. */
export type Asked = { readonly url?: string | undefined } & Partial<
  Pick<FastifyRequest, 'headers' | 'ips' | 'host' | 'protocol' | 'raw'>
>
export type LinkTo = (asked: Asked | undefined, path: string) => string

/**
 * How links are written. A proxy may serve this API under a prefix, which only it knows: with API_URL they are absolute;
 * with X-Forwarded-Prefix from a trusted proxy they have its prefix, and are absolute if it sends X-Forwarded-Host too;
 * behind any other proxy they are relative to the URL of the request (RFC 3986, section 4.2), so that any prefix stays;
 * and otherwise they are paths, which also work for clients that put the address of the server before them.
 */
export function linksFor({ apiUrl }: Pick<Config, 'apiUrl'>): LinkTo {
  const base = apiUrl?.replace(/\/$/, '')
  return (asked, path) => {
    if (base !== undefined) return base + path
    if (asked?.url === undefined) return path
    const forwarded = forwardedBase(asked)
    if (forwarded !== undefined) return forwarded + path
    return isForwarded(asked) ? relativeTo(asked.url, path) : path
  }
}

/** Whether a request shows that it came through a proxy. One that says nothing of itself, as nginx, asks by HTTP/1.0. */
function isForwarded({ headers = {}, raw }: Asked): boolean {
  if (raw?.httpVersion === '1.0') return true
  for (const name in headers) if (/^(x-forwarded-|x-real-ip$|forwarded$|via$)/.test(name)) return true
  return false
}

/** What a trusted proxy says that links begin with. Fastify lists addresses beyond a proxy only if it is trusted. */
function forwardedBase({ headers, ips = [], host = '', protocol }: Asked): string | undefined {
  const prefix = headers?.['x-forwarded-prefix']
  if (typeof prefix !== 'string' || ips.length < 2 || !isPrefix(prefix)) return undefined
  const path = prefix.replace(/\/$/, '')
  const isAbsolute = headers?.['x-forwarded-host'] !== undefined && isHost(host) && /^https?$/.test(protocol ?? '')
  return isAbsolute ? `${protocol}://${host}${path}` : path
}

const isPrefix = (text: string) => text.length <= 100 && /^(\/[\w.~-]+)*\/?$/.test(text) && text !== ''
const isHost = (text: string) => text.length <= 100 && /^([\w.-]+|\[[\da-f:.]+\])(:\d+)?$/i.test(text)

/** A path as a reference from the URL of a request, which a prefix before both does not change. */
function relativeTo(url: string, path: string): string {
  const from = url
    .split('?', 1)[0]!
    .replace(/^[a-z]+:\/\/[^/]*/i, '')
    .split('/')
    .slice(0, -1)
  const to = path.split('/')
  let common = 0
  while (common < from.length && common < to.length - 1 && from[common] === to[common]) common++
  return ('../'.repeat(from.length - common) || './') + to.slice(common).join('/')
}
