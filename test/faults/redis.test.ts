import { expect, test } from 'vitest'
import { tapped } from '../support/line.ts'
import { call, emptyFolder, logIn, type Server, startServer } from '../support/process.ts'
import { hasRedis, redisRemedy, startRedis } from '../support/servers/redis.ts'
import { settingsOn } from './databases.ts'

/** What Redis may cost a request, after the first that finds it gone. */
const longestMs = 100

const redis = (skip: (note: string) => never) => (hasRedis() ? startRedis() : skip(`needs Redis: ${redisRemedy}`))

const withRedis = (folder: string, redisUrl: string) =>
  startServer(folder, { ...settingsOn(`sqlite:///${folder}/task.db`), REDIS_URL: redisUrl })

test('requests go on without a Redis that is down or hangs, and use it again afterwards', async ({ skip }) => {
  await using store = await redis(skip)
  using folder = emptyFolder()
  await using server = await withRedis(folder.path, store.url)
  const token = await logIn(server)
  const usualMs = await slowest(server, token)

  await store.pause()
  const firstMs = await timeOf(server, token)
  const hangingMs = await slowest(server, token)
  await store.resume()
  await expect.poll(() => timeOf(server, token).then(server.log)).toContain('Redis answers again')
  await store.stop()
  await timeOf(server, token)
  const downMs = await slowest(server, token)
  await store.start()
  await expect.poll(() => timeOf(server, token).then(() => server.log().split('Redis answers again').length)).toBe(3)

  expect(firstMs).toBeLessThan(usualMs + 1_000)
  expect(hangingMs).toBeLessThan(usualMs + longestMs)
  expect(downMs).toBeLessThan(usualMs + longestMs)
  expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null, stderr: '' })
})

test('requests go on beside a Redis that is slow', async ({ skip }) => {
  await using store = await redis(skip)
  await using line = await tapped(store.url)
  using folder = emptyFolder()
  await using server = await withRedis(folder.path, line.url)
  const token = await logIn(server)
  const usualMs = await slowest(server, token)

  line.delay(120) // in each direction
  await timeOf(server, token)
  const slowMs = await slowest(server, token)
  line.delay(0)
  await expect.poll(() => timeOf(server, token).then(server.log)).toContain('Redis answers again')

  expect(slowMs).toBeLessThan(usualMs + longestMs)
  expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null, stderr: '' })
})

/**
 * The milliseconds of the slowest of all requests in two and a half seconds, in which whatever is tried every second
 * must show; of several such times the best, since a busy machine delays some request now and then.
 */
async function slowest(server: Server, token: string): Promise<number> {
  const tries: number[] = []
  while (tries.length < 3) {
    const times: number[] = []
    const end = performance.now() + 2_500
    while (performance.now() < end) times.push(await timeOf(server, token))
    tries.push(Math.max(...times))
  }
  return Math.min(...tries)
}

async function timeOf(server: Server, token: string): Promise<number> {
  const start = performance.now()
  const { status } = await call(server, '/users/me', undefined, token)
  expect(status).toBe(200)
  return performance.now() - start
}
