import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import type { Statement } from '../compile.ts'
import { DatabaseUnavailable, type Tables } from '../database.ts'
import type { Builder, Driver, DriverOptions, Result } from '../driver.ts'
import { namesOf, pendingOf, readMigrations } from '../migrations.ts'
import type { Server } from '../server-url.ts'
import { pipelines } from './pipelines.ts'
import { classified, codeOf, isLostConnection, refusedConnection } from './postgresql-errors.ts'
import { journalTable, migrate } from './postgresql-migrate.ts'
import { answerMs, sessionsOf, types } from './postgresql-sessions.ts'
import { promptMs, Retryable, retrying, retryingOnce } from './retries.ts'

export function openPostgresql(tables: Tables, server: Server, options: DriverOptions): Driver {
  const { poolSize = 10, onConnectionLost } = options
  const sessions = sessionsOf(server)
  let opening: Promise<pg.Pool> | undefined
  let pool: pg.Pool | undefined

  async function openPool(): Promise<pg.Pool> {
    const config = await sessions.config()
    pool = new pg.Pool({ ...config, query_timeout: answerMs, max: poolSize, onConnect: sessions.begin })
    // Unheard, either event would end the process; a pool's repeats those of its idle clients.
    pool.on('error', () => {})
    pool.on('connect', (client) => client.on('error', (error) => onConnectionLost?.(codeOf(error))))
    return pool
  }

  const reads = pipelines(async () => {
    const client = new pg.Client({ ...(await sessions.config()), query_timeout: answerMs, pipeline: true })
    client.on('error', (error) => onConnectionLost?.(codeOf(error)))
    try {
      await client.connect()
      await sessions.begin(client)
      return client
    } catch (error) {
      client.end().catch(() => {})
      throw refusedConnection(error)
    }
  })

  const migrations = readMigrations('postgresql')
  const lost = new WeakSet<pg.PoolClient>()
  const release = (client: pg.PoolClient) => client.release(lost.has(client))

  async function connect(): Promise<pg.PoolClient> {
    try {
      opening ??= openPool()
      opening.catch(() => (opening = undefined))
      return await (await opening).connect()
    } catch (error) {
      throw refusedConnection(error)
    }
  }

  async function query(client: pg.PoolClient, config: string | pg.QueryArrayConfig): Promise<pg.QueryArrayResult> {
    try {
      return await client.query(config as pg.QueryArrayConfig)
    } catch (error) {
      if (isLostConnection(error)) lost.add(client)
      sessions.learn(error, (config as pg.QueryArrayConfig).name)
      throw classified(error)
    }
  }

  async function execute(client: pg.PoolClient, statement: Statement, values: unknown[]): Promise<Result> {
    const { rows, rowCount } = await query(client, sessions.prepared(statement, values))
    return { rows, affected: rowCount ?? 0 }
  }

  const read = (statement: Statement, values: unknown[]): Promise<Result> =>
    retrying(async () => {
      let name: string | undefined
      const query = () => {
        const prepared = sessions.prepared(statement, values)
        name = prepared.name
        return prepared
      }
      try {
        const { rows } = await retryingOnce(() => reads.read(query), isLostConnection)
        return { rows, affected: 0 }
      } catch (error) {
        sessions.learn(error, name)
        throw classified(error)
      }
    })

  async function write(statement: Statement, parameters: unknown[]): Promise<Result> {
    const client = await connect()
    try {
      if (!sessions.isPooled) return await execute(client, statement, parameters)
      // Only a transaction can hold the limits of its statements there.
      return await inTransaction(client, () => execute(client, statement, parameters))
    } finally {
      release(client)
    }
  }

  async function inTransaction<R>(client: pg.PoolClient, work: () => Promise<R>): Promise<R> {
    await begin(client)
    try {
      const value = await work()
      await query(client, 'commit')
      return value
    } catch (error) {
      // A server that does not answer is not asked again: the connection is dropped, and so is what it did.
      if (!lost.has(client)) await query(client, 'rollback').catch(() => lost.add(client))
      throw error
    }
  }

  /** A connection that turns out to be broken here has done nothing, and another may do. */
  async function begin(client: pg.PoolClient): Promise<void> {
    const began = performance.now()
    try {
      await query(client, sessions.beginTransaction)
    } catch (error) {
      const isPrompt = performance.now() - began < promptMs
      throw lost.has(client) && isPrompt ? new Retryable((error as Error).message) : error
    }
  }

  async function rows(sql: string): Promise<unknown[][]> {
    const client = await connect()
    try {
      return (await query(client, { text: sql, rowMode: 'array', types })).rows
    } finally {
      release(client)
    }
  }

  const driver: Driver = {
    tables,
    keyset: 'row',
    hasWritableWith: true,
    builder: drizzle.mock({ casing: 'snake_case' }) as unknown as Builder,
    hasReturning: true,
    bound: (parameter) => parameter,
    rowLock: 'no key update', // rows that refer to it may be inserted meanwhile
    transactionLimitMs: 15_000,

    execute: (statement, parameters) =>
      statement.isWrite ? retrying(() => write(statement, parameters)) : read(statement, parameters),

    transaction: (work) =>
      retrying(async () => {
        const client = await connect()
        try {
          return await inTransaction(client, () =>
            work({ execute: (statement, parameters) => execute(client, statement, parameters) }),
          )
        } finally {
          release(client)
        }
      }),

    usage() {
      const { totalCount, idleCount, waitingCount } = pool ?? { totalCount: 0, idleCount: 0, waitingCount: 0 }
      const { busy, idle, waiting } = reads.usage()
      return { busy: totalCount - idleCount + busy, idle: idleCount + idle, waiting: waitingCount + waiting }
    },

    async checkCharacters() {
      const [row] = await rows(`select getdatabaseencoding(), replace(current_database(), '"', '""')`)
      const [encoding, name] = row as [string, string]
      if (encoding === 'UTF8') return
      throw new Error(
        `DATABASE_URL: the encoding of the database is ${encoding}, which cannot hold every character. Create another ` +
          `and name it in DATABASE_URL: create database "${name}_utf8" encoding 'UTF8' locale 'C' template template0;`,
      )
    },

    async checkWritable() {
      const [row] = await rows(`select pg_is_in_recovery() or current_setting('transaction_read_only') = 'on'`)
      if (row?.[0] !== false) throw new DatabaseUnavailable('the server is read-only')
    },

    async pendingMigrations() {
      const [journal] = await rows(`select to_regclass('${journalTable}')::text`)
      const applied = journal?.[0] == null ? [] : await rows(`select created_at from ${journalTable}`)
      return namesOf(
        pendingOf(
          migrations,
          applied.map(([date]) => date as number),
        ),
      )
    },

    async migrate() {
      await driver.checkCharacters()
      return migrate(await sessions.config(), migrations, options.migrationLockSeconds)
    },
    async close() {
      const pool = await opening?.catch(() => undefined)
      await Promise.all([reads.end(), pool?.end()])
    },
  }
  return driver
}
