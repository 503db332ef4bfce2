import mysql, { type Connection, type ConnectionOptions, type RowDataPacket } from 'mysql2/promise'
import { DatabaseUnavailable } from '../database.ts'
import { type Migration, MigrationFailed, migrationLockSeconds, namesOf, pendingOf } from '../migrations.ts'
import { classified, codeOf, refusedConnection } from './mysql-errors.ts'
import { session } from './mysql-sessions.ts'

export const journalTable = '__drizzle_migrations'

export async function migrate(
  options: ConnectionOptions,
  migrations: Migration[],
  lockSeconds = migrationLockSeconds,
): Promise<string[]> {
  const connection = await open(options)
  try {
    await lock(connection, lockSeconds)
    return await applyPending(connection, migrations)
  } catch (error) {
    throw error instanceof MigrationFailed || error instanceof DatabaseUnavailable ? error : classified(error)
  } finally {
    connection.destroy() // and with it the lock
  }
}

async function open(options: ConnectionOptions): Promise<Connection> {
  try {
    const connection = await mysql.createConnection(options)
    connection.on('error', () => {}) // the query that was running says so
    for (const setting of session) await connection.query(setting)
    return connection
  } catch (error) {
    throw refusedConnection(error)
  }
}

async function lock(connection: Connection, lockSeconds: number) {
  const [rows] = await connection.query<RowDataPacket[]>(
    `select get_lock(left(concat('migrations of ', database()), 64), ${lockSeconds}) as had`,
  )
  if (rows[0]?.had !== 1) throw new DatabaseUnavailable('another process is migrating')
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
