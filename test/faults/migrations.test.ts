import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Sqlite from 'better-sqlite3'
import pg from 'pg'
import { expect, test } from 'vitest'
import { readMigrations } from '../../src/database/migrations.ts'
import { call, emptyFolder, logIn, startServer } from '../support/process.ts'
import { execute } from '../support/sql.ts'
import { settingsOn, startDatabase } from './databases.ts'

const program = fileURLToPath(new URL('../../src/tables/migrate.ts', import.meta.url))

test('a migration of SQLite that is killed changes nothing, and the next succeeds', async () => {
  using folder = emptyFolder()
  const file = join(folder.path, 'task.db')
  const url = `sqlite:///${file}`
  makeLargeDatabaseOf010(file)
  const schema = 'select sql from sqlite_master order by name'
  const before = await execute(url, schema)

  const migrating = startMigration(url)
  await lockOf(file)
  const { signal } = await migrating.kill()
  const between = await execute(url, schema)
  const { code, output } = await startMigration(url).end

  expect(signal, 'it was killed before it was done').toBe('SIGKILL')
  expect(between).toEqual(before)
  expect([code, output]).toEqual([0, expect.stringContaining('applied')])
  expect(await execute(url, 'pragma integrity_check')).toEqual([{ integrity_check: 'ok' }])
  expect(await execute(url, 'select count(*) as kept, max(change_seq) as last from tasks')).toEqual([
    { kept: taskCount, last: taskCount },
  ])
  await using server = await startServer(folder.path, settingsOn(url))
  expect((await call(server, '/users/me', undefined, await logIn(server))).status).toBe(200)
})

test('a migration of PostgreSQL that is killed changes nothing, and the next succeeds', async ({ skip }) => {
  await using database = await startDatabase('postgresql', skip)
  const { url } = database
  using folder = emptyFolder()
  const blocker = new pg.Client(url)
  await blocker.connect()
  await blocker.query('create schema drizzle')
  await blocker.query('create table drizzle.__drizzle_migrations (id serial primary key, hash text, created_at bigint)')

  // The first migration's statements have run when its record waits for this lock.
  await blocker.query('begin; lock table drizzle.__drizzle_migrations in share mode')
  const migrating = startMigration(url)
  const waiting = `select count(*)::int as count from pg_locks where not granted and relation is not null`
  await expect.poll(() => execute(url, waiting)).toEqual([{ count: 1 }])
  const { signal } = await migrating.kill()
  await blocker.end()
  const { code, output } = await startMigration(url).end

  expect(signal).toBe('SIGKILL')
  const names = readMigrations('postgresql').map(({ name }) => name)
  expect([code, output]).toEqual([0, names.map((name) => `applied ${name}\n`).join('')])
  await using server = await startServer(folder.path, { ...settingsOn(url), MIGRATE_ON_START: 'false' })
  expect((await call(server, '/users/me', undefined, await logIn(server))).status).toBe(200)
})

function startMigration(url: string) {
  const child = spawn(process.execPath, [program], { env: { PATH: process.env.PATH, DATABASE_URL: url } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const end = once(child, 'close').then(([code, signal]) => ({ code, signal, output }))
  return {
    end,
    kill: () => {
      child.kill('SIGKILL')
      return end
    },
  }
}

const taskCount = 300_000

/** A database of 0.1.0 with so many tasks that its next migration takes a while. */
function makeLargeDatabaseOf010(file: string) {
  const db = new Sqlite(file)
  db.pragma('journal_mode = WAL')
  db.exec('create table __drizzle_migrations (id serial primary key, hash text not null, created_at numeric)')
  for (const { statements, hash, createdAt } of readMigrations('sqlite').slice(0, 2)) {
    for (const statement of statements) db.exec(statement)
    db.prepare('insert into __drizzle_migrations (hash, created_at) values (?, ?)').run(hash, createdAt)
  }
  db.exec(`
    insert into users (id, email, password_hash, created_at) values (1, '1@example.org', 'hash', 1);
    with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${taskCount})
      insert into tasks (user_id, title, status, created_at, updated_at)
      select 1, 'Task ' || n, 'pending', n, n from numbers`)
  db.close()
}

/** Waits until another process writes to the file. */
async function lockOf(file: string) {
  const db = new Sqlite(file, { timeout: 0 })
  for (let isLocked = false; !isLocked; await sleep(1)) {
    try {
      db.exec('begin immediate; rollback')
    } catch (error) {
      expect(error).toMatchObject({ code: 'SQLITE_BUSY' })
      isLocked = true
    }
  }
  db.close()
}
