import { execFile } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect } from 'vitest'
import { type Database, DatabaseUnavailable } from '../../src/database/database.ts'
import { MigrationFailed, readMigrations } from '../../src/database/migrations.ts'
import { parseDatabaseUrl } from '../../src/database/url.ts'
import { connect } from '../../src/tables/connect.ts'
import { createDatabase, dialect, execute, test } from '../support/database.ts'
import { quickly } from '../support/quick-start.ts'
import { addTask } from './people.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const names = readMigrations(dialect).map(({ name }) => name)

test('a database that is current has nothing to migrate, and keeps its rows', async ({ db }) => {
  const task = await addTask(db)

  expect(await db.pendingMigrations()).toEqual([])
  expect(await db.migrate()).toEqual([])

  expect(await db.find(db.tables.tasks, { id: task.id })).toStrictEqual(task)
})

test('an empty database says what is pending, is not ready, and is after migrating', async () => {
  await using database = await createDatabase()
  const db = await connect(parseDatabaseUrl(database.url))

  expect(await db.pendingMigrations()).toEqual(names)
  await expect(db.ready()).rejects.toThrow(names[0]!)
  expect(await db.migrate()).toEqual(names)
  await db.ready()

  await db.close()
})

test('of four processes that migrate at once, one does', async () => {
  await using database = await createDatabase()

  const outputs = await Promise.all(Array.from({ length: 4 }, () => migrate(database.url)))

  expect(outputs.toSorted()).toEqual([applied(names), ...Array(3).fill('nothing to apply\n')])
  await using db = await connected(database.url)
  await expectUsable(db)
})

test('drizzle-kit has nothing to migrate after us', async () => {
  await using database = await createDatabase()
  await migrate(database.url)

  await drizzleKit(['migrate'], database.url)

  await using db = await connected(database.url)
  await expectUsable(db)
})

test('we have nothing to migrate after drizzle-kit', async () => {
  await using database = await createDatabase()

  await drizzleKit(['migrate'], database.url)

  expect(await migrate(database.url)).toBe('nothing to apply\n')
  await using db = await connected(database.url)
  await expectUsable(db)
})

test('the migrations are those of the tables: drizzle-kit has nothing to generate', async ({ databaseUrl }) => {
  const folder = mkdtempSync(join(tmpdir(), 'drizzle-'))
  cpSync(`${root}/drizzle/${dialect}`, folder, { recursive: true })
  const schema = `src/tables/${dialect}.ts`

  const output = await drizzleKit(
    // drizzle-kit takes an absolute folder for one below the working directory
    [
      'generate',
      `--dialect=${dialect}`,
      `--schema=${schema}`,
      `--out=${relative(root, folder)}`,
      '--casing=snake_case',
    ],
    databaseUrl,
  )

  rmSync(folder, { recursive: true })
  expect(output).toContain('nothing to migrate')
})

test('a migration that fails is named, with its statement and how to go on', async () => {
  await using database = await createDatabase()
  await execute(database.url, 'create table users (id integer)')
  await using db = await connected(database.url)

  const failure = await db.migrate().catch((error) => error)

  expect(failure).toBeInstanceOf(MigrationFailed)
  expect(failure.message).toMatch(/_initial failed at statement \d+ \(CREATE TABLE .users. \(\): /)
  expect(failure.message).toContain(dialect === 'mysql' ? 'insert into __drizzle_migrations' : 'Nothing was changed')
  expect(await db.pendingMigrations()).toContain(names.at(-1))
  await execute(database.url, 'drop table users')
  if (dialect === 'mysql') await execute(database.url, 'drop table tasks')
  await db.migrate()
  await expectUsable(db)
})

test('a journal that lacks an older migration has it applied, whatever its newest', async () => {
  await using database = await createDatabase()
  await using db = await connected(database.url)
  await db.migrate()
  const journal = dialect === 'postgresql' ? 'drizzle.__drizzle_migrations' : '__drizzle_migrations'

  await execute(database.url, `update ${journal} set created_at = created_at + 1000000`)

  expect(await db.pendingMigrations()).toEqual(names)
  await expect(db.ready()).rejects.toThrow(DatabaseUnavailable)
})

test('db:migrate fails with a line that says why', async () => {
  const failure = await migrate('oracle://u:secret@h/d').catch((error) => error)

  expect(failure).toMatchObject({ code: 1, stderr: expect.stringMatching(/^db:migrate failed: DATABASE_URL .*\n$/) })
  expect(failure.stderr).not.toContain('secret')
})

describe('SQLite’s migrations', () => {
  // A table that is rebuilt is dropped. drizzle-kit migrate leaves foreign keys on, which would delete its child rows.
  test.for(globSync('drizzle/sqlite/*.sql', { cwd: root }))('%s drops no table', (path) => {
    expect(readFileSync(`${root}/${path}`, 'utf8')).not.toMatch(/drop\s+table|__new_/i)
  })
})

const applied = (names: string[]) => names.map((name) => `applied ${name}\n`).join('')

async function migrate(databaseUrl: string): Promise<string> {
  return (await run(process.execPath, [...quickly.options, 'src/tables/migrate.ts'], databaseUrl)).stdout
}

async function drizzleKit(command: string[], databaseUrl: string): Promise<string> {
  return (await run(process.execPath, ['node_modules/drizzle-kit/bin.cjs', ...command], databaseUrl)).stdout
}

const run = (file: string, command: string[], DATABASE_URL: string) =>
  promisify(execFile)(file, command, { cwd: root, env: { ...process.env, ...quickly.env, DATABASE_URL } })

async function connected(url: string) {
  const db = await connect(parseDatabaseUrl(url))
  return Object.assign(db, { [Symbol.asyncDispose]: () => db.close() })
}

async function expectUsable(db: Database) {
  await db.ready()
  expect(await addTask(db)).toMatchObject({ id: expect.any(Number) })
}
