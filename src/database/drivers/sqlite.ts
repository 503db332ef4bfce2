import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import type { Statement } from '../compile.ts'
import { DatabaseFull, DatabaseUnavailable, type Tables } from '../database.ts'
import type { Builder, Connection, Driver, DriverOptions, Result } from '../driver.ts'
import { MigrationFailed, migrationLockSeconds, namesOf, pendingOf, readMigrations } from '../migrations.ts'
import { groupCommit } from './group-commit.ts'
import { classified, isBusy } from './sqlite-errors.ts'
import { createPrivate, logPages, type Watch, watchFile } from './sqlite-file.ts'

/** A file that another process has locked holds the event loop this long at a time, and not longer. */
const busyMs = 50
const openSeconds = 10
const statementLimit = 500
const idleMs = 1_000

export async function openSqlite(tables: Tables, file: string, { onGroupCommit }: DriverOptions): Promise<Driver> {
  const client = await open(file)
  const watch = watchFile(file)
  const reads = readTogether(client)
  const idle = checkpointWhenIdle(client)
  const group = groupCommit(client, {
    endReads: reads.end,
    check: watch.checkPlace,
    committed: (jobs) => {
      idle.later()
      onGroupCommit?.(jobs)
    },
  })
  const migrations = readMigrations('sqlite')
  const prepare = preparer(client)

  return {
    tables,
    keyset: 'split',
    hasWritableWith: false,
    builder: drizzle.mock({ casing: 'snake_case' }) as unknown as Builder,
    hasReturning: true,
    // SQLite plans a statement again whenever a parameter of a range or a limit is bound, but not a subquery's.
    bound: (parameter) => sql`(select ${parameter})`,
    transactionLimitMs: 1_000,

    async execute({ sql }, parameters, isOne) {
      const statement = prepare(sql)
      if (!statement.readonly) {
        if (isInsert(sql)) watch.checkRoom(parameters)
        return group.statement(() => run(statement, parameters, isOne))
      }
      if (reads.isOpen) return reads.run(statement, parameters, isOne)
      await reads.turn()
      if (group.open !== undefined) await group.open // what it wrote may still be rolled back
      return reads.run(statement, parameters, isOne)
    },
    inOneJob: (work) => {
      const execute = sparing(watch, prepare)
      return group.statement(() => work(execute))
    },
    transaction(work) {
      const execute = sparing(watch, prepare)
      const inside: Connection = { execute: async (statement, parameters) => execute(statement, parameters) }
      return group.transaction(AsyncLocalStorage.bind(() => work(inside)))
    },

    usage() {
      const busy = group.open === undefined ? 0 : 1
      return { busy, idle: 1 - busy, waiting: group.waiting }
    },
    async checkWritable() {
      watch.refresh()
      try {
        watch.checkRoom()
        await group.statement(() => {
          if (group.hasFailed) client.exec(touch)
        })
        group.hasFailed = false
      } catch (error) {
        throw error instanceof DatabaseFull ? new DatabaseUnavailable(error.message) : error
      }
    },
    // Every encoding of SQLite's holds all of Unicode.
    checkCharacters: async () => {},
    async pendingMigrations() {
      if (group.open !== undefined) await group.open
      return namesOf(pendingOf(migrations, appliedDates(client)))
    },
    async migrate() {
      if (group.open !== undefined) await group.open
      reads.end()
      watch.checkPlace()
      const applied = await migrate(client)
      if (applied.length > 0) checkpoint(client)
      return applied
    },
    async close() {
      await group.idle()
      idle.end()
      reads.end()
      client.close()
    },
  }
}

/** Changes nothing, but has a page written. */
const touch = 'update __drizzle_migrations set hash = hash where rowid = (select min(rowid) from __drizzle_migrations)'

const isInsert = (sql: string) => sql.startsWith('insert')
const isDelete = (sql: string) => sql.startsWith('delete')

/**
 * Runs the statements of one transaction. While the disk is nearly full, it may insert only after it has deleted: a
 * session can be ended and recorded, an account deleted, when there is no room for anything new.
 */
function sparing(watch: Watch, prepare: ReturnType<typeof preparer>) {
  let hasDeleted = false
  return ({ sql }: Statement, parameters: unknown[]): Result => {
    if (isInsert(sql) && !hasDeleted) watch.checkRoom(parameters)
    const result = run(prepare(sql), parameters)
    hasDeleted ||= isDelete(sql) && (result.affected > 0 || result.rows.length > 0)
    return result
  }
}

/**
 * Copies the write-ahead log to the main file a second after the last commit: a copy of that file alone is then whole,
 * and the log begins again in the room that it has.
 */
function checkpointWhenIdle(client: Sqlite.Database) {
  const timer = setTimeout(work, idleMs).unref()

  function work() {
    if (!client.open) return
    if (client.inTransaction) timer.refresh()
    else checkpoint(client)
  }

  return { later: () => void timer.refresh(), end: () => clearTimeout(timer) }
}

/** Waits for nobody. What it cannot do now, on a full disk for instance, is left to the next. */
function checkpoint(client: Sqlite.Database): void {
  try {
    client.pragma('wal_checkpoint(PASSIVE)')
  } catch (error) {
    if (!(error instanceof Sqlite.SqliteError)) throw error
  }
}

async function open(file: string): Promise<Sqlite.Database> {
  try {
    if (file !== ':memory:') createPrivate(file)
    const client = new Sqlite(file, { timeout: busyMs })
    await unlocked(openSeconds, () => client.pragma('journal_mode = WAL'))
    client.pragma('synchronous = FULL') // WAL's default loses what was answered when the power fails
    client.pragma('foreign_keys = ON')
    client.pragma(`wal_autocheckpoint = ${logPages(file)}`)
    return client
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason = code === undefined || code === 'ENOENT' ? 'the directory must exist' : code
    throw new Error(`DATABASE_URL names ${file}, which cannot be opened: ${reason}`)
  }
}

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

function run(statement: Sqlite.Statement<unknown[], unknown[]>, parameters: unknown[], isOne = false): Result {
  try {
    if (isOne && statement.reader && statement.readonly) {
      const row = statement.get(parameters)
      return { rows: row === undefined ? [] : [row], affected: 0 }
    }
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
    /** Whether the turn's transaction is open: who reads again in it, waits for nothing. */
    get isOpen() {
      return isOpen
    },
    turn(): Promise<void> {
      turn ??= new Promise((resolve) => setImmediate(resolve)).then(() => {
        turn = undefined
      })
      return turn
    },
    run(statement: Sqlite.Statement<unknown[], unknown[]>, parameters: unknown[], isOne?: boolean): Result {
      if (!isOpen && client.open) {
        begin.run()
        isOpen = true
        process.nextTick(end) // once the promises of this turn have settled, and with them its second reads
      }
      return run(statement, parameters, isOne)
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
