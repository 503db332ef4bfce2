import { drizzle } from 'drizzle-orm/mysql2'
import mysql, { type Connection, type PoolConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise'
import type { Statement } from '../compile.ts'
import { DatabaseFull, DatabaseUnavailable, ReferenceViolation, UniqueViolation } from '../database.ts'
import { type Builder, type Driver, type DriverOptions, QueryFailed, type Result } from '../driver.ts'
import {
  type Migration,
  MigrationFailed,
  migrationLockSeconds,
  namesOf,
  pendingOf,
  readMigrations,
} from '../migrations.ts'
import * as tables from '../schema/mysql.ts'
import { Deadlock, retryingDeadlocks } from './deadlocks.ts'

/** After this long without an answer the server counts as hung. */
const answerMs = 5_000

const session = [
  // Strict: nothing that does not fit is cut or changed in silence.
  `set session sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
    time_zone = '+00:00', innodb_lock_wait_timeout = 4`,
  'set session transaction isolation level read committed',
]

export function openMysql(uri: string, { poolSize = 10, onConnectionLost }: DriverOptions): Driver {
  const pool = mysql.createPool({
    uri,
    connectionLimit: poolSize,
    charset: 'UTF8MB4_BIN',
    timezone: 'Z',
    dateStrings: true,
    connectTimeout: answerMs,
    enableKeepAlive: true,
  })
  pool.pool.on('connection', (connection) => {
    connection.on('error', (error) => onConnectionLost?.(codeOf(error)))
    for (const setting of session) connection.query(setting, (error) => error && connection.destroy())
  })

  const migrations = readMigrations('mysql')
  const lost = new WeakSet<PoolConnection>()
  const release = (connection: PoolConnection) => (lost.has(connection) ? connection.destroy() : connection.release())

  async function connect(): Promise<PoolConnection> {
    const connecting = pool.getConnection()
    try {
      return await inTime(connecting, () => void connecting.then(release, () => {}))
    } catch (error) {
      throw classified(error)
    }
  }

  async function send<R>(connection: PoolConnection, query: () => Promise<R>): Promise<R> {
    try {
      return await inTime(query(), () => connection.destroy())
    } catch (error) {
      if (isConnectionError(error)) lost.add(connection)
      throw classified(error)
    }
  }

  async function execute(connection: PoolConnection, { sql }: Statement, parameters: unknown[]): Promise<Result> {
    const values = parameters.map(typed)
    const [result] = await send(connection, () => connection.execute({ sql, values, rowsAsArray: true } as never))
    if (Array.isArray(result)) return { rows: result as unknown[][], affected: 0 }
    const { affectedRows: affected, insertId: insertedId } = result as ResultSetHeader
    return { rows: [], affected, insertedId }
  }

  async function withConnection<R>(work: (connection: PoolConnection) => Promise<R>): Promise<R> {
    const connection = await connect()
    try {
      return await work(connection)
    } finally {
      release(connection)
    }
  }

  const rows = (sql: string) =>
    withConnection(async (connection) => {
      const [rows] = await send(connection, () => connection.query({ sql, rowsAsArray: true }))
      return rows as unknown[][]
    })

  return {
    tables,
    builder: drizzle.mock({ casing: 'snake_case' }) as unknown as Builder,
    hasReturning: false,
    bound: (parameter) => parameter,
    transactionLimitMs: 15_000,

    execute: (statement, parameters) =>
      retryingDeadlocks(() => withConnection((connection) => execute(connection, statement, parameters))),

    transaction: (work) =>
      retryingDeadlocks(() =>
        withConnection(async (connection) => {
          const command = (sql: string) => send(connection, () => connection.query(sql))
          try {
            await command('begin')
            const value = await work({ execute: (...statement) => execute(connection, ...statement) })
            await command('commit')
            return value
          } catch (error) {
            // A server that does not answer is not asked again: the connection is dropped, and so is what it did.
            if (!lost.has(connection)) await command('rollback').catch(() => lost.add(connection))
            throw error
          }
        }),
      ),

    async checkWritable() {
      const [row] = await rows('select @@global.read_only + @@innodb_read_only')
      if (row?.[0] !== 0) throw new DatabaseUnavailable('the server is read-only')
    },

    async pendingMigrations() {
      const [journal] = await rows(`show tables like '\\_\\_drizzle\\_migrations'`)
      const applied = journal === undefined ? [] : await rows(`select created_at from ${journalTable}`)
      return namesOf(
        pendingOf(
          migrations,
          applied.map(([date]) => Number(date)),
        ),
      )
    },

    migrate: () => migrate(uri, migrations),
    close: () => pool.end(),
  }
}

const inTime = async <R>(answer: Promise<R>, giveUp: () => void): Promise<R> => {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    giveUp()
    reject(new Error('no answer from the server'))
  }, answerMs)
  try {
    return await Promise.race([answer, promise])
  } finally {
    clearTimeout(timer)
  }
}

// mysql2 sends numbers as DOUBLE where the server does not tell a parameter's type, as MariaDB does not.
const typed = (value: unknown) => (Number.isSafeInteger(value) ? mysql.TypedParameter.LONGLONG(value as number) : value)

const full = new Set([1021, 1114])
const deadlocks = new Set([1205, 1213])
const unavailable = new Set([1030, 1040, 1041, 1053, 1129, 1203, 1226, 1290, 1317, 1792, 1836, 1927, 1969, 3024, 4031])

type MysqlError = Error & { code?: string; errno?: number; sqlState?: string; fatal?: boolean }

function classified(error: unknown): unknown {
  const { errno = 0 } = error as MysqlError
  const code = codeOf(error)
  if (error instanceof TypeError) return new QueryFailed(error.name)
  if (errno === 1062) return new UniqueViolation(code)
  if (errno === 1452) return new ReferenceViolation(code)
  if (full.has(errno)) return new DatabaseFull(code)
  if (deadlocks.has(errno)) return new Deadlock(code)
  if (unavailable.has(errno) || isConnectionError(error)) return new DatabaseUnavailable(code)
  return new QueryFailed(`${code} ${errno}`)
}

const isConnectionError = (error: unknown) =>
  !(error instanceof TypeError) &&
  ((error as MysqlError).sqlState === undefined || (error as MysqlError).fatal === true)

const codeOf = (error: unknown): string => (error as MysqlError).code ?? 'no answer from the server'

const journalTable = '__drizzle_migrations'

async function migrate(uri: string, migrations: Migration[]): Promise<string[]> {
  const connection = await open(uri)
  try {
    await lock(connection)
    return await applyPending(connection, migrations)
  } catch (error) {
    throw error instanceof MigrationFailed || error instanceof DatabaseUnavailable ? error : classified(error)
  } finally {
    connection.destroy() // and with it the lock
  }
}

async function open(uri: string): Promise<Connection> {
  try {
    const connection = await mysql.createConnection({ uri, charset: 'UTF8MB4_BIN', connectTimeout: answerMs })
    connection.on('error', () => {}) // the query that was running tells
    for (const setting of session) await connection.query(setting)
    return connection
  } catch (error) {
    throw classified(error)
  }
}

async function lock(connection: Connection) {
  const [rows] = await connection.query<RowDataPacket[]>(
    `select get_lock(left(concat('migrations of ', database()), 64), ${migrationLockSeconds}) as had`,
  )
  if (rows[0]?.had !== 1) throw new DatabaseUnavailable('another process has been migrating for too long')
}

async function applyPending(connection: Connection, migrations: Migration[]): Promise<string[]> {
  await connection.query(
    `create table if not exists ${journalTable} (id serial primary key, hash text not null, created_at bigint)`,
  )
  const [journal] = await connection.query<RowDataPacket[]>(`select created_at from ${journalTable}`)
  const pending = pendingOf(
    migrations,
    journal.map(({ created_at }) => Number(created_at)),
  )
  for (const migration of pending) {
    const record = `insert into ${journalTable} (hash, created_at) values ('${migration.hash}', ${migration.createdAt})`
    for (const statement of migration.statements) {
      try {
        await connection.query(statement)
      } catch (error) {
        throw new MigrationFailed(migration, statement, codeOf(error), halfApplied(record))
      }
    }
    await connection.query(record)
  }
  return namesOf(pending)
}

const halfApplied = (record: string) =>
  'MySQL cannot undo the statements before it. Either undo those by hand and migrate again, or run this one and those ' +
  `after it by hand, then: ${record};`
