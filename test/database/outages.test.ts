import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { DatabaseUnavailable } from '../../src/database/database.ts'
import { parseDatabaseUrl } from '../../src/database/url.ts'
import { connect } from '../../src/tables/connect.ts'
import { dialect, test } from '../support/database.ts'
import { tapped } from '../support/line.ts'
import { addUser } from './people.ts'

describe.skipIf(dialect === 'sqlite')('a database server', () => {
  test('that hangs is unavailable within its time limit, and used again afterwards', async ({ db, databaseUrl }) => {
    await using line = await tapped(databaseUrl)
    const remote = await connect(parseDatabaseUrl(line.url), { poolSize: 3 })
    const { id } = await db.insert(db.tables.users, { email: 'hang', passwordHash: 'x', createdAt: 1 })
    await remote.find(remote.tables.users, { id })

    line.pause()
    const began = performance.now()
    const outcomes = await Promise.allSettled([
      remote.find(remote.tables.users, { id }),
      addUser(remote),
      remote.transaction((tx) => tx.find(tx.tables.users, { id })),
      remote.ready(),
    ])
    const took = performance.now() - began
    line.resume()

    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: expect.any(DatabaseUnavailable) })
    expect(took).toBeLessThan(20_000)
    expect(await remote.find(remote.tables.users, { id })).toMatchObject({ id })
    await remote.ready()
    await remote.close()
  })

  test('that hangs during a transaction keeps nothing of it', async ({ db, databaseUrl }) => {
    await using line = await tapped(databaseUrl)
    const remote = await connect(parseDatabaseUrl(line.url), { poolSize: 1 })
    const email = 'lost'

    const outcome = remote.transaction(async (tx) => {
      await tx.insert(tx.tables.users, { email, passwordHash: 'x', createdAt: 1 })
      line.pause()
      await tx.updateOne(tx.tables.users, { email }, { isActive: false })
    })
    await expect(outcome).rejects.toThrow(DatabaseUnavailable)
    line.cut()
    line.resume()

    await expect
      .poll(() => db.insert(db.tables.users, { email, passwordHash: 'y', createdAt: 1 }))
      .toMatchObject({ email })
    await remote.close()
  })

  test('that breaks the connections is used again at once', async ({ databaseUrl }) => {
    await using line = await tapped(databaseUrl)
    const lost: string[] = []
    const remote = await connect(parseDatabaseUrl(line.url), { onConnectionLost: (code) => lost.push(code) })
    const { id } = await addUser(remote)
    await Promise.all(Array.from({ length: 5 }, () => remote.find(remote.tables.users, { id })))

    line.cut()
    await expect.poll(() => lost.length).toBeGreaterThan(0)

    expect(await remote.find(remote.tables.users, { id })).toMatchObject({ id })
    await remote.close()
  })

  test('that breaks the connection during a transaction makes it fail', async ({ db, databaseUrl }) => {
    await using line = await tapped(databaseUrl)
    const remote = await connect(parseDatabaseUrl(line.url))
    const email = 'broken'

    const outcome = remote.transaction(async (tx) => {
      await tx.insert(tx.tables.users, { email, passwordHash: 'x', createdAt: 1 })
      line.cut()
      await sleep(20)
    })

    await expect(outcome).rejects.toThrow(DatabaseUnavailable)
    expect(await db.find(db.tables.users, { email })).toBeUndefined()
    expect(await addUser(remote)).toBeDefined()
    await remote.close()
  })

  test.runIf(dialect === 'postgresql')('that takes no writes is not ready', async ({ db, databaseUrl }) => {
    const remote = await connect(parseDatabaseUrl(`${databaseUrl}?options=-c%20default_transaction_read_only%3Don`))

    await expect(remote.ready()).rejects.toThrow(DatabaseUnavailable)
    await expect(addUser(remote)).rejects.toThrow(DatabaseUnavailable)
    await db.ready()
    await remote.close()
  })

  test('that is not there is unavailable', async ({ databaseUrl }) => {
    const url = await tapped(databaseUrl).then(async (line) => {
      await line[Symbol.asyncDispose]()
      return line.url
    })
    const remote = await connect(parseDatabaseUrl(url))

    for (const attempt of [() => remote.ready(), () => addUser(remote), () => remote.migrate()]) {
      await expect(attempt()).rejects.toThrow(DatabaseUnavailable)
    }
    await remote.close()
  })
})
