import rateLimit, { type FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestAsyncHookHandler, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { LRUCache } from 'lru-cache'
import { addressOf, networkOf } from '../addresses.ts'
import { clientOf, record } from '../audit/store.ts'
import { type Guesses, limitGuesses } from '../auth/guesses.ts'
import type { Config } from '../config.ts'
import type { Count, Counts } from '../counts/counts.ts'
import { countsInMemory } from '../counts/memory.ts'
import { countsInRedis } from '../counts/redis.ts'
import { Problem, RateLimited } from '../errors.ts'
import { announcing, failures, perhapsAnnouncing } from '../schemas.ts'

declare module 'fastify' {
  interface FastifyInstance {
    guesses: Guesses
  }
  interface FastifyContextConfig {
    /** Which limit of its address a request takes from, beside its user's: all routes that name it count together. */
    limit?: 'login' | 'refresh'
  }
}

const windowMs = 60_000

/**
 * How many requests a minute a user may send, and an address where there is no user yet. A request that authenticates
 * counts for its user, whatever its token; one that fails to, for its address. An address that fails too often is
 * answered 429 instead of 401, while right tokens still work from there: others may share it, and a token of 256 random
 * bits needs no guard but a bound on the work.
 */
export const limits = fp(
  async function limits(app: FastifyInstance, { config }: { config: Config }) {
    const counts = await countsFor(app, config)
    app.decorate('guesses', limitGuesses(counts))
    await app.register(rateLimit, { global: false, store: storeOf(counts) })
    const network = (request: FastifyRequest) => networkOf(addressOf(request))
    const ofAddress = {
      login: limiter(app, 'login', config.loginRateLimitMax, (request) => `login ${network(request)}`),
      refresh: limiter(app, 'refresh', config.refreshRateLimitMax, (request) => `refresh ${network(request)}`),
    }
    const ofUser = limiter(app, 'default', config.rateLimitMax, ({ user }) => `user ${user.id}`)
    const ofStranger = limiter(app, 'default', config.rateLimitMax, (request) => `stranger ${network(request)}`)

    const authenticateWithinLimits: onRequestAsyncHookHandler = async (request, reply) => {
      try {
        await app.authenticate.call(app, request, reply)
      } catch (error) {
        if (error instanceof Problem) await ofStranger(request, reply)
        throw error
      }
      await ofUser(request, reply)
    }

    app.addHook('onRoute', (route) => {
      const { limit } = route.config ?? {}
      const isOpen = route.schema?.security?.length === 0
      if (isOpen && !limit) return
      const own = [route.onRequest ?? []].flat().filter((hook) => hook !== app.authenticate)
      // Before what else the route refuses: every refusal is counted, and says so.
      route.onRequest = [...(isOpen ? [] : [authenticateWithinLimits]), ...(limit ? [ofAddress[limit]] : []), ...own]
      documentLimits(route)
    })

    const told = new LRUCache<string | number, true>({ max: 10_000, ttl: windowMs })
    app.addHook('onResponse', (request, reply, done) => {
      if (reply.statusCode === 429) tell(request)
      done()
    })

    /** Once a minute for a user or network: a flood of requests shall not become a flood of rows. */
    function tell(request: FastifyRequest) {
      const userId = request.user?.id ?? null
      const who = userId ?? network(request)
      if (told.has(who)) return
      told.set(who, true)
      record(app.db, clientOf(request), 'rate_limited', userId).catch((err: unknown) => {
        request.log.warn({ err }, 'could not record that a limit was reached')
      })
    }
  },
  { name: 'limits', dependencies: ['authenticate'] },
)

async function countsFor(app: FastifyInstance, { redisUrl }: Config): Promise<Counts> {
  if (redisUrl === undefined) return countsInMemory()
  const counts = await countsInRedis(redisUrl, app.log)
  app.addHook('onClose', async () => counts.close())
  return counts
}

/** The plugin's own store hands out an object that it goes on counting in: of ten at once, each would be the tenth. */
const storeOf = (counts: Counts): FastifyRateLimitStoreCtor =>
  class {
    incr(key: string, done: (error: Error | null, count?: Count) => void, ms: number) {
      counts.hit(key, ms).then((count) => done(null, count), done)
    }
    child() {
      return this
    }
  }

/** Counts a request, says in its headers what is left (draft-ietf-httpapi-ratelimit-headers), and throws RateLimited. */
function limiter(app: FastifyInstance, name: string, max: number, keyOf: (request: FastifyRequest) => string) {
  const count = app.createRateLimit({ max, timeWindow: windowMs, keyGenerator: keyOf })
  const policy = `"${name}";q=${max};w=${windowMs / 1000}`

  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const counted = await count(request)
    if (counted.isAllowed) return // never: that is for a list of allowed keys
    const seconds = Math.max(1, counted.ttlInSeconds)
    addToList(reply, 'ratelimit-policy', policy)
    addToList(reply, 'ratelimit', `"${name}";r=${counted.remaining};t=${seconds}`)
    if (counted.isExceeded) throw new RateLimited({ headers: { 'retry-after': String(seconds) } })
  }
}

function addToList(reply: FastifyReply, name: string, item: string) {
  const list = reply.getHeader(name)
  reply.header(name, list === undefined ? item : `${list}, ${item}`)
}

function documentLimits({ schema }: RouteOptions) {
  if (schema === undefined || schema.hide) return
  const responses: Record<string, object> = { ...failures(RateLimited), ...(schema.response as object) }
  for (const [status, response] of Object.entries(responses)) {
    // What is not HTTP is refused before it is counted, and the database may fail before that, too.
    const announce = status === '400' || Number(status) >= 500 ? perhapsAnnouncing : announcing
    responses[status] = announce(response, 'ratelimit', 'ratelimit-policy')
  }
  schema.response = responses
}
