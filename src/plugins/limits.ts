import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { LRUCache } from 'lru-cache'
import { record } from '../audit/store.ts'
import type { Config } from '../config.ts'
import type { Count, Counts } from '../counts/counts.ts'
import { countsInMemory } from '../counts/memory.ts'
import { countsInRedis } from '../counts/redis.ts'
import { room } from '../counts/room.ts'
import { type Guesses, limitGuesses } from '../credentials/guesses.ts'
import { addressOf, clientOf } from '../http/client.ts'
import { RateLimited } from '../http/problems.ts'
import { networkOf } from '../values/addresses.ts'

declare module 'fastify' {
  interface FastifyInstance {
    limits: Limits
    guesses: Guesses
  }
  interface FastifyContextConfig {
    /** Which limit of its address a request takes from, beside its user's: all routes that name it count together. */
    limit?: keyof Limits['ofAddress']
    /** Whether a request that succeeds, or that the server fails, does not count towards that limit. */
    countsFailuresOnly?: boolean
  }
}

/**
 * Counts a request, says in its headers what is left (draft-ietf-httpapi-ratelimit-headers), and throws RateLimited;
 * synchronously where the counts are in this process, since every request waits for it. `times`: as how many it counts.
 */
type Limit = (request: FastifyRequest, reply: FastifyReply, times?: number) => undefined | Promise<void>

interface Limits {
  readonly ofUser: Limit
  /** Of the network, for a request that fails to authenticate. */
  readonly ofStranger: Limit
  readonly ofAddress: Readonly<Record<'login' | 'refresh', onRequestAsyncHookHandler>>
}

const windowMs = 60_000

/**
 * Logins of an address that may succeed, for each that may fail: people behind one address can start their day, and a
 * flood of right logins still does not take all the hashing.
 */
const successesPerFailure = 20
/** Logins of an address that wait for room, in this process. */
const maxWaiting = 200

/**
 * How many requests a minute a user may send, and an address where there is no user yet. A request that authenticates
 * counts for its user, whatever its token; one that fails to, for its address. An address that fails too often is
 * answered 429 instead of 401, while right tokens still work from there: others may share it, and a token of 256 random
 * bits needs no guard but a bound on the work.
 */
export const limits = fp(
  async function limits(app: FastifyInstance, { config }: { config: Config }) {
    const counts = await countsFor(app, config)
    const login = limitOf(counts, 'login', config.loginRateLimitMax, (request) => `login ${network(request)}`)
    const failures = limitFailures(counts, 'login', config.loginRateLimitMax)
    const refresh = limitOf(counts, 'refresh', config.refreshRateLimitMax, (request) => `refresh ${network(request)}`)
    app.decorate('guesses', limitGuesses(counts))
    app.decorate('limits', {
      ofUser: limitOf(counts, 'default', config.rateLimitMax, ({ user }) => `user ${user.id}`),
      ofStranger: limitOf(counts, 'default', config.rateLimitMax, (request) => `stranger ${network(request)}`),
      ofAddress: {
        login: async (request, reply) =>
          request.routeOptions.config.countsFailuresOnly ? failures.enter(request, reply) : login(request, reply),
        refresh: async (request, reply) => refresh(request, reply),
      },
    })
    app.addHook('onRoute', (route) => {
      if (route.config?.countsFailuresOnly) route.onSend = failures.leave
    })
    recordRefusals(app)
  },
  { name: 'limits', dependencies: ['database', 'work'] },
)

const network = (request: FastifyRequest) => networkOf(addressOf(request))

/** Once a minute for a user or network, so that a flood of requests does not become a flood of rows. */
function recordRefusals(app: FastifyInstance) {
  const recorded = new LRUCache<string | number, true>({ max: 10_000, ttl: windowMs })
  const records = app.work.queue('records of limits', {
    atOnce: 1,
    maxWaiting: 1_000,
    closeMs: 1_000,
    failure: 'could not record that a limit was reached',
  })

  app.addHook('onResponse', (request, reply, done) => {
    if (reply.statusCode === 429) note(request)
    done()
  })

  function note(request: FastifyRequest) {
    const client = clientOf(request)
    const userId = request.user?.id ?? null
    const who = userId ?? networkOf(client.address)
    if (recorded.has(who)) return
    const isTaken = records.add(() => record(app.db, client, 'rate_limited', userId), client.log)
    if (isTaken) recorded.set(who, true)
  }
}

async function countsFor(app: FastifyInstance, { redisUrl }: Config): Promise<Counts> {
  if (redisUrl === undefined) return countsInMemory()
  const counts = await countsInRedis(redisUrl, app.log)
  app.addHook('onClose', async () => counts.close())
  return counts
}

function limitOf(counts: Counts, name: string, max: number, keyOf: (request: FastifyRequest) => string): Limit {
  const announce = announcing(name, max)

  return (request, reply, times = 1) => {
    if (times === 0) return undefined
    const count = counts.hit(keyOf(request), windowMs, times)
    return count instanceof Promise ? count.then((count) => take(reply, count)) : take(reply, count)
  }

  function take(reply: FastifyReply, count: Count): undefined {
    announce(reply, count)
    if (count.current > max) throw refusalUntil(count)
  }
}

/**
 * Limits the attempts of a network that fail. Each counts when it comes in, so that those made at the same time count each
 * other, and is given back when it leaves unless it failed. Those beyond the limit wait for it.
 */
function limitFailures(counts: Counts, name: string, max: number) {
  const announce = announcing(name, max)
  const attempts = room(maxWaiting)
  const inside = new WeakMap<FastifyRequest, string>()

  return {
    async enter(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const key = `login ${network(request)}`
      const all = await counts.hit(`all ${key}`, windowMs)
      const isFlood = all.current > max * successesPerFailure
      let count: Count = { current: max + 1, ttl: all.ttl }
      const refused =
        isFlood ||
        (await attempts.enter(key, async () => {
          count = await counts.hit(key, windowMs)
          if (count.current <= max) return undefined
          await counts.unhit(key)
          return true
        }))
      announce(reply, count)
      if (refused) throw refusalUntil(count)
      inside.set(request, key)
      reply.raw.once('close', () => leave(request)) // whose client has gone away may be answered nothing
    },

    async leave(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const key = inside.get(request)
      const isFailure = reply.statusCode >= 400 && reply.statusCode < 500
      if (key !== undefined && !isFailure) announce(reply, await counts.unhit(key))
      leave(request)
    },
  }

  function leave(request: FastifyRequest): void {
    const key = inside.get(request)
    if (key !== undefined && inside.delete(request)) attempts.leave(key)
  }
}

function announcing(name: string, max: number) {
  const policy = `"${name}";q=${max};w=${windowMs / 1000}`
  return (reply: FastifyReply, { current, ttl }: Count): void => {
    putInList(reply, 'ratelimit-policy', name, policy)
    putInList(reply, 'ratelimit', name, `"${name}";r=${Math.max(0, max - current)};t=${secondsOf(ttl)}`)
  }
}

/** Replaces what the list says of this limit already. */
function putInList(reply: FastifyReply, header: string, name: string, item: string): void {
  const list = reply.getHeader(header)
  if (list === undefined) return void reply.header(header, item)
  const others = String(list)
    .split(', ')
    .filter((other) => !other.startsWith(`"${name}"`))
  reply.header(header, [...others, item].join(', '))
}

const refusalUntil = ({ ttl }: Count) => new RateLimited({ headers: { 'retry-after': String(secondsOf(ttl)) } })

const secondsOf = (ttl: number) => Math.max(1, Math.ceil(ttl / 1000))
