import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { findMariadb, mysqlRemedy, startMysql } from '../support/servers/mysql.ts'
import { findBinaries, startPostgresql } from '../support/servers/postgresql.ts'
import { execute } from '../support/sql.ts'

export type ServerDialect = 'postgresql' | 'mysql'
type Skip = (note: string) => never

/** A database on a server of the test's own, which keeps what it committed; the test is skipped where there is none. */
export async function startDatabase(dialect: ServerDialect, skip: Skip) {
  const server = dialect === 'postgresql' ? await ownPostgresql(skip) : await ownMysql(skip)
  const url = Object.assign(new URL(server.url), { pathname: 'faults' }).href
  await execute(server.url, 'create database faults')
  return { ...server, url }
}

async function ownPostgresql(skip: Skip) {
  const binaries = await findBinaries()
  return startPostgresql(binaries ?? skip('needs PostgreSQL: run npm install with its optional packages'))
}

async function ownMysql(skip: Skip) {
  return startMysql(findMariadb() ?? skip(`needs MariaDB: ${mysqlRemedy}`))
}

/** The same for all dialects; SQLite has a file in the folder instead of a server. */
export async function openDatabase(dialect: 'sqlite' | ServerDialect, folder: string, skip: Skip) {
  if (dialect !== 'sqlite') return startDatabase(dialect, skip)
  return { url: `sqlite:///${join(folder, 'task.db')}`, async [Symbol.asyncDispose]() {} }
}

const secretKey = randomBytes(36).toString('base64url')

/** What a server is set to: nothing limits how much a test may send. */
export const settingsOn = (databaseUrl: string) => ({
  DATABASE_URL: databaseUrl,
  MIGRATE_ON_START: 'true',
  SECRET_KEY: secretKey,
  RATE_LIMIT_MAX: '1000000000',
  LOGIN_RATE_LIMIT_MAX: '1000000000',
})
