import type { FastifyBaseLogger } from 'fastify'
import { Redis } from 'ioredis'
import { type Backoff, type Counts, waitMs } from './counts.ts'
import { countsInMemory } from './memory.ts'

/** How long a request waits for Redis, and then how long none asks it but one that tries. */
const timeoutMs = 250
const pauseMs = 1_000

/**
 * Counts in Redis, so that instances count together; while it does not answer, each counts in its own memory. To let
 * everything pass instead would make an outage of Redis an invitation to guess, to refuse would make it one of the API.
 */
export async function countsInRedis(url: string, log: FastifyBaseLogger): Promise<Counts & { close(): void }> {
  const client = new Redis(url, {
    keyPrefix: 'task-management-api:',
    lazyConnect: true,
    connectTimeout: 1_000,
    commandTimeout: timeoutMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (attempt) => Math.min(attempt * 100, pauseMs),
  })
  client.on('error', () => {}) // each attempt to connect again; `ask` tells of the outage, once
  const shared = countsOf(client)
  const own = countsInMemory()
  let isDown = false
  let askedAt = 0

  await client.connect().catch(fail)
  return {
    hit: (key, windowMs) => ask((counts) => counts.hit(key, windowMs)),
    has: (key) => ask((counts) => counts.has(key)),
    enter: (key, backoff) => ask((counts) => counts.enter(key, backoff)),
    fail: (key, backoff) => ask((counts) => counts.fail(key, backoff)),
    clear: (key) => ask((counts) => counts.clear(key)),
    close: () => client.disconnect(),
  }

  async function ask<R>(question: (counts: Counts) => Promise<R>): Promise<R> {
    const now = performance.now()
    if (isDown && now - askedAt < pauseMs) return question(own)
    askedAt = now
    try {
      const answer = await question(shared)
      if (isDown) log.info('Redis answers again: limits are shared')
      isDown = false
      return answer
    } catch (error) {
      fail(error)
      return question(own)
    }
  }

  function fail(err: unknown) {
    if (!isDown) log.warn({ err }, 'Redis does not answer: this instance counts on its own until it does')
    isDown = true
  }
}

// Scripts run undisturbed, and only Redis's own clock is asked, since instances' may differ.

const hitScript = `
local current = redis.call('INCR', KEYS[1])
if current == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
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
wait(tonumber(redis.call('GET', KEYS[1]) or '0'))
return 0`

const failScript = `${wait}
local keptMs = table.remove(ARGV)
local failures = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], keptMs)
wait(failures)
return 0`

function countsOf(client: Redis): Counts {
  return {
    async hit(key, windowMs) {
      const [current, ttl] = (await client.eval(hitScript, 1, key, windowMs)) as [number, number]
      return { current, ttl }
    },
    has: async (key) => (await client.exists(key)) === 1,
    enter: async (key, backoff) => (await client.eval(enterScript, 2, key, waitOf(key), ...waits(backoff))) as number,
    async fail(key, backoff) {
      await client.eval(failScript, 2, key, waitOf(key), ...waits(backoff), backoff.keptMs)
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
