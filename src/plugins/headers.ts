import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.ts'

/** What every answer says to browsers: nothing here is a page, a script or a frame. And who may call from one (CORS). */
export const headers = fp(
  async function headers(app: FastifyInstance, { config }: { config: Config }) {
    await app.register(helmet, {
      contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
      referrerPolicy: { policy: 'no-referrer' },
      strictTransportSecurity: false,
    })
    app.addHook('onRequest', async (request, reply) => {
      reply.header('x-request-id', request.id)
      // Browsers ignore it over plain HTTP (RFC 6797, section 7.2); TLS ends at a proxy, which TRUST_PROXY names.
      if (request.protocol === 'https') reply.header('strict-transport-security', hsts)
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
