import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { call, emptyFolder, logIn, type Server, startServer } from '../support/process.ts'
import { execute } from '../support/sql.ts'
import { openDatabase, settingsOn, startDatabase } from './databases.ts'
import { missing, titlesOf, underLoad } from './load.ts'

const rounds = 6

const dialects = ['sqlite', 'postgresql', 'mysql'] as const

describe.for(dialects)('a kill -9 of a server on %s', (dialect) => {
  test('loses no write that was answered, six times under eight writers', async ({ skip }) => {
    using folder = emptyFolder()
    await using database = await openDatabase(dialect, folder.path, skip)
    const settings = settingsOn(database.url)
    const acknowledged: string[] = []

    for (let round = 0; round < rounds; round++) {
      await using server = await startServer(folder.path, settings)
      const token = await logIn(server)
      expect(await missing(server, token, acknowledged)).toEqual([])
      const load = underLoad([server], token)
      await expect.poll(() => load.acknowledged.length).toBeGreaterThan(100)
      expect(load.statuses()).toEqual([200, 201])
      await server.end('SIGKILL')
      await load.stop()
      acknowledged.push(...load.acknowledged)
    }

    await using last = await startServer(folder.path, settings)
    expect(await missing(last, await logIn(last), acknowledged)).toEqual([])
    expect(acknowledged.length).toBeGreaterThan(rounds * 100)
    if (dialect === 'sqlite') {
      expect(await execute(database.url, 'pragma integrity_check')).toEqual([{ integrity_check: 'ok' }])
      expect(await execute(database.url, 'pragma foreign_key_check')).toEqual([])
    }
  })
})

describe.for(dialects)('after a kill -9 of a server on %s', (dialect) => {
  test('a request that is sent again with its Idempotency-Key has happened once', async ({ skip }) => {
    using folder = emptyFolder()
    await using database = await openDatabase(dialect, folder.path, skip)
    const settings = settingsOn(database.url)
    let lost = 0

    for (let round = 0; round < 3; round++) {
      await using server = await startServer(folder.path, settings)
      const token = await logIn(server)
      const keys = Array.from({ length: 60 }, (_, i) => `round ${round}, ${i}`)
      const create = (to: Server, key: string) =>
        call(to, '/tasks', { title: key }, token, { 'idempotency-key': key }).then(
          ({ status }) => status,
          () => 0,
        )
      // On a server of databases, the other instance is there already.
      const other = dialect === 'sqlite' ? undefined : await startServer(folder.path, settings)

      const statuses = Promise.all(keys.map((key) => create(server, key)))
      await sleep(20 + 20 * round)
      await server.end('SIGKILL')
      const answered = await statuses
      await using next = other ?? (await startServer(folder.path, settings))
      const retried = await Promise.all(keys.map((key) => create(next, key)))

      lost += answered.filter((status) => status === 0).length
      expect(retried).toEqual(keys.map(() => 201))
      const titles = (await titlesOf(next, token)).filter((title) => title.startsWith(`round ${round},`))
      expect(titles.toSorted()).toEqual(keys.toSorted())
    }
    expect(lost).toBeGreaterThan(0)
  })

  test('a change of many tasks that was begun is finished', async ({ skip }) => {
    using folder = emptyFolder()
    await using database = await openDatabase(dialect, folder.path, skip)
    const settings = settingsOn(database.url)
    await using server = await startServer(folder.path, settings)
    const token = await logIn(server)
    const { json: project } = await call(server, '/projects', { name: 'House' }, token)
    const operations = Array.from({ length: 100 }, (_, i) => {
      return { op: 'create', task: { title: `${i}`, project_id: project.id } }
    })
    for (let i = 0; i < 60; i++) expect((await call(server, '/tasks/batch', { operations }, token)).status).toBe(200)

    const { status } = await call(server, `/projects/${project.id}/archive`, {}, token)
    await server.end('SIGKILL')

    expect(status, 'more than a request waits for').toBe(202)
    await using next = await startServer(folder.path, settings)
    const open = async () => (await call(next, '/tasks/summary', undefined, token)).json.open.pending
    await expect.poll(open, { timeout: 20_000 }).toBe(0)
    await next.end('SIGTERM')
  })
})

describe('a kill -9 of one of two servers on one database', () => {
  test('loses no write that was answered, and the other goes on', async ({ skip }) => {
    using folder = emptyFolder()
    await using database = await startDatabase('postgresql', skip)
    const settings = settingsOn(database.url)
    await using first = await startServer(folder.path, settings)
    await using second = await startServer(folder.path, settings)
    const token = await logIn(first)
    const [ofFirst, ofSecond] = [underLoad([first], token, 4), underLoad([second], token, 4)]
    await expect.poll(() => ofFirst.acknowledged.length).toBeGreaterThan(50)
    await expect.poll(() => ofSecond.acknowledged.length).toBeGreaterThan(50)

    await first.end('SIGKILL')
    const before = ofSecond.acknowledged.length
    await expect.poll(() => ofSecond.acknowledged.length).toBeGreaterThan(before + 100)
    await Promise.all([ofFirst.stop(), ofSecond.stop()])

    expect(await missing(second, token, [...ofFirst.acknowledged, ...ofSecond.acknowledged])).toEqual([])
    expect(ofSecond.statuses()).toEqual([200, 201])
    expect(await second.end('SIGTERM')).toEqual({ code: 0, signal: null, stderr: '' })
  })
})
