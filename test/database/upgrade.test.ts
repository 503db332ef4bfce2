import { getTableName } from 'drizzle-orm'
import { expect } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { readMigrations } from '../../src/database/migrations.ts'
import { parseDatabaseUrl } from '../../src/database/url.ts'
import { connect } from '../../src/tables/connect.ts'
import { taskStatuses } from '../../src/tasks/table.ts'
import { test } from '../support/app.ts'
import { createDatabase, dialect } from '../support/database.ts'
import { makeDatabaseOf, releases, statementsOf, tokenOfAnn } from '../support/releases.ts'
import { execute } from '../support/sql.ts'

const day = (n: number) => Date.UTC(2026, 0, n, 12, 34, 56, 789)
const iso = (n: number) => new Date(day(n)).toISOString()

test.for(releases)('a database of %s keeps every row of every table', async (release) => {
  await using database = await createDatabase()
  await makeDatabaseOf(release, database.url)
  const tables = statementsOf(release).flatMap((sql) => /^INSERT INTO ([a-z][a-z_]*) /.exec(sql)?.[1] ?? [])
  const before = await rowsOf(database.url, tables)

  await migrate(database.url)

  const after = await rowsOf(database.url, tables)
  for (const table of tables) {
    expect(before[table]!.length, table).toBeGreaterThan(0)
    expect(after[table], table).toEqual(before[table]!.map((row) => expect.objectContaining(row)))
  }
})

test.for(releases)('a database of %s had rows in every table that the release had', async (release) => {
  await using database = await createDatabase()
  await makeDatabaseOf(release, database.url)
  await using db = await connected(database.url)

  const statements = statementsOf(release).join('\n')
  const made = Object.values(db.tables)
    .map(getTableName)
    .filter((name) => new RegExp(`CREATE TABLE .${name}`).test(statements))
  const filled = made.filter((name) => statements.includes(`INSERT INTO ${name} `))

  expect(made.length).toBeGreaterThan(0)
  expect(filled).toEqual(made)
})

test('a database of 0.1.0 keeps its tasks, numbered in the order in which they were changed', async () => {
  await using database = await createDatabase()
  await makeDatabaseOf('0.1.0', database.url)
  await migrate(database.url)
  await using db = await connected(database.url)

  const { tasks, changeFeeds } = db.tables
  const numbered = await Promise.all([1, 2, 3, 4].map((id) => db.find(tasks, { id })))
  expect(numbered.map((row) => [row?.title, row?.changeSeq])).toEqual([
    ['Buy milk', 3],
    ['Buy bread', 1],
    ['Call the bank', 1],
    ['Write to Zoë', 2],
  ])
  const feeds = await Promise.all([1, 2, 3].map((userId) => db.find(changeFeeds, { userId })))
  expect(feeds).toEqual([
    { userId: 1, seq: 4, epoch: 1, prunedSeq: 0 },
    { userId: 2, seq: 2, epoch: 1, prunedSeq: 0 },
    { userId: 3, seq: 1, epoch: 1, prunedSeq: 0 },
  ])
  await db.ready()
})

test('everybody in a database of 0.1.0 has an Inbox, which their tasks are in, on the shelf of their status', async () => {
  await using database = await createDatabase()
  await makeDatabaseOf('0.1.0', database.url)
  await migrate(database.url)
  await using db = await connected(database.url)

  const { projects, tasks } = db.tables
  for (const userId of [1, 2, 3]) {
    const inbox = (await db.find(projects, { userId }))!
    expect(inbox).toMatchObject({ name: 'Inbox', isInbox: true, archivedAt: null, deletedAt: null })
    expect(inbox.changeSeq).toBe((await db.find(db.tables.changeFeeds, { userId }))!.seq)
    const rows = (await Promise.all([1, 2, 3, 4].map((id) => db.find(tasks, { id })))).filter(
      (row) => row?.userId === userId,
    )
    for (const row of rows) {
      expect(row).toMatchObject({
        projectId: inbox.id,
        hidden: 0,
        shelf: taskStatuses.indexOf(row!.status),
        position: `h00000000${String(row!.id).padStart(15, '0')}1`,
      })
    }
  }
})

test.for(releases)(
  'this version serves a database of %s to the clients that it had',
  async (release, { buildTestApp }) => {
    await using database = await createDatabase()
    await makeDatabaseOf(release, database.url)
    const app = await buildTestApp({ DATABASE_URL: database.url })
    const headers = { authorization: `Bearer ${tokenOfAnn}` }

    const list = await app.inject({ url: '/tasks', headers })
    const changed = await app.inject({ method: 'PATCH', url: '/tasks/2', headers, payload: { status: 'completed' } })
    const created = await app.inject({ method: 'POST', url: '/tasks', headers, payload: { title: 'New' } })
    const ofBob = await app.inject({ url: '/tasks/3', headers })
    const ready = await app.inject('/health/ready')
    await app.close()

    expect(list.json()).toMatchObject([
      { id: 4, title: 'Write to Zoë', description: '', status: 'cancelled' },
      { id: 2, title: 'Buy bread', description: null, status: 'pending', created_at: iso(1), updated_at: iso(2) },
      { id: 1, title: 'Buy milk', description: '2 l, semi-skimmed 🥛', status: 'completed', completed_at: iso(3) },
    ])
    expect([changed.statusCode, changed.json().status]).toEqual([200, 'completed'])
    expect([created.statusCode, created.json().id]).toEqual([201, 5])
    expect(ofBob.statusCode).toBe(404)
    expect([ready.statusCode, ready.json()]).toEqual([200, { status: 'ok', version: manifest.version }])
  },
)

test.for(releases)('the migrations of %s are still as they were released', (release) => {
  const now = new Set(readMigrations(dialect).flatMap(({ statements }) => statements.map((sql) => sql.trim())))
  const released = statementsOf(release).filter(
    (sql) => !/^(INSERT|SELECT|CREATE SCHEMA)|__drizzle_migrations/.test(sql),
  )

  expect(released.length).toBeGreaterThan(10)
  expect(released.filter((sql) => !now.has(sql))).toEqual([])
})

async function migrate(url: string): Promise<void> {
  await using db = await connected(url)
  await db.migrate()
}

async function connected(url: string) {
  const db = await connect(parseDatabaseUrl(url))
  return Object.assign(db, { [Symbol.asyncDispose]: () => db.close() })
}

/** Each table's rows, in a fixed order. */
async function rowsOf(url: string, tables: string[]): Promise<Record<string, Record<string, unknown>[]>> {
  const entries = tables.map(
    async (table) => [table, await execute(url, `select * from ${table} order by id`)] as const,
  )
  return Object.fromEntries(await Promise.all(entries))
}
