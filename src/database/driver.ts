/** What each dialect does its own way; adapter.ts makes a Database of it. */
import type { SQL, Table } from 'drizzle-orm'
import type { Fields, Statement } from './compile.ts'
import type { Tables } from './tables.ts'

export type Values = Record<string, unknown>

export interface Result {
  /** Each row's values, in the order of the statement's fields. */
  readonly rows: unknown[][]
  /** How many rows a write met. */
  readonly affected: number
  /** The id a row was given, where the database has no RETURNING. */
  readonly insertedId?: number
}

/** Throws UniqueViolation, DatabaseUnavailable, DatabaseFull or QueryFailed: none of them holds a parameter. */
export interface Connection {
  execute(statement: Statement, parameters: unknown[]): Promise<Result>
}

export interface DriverOptions {
  /** Connections to a server at most; SQLite has one. */
  readonly poolSize?: number
  /** Told, by the driver's code, of each connection that breaks. */
  readonly onConnectionLost?: (code: string) => void
}

/** A driver's own `execute` commits at once. */
export interface Driver extends Connection {
  readonly tables: Tables
  readonly builder: Builder
  /** Whether INSERT and UPDATE can return the row they wrote. */
  readonly hasReturning: boolean
  /** A parameter as a query had best hold it. */
  bound(parameter: SQL): SQL
  /** How long a transaction may take before it is rolled back. */
  readonly transactionLimitMs: number
  transaction<R>(work: (connection: Connection) => Promise<R>): Promise<R>
  /** Throws DatabaseUnavailable when a write would be refused. */
  checkWritable(): Promise<void>
  pendingMigrations(): Promise<string[]>
  migrate(): Promise<string[]>
  close(): Promise<void>
}

/** Drizzle's query builders, typed as far as the three dialects' are alike. */
export interface Builder {
  select(fields?: Fields): { from(table: Table): Selection }
  insert(table: Table): { values(row: Values): Write }
  update(table: Table): { set(changes: Values): { where(condition: SQL): Write } }
  delete(table: Table): { where(condition: SQL): Built }
}

export interface Built {
  toSQL(): { sql: string; params: unknown[] }
}

export interface Selection extends Built {
  readonly _: { readonly selectedFields: Fields }
  where(condition: SQL): Selection
  limit(rows: SQL): Selection
  for(strength: 'update'): Built
}

export interface Write extends Built {
  returning(): Built
}

/** A fault in our SQL, or one of the database's own: the message has the driver's code, and nothing that was sent. */
export class QueryFailed extends Error {
  override readonly name = 'QueryFailed'
}
