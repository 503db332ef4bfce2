import type { FastifyBaseLogger } from 'fastify'
import { Redis } from 'ioredis'
import { type Backoff, type Counts, waitMs } from './counts.ts'
import { countsInMemory } from './memory.ts'

/** How long a request waits for Redis. */
const timeoutMs = 250
/** A Redis that takes longer than this for a second, with no quicker answer between, is not waited for. */
const slowMs = 100
/** While Redis does not answer, no request waits for it; this often it is asked whether it answers again. */
const retryMs = 1_000

/**
 * Counts in Redis, so that instances count together; while it does not answer, each counts in its own memory. Letting
 * everything pass instead would make an outage of Redis an invitation to guess; refusing everything, an outage of the API.
 */
export async function countsInRedis(url: string, log: FastifyBaseLogger): Promise<Counts & { close(): void }> {
  const client = new Redis(url, {
    keyPrefix: 'task-management-api:',
    lazyConnect: true,
    connectTimeout: 1_000,
    commandTimeout: retryMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (attempt) => Math.min(attempt * 100, retryMs),
  })
  client.on('error', () => {}) // each attempt to connect again; `ask` logs the outage, once
  const shared = countsOf(client)
  const own = countsInMemory()
  let retries: NodeJS.Timeout | undefined
  let slowSince: number | undefined

  await client.connect().catch(fail)
  return {
    hit: (key, windowMs, times) => ask((counts) => counts.hit(key, windowMs, times)),
    unhit: (key) => ask((counts) => counts.unhit(key)),
    has: (key) => ask((counts) => counts.has(key)),
    enter: (key, backoff) => ask((counts) => counts.enter(key, backoff)),
    giveBack: (key, backoff) => ask((counts) => counts.giveBack(key, backoff)),
    clear: (key) => ask((counts) => counts.clear(key)),
    close() {
      clearInterval(retries)
      client.disconnect()
    },
  }

  async function ask<R>(question: (counts: Counts) => R | Promise<R>): Promise<R> {
    if (retries) return question(own)
    const start = performance.now()
    try {
      const answer = await inTime(question(shared), timeoutMs)
      watch(start, performance.now())
      return answer
    } catch (error) {
      fail(error)
      return question(own)
    }
  }

  function watch(start: number, end: number) {
    if (end - start < slowMs) slowSince = undefined
    else if (slowSince === undefined) slowSince = end
    else if (end - slowSince > retryMs) fail(new Error('Redis is slow'))
  }

  function fail(err: unknown) {
    if (retries) return
    log.warn({ err }, 'Redis does not answer: this instance counts on its own until it does')
    retries = setInterval(() => void retry(), retryMs).unref()
  }

  /** Counts, as requests do: a Redis that takes no writes answers a ping. */
  async function retry() {
    const hasCounted = await inTime(shared.hit('retry', retryMs), slowMs).then(Boolean, () => false)
    if (!hasCounted || !retries) return
    clearInterval(retries)
    retries = undefined
    slowSince = undefined
    log.info('Redis answers again: limits are shared')
  }
}

async function inTime<R>(answer: R | Promise<R>, limitMs: number): Promise<R> {
  const { promise: isLate, reject } = Promise.withResolvers<never>()
  // An answer that arrived while this process was busy is read before the immediate, and so is not late.
  const timer = setTimeout(() => setImmediate(() => reject(new Error('no answer from Redis'))), limitMs)
  try {
    return await Promise.race([answer, isLate])
  } finally {
    clearTimeout(timer)
  }
}

// Scripts run undisturbed, and only Redis's own clock is asked, since instances' may differ.

const hitScript = `
local current = redis.call('INCRBY', KEYS[1], ARGV[2])
if current == tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return { current, redis.call('PTTL', KEYS[1]) }`

const unhitScript = `
local current = tonumber(redis.call('GET', KEYS[1]) or '0')
if current > 0 then current = redis.call('DECR', KEYS[1]) end
return { current, redis.call('PTTL', KEYS[1]) }`

/** ARGV: what to wait after each number of failures from 0, the last for all beyond. */
const wait = `
local function wait(failures)
  local ms = ARGV[math.min(failures + 1, #ARGV)]
  if ms ~= '0' then redis.call('SET', KEYS[2], '', 'PX', ms) end
end`

const enterScript = `${wait}
local ms = redis.call('PTTL', KEYS[2])
if ms > 0 then return ms end
local keptMs = table.remove(ARGV)
local failures = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], keptMs)
wait(failures)
return 0`

const giveBackScript = `
if tonumber(redis.call('GET', KEYS[1]) or '0') < 1 then return 0 end
local failures = redis.call('DECR', KEYS[1])
local ms = ARGV[math.min(failures + 1, #ARGV)]
if redis.call('PTTL', KEYS[2]) > tonumber(ms) then
  if ms == '0' then redis.call('DEL', KEYS[2]) else redis.call('PEXPIRE', KEYS[2], ms) end
end
return 0`

function countsOf(client: Redis): Counts {
  return {
    async hit(key, windowMs, times = 1) {
      const [current, ttl] = (await client.eval(hitScript, 1, key, windowMs, times)) as [number, number]
      return { current, ttl }
    },
    async unhit(key) {
      const [current, ttl] = (await client.eval(unhitScript, 1, key)) as [number, number]
      return { current, ttl: Math.max(0, ttl) }
    },
    has: async (key) => (await client.exists(key)) === 1,
    async enter(key, backoff) {
      return (await client.eval(enterScript, 2, key, waitOf(key), ...waits(backoff), backoff.keptMs)) as number
    },
    async giveBack(key, backoff) {
      await client.eval(giveBackScript, 2, key, waitOf(key), ...waits(backoff))
    },
    async clear(key) {
      await client.del(key, waitOf(key))
    },
  }
}

const waitOf = (key: string) => `${key} wait`

/** The wait after each number of failures, up to the longest. */
function waits(backoff: Backoff): number[] {
  const list: number[] = []
  while (list.at(-1) !== backoff.longestMs) list.push(waitMs(list.length, backoff))
  return list
}
