import pg from 'pg'
import { DatabaseUnavailable } from '../database.ts'
import { type Migration, MigrationFailed, migrationLockSeconds, namesOf, pendingOf } from '../migrations.ts'
import { classified, codeOf, refusedConnection } from './postgresql-errors.ts'

export const journalTable = 'drizzle.__drizzle_migrations'

/** All in one transaction, which holds what a session would have to keep: a pooler may stand between. */
export async function migrate(
  config: pg.ClientConfig,
  migrations: Migration[],
  lockSeconds = migrationLockSeconds,
): Promise<string[]> {
  const client = new pg.Client(config)
  client.on('error', () => {}) // the query that was running says so
  try {
    await client.connect().catch((error: unknown) => {
      throw refusedConnection(error)
    })
    await ask(client, `begin; set local statement_timeout = 0; set local lock_timeout = '${lockSeconds}s'`)
    await lock(client)
    const applied = await applyPending(client, migrations)
    await ask(client, 'commit')
    return applied
  } finally {
    await client.end()
  }
}

async function ask(client: pg.Client, sql: string, values?: unknown[]): Promise<Record<string, unknown>[]> {
  try {
    return (await client.query(sql, values)).rows
  } catch (error) {
    throw classified(error)
  }
}

async function lock(client: pg.Client): Promise<void> {
  try {
    await client.query(`select pg_advisory_xact_lock(hashtext('migrations'))`)
  } catch (error) {
    if (codeOf(error) === '55P03') throw new DatabaseUnavailable('another process is migrating (55P03)')
    throw classified(error)
  }
}

async function applyPending(client: pg.Client, migrations: Migration[]): Promise<string[]> {
  const [here] = await ask(client, 'select current_user as user, current_database() as database')
  const who = here as unknown as Here
  const pending = pendingOf(migrations, await appliedDates(client, who))
  for (const migration of pending) {
    for (const statement of migration.statements) {
      try {
        await client.query(statement)
      } catch (error) {
        throw new MigrationFailed(migration, statement, ...reasonOf(error as Error, who))
      }
    }
    const { hash, createdAt } = migration
    await ask(client, `insert into ${journalTable} (hash, created_at) values ($1, $2)`, [hash, createdAt])
  }
  return namesOf(pending)
}

interface Here {
  readonly user: string
  readonly database: string
}

async function appliedDates(client: pg.Client, who: Here): Promise<number[]> {
  // CREATE SCHEMA IF NOT EXISTS needs the right to create it even where it exists.
  const [{ exists }] = await rowsOf(client, `select to_regnamespace('drizzle') is not null as exists`)
  const toSchema = `grant create, usage on schema drizzle to ${quoted(who.user)}`
  if (!exists) {
    const toDatabase = `grant create on database ${quoted(who.database)} to ${quoted(who.user)}`
    await needing(toDatabase, () => client.query('create schema drizzle'))
  }
  const [{ missing }] = await needing(toSchema, () =>
    rowsOf(client, `select to_regclass('${journalTable}') is null as missing`),
  )
  if (missing) {
    const columns = 'id serial primary key, hash text not null, created_at bigint'
    await needing(toSchema, () => client.query(`create table ${journalTable} (${columns})`))
  }
  const journal = await needing(`grant all on all tables in schema drizzle to ${quoted(who.user)}`, () =>
    rowsOf(client, `select created_at from ${journalTable}`),
  )
  return journal.map(({ created_at }) => Number(created_at))
}

/** Names the right that the user of the database lacks. */
async function needing<R>(grant: string, work: () => Promise<R>): Promise<R> {
  try {
    return await work()
  } catch (error) {
    if (codeOf(error) !== '42501') throw classified(error)
    throw new Error(`the user of DATABASE_URL lacks a right (42501): ${(error as Error).message}. Run: ${grant}`)
  }
}

/** The code, and what to do. For a missing right the server's text names the object; nothing that was sent is private. */
function reasonOf(error: Error, { user }: Here): [code: string, consequence: string] {
  const code = codeOf(error)
  if (code === '42501') {
    const grant = `Run: grant create on schema public to ${quoted(user)}, or migrate as the owner of the tables.`
    return [`${code}, ${error.message}`, `Nothing was changed. ${grant}`]
  }
  if (code === '55P03') return [code, 'Nothing was changed. Another session held a lock on the table for too long.']
  return [code, 'Nothing was changed.']
}

const rowsOf = async (client: pg.Client, sql: string) => (await client.query(sql)).rows

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
