import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Sets what every answer says to browsers; true if that answers the request, which asked only that (a preflight).
     * For answers that no hook runs for.
     */
    answerBrowser(request: FastifyRequest, reply: FastifyReply): boolean
    /** What lets the pages of an origin read an answer; nothing for an origin that CORS_ORIGINS does not list. */
    corsHeaders(origin: string | undefined): Record<string, string>
  }
}

/** Nothing here is a page, a script or a frame; /docs and /problems set their own. */
const csp = "default-src 'none'; frame-ancestors 'none'"
const hsts = `max-age=${365 * 86_400}; includeSubDomains`

const exposed = ['ETag', 'Link', 'Location', 'Retry-After', 'RateLimit', 'RateLimit-Policy', 'X-Request-Id'].join(', ')
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].join(', ')

/**
 * What every answer says to browsers, and the origins whose pages may read it (CORS). (@fastify/helmet would send nine more
 * headers, for pages, and cost a fifth of a read. @fastify/cors runs in a hook, so that answers outside of routes would
 * lack its headers, and it adds a route for every path.)
 */
export const headers = fp(
  async function headers(app: FastifyInstance, { config }: { config: Config }) {
    const origins = new Set(config.corsOrigins)
    const isCorsOn = origins.size > 0

    app.decorate('corsHeaders', (origin) => {
      if (!isCorsOn) return {}
      if (origin === undefined || !origins.has(origin)) return { vary: 'Origin' }
      return { vary: 'Origin', 'access-control-allow-origin': origin, 'access-control-expose-headers': exposed }
    })
    app.decorate('answerBrowser', (request, reply) => {
      reply
        .header('content-security-policy', csp)
        .header('referrer-policy', 'no-referrer')
        .header('x-content-type-options', 'nosniff')
        .header('x-request-id', request.id)
      // Browsers ignore it over plain HTTP (RFC 6797, section 7.2); TLS ends at a proxy, which TRUST_PROXY names.
      if (request.protocol === 'https') reply.header('strict-transport-security', hsts)
      if (!isCorsOn) return false
      reply.headers(app.corsHeaders(request.headers.origin))
      return isPreflight(request) && answerPreflight(request, reply)
    })
    app.addHook('onRequest', (request, reply, done) => {
      if (!app.answerBrowser(request, reply)) done()
    })
  },
  { name: 'headers' },
)

/** What a browser sends before a request that a form could not send (Fetch Standard, "CORS-preflight request"). */
const isPreflight = ({ method, headers }: FastifyRequest) =>
  method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined

/** Of any path: that it does not exist is for the request itself to learn, which a page can read. */
function answerPreflight(request: FastifyRequest, reply: FastifyReply): true {
  reply
    .code(204)
    .header('vary', 'Origin, Access-Control-Request-Headers')
    .header('access-control-allow-methods', methods)
    .header('access-control-max-age', '600')
  const requested = request.headers['access-control-request-headers']
  if (requested !== undefined) reply.header('access-control-allow-headers', requested)
  reply.send()
  return true
}
