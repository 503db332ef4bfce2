import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { Redis } from 'ioredis'
import { describe, expect, inject, vi } from 'vitest'
import type { buildApp } from '../src/app.ts'
import { countsInRedis } from '../src/counts/redis.ts'
import { test as base } from './support/app.ts'
import { tapped } from './support/line.ts'

const redisUrl = inject('redisUrl') as string

/** Two instances on one database and one Redis, behind a proxy. */
const test = base.extend('instances', { scope: 'file' }, async ({ buildTestApp, as }) => {
  const settings = { REDIS_URL: redisUrl, TRUST_PROXY: '1', RATE_LIMIT_MAX: '5', LOGIN_RATE_LIMIT_MAX: '20' }
  const [one, two] = [await buildTestApp(settings), await buildTestApp(settings)]
  let tries = 0
  // A process that is busy starting may find Redis slow, and then counts alone for a second.
  await vi.waitFor(
    async () => {
      const headers = { authorization: `Bearer ${await as(`early ${++tries}`).token}` }
      const replies = [await one.inject({ url: '/users/me', headers }), await two.inject({ url: '/users/me', headers })]
      expect(replies[1]!.headers.ratelimit).toMatch(/r=3;/)
    },
    { timeout: 10_000, interval: 200 },
  )
  return [one, two] as const
})
type App = Awaited<ReturnType<typeof buildApp>>

const logIn = (app: App, email: string, password: string, address: string) =>
  app.inject({
    method: 'POST',
    url: '/auth/login',
    headers: { 'x-forwarded-for': address },
    payload: { email, password },
  })

describe.skipIf(redisUrl === undefined)('with Redis', () => {
  test('instances count the requests of a user together', async ({ instances: [one, two], as }) => {
    const headers = { authorization: `Bearer ${await as('ann').token}` }
    const ask = (app: App) => app.inject({ url: '/users/me', headers })

    const replies = [await ask(one), await ask(two), await ask(one), await ask(two), await ask(one), await ask(two)]

    expect(replies.map(({ headers }) => headers.ratelimit)).toEqual(
      [4, 3, 2, 1, 0, 0].map((left) => expect.stringMatching(`^"default";r=${left};t=(60|59|58|57|56|55)$`)),
    )
    expect(replies.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200, 200, 429])
    expect(replies[5]?.headers['retry-after']).toMatch(/^(60|5\d)$/)
  })

  test('each of many at once is counted once', async ({ instances: [one, two] }) => {
    const login = (_: unknown, n: number) => logIn(n % 2 ? one : two, `none${n}@example.org`, 'x', '203.0.113.1')

    const replies = await Promise.all(Array.from({ length: 30 }, login))

    expect(replies.filter(({ statusCode }) => statusCode === 401)).toHaveLength(20)
    expect(replies.filter(({ statusCode }) => statusCode === 429)).toHaveLength(10)
  })

  test('wrong passwords to one make the next wait on all', async ({ instances: [one, two], as }) => {
    const { email, password, user } = as('ben')
    await user
    const address = '203.0.113.2'

    for (let n = 0; n < 5; n++) expect((await logIn(one, email, 'wrong', address)).statusCode).toBe(401)
    const refused = await logIn(two, email, password, address)
    await sleep(1_050)
    expect((await logIn(two, email, 'wrong', address)).statusCode).toBe(401)
    const sixth = await logIn(one, email, password, address)

    expect(refused.statusCode).toBe(429)
    expect(refused.headers['retry-after']).toBe('1')
    expect(sixth.statusCode).toBe(429)
    expect(sixth.headers['retry-after']).toBe('2')
  })

  test('many at once get one try when a wait is over, and a right password ends it', async ({
    instances: [one, two],
  }) => {
    const email = 'cat@example.org'
    const attempt = (app: App, isRight: boolean) => app.guesses.attempt(email, '203.0.113.3', async () => isRight)
    for (let n = 0; n < 5; n++) await attempt(one, false)
    await sleep(1_050)

    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => attempt(n % 2 ? one : two, false)))

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await sleep(2_050)
    expect(await attempt(one, true)).toBe(true)
    for (let n = 0; n < 5; n++) expect(await attempt(two, false)).toBe(false)
  })

  test('guesses at once count each other on all, and those that were not tried do not count', async ({
    instances: [one, two],
  }) => {
    const attempt = (app: App, email: string, address: string, verify: () => Promise<boolean>) =>
      app.guesses.attempt(email, address, verify)
    let tried = 0
    const wrong = async () => {
      tried++
      return false
    }
    const refused = () => Promise.reject(new Error('no turn to hash'))

    const inTurn = (n: number) => (n % 2 ? one : two)
    for (let n = 0; n < 10; n++) {
      await expect(attempt(inTurn(n), 'fay@example.org', '203.0.113.6', refused)).rejects.toThrow('no turn to hash')
    }
    const few = Array.from({ length: 12 }, (_, n) => attempt(inTurn(n), 'fay@example.org', '203.0.113.6', wrong))
    await Promise.allSettled(few)
    const fromOne = tried
    tried = 0
    const many = Array.from({ length: 600 }, (_, n) =>
      attempt(inTurn(n), 'gus@example.org', `198.51.100.${n % 60}`, wrong),
    )
    await Promise.allSettled(many)

    expect(fromOne).toBe(5)
    expect(tried).toBeGreaterThanOrEqual(100)
    expect(tried).toBeLessThan(110) // a wait may be over before the last
  })

  test('logins that succeed are given back', async ({ instances: [one, two], as }) => {
    const { email, password, user } = as('hal')
    await user
    const address = '203.0.113.7'

    for (let n = 0; n < 24; n++) {
      const login = await logIn(n % 2 ? one : two, email, password, address)
      expect([login.statusCode, login.headers.ratelimit]).toEqual([200, expect.stringMatching(/^"login";r=20;t=/)])
    }
  })

  test('an account that many guess at is open to its owner on all', async ({ instances: [one, two] }) => {
    const email = 'dan@example.org'
    const attempt = (app: App, address: string, isRight: boolean) =>
      app.guesses.attempt(email, address, async () => isRight)
    await attempt(one, '198.51.100.1', true)

    for (let n = 0; n < 100; n++) await attempt(one, `2001:db8:0:${n}::1`, false)

    await expect(attempt(two, '203.0.113.4', true)).rejects.toThrow('Too many wrong passwords')
    expect(await attempt(two, '198.51.100.1', true)).toBe(true)
  })

  test('nothing is kept for ever, and no email in clear', async ({ instances: [one] }) => {
    await one.guesses.attempt('eve@example.org', '203.0.113.5', async () => false)
    const client = new Redis(redisUrl)

    const keys = await client.keys('*')
    const lasting = await Promise.all(keys.map((key) => client.pttl(key)))
    client.disconnect()

    expect(keys.length).toBeGreaterThan(0)
    for (const key of keys) expect(key).toMatch(/^task-management-api:/)
    expect(keys.join(' ')).not.toMatch('example')
    for (const ms of lasting) expect(ms).not.toBe(-1)
  })
})

describe.skipIf(redisUrl === undefined)('without its Redis', () => {
  test('an instance starts, answers, and limits on its own', async ({ buildTestApp, as }) => {
    const headers = { authorization: `Bearer ${await as('ann').token}` }
    const line = await tapped(redisUrl)
    await line[Symbol.asyncDispose]()
    const app = await buildTestApp({ REDIS_URL: line.url, RATE_LIMIT_MAX: '2' })
    const ask = () => app.inject({ url: '/users/me', headers })

    const statuses = [await ask(), await ask(), await ask()].map(({ statusCode }) => statusCode)

    expect(statuses).toEqual([200, 200, 429])
  })

  test('an instance goes on while Redis hangs or is gone, and shares again afterwards', async () => {
    await using line = await tapped(redisUrl)
    const log = { warn: vi.fn(), info: vi.fn() }
    const counts = await countsInRedis(line.url, log as unknown as FastifyBaseLogger)
    const hit = async () => (await counts.hit('outage', 60_000)).current

    const before = await hit()
    line.pause()
    const hanging = [await hit(), await hit(), ...(await Promise.all([hit(), hit()]))]
    line.cut()
    const gone = await hit()
    const toldOnce = log.warn.mock.calls.length
    line.resume()
    await vi.waitUntil(async () => (await hit()) === 2, { interval: 50, timeout: 60_000 })
    counts.close()

    expect(before).toBe(1)
    expect(hanging).toEqual([1, 2, 3, 4])
    expect(gone).toBe(5)
    expect(toldOnce).toBe(1)
    expect(log.warn).toHaveBeenCalledExactlyOnceWith(
      { err: expect.any(Error) },
      'Redis does not answer: this instance counts on its own until it does',
    )
    expect(log.info).toHaveBeenCalledExactlyOnceWith('Redis answers again: limits are shared')
  })
})
