import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.ts'

/** Nothing here is a page, a script or a frame; /docs and /problems say otherwise of themselves. */
const securityHeaders = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/**
 * What every answer says to browsers, and who may call from one (CORS). (@fastify/helmet would send nine headers more,
 * for pages, and cost a fifth of a read.)
 */
export const headers = fp(
  async function headers(app: FastifyInstance, { config }: { config: Config }) {
    app.addHook('onRequest', (request, reply, done) => {
      reply.headers(securityHeaders).header('x-request-id', request.id)
      // Browsers ignore it over plain HTTP (RFC 6797, section 7.2); TLS ends at a proxy, which TRUST_PROXY names.
      if (request.protocol === 'https') reply.header('strict-transport-security', hsts)
      done()
    })
    if (config.corsOrigins.length === 0) return
    await app.register(cors, {
      origin: config.corsOrigins,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      exposedHeaders: ['ETag', 'Link', 'Location', 'Retry-After', 'RateLimit', 'RateLimit-Policy', 'X-Request-Id'],
      maxAge: 600,
    })
  },
  { name: 'headers' },
)

const hsts = `max-age=${365 * 86_400}; includeSubDomains`
