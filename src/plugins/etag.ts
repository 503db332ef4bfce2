import { hash } from 'node:crypto'
import type { FastifyInstance, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { headersOf, nothing } from '../schemas.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The answer is sent while it is read, so that there is no tag of it. */
    isStreamed?: boolean
  }
}

/**
 * Conditional reads (RFC 9110, section 13): what a user can read has an ETag, and If-None-Match answers 304.
 * (@fastify/etag knows no lists of tags, and would tag writes and problems too.)
 */
export const etag = fp(
  async function etag(app: FastifyInstance) {
    app.addHook('onRoute', (route) => {
      if (!isRead(String(route.method)) || route.schema?.security?.length === 0 || route.config?.isStreamed) return
      documentTags(route)
      route.onSend = (request, reply, payload, done) => {
        if (reply.statusCode !== 200 || typeof payload !== 'string') return done(null, payload)
        const tag = `"${hash('sha1', payload, 'base64url')}"`
        reply.header('etag', tag).header('cache-control', 'private, no-cache')
        if (!matches(request.headers['if-none-match'], tag)) return done(null, payload)
        reply.code(304).removeHeader('content-type')
        done(null, null)
      }
    })
  },
  { name: 'etag' },
)

function documentTags({ schema }: RouteOptions) {
  if (schema?.response === undefined || schema.hide) return
  const responses = schema.response as Record<number, { headers?: object }>
  const tags = headersOf(['etag', 'cache-control'])
  responses[200] = { ...responses[200], headers: { ...tags.headers, ...responses[200]?.headers } }
  responses[304] = { ...nothing('What If-None-Match names is still what you would get.'), ...tags }
}

const isRead = (method: string) => method === 'GET' || method === 'HEAD'

/** Weak comparison of a list of tags, or `*`. */
const matches = (header: string | undefined, tag: string) =>
  header !== undefined && (header === '*' || header.split(',').some((item) => item.trim().replace(/^W\//, '') === tag))
