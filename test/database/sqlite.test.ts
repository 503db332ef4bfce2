import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep, setImmediate as tick } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { describe, expect } from 'vitest'
import { DatabaseFull, DatabaseUnavailable, ReferenceViolation, UniqueViolation } from '../../src/database/database.ts'
import { groupCommit } from '../../src/database/drivers/group-commit.ts'
import { classified } from '../../src/database/drivers/sqlite-errors.ts'
import { parseDatabaseUrl } from '../../src/database/url.ts'
import { connect } from '../../src/tables/connect.ts'
import { createDatabase, dialect, test } from '../support/database.ts'
import { addTask, addUser, newUser } from './people.ts'

const forever = new Promise<never>(() => {})

describe.runIf(dialect === 'sqlite')('on SQLite', () => {
  test('a transaction that does not settle is rolled back after a second; others go on', async ({ db }) => {
    const { users } = db.tables
    const stuck = newUser()
    const began = performance.now()

    const outcomes = await Promise.allSettled([
      addUser(db),
      db.transaction(async (tx) => {
        await tx.insert(users, stuck)
        await forever
      }),
      addUser(db),
      sleep(100).then(() => addUser(db)),
    ])

    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: expect.any(DatabaseUnavailable) })
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(await db.find(users, { email: stuck.email })).toBeUndefined()
  })

  test('the handle of a transaction that took too long is dead', async ({ db }) => {
    const late = newUser()
    const attempt = Promise.withResolvers<unknown>()

    const slow = db.transaction(async (tx) => {
      await sleep(1_100)
      attempt.resolve(tx.insert(tx.tables.users, late).catch((error: unknown) => error))
    })

    await expect(slow).rejects.toThrow(DatabaseUnavailable)
    expect(await attempt.promise).toBeInstanceOf(DatabaseUnavailable)
    expect(await db.find(db.tables.users, { email: late.email })).toBeUndefined()
  })

  test('a read waits for one group of writes at most, however many callers write', async ({ db }) => {
    const { users } = db.tables
    const { id } = await addUser(db)
    let areWriting = true
    let written = 0
    const writer = async () => {
      for (; areWriting; written++) await db.transaction(() => sleep(30))
    }
    const writers = Array.from({ length: 3 }, writer)
    const writtenBefore: number[] = []

    for (let i = 0; i < 5; i++) {
      await sleep(7)
      const began = written
      await db.find(users, { id })
      writtenBefore.push(written - began)
    }
    areWriting = false
    await Promise.all(writers)

    expect(Math.max(...writtenBefore)).toBeLessThanOrEqual(writers.length)
  })

  test('a read waits for one slow transaction at most, however many arrived together', async ({ db }) => {
    const { id } = await addUser(db)
    let written = 0
    const slow = Array.from({ length: 5 }, () => db.transaction(() => sleep(100)).then(() => written++))
    await sleep(20)

    const began = written
    await db.find(db.tables.users, { id })

    expect(written - began).toBeLessThanOrEqual(1)
    await Promise.all(slow)
  })

  test('a read waits for the writes that came before it, and for none after it', async ({ db }) => {
    const { id } = await addUser(db)
    const order: string[] = []

    await Promise.all([
      db.transaction(() => sleep(30)).then(() => order.push('write')),
      db.find(db.tables.users, { id }).then(() => order.push('read')),
      sleep(10).then(() => db.transaction(() => sleep(30)).then(() => order.push('later write'))),
    ])

    expect(order).toEqual(['write', 'read', 'later write'])
  })

  test('a read never sees what may be rolled back', async ({ db }) => {
    const { users } = db.tables
    const { id } = await addUser(db)
    const isOpen = Promise.withResolvers<void>()

    const failing = db.transaction(async (tx) => {
      await tx.updateOne(users, { id }, { isActive: false })
      isOpen.resolve()
      await sleep(20)
      throw new Error('no')
    })
    await isOpen.promise
    const seen = await Promise.all([db.find(users, { id }), failing.catch(() => {})])

    expect(seen[0]?.isActive).toBe(true)
  })

  test('of one group, only the write that fails fails', async ({ db }) => {
    const taken = await addUser(db)

    const outcomes = await Promise.allSettled([
      addUser(db),
      db.insert(db.tables.users, { ...newUser(), email: taken.email }),
      db.transaction((tx) => addTask(tx)),
    ])

    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: expect.any(UniqueViolation) })
  })

  test('each transaction runs in its own caller’s context', async ({ db }) => {
    const { AsyncLocalStorage } = await import('node:async_hooks')
    const caller = new AsyncLocalStorage<number>()

    const seen = await Promise.all(
      [1, 2, 3].map((n) => caller.run(n, () => db.transaction(async () => caller.getStore()))),
    )

    expect(seen).toEqual([1, 2, 3])
  })

  test('a file that another process keeps locked is unavailable within a second; reads go on', async () => {
    await using database = await createDatabase()
    const db = await connect(parseDatabaseUrl(database.url))
    await db.migrate()
    const { id } = await addUser(db)
    const other = await lock(database.url)
    const delay = monitorEventLoopDelay({ resolution: 5 })

    delay.enable()
    const began = performance.now()
    const refused = Promise.allSettled([addUser(db), db.transaction((tx) => addUser(tx)), db.ready()])
    let isRefused = false
    void refused.then(() => (isRefused = true))
    await sleep(100)
    expect(await db.find(db.tables.users, { id })).toBeDefined()
    expect(isRefused, 'the read did not wait for the lock').toBe(false)
    const outcomes = await refused
    const took = performance.now() - began
    delay.disable()

    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: expect.any(DatabaseUnavailable) })
    expect(took).toBeLessThan(10_000)
    expect(delay.max / 1e6, 'not the whole second in one piece').toBeLessThan(800)
    await other.unlock()
    expect(await addUser(db)).toBeDefined()
    await db.close()
  })

  test('a write waits for another process that is soon done', async () => {
    await using database = await createDatabase()
    const db = await connect(parseDatabaseUrl(database.url))
    await db.migrate()
    const other = await lock(database.url)

    const writing = addUser(db)
    await sleep(100)
    await other.unlock()

    expect(await writing).toBeDefined()
    await db.close()
  })

  test('a full disk fails the write that met it, and later ones succeed', async () => {
    const client = new Sqlite(':memory:')
    client.exec('create table things (name)')
    client.pragma('max_page_count = 10')
    const group = groupCommit(client)
    const insert = (length: number) =>
      group.transaction(async () => client.prepare('insert into things values (zeroblob(?))').run(length))

    const [full] = await Promise.allSettled([insert(100_000)])

    expect(classified((full as PromiseRejectedResult).reason)).toBeInstanceOf(DatabaseFull)
    expect(await insert(10)).toMatchObject({ changes: 1 })
    expect(client.prepare('select count(*) from things').pluck().get()).toBe(1)
  })

  test('a commit that fails fails all that were in it, and no later one', async () => {
    const client = new Sqlite(':memory:')
    client.exec('create table things (id integer primary key, parent references things deferrable initially deferred)')
    client.pragma('foreign_keys = on')
    const group = groupCommit(client)
    const insert = (id: number, parent: number | null) =>
      group.statement(() => client.prepare('insert into things values (?, ?)').run(id, parent))

    const outcomes = await Promise.allSettled([insert(1, null), insert(2, 99)])

    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: expect.any(ReferenceViolation) })
    expect(await insert(3, null)).toMatchObject({ changes: 1 })
    expect(client.prepare('select id from things').pluck().all()).toEqual([3])
  })

  test('a file that was moved away is not ready', async () => {
    await using database = await createDatabase()
    const db = await connect(parseDatabaseUrl(database.url))
    await db.migrate()
    const path = database.url.replace('sqlite:///', '')
    await db.ready()

    renameSync(path, `${path}-moved`)
    await expect(db.ready()).rejects.toThrow(DatabaseUnavailable)
    renameSync(`${path}-moved`, path)

    await db.ready()
    await db.close()
  })

  test.for(['deleted', 'replaced'])('a file that was %s takes no writes', async (fate) => {
    await using database = await createDatabase()
    const db = await connect(parseDatabaseUrl(database.url))
    await db.migrate()
    const { id } = await addUser(db)
    const path = database.url.replace('sqlite:///', '')

    renameSync(path, `${path}-moved`)
    if (fate === 'replaced') copyFileSync(`${path}-moved`, path)
    await sleep(150)

    await expect(addUser(db)).rejects.toThrow(DatabaseUnavailable)
    await expect(db.updateOne(db.tables.users, { id }, { isActive: false })).rejects.toThrow(DatabaseUnavailable)
    await expect(db.ready()).rejects.toThrow(DatabaseUnavailable)
    expect(await db.find(db.tables.users, { id })).toMatchObject({ isActive: true })
    rmSync(path, { force: true })
    renameSync(`${path}-moved`, path)
    await sleep(150)
    expect(await addUser(db)).toBeDefined()
    await db.close()
  })

  test.skipIf(process.platform === 'win32')('its files can be read by their owner alone', async () => {
    await using database = await createDatabase()
    const db = await connect(parseDatabaseUrl(database.url))
    await db.migrate()
    await addUser(db)
    const path = database.url.replace('sqlite:///', '')

    const modes = ['', '-wal', '-shm'].map((suffix) => statSync(path + suffix).mode & 0o777)

    expect(modes).toEqual([0o600, 0o600, 0o600])
    await db.close()
  })

  test('the main file alone is whole after a migration, and soon after a write', async () => {
    await using database = await createDatabase()
    await using copy = await createDatabase()
    const db = await connect(parseDatabaseUrl(database.url))
    const usersInCopy = () => {
      copyFileSync(database.url.replace('sqlite:///', ''), copy.url.replace('sqlite:///', ''))
      const client = new Sqlite(copy.url.replace('sqlite:///', ''))
      const count = client.prepare('select count(*) from users').pluck().get()
      client.close()
      return count
    }

    await db.migrate()
    expect(usersInCopy()).toBe(0)
    await addUser(db)

    await expect.poll(usersInCopy).toBe(1)
    await db.close()
  })

  test('a database in memory works', async () => {
    const db = await connect(parseDatabaseUrl(':memory:'))
    await db.migrate()
    await db.ready()

    const [one, two] = await Promise.all([addUser(db), db.transaction((tx) => addUser(tx))])

    expect(await db.find(db.tables.users, { id: one.id })).toStrictEqual(one)
    expect(await db.find(db.tables.users, { id: two.id })).toStrictEqual(two)
    await db.close()
    await expect(addUser(db)).rejects.toThrow(DatabaseUnavailable)
  })

  test('writes begun before the close are finished', async () => {
    await using database = await createDatabase()
    const db = await connect(parseDatabaseUrl(database.url))
    await db.migrate()

    const writing = Array.from({ length: 5 }, () => addUser(db))
    await tick()
    await db.close()

    expect(await Promise.all(writing)).toHaveLength(5)
  })

  test('a folder that is not there is named at start', async () => {
    await expect(connect(parseDatabaseUrl('sqlite:////nowhere/task.db'))).rejects.toThrow(
      /DATABASE_URL .*\/nowhere\/task.db/,
    )
  })
})

/** Another process that holds the write lock until `unlock`. */
async function lock(url: string) {
  const script = `
    import Sqlite from 'better-sqlite3'
    new Sqlite(process.argv[1]).exec('begin immediate')
    process.stdout.write('locked')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, url.replace('sqlite:///', '')])
  await once(child.stdout, 'data')
  return {
    async unlock() {
      child.kill()
      await once(child, 'exit')
    },
  }
}
