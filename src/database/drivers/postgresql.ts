import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
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
import * as tables from '../schema/postgresql.ts'
import { Deadlock, retryingDeadlocks } from './deadlocks.ts'

/** After this long without an answer the server counts as hung. */
const answerMs = 5_000

// The server's own limits end just before ours: a statement that nobody waits for does not go on.
const session = `
  set time zone 'UTC'; set datestyle = 'ISO';
  set statement_timeout = '4900ms'; set lock_timeout = '4s'; set idle_in_transaction_session_timeout = '30s'`

export function openPostgresql(url: string, { poolSize = 10, onConnectionLost }: DriverOptions): Driver {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: answerMs,
    query_timeout: answerMs,
    keepAlive: true,
    onConnect: async (client) => {
      await client.query(session)
    },
  })
  // Unheard, either event would end the process; a pool's repeats those of its idle clients.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', (error) => onConnectionLost?.(codeOf(error))))

  const migrations = readMigrations('postgresql')
  const lost = new WeakSet<pg.PoolClient>()
  const release = (client: pg.PoolClient) => client.release(lost.has(client))

  async function connect(): Promise<pg.PoolClient> {
    try {
      return await pool.connect()
    } catch (error) {
      throw classified(error)
    }
  }

  async function query(client: pg.PoolClient, config: string | pg.QueryArrayConfig): Promise<pg.QueryArrayResult> {
    try {
      return await client.query(config as pg.QueryArrayConfig)
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) lost.add(client)
      throw classified(error)
    }
  }

  async function execute(client: pg.PoolClient, { name, sql }: Statement, values: unknown[]): Promise<Result> {
    const { rows, rowCount } = await query(client, { name, text: sql, values, rowMode: 'array', types })
    return { rows, affected: rowCount ?? 0 }
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
    builder: drizzle.mock({ casing: 'snake_case' }) as unknown as Builder,
    hasReturning: true,
    bound: (parameter) => parameter,
    transactionLimitMs: 15_000,

    execute: (statement, parameters) =>
      retryingDeadlocks(async () => {
        const client = await connect()
        try {
          return await execute(client, statement, parameters)
        } finally {
          release(client)
        }
      }),

    transaction: (work) =>
      retryingDeadlocks(async () => {
        const client = await connect()
        try {
          await query(client, 'begin')
          const value = await work({ execute: (statement, parameters) => execute(client, statement, parameters) })
          await query(client, 'commit')
          return value
        } catch (error) {
          // A server that does not answer is not asked again: the connection is dropped, and so is what it did.
          if (!lost.has(client)) await query(client, 'rollback').catch(() => lost.add(client))
          throw error
        } finally {
          release(client)
        }
      }),

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

    migrate: () => migrate(url, migrations),
    close: () => pool.end(),
  }
  return driver
}

/** Numbers are numbers, as in the other databases; an instant's text is its column's to read. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => {
    if (oid === pg.types.builtins.INT8) return Number
    if (oid === pg.types.builtins.TIMESTAMPTZ) return (text: string) => text
    return pg.types.getTypeParser(oid, format as 'text')
  },
}

const unavailable = /^(08|40|53|57|58)|^25006$|^55P03$/

function classified(error: unknown): unknown {
  const code = codeOf(error)
  if (error instanceof TypeError) return new QueryFailed(error.name)
  if (!(error instanceof pg.DatabaseError)) return new DatabaseUnavailable(code)
  if (code === '23505') return new UniqueViolation(error.constraint)
  if (code === '23503') return new ReferenceViolation(error.constraint)
  if (code === '53100') return new DatabaseFull(code)
  if (code === '40001' || code === '40P01') return new Deadlock(code)
  if (unavailable.test(code)) return new DatabaseUnavailable(code)
  return new QueryFailed([code, error.constraint].filter(Boolean).join(' '))
}

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? 'no answer from the server'

const journalTable = 'drizzle.__drizzle_migrations'

async function migrate(connectionString: string, migrations: Migration[]): Promise<string[]> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: answerMs, keepAlive: true })
  client.on('error', () => {}) // the query that was running tells
  try {
    await client.connect()
    await client.query(`set statement_timeout = 0; set lock_timeout = '${migrationLockSeconds}s'`)
    await client.query(`select pg_advisory_lock(hashtext('migrations'))`) // let go of when the client ends
    await client.query('begin')
    const applied = await applyPending(client, migrations)
    await client.query('commit')
    return applied
  } catch (error) {
    throw error instanceof MigrationFailed ? error : classified(error)
  } finally {
    await client.end()
  }
}

async function applyPending(client: pg.Client, migrations: Migration[]): Promise<string[]> {
  const pending = pendingOf(migrations, await appliedDates(client))
  for (const migration of pending) {
    for (const statement of migration.statements) {
      try {
        await client.query(statement)
      } catch (error) {
        throw new MigrationFailed(migration, statement, codeOf(error), 'Nothing was changed.')
      }
    }
    const { hash, createdAt } = migration
    await client.query(`insert into ${journalTable} (hash, created_at) values ($1, $2)`, [hash, createdAt])
  }
  return namesOf(pending)
}

async function appliedDates(client: pg.Client): Promise<number[]> {
  const { rows } = await client.query(`select to_regclass('${journalTable}') is null as missing`)
  if (rows[0].missing) {
    await client.query('create schema if not exists drizzle')
    await client.query(`create table ${journalTable} (id serial primary key, hash text not null, created_at bigint)`)
  }
  const journal = await client.query(`select created_at from ${journalTable}`)
  return journal.rows.map(({ created_at }) => Number(created_at))
}
