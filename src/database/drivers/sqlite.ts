import { AsyncLocalStorage } from 'node:async_hooks'
import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { DatabaseUnavailable } from '../database.ts'
import type { Builder, Connection, Driver, Result } from '../driver.ts'
import { MigrationFailed, migrationLockSeconds, namesOf, pendingOf, readMigrations } from '../migrations.ts'
import * as tables from '../schema/sqlite.ts'
import { groupCommit } from './group-commit.ts'
import { classified, isBusy } from './sqlite-errors.ts'

/** A file that another process has locked holds the event loop this long at a time, and not longer. */
const busyMs = 50
const openSeconds = 10
const statementLimit = 500

export async function openSqlite(file: string): Promise<Driver> {
  const client = await open(file)
  const inode = await inodeOf(file)
  const reads = readTogether(client)
  const group = groupCommit(client, reads.end)
  const migrations = readMigrations('sqlite')
  const prepare = preparer(client)

  const inside: Connection = { execute: async ({ sql }, parameters) => run(prepare(sql), parameters) }

  return {
    tables,
    builder: drizzle.mock({ casing: 'snake_case' }) as unknown as Builder,
    hasReturning: true,
    // SQLite plans a statement again whenever a parameter of a range or a limit is bound, but not a subquery's.
    bound: (parameter) => sql`(select ${parameter})`,
    transactionLimitMs: 1_000,

    async execute({ sql }, parameters) {
      const statement = prepare(sql)
      if (!statement.readonly) return group.statement(() => run(statement, parameters))
      await reads.turn()
      if (group.open !== undefined) await group.open // what it wrote may still be rolled back
      return reads.run(statement, parameters)
    },
    transaction: (work) => group.transaction(AsyncLocalStorage.bind(() => work(inside))),

    async checkWritable() {
      await group.statement(() => {})
      if ((await inodeOf(file)) !== inode) throw new DatabaseUnavailable('the database file was moved or deleted')
    },
    async pendingMigrations() {
      if (group.open !== undefined) await group.open
      return namesOf(pendingOf(migrations, appliedDates(client)))
    },
    async migrate() {
      if (group.open !== undefined) await group.open
      reads.end()
      return migrate(client)
    },
    async close() {
      await group.idle()
      reads.end()
      client.close()
    },
  }
}

async function open(file: string): Promise<Sqlite.Database> {
  try {
    const client = new Sqlite(file, { timeout: busyMs })
    await unlocked(openSeconds, () => client.pragma('journal_mode = WAL'))
    client.pragma('synchronous = FULL') // WAL's default loses what was answered when the power fails
    client.pragma('foreign_keys = ON')
    return client
  } catch (error) {
    const reason = error instanceof Sqlite.SqliteError ? error.code : 'the directory must exist'
    throw new Error(`DATABASE_URL names ${file}, which cannot be opened: ${reason}`)
  }
}

const inodeOf = async (file: string) =>
  stat(file).then(
    ({ ino }) => ino,
    () => undefined,
  )

function preparer(client: Sqlite.Database) {
  const statements = new Map<string, Sqlite.Statement<unknown[], unknown[]>>()
  return (sql: string) => {
    let statement = statements.get(sql)
    if (statement !== undefined) return statement
    try {
      statement = client.prepare<unknown[], unknown[]>(sql)
    } catch (error) {
      throw client.open ? classified(error) : new DatabaseUnavailable('the database is closed')
    }
    if (statement.reader) statement.raw()
    if (statements.size >= statementLimit) statements.clear()
    statements.set(sql, statement)
    return statement
  }
}

function run(statement: Sqlite.Statement<unknown[], unknown[]>, parameters: unknown[]): Result {
  try {
    if (statement.reader) return { rows: statement.all(parameters), affected: 0 }
    return { rows: [], affected: statement.run(parameters).changes }
  } catch (error) {
    throw statement.database.open ? classified(error) : new DatabaseUnavailable('the database is closed')
  }
}

/**
 * The reads that arrive in one turn of the event loop run together after it, in one transaction: by itself, each would
 * pay as much again for its locks, and more for waking the client before the next.
 */
function readTogether(client: Sqlite.Database) {
  const begin = client.prepare('begin')
  const commit = client.prepare('commit')
  let turn: Promise<void> | undefined
  let isOpen = false

  function end() {
    if (isOpen && client.inTransaction) commit.run()
    isOpen = false
  }

  return {
    end,
    turn(): Promise<void> {
      turn ??= new Promise((resolve) => setImmediate(resolve)).then(() => {
        turn = undefined
      })
      return turn
    },
    run(statement: Sqlite.Statement<unknown[], unknown[]>, parameters: unknown[]): Result {
      if (!isOpen && client.open) {
        begin.run()
        isOpen = true
        setImmediate(end)
      }
      return run(statement, parameters)
    },
  }
}

/** Tries until no other process is in the way. */
async function unlocked<R>(limitSeconds: number, work: () => R): Promise<R> {
  const deadline = performance.now() + limitSeconds * 1_000
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
    }
    await sleep(busyMs)
  }
}

function appliedDates(client: Sqlite.Database): number[] {
  try {
    const journal = client.prepare("select 1 from sqlite_master where name = '__drizzle_migrations'").get()
    if (journal === undefined) return []
    return client.prepare<[], number>('select created_at from __drizzle_migrations').pluck().all().map(Number)
  } catch (error) {
    throw classified(error)
  }
}

/** Does not let go of the event loop once it has the lock, and so nothing else runs in its transaction. */
async function migrate(client: Sqlite.Database): Promise<string[]> {
  return unlocked(migrationLockSeconds, () => {
    // A rebuilt table is dropped, which would delete every row that refers to it. Inside a transaction the pragma
    // does nothing, and so the one in drizzle-kit's SQL comes too late.
    client.pragma('foreign_keys = OFF')
    try {
      return client.transaction(applyPending).immediate(client)
    } finally {
      client.pragma('foreign_keys = ON')
    }
  })
}

function applyPending(client: Sqlite.Database): string[] {
  const pending = pendingOf(readMigrations('sqlite'), appliedDates(client))
  client.exec(
    'create table if not exists __drizzle_migrations (id serial primary key, hash text not null, created_at numeric)',
  )
  const record = client.prepare('insert into __drizzle_migrations (hash, created_at) values (?, ?)')
  for (const migration of pending) {
    for (const statement of migration.statements) {
      try {
        client.exec(statement)
      } catch (error) {
        if (!(error instanceof Sqlite.SqliteError)) throw error
        throw new MigrationFailed(migration, statement, error.code, 'Nothing was changed.')
      }
    }
    record.run(migration.hash, migration.createdAt)
  }
  if ((client.pragma('foreign_key_check') as unknown[]).length > 0) {
    throw new Error('after the migrations, rows would refer to rows that are not there. Nothing was changed.')
  }
  return namesOf(pending)
}
