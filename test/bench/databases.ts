/** The database that our server runs on: a file, a throwaway server with durable settings, or a server that is given. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { type Dialect, parseDatabaseUrl } from '../../src/database/url.ts'
import { findProgram } from '../support/servers/mysql.ts'
import { copyFor, findBinaries } from '../support/servers/postgresql.ts'
import { freePort, serverFolder, serverUser, startServer } from '../support/servers/throwaway.ts'
import { execute } from '../support/sql.ts'
import { cpuMicrosOf } from './proc.ts'

export interface BenchDatabase {
  readonly dialect: Dialect
  readonly url: string
  /** CPU time that the database server has used, in µs; undefined for a file and where it is not known. */
  readonly cpuMicros?: (() => number) | undefined
  close(): Promise<unknown>
}

/** `where` is a dialect or the URL of a server, on which a database is created that `close` drops. */
export async function openDatabase(where: string, folder: string): Promise<BenchDatabase> {
  switch (where) {
    case 'sqlite':
      return { dialect: 'sqlite', url: `sqlite:///${join(folder, 'task.db')}`, close: async () => {} }
    case 'postgresql':
      return startPostgresql()
    case 'mysql':
      return startMysql()
    default:
      return createOnServer(where)
  }
}

/** One line with the version and the settings that decide how much a commit costs. */
export async function describe({ dialect, url }: BenchDatabase): Promise<string> {
  const [row] = await execute(url, `select ${descriptions[dialect]} as line`)
  return String(row?.line)
}

const descriptions: Record<Dialect, string> = {
  sqlite: `'SQLite ' || sqlite_version() || ', WAL, synchronous=FULL'`,
  postgresql: `concat('PostgreSQL ', current_setting('server_version'), ', fsync=', current_setting('fsync'),
    ', synchronous_commit=', current_setting('synchronous_commit'),
    ', full_page_writes=', current_setting('full_page_writes'))`,
  mysql: `concat(@@version, ', innodb_flush_log_at_trx_commit=', @@innodb_flush_log_at_trx_commit,
    ', innodb_doublewrite=', @@innodb_doublewrite)`,
}

/** With PostgreSQL's own defaults, which are durable; the test suite's servers are not. */
async function startPostgresql(): Promise<BenchDatabase> {
  const binaries = await findBinaries()
  if (binaries === undefined) throw new Error('--database postgresql: run npm install with its optional packages')
  const folder = serverFolder('postgresql')
  const bin = serverUser ? copyFor(serverUser, binaries, folder) : binaries
  const data = join(folder, 'data')
  const port = await freePort()
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`
  const { end } = await startServer(
    {
      folder,
      prepare: [join(bin, 'initdb'), '-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C'],
      serve: [join(bin, 'postgres'), '-D', data, '-h', '127.0.0.1', '-p', `${port}`, '-k', ''],
      stopSignal: 'SIGQUIT',
    },
    async () => {
      const client = new pg.Client(url)
      await client.connect()
      await client.end()
    },
  )
  return { dialect: 'postgresql', url, cpuMicros: cpuBy(join(data, 'postmaster.pid')), close: end }
}

/** With MariaDB's own defaults, which are durable. */
async function startMysql(): Promise<BenchDatabase> {
  const mariadbd = findProgram('mariadbd')
  const install = findProgram('mariadb-install-db')
  if (!mariadbd || !install) throw new Error('--database mysql: install MariaDB, or give the URL of a server')
  const folder = serverFolder('mysql')
  const options = ['--no-defaults', `--datadir=${join(folder, 'data')}`]
  const pidFile = join(folder, 'pid')
  const port = await freePort()
  const address = [`--socket=${join(folder, 'socket')}`, '--bind-address=127.0.0.1', `--port=${port}`]
  const server = `mysql://root@127.0.0.1:${port}/mysql`
  const { end } = await startServer(
    {
      folder,
      prepare: [install, ...options, '--auth-root-authentication-method=normal', '--skip-test-db'],
      serve: [mariadbd, ...options, ...address, `--pid-file=${pidFile}`],
      stopSignal: 'SIGKILL',
    },
    async () => (await mysql.createConnection(server)).end(),
  )
  const { url } = await createOnServer(server)
  return { dialect: 'mysql', url, cpuMicros: cpuBy(pidFile), close: end }
}

async function createOnServer(server: string): Promise<BenchDatabase> {
  const { dialect } = parseDatabaseUrl(server)
  if (dialect === 'sqlite') throw new Error('--database: sqlite, postgresql, mysql, or the URL of a server')
  const name = `bench_${randomBytes(6).toString('hex')}`
  await execute(server, `create database ${name}`)
  return {
    dialect,
    url: Object.assign(new URL(server), { pathname: name }).href,
    close: () => execute(server, `drop database ${name}${dialect === 'postgresql' ? ' with (force)' : ''}`),
  }
}

/** Undefined where there is no /proc: reading another process's CPU time would take a program each time. */
function cpuBy(pidFile: string): (() => number) | undefined {
  if (!existsSync('/proc/self/stat')) return undefined
  const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10)
  return () => cpuMicrosOf(pid)
}
