import { getTableName } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/mysql2'
import mysql, { type Pool, type PoolConnection, type ResultSetHeader } from 'mysql2/promise'
import type { Statement } from '../compile.ts'
import { DatabaseUnavailable, type Tables } from '../database.ts'
import type { Builder, Driver, DriverOptions, Result } from '../driver.ts'
import { namesOf, pendingOf, readMigrations } from '../migrations.ts'
import type { Server } from '../server-url.ts'
import { settledTls, tlsAttempts } from '../tls.ts'
import { classified, codeOf, forgotten, isLostConnection, type MysqlError, refusedConnection } from './mysql-errors.ts'
import { journalTable, migrate } from './mysql-migrate.ts'
import { answerMs, optionsOf, session, sslOf } from './mysql-sessions.ts'
import { promptMs, Retryable, retrying, retryingOnce } from './retries.ts'

export function openMysql(tables: Tables, server: Server, options: DriverOptions): Driver {
  const { poolSize = 10, onConnectionLost } = options
  const base = optionsOf(server)
  const tls = settledTls(tlsAttempts(server), async (tls) => {
    const connection = await mysql.createConnection({ ...base, ...sslOf(tls) })
    connection.destroy()
  })
  let opening: Promise<Pool> | undefined
  let pool: Pool | undefined

  async function openPool(): Promise<Pool> {
    pool = mysql.createPool({
      ...base,
      ...sslOf(await tls()),
      connectionLimit: poolSize,
      timezone: 'Z',
      dateStrings: true,
      enableKeepAlive: server.keepAlive ?? true,
    })
    pool.pool.on('connection', (connection) => {
      connection.on('error', (error) => onConnectionLost?.(codeOf(error)))
      for (const setting of session) connection.query(setting, (error) => error && connection.destroy())
    })
    return pool
  }

  const migrations = readMigrations('mysql')
  const lost = new WeakSet<PoolConnection>()
  const release = (connection: PoolConnection) => (lost.has(connection) ? connection.destroy() : connection.release())

  async function connect(): Promise<PoolConnection> {
    try {
      opening ??= openPool()
      opening.catch(() => (opening = undefined))
      const connecting = (await opening).getConnection()
      return await inTime(connecting, () => void connecting.then(release, () => {}))
    } catch (error) {
      throw refusedConnection(error)
    }
  }

  async function send<R>(connection: PoolConnection, query: () => Promise<R>): Promise<R> {
    try {
      return await inTime(query(), () => connection.destroy())
    } catch (error) {
      if (isLostConnection(error) || forgotten.has((error as MysqlError).errno ?? 0)) lost.add(connection)
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

  /** Runs what changes nothing again when the connection turns out to be broken. */
  const harmlessly = <R>(work: (connection: PoolConnection) => Promise<R>): Promise<R> => {
    let isLost = false
    const attempt = async (connection: PoolConnection) => {
      try {
        return await work(connection)
      } finally {
        isLost = lost.has(connection)
      }
    }
    return retryingOnce(
      () => withConnection(attempt),
      () => isLost,
    )
  }

  const rows = (sql: string) =>
    harmlessly(async (connection) => {
      const [rows] = await send(connection, () => connection.query({ sql, rowsAsArray: true }))
      return rows as unknown[][]
    })

  async function alterDatabase(): Promise<string | undefined> {
    const [row] = await rows(
      'select default_character_set_name, schema_name from information_schema.schemata where schema_name = database()',
    )
    return row?.[0] === 'utf8mb4' ? undefined : `alter database \`${row?.[1]}\``
  }

  const driver: Driver = {
    tables,
    keyset: 'or',
    hasWritableWith: false,
    builder: drizzle.mock({ casing: 'snake_case' }) as unknown as Builder,
    hasReturning: false,
    bound: (parameter) => parameter,
    rowLock: 'update',
    transactionLimitMs: 15_000,

    execute: (statement, parameters) =>
      retrying(() =>
        (statement.isWrite ? withConnection : harmlessly)((connection) => execute(connection, statement, parameters)),
      ),

    transaction: (work) =>
      retrying(() =>
        withConnection(async (connection) => {
          const command = (sql: string) => send(connection, () => connection.query(sql))
          await begin(command, () => lost.has(connection))
          try {
            const value = await work({ execute: (statement, parameters) => execute(connection, statement, parameters) })
            await command('commit')
            return value
          } catch (error) {
            // A server that does not answer is not asked again: the connection is dropped, and so is what it did.
            if (!lost.has(connection)) await command('rollback').catch(() => lost.add(connection))
            throw error
          }
        }),
      ),

    usage() {
      if (pool === undefined) return { busy: 0, idle: 0, waiting: 0 }
      const {
        _allConnections: all,
        _freeConnections: free,
        _connectionQueue: queue,
      } = pool.pool as unknown as PoolLists
      return { busy: all.length - free.length, idle: free.length, waiting: queue.length }
    },

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

    async checkCharacters() {
      // The first migration sets what tables are made with.
      if ((await driver.pendingMigrations())[0] === namesOf(migrations)[0]) return
      // Columns of the kind `key` are ASCII on purpose.
      const names = Object.values(tables).map((table) => `'${getTableName(table)}'`)
      const columns = await rows(
        `select table_name, max(character_set_name <> 'utf8mb4' and collation_name <> 'ascii_bin') from information_schema.columns
          where table_schema = database() and table_name in (${names}) group by table_name order by 2 desc, 1`,
      )
      const [first] = columns
      const alter = Number(first?.[1]) === 1 ? `alter table \`${first?.[0]}\` convert to` : await alterDatabase()
      if (alter === undefined) return
      throw new Error(
        'DATABASE_URL: the character set of the database or of a table is not utf8mb4, and so cannot hold every ' +
          `character. Run: ${alter} character set utf8mb4 collate utf8mb4_bin;`,
      )
    },

    async migrate() {
      await driver.checkCharacters()
      return migrate({ ...base, ...sslOf(await tls()) }, migrations, options.migrationLockSeconds)
    },
    async close() {
      await (await opening?.catch(() => undefined))?.end()
    },
  }
  return driver
}

/** A connection that turns out to be broken here has done nothing, and another may do. */
async function begin(command: (sql: string) => Promise<unknown>, isLost: () => boolean): Promise<void> {
  const began = performance.now()
  try {
    await command('begin')
  } catch (error) {
    throw isLost() && performance.now() - began < promptMs ? new Retryable((error as Error).message) : error
  }
}

/** mysql2 says nothing of its pool in its types; a test of the metrics holds it to these. */
type PoolLists = Record<'_allConnections' | '_freeConnections' | '_connectionQueue', { readonly length: number }>

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
