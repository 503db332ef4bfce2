import { hash } from 'node:crypto'
import type { TSchema } from '@sinclair/typebox'
import type { FastifyInstance, FastifyRequest, preHandlerHookHandler, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { headersOf, nothing } from '../http/responses.ts'
import { isOpen } from '../http/security.ts'
import { isTagNamed, listTag } from '../http/versions.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the body is sent while it is read: its fingerprint would come after it. */
    isStreamed?: boolean
    /** The schema of the items of a list that holds nothing but what its owner's feed numbers: its version is the feed's. */
    listOf?: TSchema
    /** Whether the list of a query changes with time alone: its tag is then a hash of the body. */
    dependsOnClock?: (query: unknown) => boolean
  }
}

/**
 * Conditional reads (RFC 9110, section 13): what a user can read has an ETag, and If-None-Match answers 304. The tag is
 * the one that the handler has set; of a list of the feed, made before it is read, so that an unchanged one costs
 * nothing; and a hash of the body otherwise.
 * (@fastify/etag knows no lists of tags, and would tag writes and problems too.)
 */
export const etag = fp(
  async function etag(app: FastifyInstance) {
    app.addHook('onRoute', (route) => {
      if (!isRead(String(route.method)) || isOpen(route) || route.config?.isStreamed) return
      if (route.config?.listOf)
        route.preHandler = answeringUnchanged(listTag(route.config.listOf), route.config.dependsOnClock)
      documentTags(route)
      route.onSend = (request, reply, payload, done) => {
        if (reply.statusCode !== 200 || typeof payload !== 'string') {
          if (reply.statusCode >= 400) reply.removeHeader('etag') // of what could not be answered
          return done(null, payload)
        }
        const tag = String(reply.getHeader('etag') ?? `"${hash('sha1', payload, 'base64url')}"`)
        reply.header('etag', tag).header('cache-control', 'private, no-cache')
        if (!isTagNamed(request.headers['if-none-match'], tag)) return done(null, payload)
        reply.code(304).removeHeader('content-type')
        done(null, null)
      }
    })
  },
  { name: 'etag' },
)

const answeringUnchanged =
  (
    tagOf: (request: FastifyRequest) => string,
    dependsOnClock: (query: unknown) => boolean = () => false,
  ): preHandlerHookHandler =>
  (request, reply, done) => {
    if (dependsOnClock(request.query)) return done()
    const tag = tagOf(request)
    reply.header('etag', tag)
    if (!isTagNamed(request.headers['if-none-match'], tag)) return done()
    reply.code(304).header('cache-control', 'private, no-cache').send()
  }

function documentTags({ schema }: RouteOptions) {
  if (schema?.response === undefined || schema.hide) return
  const responses = schema.response as Record<number, { headers?: object }>
  const tags = headersOf(['etag', 'cache-control'])
  responses[200] = { ...responses[200], headers: { ...tags.headers, ...responses[200]?.headers } }
  responses[304] = { ...nothing('The representation has not changed.'), ...tags }
}

const isRead = (method: string) => method === 'GET' || method === 'HEAD'
