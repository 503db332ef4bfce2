import Sqlite from 'better-sqlite3'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { parseDatabaseUrl } from '../../src/database/url.ts'

/** Runs statements beside the app, as an operator might; returns the rows of the last. */
export async function execute(databaseUrl: string, ...statements: string[]): Promise<Record<string, unknown>[]> {
  const { dialect, location } = parseDatabaseUrl(databaseUrl)
  const run = { sqlite: executeOnSqlite, postgresql: executeOnPostgresql, mysql: executeOnMysql }[dialect]
  return run(location, statements)
}

async function executeOnSqlite(file: string, statements: string[]) {
  const client = new Sqlite(file)
  let rows: Record<string, unknown>[] = []
  for (const sql of statements) {
    const statement = client.prepare<[], Record<string, unknown>>(sql)
    if (statement.reader) rows = statement.all()
    else statement.run()
  }
  client.close()
  return rows
}

async function executeOnPostgresql(url: string, statements: string[]) {
  const client = new pg.Client(url)
  await client.connect()
  let rows: Record<string, unknown>[] = []
  for (const statement of statements) rows = (await client.query(statement)).rows
  await client.end()
  return rows
}

async function executeOnMysql(url: string, statements: string[]) {
  const client = await mysql.createConnection(url)
  let rows: unknown = []
  for (const statement of statements) [rows] = await client.query(statement)
  await client.end()
  return rows as Record<string, unknown>[]
}
