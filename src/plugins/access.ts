import type { FastifyInstance, onRequestAsyncHookHandler, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { Problem, RateLimited } from '../http/problems.ts'
import { announcing, failures, perhapsAnnouncing } from '../http/responses.ts'
import { isOpen, scopeOf } from '../http/security.ts'

/**
 * What each route of the JSON API runs before anything is read or validated, decided here alone: authentication within
 * limits, unless its schema says `security: []`, then the limit of its address that it names, then its own hooks. The
 * document and the check are one fact, and a new route cannot forget it. (Hooks of the whole server come first: Host,
 * headers, CORS.)
 */
export const access = fp(
  async function access(app: FastifyInstance) {
    const { authenticate, limits } = app

    app.addHook('onRoute', (route) => {
      const { limit } = route.config ?? {}
      const isClosed = !isOpen(route)
      if (!isClosed && !limit) return
      const scope = scopeOf(route)
      if (scope) route.config = { ...route.config, scope }
      route.onRequest = [
        ...(isClosed ? [authenticateWithinLimits] : []),
        ...(limit ? [limits.ofAddress[limit]] : []),
        // A route may name it, as in any Fastify app; it has run.
        ...[route.onRequest ?? []].flat().filter((hook) => hook !== authenticate),
      ]
      documentLimits(route)
    })

    /** A request that authenticates counts for its user, one that does not for its network. */
    const authenticateWithinLimits: onRequestAsyncHookHandler = async (request, reply) => {
      try {
        await authenticate.call(app, request, reply)
      } catch (error) {
        if (error instanceof Problem) await limits.ofStranger(request, reply)
        throw error
      }
      const counting = limits.ofUser(request, reply)
      if (counting) await counting
    }
  },
  { name: 'access', dependencies: ['authenticate', 'limits'] },
)

/** Requests that are not HTTP, or not received completely, are refused before they are counted; so may a database that fails. */
const beforeCounting = new Set(['400', '408', '414'])

function documentLimits({ schema }: RouteOptions) {
  if (schema === undefined || schema.hide) return
  const responses: Record<string, object> = { ...failures(RateLimited), ...(schema.response as object) }
  for (const [status, response] of Object.entries(responses)) {
    const announce = beforeCounting.has(status) || Number(status) >= 500 ? perhapsAnnouncing : announcing
    responses[status] = announce(response, 'ratelimit', 'ratelimit-policy')
  }
  schema.response = responses
}
