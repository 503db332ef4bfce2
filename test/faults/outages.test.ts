import { describe, expect, test } from 'vitest'
import { call, emptyFolder, logIn, startServer } from '../support/process.ts'
import { settingsOn, startDatabase } from './databases.ts'
import { missing, underLoad } from './load.ts'

/** Statements have 5 seconds; the rest is for a machine that is busy. */
const longestMs = 5_000 + 5_000

const clients = 8

describe.for(['postgresql', 'mysql'] as const)('under load, a %s server', (dialect) => {
  test('that crashes and starts again costs 503s only', async ({ skip }) => {
    using folder = emptyFolder()
    await using database = await startDatabase(dialect, skip)
    await using server = await startServer(folder.path, settingsOn(database.url))
    const token = await logIn(server)
    const load = underLoad([server], token, clients)
    await expect.poll(() => load.acknowledged.length).toBeGreaterThan(50)

    await database.stop()
    await expect.poll(() => load.answers.filter(({ status }) => status === 503).length).toBeGreaterThan(50)
    const live = await call(server, '/health/live')
    const ready = await call(server, '/health/ready')
    await database.start()
    const start = load.acknowledged.length
    await expect.poll(() => load.acknowledged.length).toBeGreaterThan(start + 50)
    await expect.poll(() => load.answers.slice(-100).every(({ status }) => status < 500)).toBe(true)
    await load.stop()

    expect([live.status, ready.status]).toEqual([200, 503])
    expectOutage(load)
    expect(await missing(server, token, load.acknowledged)).toEqual([])
    expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null, stderr: '' })
  })

  test('that hangs costs 503s within its time limit', async ({ skip }) => {
    if (dialect === 'postgresql' && process.platform !== 'linux') skip('needs Linux, to find the processes of a server')
    using folder = emptyFolder()
    await using database = await startDatabase(dialect, skip)
    await using server = await startServer(folder.path, settingsOn(database.url))
    const token = await logIn(server)
    const load = underLoad([server], token, clients)
    await expect.poll(() => load.acknowledged.length).toBeGreaterThan(50)

    await database.pause()
    await expect.poll(() => load.answers.filter(({ status }) => status === 503).length).toBeGreaterThan(2 * clients)
    const live = await call(server, '/health/live')
    await database.resume()
    const start = load.acknowledged.length
    await expect.poll(() => load.acknowledged.length).toBeGreaterThan(start + 50)
    await expect.poll(() => load.answers.slice(-100).every(({ status }) => status < 500)).toBe(true)
    await load.stop()

    expect(live.status).toBe(200)
    expectOutage(load)
    expect(await missing(server, token, load.acknowledged)).toEqual([])
    expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null, stderr: '' })
  })
})

/** Whatever happened, each request was answered in time, and each that failed can be sent again. */
function expectOutage({ answers, statuses }: ReturnType<typeof underLoad>) {
  const refused = answers.filter(({ status }) => status === 503)
  expect(statuses()).toEqual([200, 201, 503])
  expect(new Set(refused.map(({ retryAfter }) => retryAfter))).toEqual(new Set(['1']))
  expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(longestMs)
}
