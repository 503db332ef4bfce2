import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { test as base, inject } from 'vitest'
import { parseDatabaseUrl } from '../../src/database/url.ts'
import { connect } from '../../src/tables/connect.ts'
import './servers/context.ts'

/** The database that the suite runs on this time. */
export const dialect = inject('dialect')

/**
 * Tests with databases of their own: `databaseUrl` is an empty one, `db` is connected to it and has migrated it.
 * They are made for a file and dropped after it.
 */
export const test = base
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads a fixture's needs from this pattern
  .extend('databaseUrl', { scope: 'file' }, async ({}, { onCleanup }) => {
    const database = await createDatabase()
    onCleanup(database.dispose)
    return database.url
  })
  .extend('db', { scope: 'file' }, async ({ databaseUrl }, { onCleanup }) => {
    const db = await connect(parseDatabaseUrl(databaseUrl))
    onCleanup(() => db.close())
    await db.migrate()
    return db
  })

/** A further empty database, dropped by `dispose` or at the end of an `await using`. */
export async function createDatabase() {
  const server = inject('serverUrl')!
  const name = `test_${randomBytes(6).toString('hex')}`
  const { url, drop } = dialect === 'sqlite' ? createFile(server, name) : await createOnServer(server, name)
  return { url, dispose: drop, [Symbol.asyncDispose]: drop }
}

function createFile(folderUrl: string, name: string) {
  const url = `${folderUrl}/${name}.db`
  const path = url.replace('sqlite:///', '')
  const drop = async () => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  }
  return { url, drop }
}

async function createOnServer(server: string, name: string) {
  const execute = dialect === 'mysql' ? executeOnMysql : executeOnPostgresql
  await execute(server, `create database ${name}`)
  const force = dialect === 'mysql' ? '' : ' with (force)'
  return {
    url: Object.assign(new URL(server), { pathname: name }).href,
    drop: () => execute(server, `drop database ${name}${force}`),
  }
}

/** SQL that is written for all databases, or for this one. */
export async function execute(databaseUrl: string, sql: string): Promise<void> {
  const { location } = parseDatabaseUrl(databaseUrl)
  if (dialect === 'sqlite') new Sqlite(location).exec(sql).close()
  else if (dialect === 'mysql') await executeOnMysql(location, sql)
  else await executeOnPostgresql(location, sql)
}

async function executeOnMysql(server: string, sql: string): Promise<void> {
  const connection = await mysql.createConnection(server)
  await connection.query(sql).finally(() => connection.end())
}

async function executeOnPostgresql(server: string, sql: string): Promise<void> {
  const client = new pg.Client(server)
  await client.connect()
  await client.query(sql).finally(() => client.end())
}
